# SPDX-License-Identifier: Apache-2.0
#
# The training loss of one method in every precision, over each other.
load "style.gp"
set terminal pngcairo size 900, 560 font "sans,11"
set output "precisions_loss.png"

set title "handwritten digits by adamw: loss on the training part in each precision"
losses = "precisions.csv"
load "loss_curves.gp"
