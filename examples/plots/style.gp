# SPDX-License-Identifier: Apache-2.0
#
# Shared by all pictures. A picture's script runs in the folder with the data, and writes there.
set encoding utf8
set datafile separator ","
set border linewidth 0.8 linecolor "#404040"
set tics nomirror
set key noenhanced

array colours = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#17becf"]
