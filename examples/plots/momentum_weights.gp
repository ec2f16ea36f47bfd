# SPDX-License-Identifier: Apache-2.0
#
# The weight gamma^tau that momentum gives to the gradient of tau steps ago.
load "style.gp"
set terminal pngcairo size 720, 460 font "sans,11"
set output "momentum_weights.png"

set title "momentum's weight of past gradients"
set xlabel "τ, steps ago"
set ylabel "weight γ^τ"
set xrange [0:40]
set yrange [0:1.05]
set samples 41
set key top right spacing 1.3 Left reverse
gammas = "0.95 0.9 0.6 0"
plot for [i = 1:words(gammas)] real(word(gammas, i))**x with linespoints pointtype 7 pointsize 0.6 \
  linewidth 1.6 linecolor rgb colours[i] title "γ = ".word(gammas, i)
