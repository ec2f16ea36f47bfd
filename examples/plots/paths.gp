# SPDX-License-Identifier: Apache-2.0
#
# Every method's path, and the function's value along it.
load "style.gp"
set terminal pngcairo size 1640, 860 font "sans,10"
set output "paths.png"
load "contours.gp"

names = "sgd momentum adagrad rmsprop adadelta adam adamw"
set multiplot layout 2, 4 title "20 steps on 0.1 x1² + 2 x2² from (-5, -2)" font "sans,14"
do for [name in names] { @path }

set title "the function's value"
set xrange [0:20]
set yrange [1e-6:20]
set logscale y
set format y "10^{%T}"
set xtics 5
set ytics autofreq
set xlabel "step"
unset ylabel
set key bottom left Left reverse samplen 2
set datafile separator ","
plot for [i = 1:words(names)] word(names, i).".csv" using 1:4 every ::1 with lines \
  linewidth 1.6 linecolor rgb colours[i] title word(names, i)
unset multiplot
