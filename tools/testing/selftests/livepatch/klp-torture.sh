#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Torture: patches come, go and turn around at random, while everything else that a
# machine does goes on, and every call of a patched function is checked.
#
# How much, and from which seed, is said by variables, or by kernel parameters of the
# same name in small letters with dots, e.g. klp.torture.transitions=3000:
#
#	KLP_TORTURE_TRANSITIONS	250, on each of two kernels; or 0 for what there is
#				time for
#	KLP_TORTURE_CALLS	500000
#	KLP_TORTURE_SECONDS	1000	where to give up
#	KLP_TORTURE_SEED	1
#	KLP_TORTURE_FAULTS	those in FAULTS; names, with commas; none
#	KLP_TORTURE_PARTS	1: in so many runs, each with the next seed; all begin and
#				end with the same memory in use
#	KLP_TORTURE_CALLERS	1: tasks that do nothing but call
#	KLP_TORTURE_LONG	300	milliseconds that functions sleep now and then: about as
#				long as a transition takes
#	KLP_TORTURE_DELAY	the function to be slow in, or none; else those of
#				klp_torture_delay.c
#
# Fails when it was given up before there were as many, or something that was to go on
# meanwhile never succeeded.
#
# Time limit: 1200

. "$(dirname "$0")/klp-lib.sh"

TORTURE=$KLP_DEBUGFS/klp_torture
TORTURE_MODULES="klp_torture_delay klp_torture_work klp_torture_t1 klp_torture_t0 klp_torture_call klp_torture"

# option NAME DEFAULT: a variable, or a kernel parameter
option()
{
	local name=KLP_TORTURE_$1 word words

	if [ "${!name:-}" ]; then
		echo "${!name}"
		return
	fi
	read -r -a words < /proc/cmdline
	for word in "${words[@]}"; do
		if [ "${word%%=*}" = "klp.torture.${1,,}" ]; then
			echo "${word#*=}"
			return
		fi
	done
	echo "$2"
}

# ---- What goes on meanwhile: each fault counts in a file of its name -------------

# done_times NAME N
done_times()
{
	local n=0

	read -r n < "$KLP_TMP/count.$1" || :
	echo $((n + $2)) > "$KLP_TMP/count.$1"
}

# Between two of a kind; how long is part of the randomness
short_pause()
{
	read -r -t "0.$((RANDOM % 5))$((RANDOM % 10))" -u "$KLP_TICK" _ || :
}

# One of those that can be traced at any time
any_function()
{
	local letters=(a b c d)

	echo "klp_torture_${letters[RANDOM % 4]}"
}

# Those that can go: all but the first
CPUS=(/sys/devices/system/cpu/cpu[1-9]*/online)

can_cpus()
{
	[ -w "${CPUS[0]}" ]
}

