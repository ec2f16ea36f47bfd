# SPDX-License-Identifier: Apache-2.0
#
# Sets $contours to the contours of 0.1 x1^2 + 2 x2^2, and the axes for them and for a path.
load "titles.gp"

set xrange [-5.5:1.5]
set yrange [-3:3]
set isosamples 200, 200
set contour base
set cntrparam levels discrete 0.02, 0.1, 0.3, 0.7, 1.3, 2.1, 3.2, 4.8, 7, 10, 14, 19, 25
unset surface
set table $contours
splot 0.1*x**2 + 2*y**2
unset table
unset contour

set xlabel "x1" offset 0, 0.4
set ylabel "x2" offset 1, 0
set xtics 1
set ytics 1
unset key

# Draws the path in NAME.csv over the contours, with its first and last point. Columns of the contours
# are separated by blanks, those of the path by commas.
set style line 1 linecolor rgb "#9fc3de" linewidth 1
set style line 2 linecolor rgb "#ff7f0e" linewidth 2 pointtype 7 pointsize 0.7
path = 'set title value("title_".name) noenhanced; \
  set datafile separator whitespace; \
  plot $contours using 1:2 with lines linestyle 1, \
       "<tr , \" \" <".name.".csv" using 2:3 every ::1 with linespoints linestyle 2'
