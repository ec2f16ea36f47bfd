#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job, shown: examples/demo.sh BUILD_DIR. Pictures go to BUILD_DIR/demo.
set -euo pipefail
[ $# = 1 ] || { echo "usage: demo.sh BUILD_DIR" >&2; exit 2; }
build=$1
here=$(dirname "${BASH_SOURCE[0]}")

section() { printf '\n== %s\n' "$*"; }
descend() {
  echo "\$ descent_2d $*"
  "$build/examples/descent_2d" "$@"
}

section "Minimising 0.1 x1^2 + 2 x2^2 from (-5, -2), as in Dive into Deep Learning"
descend --rule sgd --set lr=0.4
descend --rule sgd --set lr=0.6 --set momentum=0.5 --set lr_in_velocity=1
descend --rule adagrad --set lr=0.4 --set eps=1e-6 --set eps_inside=1
descend --rule rmsprop --set lr=0.4 --set alpha=0.9 --set eps=1e-6 --set eps_inside=1

curve() {
  echo "\$ schedule_curve $*"
  "$build/examples/schedule_curve" "$@"
}

section "Learning rates as functions of the step; $build/demo/schedules.png will draw every schedule"
curve --schedule cosine --set total_steps=100 --set warmup_steps=10
curve --schedule one_cycle --set total_steps=100
curve --schedule multistep --list milestones=30,60

section "An optimizer with two groups, a schedule, clipping, and a checkpoint that another goes on from"
mkdir -p "$build/demo" && "$build/examples/two_groups" "$build/demo/two_groups.safetensors"

train() {
  echo "\$ train_digits $*"
  "$build/examples/train_digits" "$@"
}

section "Training on handwritten digits with a schedule; stopped after 5 epochs, and resumed from a checkpoint"
run=(--rule adamw --schedule one_cycle --schedule-set total_steps=470
     --checkpoint "$build/demo/digits.safetensors")
rm -f "$build/demo/digits.safetensors"
train "${run[@]}" --epochs 5
train "${run[@]}" --epochs 10 --resume

section "Training a network on handwritten digits with each method, then in each precision; pictures"
"$here/plots/draw.sh" "$build/examples" "$build/demo"

section "What this machine does (one minute)"
"$build/bench/gradstep_bench" --quick
