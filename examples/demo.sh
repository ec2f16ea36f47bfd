#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows what gradstep does: examples/demo.sh BUILD_DIR PART. ./dev demo calls the parts in this
# order, each as soon as its programs are built. Output files go to BUILD_DIR/demo.
#
#   descend   descent_2d on a function of two variables
#   train     schedules, two groups, training on digits, pictures: the other examples
#   measure   what a step costs here, by gradstep-bench; then a summary of all
set -euo pipefail
[ $# = 2 ] || { echo "usage: demo.sh BUILD_DIR descend|train|measure" >&2; exit 2; }
build=$1
out=$build/demo
here=$(dirname "${BASH_SOURCE[0]}")
mkdir -p "$out"

section() { printf '\n== %s\n' "$*"; }

# show PROGRAM ARGUMENT...: prints the command, and runs it.
show() {
  local program=$1
  shift
  echo "\$ $program $*"
  "$build/examples/$program" "$@"
}

descend() {
  section "Minimising 0.1 x1^2 + 2 x2^2 from (-5, -2), as in Dive into Deep Learning"
  show descent_2d --rule sgd --set lr=0.4
  show descent_2d --rule sgd --set lr=0.6 --set momentum=0.5 --set lr_in_velocity=1
  show descent_2d --rule adagrad --set lr=0.4 --set eps=1e-6 --set eps_inside=1
  show descent_2d --rule rmsprop --set lr=0.4 --set alpha=0.9 --set eps=1e-6 --set eps_inside=1
  echo
}

train() {
  section "Training on handwritten digits with a schedule; stopped after 5 epochs, and resumed from a checkpoint"
  local run=(--rule adamw --schedule one_cycle --schedule-set total_steps=470
             --checkpoint "$out/digits.safetensors")
  rm -f "$out/digits.safetensors"
  show train_digits "${run[@]}" --epochs 5
  show train_digits "${run[@]}" --epochs 10 --resume | tee "$out/resumed.txt"

  section "Learning rates as functions of the step"
  show schedule_curve --schedule cosine --set total_steps=100 --set warmup_steps=10
  show schedule_curve --schedule one_cycle --set total_steps=100
  show schedule_curve --schedule multistep --list milestones=30,60

  section "An optimizer with two groups, a schedule, clipping, and a checkpoint that another goes on from"
  show two_groups "$out/two_groups.safetensors"

  section "Training a network on handwritten digits with each method, then in each precision; pictures"
  "$here/plots/draw.sh" "$build/examples" "$out" | tee "$out/training.txt"
  echo
}

measure() {
  section "What a step costs on this machine, beside moving the same bytes with no arithmetic (the roof)"
  "$build/bench/gradstep-bench" run --brief -o "$out/bench.json" \
    --filter '^step/adamw(/float32/(16K|64M)/|[+]complete/.*/64M/)'
  "$build/bench/gradstep-bench" report "$out/bench.json" -o "$out/bench.html"
}

# outcomes FILE: prints "name accuracy loss" for each row of its tables.
outcomes() { awk 'NF > 5 && $(NF - 2) == "%" { print $1, $(NF - 3), $(NF - 4) }' "$1"; }

summary() {
  local name accuracy loss best worst
  section "What you have now, in $out"
  read -r name accuracy loss < <(outcomes "$out/resumed.txt")
  cat <<TEXT
digits.safetensors     a network that reads $accuracy % of the handwritten digits it has not seen, training
                       loss $loss, and its optimizer's state ($name, 10 epochs)
TEXT
  read -r best accuracy _ < <(outcomes "$out/training.txt" | sort -k 2,2nr -k 3,3n)
  read -r _ worst _ < <(outcomes "$out/training.txt" | sort -k 2,2n)
  read -r name loss < <(outcomes "$out/training.txt" | awk '{ print $1, $3 }' | sort -k 2,2n)
  cat <<TEXT
training.txt           the same network by each method and in each precision, 30 epochs: from $worst to
                       $accuracy % right, most by $best; the lowest loss is $loss, by $name
paths.png              each method's way down 0.1 x1^2 + 2 x2^2
adagrad_rates.png, rmsprop_adagrad.png, momentum_weights.png
                       what learning rate, decay and momentum do there
schedules.png          the learning rate of each schedule
digits_loss.png, precisions_loss.png
                       the losses of training.txt after each epoch
two_groups.safetensors an optimizer with two groups, after 200 of its 400 steps
bench.html             what a step costs on this machine, and what limits it

Next: train another way:  $build/examples/train_digits --rule adam --precision bf16 --epochs 20
      call it yourself:   README.md, "From C" and "From C++"; ./dev library builds what you link
      try all of it:      ./dev test; every figure of speed with its limit: ./dev bench
TEXT
}

case $2 in
  descend) descend ;;
  train) train ;;
  measure)
    measure
    summary
    ;;
  *) echo "demo.sh: there is no part '$2'" >&2; exit 2 ;;
esac
