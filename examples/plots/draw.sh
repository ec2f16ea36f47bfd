#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the examples and draws what they compute, with gnuplot:
#
#     examples/plots/draw.sh BIN_DIR OUT_DIR      BIN_DIR holds descent_2d and train_digits
#
#   paths.png             every method on 0.1 x1^2 + 2 x2^2
#   momentum_weights.png  how much momentum remembers of past gradients
#   adagrad_rates.png     Adagrad at two learning rates
#   rmsprop_adagrad.png   RMSProp beside Adagrad at the same learning rate
#   digits_loss.png       the training loss of every method on the digits
#   precisions_loss.png   the same of adamw in every precision
set -euo pipefail

die() {
  echo "draw.sh: $1" >&2
  exit 1
}

[ $# = 2 ] || die "usage: draw.sh BIN_DIR OUT_DIR"
command -v gnuplot >/dev/null || die "gnuplot is not installed (Debian: gnuplot-nox)"
for program in descent_2d train_digits; do
  [ -x "$1/$program" ] || die "there is no program $1/$program; build the examples first"
done
mkdir -p "$2" || die "cannot create the folder $2"
bin=$(cd "$1" && pwd)
out=$(cd "$2" && pwd)
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
cd "$data"

# descend NAME RULE SETTING...: the rule's path to NAME.csv, and to titles.gp what it is.
descend() {
  local name=$1 rule=$2 arguments=() setting
  shift 2
  for setting in "$@"; do arguments+=(--set "$setting"); done
  "$bin/descent_2d" --rule "$rule" "${arguments[@]}" --csv "$name.csv" >/dev/null ||
    die "descent_2d --rule $rule ${arguments[*]} failed"
  echo "title_$name = \"${name%_fast}\\n$*\"" >>titles.gp
}

# draw NAME: NAME.gp to NAME.png, which reaches $out only when it is complete.
draw() {
  GNUPLOT_LIB=$scripts gnuplot "$scripts/$1.gp" || die "gnuplot failed on $1.gp"
  [ -s "$1.png" ] || die "gnuplot drew nothing for $1.gp"
  cp "$1.png" "$out/" || die "cannot write $out/$1.png"
  echo "$out/$1.png"
}

descend sgd sgd lr=0.4
descend momentum sgd lr=0.6 momentum=0.5 lr_in_velocity=1
descend adagrad adagrad lr=0.4 eps=1e-6 eps_inside=1
descend adagrad_fast adagrad lr=2 eps=1e-6 eps_inside=1
descend rmsprop rmsprop lr=0.4 alpha=0.9 eps=1e-6 eps_inside=1
descend adadelta adadelta lr=1 rho=0.9 eps=0.1
descend adam adam lr=0.4
descend adamw adamw lr=0.4 weight_decay=0.1
"$bin/train_digits" --csv digits.csv || die "train_digits failed"
echo
"$bin/train_digits" --rule adamw --precision all --csv precisions.csv ||
  die "train_digits --precision all failed"
echo

for picture in paths momentum_weights adagrad_rates rmsprop_adagrad digits_loss \
  precisions_loss; do
  draw $picture
done
