# SPDX-License-Identifier: Apache-2.0
#
# The training loss of every method on the digits.
load "style.gp"
set terminal pngcairo size 900, 560 font "sans,11"
set output "digits_loss.png"

set title "handwritten digits: loss on the training part"
losses = "digits.csv"
load "loss_curves.gp"
