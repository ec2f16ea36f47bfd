#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the examples and draws their results with gnuplot:
#
#     examples/plots/draw.sh BIN_DIR OUT_DIR      BIN_DIR holds the programs
#
#   paths.png             every method on 0.1 x1^2 + 2 x2^2
#   momentum_weights.png  how much momentum remembers of past gradients
#   adagrad_rates.png     Adagrad at two learning rates
#   rmsprop_adagrad.png   RMSProp beside Adagrad at the same learning rate
#   schedules.png         the learning rate of every schedule
#   digits_loss.png       the training loss of every method on the digits
#   precisions_loss.png   the same of adamw in every precision
set -euo pipefail

die() {
  echo "draw.sh: $1" >&2
  exit 1
}

[ $# = 2 ] || die "usage: draw.sh BIN_DIR OUT_DIR"
command -v gnuplot >/dev/null || die "gnuplot is not installed (Debian: gnuplot-nox)"
for program in descent_2d schedule_curve train_digits; do
  [ -x "$1/$program" ] || die "there is no program $1/$program; build the examples first"
done
mkdir -p "$2" || die "cannot create the folder $2"
bin=$(cd "$1" && pwd)
out=$(cd "$2" && pwd)
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
cd "$data"

# descend NAME RULE SETTING...: writes the rule's path to NAME.csv, and its title to titles.gp.
descend() {
  local name=$1 rule=$2 arguments=() setting
  shift 2
  for setting in "$@"; do arguments+=(--set "$setting"); done
  "$bin/descent_2d" --rule "$rule" "${arguments[@]}" --csv "$name.csv" >/dev/null ||
    die "descent_2d --rule $rule ${arguments[*]} failed"
  echo "title_$name = \"${name%_fast}\\n$*\"" >>titles.gp
}

# curve NAME SCHEDULE SETTING...: writes the schedule's rates to NAME.csv, and its title to
# schedule_titles.gp. A setting with a comma is a list.
curve() {
  local name=$1 schedule=$2 arguments=() setting
  shift 2
  for setting in "$@"; do
    case $setting in
      *,*) arguments+=(--list "$setting") ;;
      *) arguments+=(--set "$setting") ;;
    esac
  done
  "$bin/schedule_curve" --schedule "$schedule" "${arguments[@]}" --steps 121 --csv "$name.csv" \
    >/dev/null || die "schedule_curve --schedule $schedule ${arguments[*]} failed"
  echo "title_$name = \"$schedule\\n$*\"" >>schedule_titles.gp
}

# draw NAME: runs NAME.gp, which makes NAME.png. Only a complete picture gets to $out.
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
curve constant constant factor=0.5 total_steps=30
curve step step step_size=30 gamma=0.5
curve multistep multistep milestones=40,80,100 gamma=0.4
curve exponential exponential gamma=0.97
curve factor factor factor=0.95 stop_lr=0.01
curve inverse_sqrt inverse_sqrt
curve inverse_time inverse_time rate=1 decay_steps=20 staircase=1
curve polynomial polynomial total_steps=100 power=2
curve linear linear start_factor=0.2 total_steps=60
curve cosine cosine total_steps=100 end_lr=0.01
curve cosine_warm cosine total_steps=100 warmup_steps=20
curve cosine_restarts cosine_restarts period=17 period_factor=2
curve one_cycle one_cycle total_steps=120
curve cyclic cyclic max_lr=0.3 up_steps=20 halves=1
curve wsd wsd warmup_steps=15 stable_steps=65 decay_steps=40
curve noam noam model_size=1 warmup_steps=10
"$bin/train_digits" --csv digits.csv || die "train_digits failed"
echo
"$bin/train_digits" --rule adamw --precision all --csv precisions.csv ||
  die "train_digits --precision all failed"
echo

for picture in paths momentum_weights adagrad_rates rmsprop_adagrad schedules digits_loss \
  precisions_loss; do
  draw $picture
done
