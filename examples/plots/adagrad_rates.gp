# SPDX-License-Identifier: Apache-2.0
#
# Adagrad's path at two learning rates.
load "style.gp"
set terminal pngcairo size 1000, 460 font "sans,11"
set output "adagrad_rates.png"
load "contours.gp"

set multiplot layout 1, 2
do for [name in "adagrad adagrad_fast"] { @path }
unset multiplot
