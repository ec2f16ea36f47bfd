# SPDX-License-Identifier: Apache-2.0
#
# The training loss after each epoch from the CSV file `losses`, a line per column.
set xlabel "epoch"
set ylabel "mean cross-entropy"
set logscale y
set format y "%g"
set yrange [*:3]
set grid ytics linetype 1 linewidth 0.8 linecolor rgb "#d0d0d0"
set key autotitle columnhead inside top right Left reverse samplen 2 width 3
stats losses skip 1 nooutput
plot for [i = 2:STATS_columns] losses using 1:i with lines linewidth 2 \
  linecolor rgb colours[1 + (i - 2) % |colours|]
