# SPDX-License-Identifier: Apache-2.0
#
# The training loss on the digits after each epoch, a line per method.
load "style.gp"
set terminal pngcairo size 900, 560 font "sans,11"
set output "digits_loss.png"

set title "handwritten digits: loss on the training part"
set xlabel "epoch"
set ylabel "mean cross-entropy"
set logscale y
set format y "%g"
set yrange [*:3]
set grid ytics linetype 1 linewidth 0.8 linecolor rgb "#d0d0d0"
set key autotitle columnhead inside top right Left reverse samplen 2 width 3
stats "digits.csv" skip 1 nooutput
plot for [i = 2:STATS_columns] "digits.csv" using 1:i with lines linewidth 2 \
  linecolor rgb colours[1 + (i - 2) % |colours|]
