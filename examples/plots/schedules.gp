# SPDX-License-Identifier: Apache-2.0
#
# Every schedule from the same base rate.
load "style.gp"
load "schedule_titles.gp"
set terminal pngcairo size 1640, 1160 font "sans,10"
set output "schedules.png"

names = system("sed -n 's/^title_\\([a-z_0-9]*\\) .*/\\1/p' schedule_titles.gp")
set xrange [0:120]
set yrange [0:*]
set xtics 40
set format y "%g"
set grid ytics linetype 1 linewidth 0.8 linecolor rgb "#d0d0d0"
unset key
set multiplot layout 4, 4 title "the learning rate over 120 steps, base rate 0.1 (dashed)" \
  font "sans,14"
do for [i = 1:words(names)] {
  name = word(names, i)
  set title value("title_".name) noenhanced
  plot 0.1 with lines dashtype 2 linewidth 1 linecolor rgb "#909090", \
    name.".csv" using 1:2 every ::1 with lines linewidth 2 \
    linecolor rgb colours[1 + (i - 1) % |colours|]
}
unset multiplot
