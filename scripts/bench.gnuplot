# SPDX-License-Identifier: GPL-2.0
#
# Time against functions and against threads, stock and ours.  scripts/bench writes the *.dat files
# of this directory, and sets config and svg.

set terminal svg size 1200,900 font "sans,13" background rgb "white"
set output svg
set datafile missing "?"

set multiplot layout 2,2 title "livepatch: stock and ours, configuration ".config." (QEMU, emulated; medians)"
set logscale y
set ylabel "milliseconds"
set yrange [1:*]
set grid
set key outside below maxrows 3
set style data linespoints

stock = "#c0392b"
ours = "#1f77b4"

do for [what in "enable disable"] {
	set title what.", nobody beside"
	set xlabel "functions"
	set logscale x
	set xrange [0.8:1300]
	plot what."-functions.dat" using 1:2 title "stock" lc rgb stock pt 7, \
	     what."-functions.m20.dat" using 1:2 title "stock, 20 modules" lc rgb stock pt 6 dt 2, \
	     what."-functions.dat" using 1:3 title "ours" lc rgb ours pt 7, \
	     what."-functions.m20.dat" using 1:3 title "ours, 20 modules" lc rgb ours pt 6 dt 2

	set title what.", 1 and 1,000 functions"
	set xlabel "sleeping threads"
	unset logscale x
	set xrange [-300:10300]
	plot what."-threads-k1000.dat" using 1:2 title "stock, 1,000, kthreads" lc rgb stock pt 7, \
	     what."-threads-u1000.dat" using 1:2 title "stock, 1,000, user" lc rgb stock pt 5 dt 2, \
	     what."-threads-k1.dat" using 1:2 title "stock, 1, kthreads" lc rgb stock pt 6 dt 3, \
	     what."-threads-k1000.dat" using 1:3 title "ours, 1,000, kthreads" lc rgb ours pt 7, \
	     what."-threads-u1000.dat" using 1:3 title "ours, 1,000, user" lc rgb ours pt 5 dt 2, \
	     what."-threads-k1.dat" using 1:3 title "ours, 1, kthreads" lc rgb ours pt 6 dt 3
}

unset multiplot