fault_cpus()
{
	local online=${CPUS[RANDOM % ${#CPUS[@]}]}

	echo 0 > "$online" || return
	short_pause
	echo 1 > "$online"
}

can_tracers()
{
	[ -w "$KLP_TRACING/current_tracer" ]
}

fault_tracers()
{
	local tracer=function

	if grep -qw function_graph "$KLP_TRACING/available_tracers" && [ $((RANDOM % 2)) = 0 ]; then
		tracer=function_graph
	fi
	echo 'klp_torture_[a-f] klp_new_[a-f]' > "$KLP_TRACING/set_ftrace_filter" || return
	echo "$tracer" > "$KLP_TRACING/current_tracer" || return
	short_pause
	echo nop > "$KLP_TRACING/current_tracer"
}

can_kprobes()
{
	[ -w "$KLP_TRACING/kprobe_events" ]
}

# On functions that are patched: at the entry, and on the way back
fault_kprobes()
{
	local f status=0

	f=$(any_function)
	{
		echo "p:klp_torture/entry klp_torture_t0:$f" > "$KLP_TRACING/kprobe_events" &&
		echo "r:klp_torture/return klp_torture_t0:$f" >> "$KLP_TRACING/kprobe_events" &&
		echo 1 > "$KLP_TRACING/events/klp_torture/enable"
	} || status=1
	short_pause
	echo 0 > "$KLP_TRACING/events/klp_torture/enable"
	echo > "$KLP_TRACING/kprobe_events"
	return $status
}

ATTACH=$KLP_DIR/klp-bpf-attach

can_bpf()
{
	[ -e /sys/kernel/btf/vmlinux ]
}

fault_bpf()
{
	local kinds=(fentry fexit both)

	# Attached until its input ends
	short_pause |
		"$ATTACH" "${kinds[RANDOM % 3]}" "$(any_function)" klp_torture_t0 |
		grep -q attached
}

MIN_FREE=/proc/sys/vm/min_free_kbytes

can_memory()
{
	[ -w $MIN_FREE ]
}

# Nearly all that is free is kept back, and a bit more than the rest is used
fault_memory()
{
	local free min status=1

	read -r min < $MIN_FREE
	free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
	if [ "$free" -ge 400000 ] && echo $(((free - 300000) / 4 * 3)) > $MIN_FREE; then
		"$KLP_DIR/klp-crowd" memory 16
		status=0	# also if there was none for it
	fi
	echo 2 > /proc/sys/vm/drop_caches
	echo "$min" > $MIN_FREE
	return $status
}

FAILSLAB=$KLP_DEBUGFS/failslab

can_allocations()
{
	[ -d "$FAILSLAB" ]
}

# klp-torture makes itself a task whose allocations may fail, every now and then.  Each
# counts that did.
fault_allocations()
{
	local left many=1000000

	echo Y > "$FAILSLAB/task-filter"
	echo 0 > "$FAILSLAB/verbose"
	echo $many > "$FAILSLAB/times"
	echo N > "$FAILSLAB/ignore-gfp-wait"
	# Last: from here on they do
	echo $((2 + RANDOM % 5)) > "$FAILSLAB/probability"
	short_pause
	echo 0 > "$FAILSLAB/probability"
	read -r left < "$FAILSLAB/times"
	DONE=$((many - left))
}

can_suspends()
{
	[ -w /sys/power/pm_test ] && grep -qw freeze /sys/power/state
}

# As far as freezing all tasks, or devices, or the platform, and back.  But one that
# executes itself waits for its other threads to end, those may freeze first, and then
# it cannot: none is at that.
fault_suspends()
{
	local lock status=1 depths=(freezer devices platform)

	exec {lock}< "$KLP_TMP/crowd.execs"
	if flock -w 5 "$lock" && echo "${depths[RANDOM % 3]}" > /sys/power/pm_test &&
	   echo 0 > /sys/module/suspend/parameters/pm_test_delay &&
	   echo freeze > /sys/power/state; then
		status=0
	fi
	exec {lock}<&-
	short_pause
	return $status
}

FREEZER=/sys/fs/cgroup/klp_torture

can_freezer()
{
	[ -w /sys/fs/cgroup/cgroup.procs ] && mkdir -p $FREEZER && [ -w $FREEZER/cgroup.freeze ]
}

# The crowd; klp-torture goes on
fault_freezer()
{
	local pid status=0

	for pid in $(pgrep klp-crowd); do
		echo "$pid" > $FREEZER/cgroup.procs
	done
	echo 1 > $FREEZER/cgroup.freeze || return
	short_pause
	grep -qx 'frozen 1' $FREEZER/cgroup.events || status=1
	echo 0 > $FREEZER/cgroup.freeze
	return $status
}

FAULTS="cpus tracers kprobes bpf memory allocations suspends freezer"

# fault_loop NAME: until told to stop, so that nothing is left half done
fault_loop()
{
	local begin end

	trap 'stopped=y' TERM
	stopped=
	set +e
	until [ "$stopped" ]; do
		begin=$(now_us)
		DONE=1
		if "fault_$1" 2> /dev/null; then
			done_times "$1" "$DONE"
		fi
		# However slow the machine is: a quarter of the time for each
		end=$((${EPOCHREALTIME/./} * 4 - begin * 3))
		until [ "$stopped" ] || [ "${EPOCHREALTIME/./}" -gt "$end" ]; do
			read -r -t 0.1 -u "$KLP_TICK" _ || :
		done
	done
	exit 0
}

# ---- The crowd, the modules ------------------------------------------------------

CROWD="forks threads execs signals traces calls"

torture_crowd()
{
	local kind n

	for kind in $CROWD; do
		# What patches wait for goes first: there are more transitions then
		n=1
		[ $kind != calls ] || n=$CALLERS
		bg nice -n 10 "$KLP_DIR/klp-crowd" "$kind" "$TORTURE/run" "$KLP_TMP/crowd.$kind" "$n"
	done
}

# Eight bytes that klp-crowd keeps
crowd_count()
{
	od -A n -t u8 -N 8 "$KLP_TMP/crowd.$1" | tr -d ' '
}

crowd_works()
{
	local kind

	for kind in $CROWD; do
		[ -s "$KLP_TMP/crowd.$kind" ] && [ "$(crowd_count "$kind")" -gt 0 ] || return 1
	done
}

# Children that have outlived their parents, too
no_crowd()
{
	! pkill -KILL -x klp-crowd
}

torture_cleanup()
{
	local p

	echo release > "$TORTURE/hold"
	klp_kill_jobs
	for p in "${CPUS[@]}"; do
		[ ! -w "$p" ] || echo 1 > "$p"
	done
	poll_until -t 30 no_crowd
	for p in $(printf '%s\n' "$KLP_SYSFS"/klp_torture_p* | tac); do
		poll_until -t 30 no_transition
		[ ! -d "$p" ] || echo 0 > "$p/enabled"
	done
	for p in klp_torture_p{1..6} $TORTURE_MODULES; do
		# What is still in use uses those that come after it
		! mod_loaded "$p" || poll_until -t 30 rmmod "$p" || break
	done
	[ ! -d $FREEZER ] || rmdir $FREEZER
	[ ! -w $OPTIMIZE ] || echo 1 > $OPTIMIZE
	[ ! -w $EXPEDITED ] || echo 0 > $EXPEDITED
} 2> /dev/null

EXPEDITED=/sys/kernel/rcu_expedited
OPTIMIZE=/proc/sys/debug/kprobes-optimization

torture_load()
{
	klp_on_cleanup torture_cleanup
	# Optimizing takes grace periods, and the lock that loading a module waits for
	[ ! -w $OPTIMIZE ] || echo 0 > $OPTIMIZE
	# More transitions in less time
	[ ! -w $EXPEDITED ] || echo 1 > $EXPEDITED
	mod_load klp_torture
	[ -e "$TORTURE/control" ] || klp_skip "no debugfs"
	mod_load klp_torture_call seed="$SEED" long_ms="$LONG"
	mod_load klp_torture_t0
	mod_load klp_torture_work
}

# ---- Memory ------------------------------------------------------------------------

# What is in use, in kB, when all that can be given back has been.  Not the stacks of
# tasks: patches leave out the function that counts them when a task ends.
memory_in_use()
{
	echo 3 > /proc/sys/vm/drop_caches
	awk '/^(Slab|PageTables|VmallocUsed|Percpu):/ { kb += $2 } END { print kb }' /proc/meminfo
}

# What may come to be in use, in kB.  KASAN keeps what is freed, until it is 1/32 of all.
memory_margin()
{
	local margin=2048

	! grep -qw kasan_quarantine_reduce /proc/kallsyms ||
		margin=$((margin + $(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) / 32))
	echo $margin
}

# No more than that above $1 kB; what tasks and modules leave goes after grace periods
memory_is_flat()
{
	MEMORY_AFTER=$(memory_in_use)
	[ $((MEMORY_AFTER - $1)) -lt "$MARGIN" ]
}

# ---- Cases ---------------------------------------------------------------------------

torture_options()
{
	TRANSITIONS=$(option TRANSITIONS 250)
	CALLS=$(option CALLS 500000)
	PARTS=$(option PARTS 1)
	CALLERS=$(option CALLERS 1)
	SECONDS_MAX=$(option SECONDS 1000)
	SEED=$(option SEED 1)
	WANTED=$(option FAULTS "$FAULTS")
	LONG=$(option LONG 300)
	DELAY=$(option DELAY "")
	klp_note "seed $SEED, $TRANSITIONS transitions, $CALLS calls, at most $SECONDS_MAX s"
}

torture_faults()
{
	local fault

	FAULT_PIDS=
	for fault in ${WANTED//,/ }; do
		[ "$fault" != none ] || continue
		if "can_$fault" 2> /dev/null; then
			done_times "$fault" 0
			bg fault_loop "$fault"
			FAULT_PIDS="$FAULT_PIDS $BG_PID"
		else
			klp_note "this kernel has no $fault to be disturbed by"
		fi
	done
}

torture_faults_end()
{
	local pid

	for pid in $FAULT_PIDS; do
		kill -TERM "$pid"
		wait "$pid" || :
	done
}

# One line: what was done and seen in all runs
torture_figures()
{
	local f

	awk '{ sum[$1] += $2; line[FNR] = $1; n = FNR }
	     END { for (i = 1; i <= n; i++) printf "%s%s %d", (i == 1 ? "" : ", "), line[i], sum[line[i]] }' \
		"$KLP_TMP"/torture.*
	for f in $CROWD; do
		printf ', %s %s' "$f" "$(crowd_count "$f")"
	done
	for f in "$KLP_TMP"/count.*; do
		[ ! -e "$f" ] || printf ', %s %s' "${f##*.}" "$(cat "$f")"
	done
	f=/sys/module/klp_torture_delay/parameters
	[ ! -e "$f/delays" ] || printf ', probes %s, delays %s' "$(cat $f/placed)" "$(cat $f/delays)"
	echo
}

figure()
{
	awk -v name="$1" '$1 == name { sum += $2 } END { print sum }' "$KLP_TMP"/torture.*
}

# Each kind of fault succeeded, and modules came and went
expect_faults()
{
	local f

	for f in modules-came modules-went; do
		[ "$(figure $f)" -gt 0 ] || klp_fail "no $f at all"
	done

	for f in "$KLP_TMP"/count.*; do
		[ ! -e "$f" ] || [ "$(cat "$f")" -gt 0 ] || klp_fail "no ${f##*.} at all"
	done
}

# torture SEED TRANSITIONS CALLS SECONDS: one run, with all that goes on beside it
torture()
{
	local status=0

	torture_crowd
	wait_until crowd_works
	torture_faults
	# Hardly ever busy, but when it is, others are waiting for it
	nice -n -20 "$KLP_DIR/klp-torture" "$KLP_MODULES" "$@" > "$KLP_TMP/torture.$1" || status=$?
	torture_faults_end
	klp_kill_jobs
	wait_until no_crowd
	klp_note "torture: $(torture_figures)"
	expect_eq "a violation, or a transition without an end: status" 0 "$status"
}

case_patches_at_random()
{
	local before part

	torture_options
	RANDOM=$SEED
	torture_load
	[ "$DELAY" = none ] || mod_load klp_torture_delay ${DELAY:+only="$DELAY"}
	if [ "$TRANSITIONS" = 0 ]; then
		torture "$SEED" 1000000 0 "$SECONDS_MAX"
		return
	fi
	# What is allocated once has been when this is over
	torture "$SEED" 10 0 60
	rm -f "$KLP_TMP"/{torture,count,crowd}.*
	before=$(memory_in_use)
	MARGIN=$(memory_margin)
	for ((part = 0; part < PARTS; part++)); do
		torture $((SEED + part)) $(((TRANSITIONS + PARTS - 1) / PARTS)) \
			$(((CALLS + PARTS - 1) / PARTS)) $((SECONDS_MAX / PARTS))
		poll_until -t 30 memory_is_flat "$before" || :
		klp_note "torture: memory in use before $before kB, after $MEMORY_AFTER kB"
		expect memory_is_flat "$before"
	done
	expect test "$(figure transitions)" -ge "$TRANSITIONS"
	expect test "$(figure calls)" -ge "$CALLS"
	expect_faults
}

# What is to disturb the patches must not get lost
case_all_disturbances_are_there()
{
	local fault missing=

	for fault in $FAULTS; do
		"can_$fault" 2> /dev/null || missing="$missing $fault"
	done
	[ -z "$missing" ] || klp_skip "the kernel has no:$missing."
}

klp_main "$@"
