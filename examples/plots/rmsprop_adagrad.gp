# SPDX-License-Identifier: Apache-2.0
#
# RMSProp beside Adagrad at the same learning rate.
load "style.gp"
set terminal pngcairo size 1000, 460 font "sans,11"
set output "rmsprop_adagrad.png"
load "contours.gp"

set multiplot layout 1, 2
do for [name in "rmsprop adagrad"] { @path }
unset multiplot
