# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-kicker.sh - how the scripts use klp_test_kick, what blocks, and statistics.

KICK=$KLP_DEBUGFS/klp_test_kick
KICK_PARAMS=/sys/module/klp_test_kick/parameters
LIVEPATCH_PARAMS=/sys/module/livepatch/parameters

kick_load()
{
	mod_load klp_test_kick
	[ -e "$KICK/run" ] || klp_skip "no debugfs"
	klp_on_cleanup "echo 1 > $KICK_PARAMS/stop"
}

kick_job()
{
	echo "$1" > "$KICK/run"
}

# kicked WHAT: a counter of klp_test_kick: entered, woken, asked.
kicked()
{
	cat "$KICK_PARAMS/$1"
}

kicked_is()
{
	file_is "$KICK_PARAMS/$1" "$2"
}

# kick_task OPERATION [CPU]: a task ($BG_PID) that is at it.
kick_task()
{
	local before

	before=$(kicked entered)
	if [ "${2:-}" ]; then
		bg on_cpu "$2" kick_job "$1"
	else
		bg kick_job "$1"
	fi
	wait_until kicked_is entered $((before + 1))
}

# kick_kthread OPERATION: a kthread ($KTHREAD_PID) that is at it, on the last CPU.
kick_kthread()
{
	local fd before

	before=$(kicked entered)
	exec {fd}<> "$KICK/run"
	echo "kthread $1" >&"$fd"
	read -r KTHREAD_PID <&"$fd"
	exec {fd}>&-
	[ "$KTHREAD_PID" -gt 0 ] || klp_fail "no kthread: $KTHREAD_PID"
	wait_until kicked_is entered $((before + 1))
}

on_cpu()
{
	local cpu=$1

	shift
	taskset -p -c "$cpu" "$BASHPID" > "$KLP_TMP/taskset"
	"$@"
}

# Everything that may be moved away from CPU 1 is.
free_cpu1()
{
	local mask=/sys/devices/virtual/workqueue/cpumask

	need_cpu1
	taskset -p -c 0 "$BASHPID" > "$KLP_TMP/taskset"
	if [ -w $mask ]; then
		klp_on_cleanup "echo $(cat $mask) > $mask"
		echo 1 > $mask
	fi
}

cpu1_is_isolated()
{
	grep -q 1 /sys/devices/system/cpu/isolated
}

# set_kick NAME MILLISECONDS: a parameter of livepatch, until the case ends.
set_kick()
{
	local file=$LIVEPATCH_PARAMS/$1_ms

	klp_on_cleanup "echo $(cat "$file") > $file"
	write "$2" "$file"
}

# Calls of a function by the core, from now on.
count_calls()
{
	klp_on_cleanup "echo nop > $KLP_TRACING/current_tracer; echo > $KLP_TRACING/set_ftrace_filter"
	echo "$1" > "$KLP_TRACING/set_ftrace_filter"
	echo function > "$KLP_TRACING/current_tracer"
	echo > "$KLP_TRACING/trace"
	COUNTED=$1
}

calls()
{
	grep -c " $COUNTED <-klp_" "$KLP_TRACING/trace" || :
}

was_called()
{
	[ "$(calls)" -gt 0 ]
}

# ---- blockers ---------------------------------------------------------------

# Prints a patch's blockers.  Each line has its seven columns, and no address.
blockers()
{
	local text

	text=$(cat "$KLP_SYSFS/$1/blockers")
	if grep -vE $'^[0-9]+\t[0-9]+\t[^\t]*\t(un)?patched\t[0-9]+\t[0-9]+\t[^\t]+$|^\\.\\.\\. [0-9]+ more$' <<< "$text" | grep .; then
		klp_fail "not a line of blockers"
	fi
	if grep -E '0x|[0-9a-f]{12}' <<< "$text"; then
		klp_fail "blockers show an address"
	fi
	echo "$text"
}

# blocker PATCH TID [COLUMN]: its line, or one column of it.
blocker()
{
	blockers "$1" | awk -F'\t' -v tid="$2" -v col="${3:-0}" '$2 == tid { print $col }'
}

# Only that task is left.
only_blocker()
{
	[ "$(blockers "$1" | cut -f2)" = "$2" ]
}

no_blocker()
{
	[ -z "$(blockers "$1")" ]
}

# ---- stats ------------------------------------------------------------------

stat_of()
{
	awk -v name="$2" '$1 == name { print $2 }' "$KLP_SYSFS/$1/stats"
}

stat_at_least()
{
	[ "$(stat_of "$1" "$2")" -ge "$3" ]
}

tasks_moved()
{
	awk '$1 !~ /passes|_us/ { n += $2 } END { print n }' "$KLP_SYSFS/$1/stats"
}

# ---- tracepoints ------------------------------------------------------------

# trace_events EVENT...: from now on, without any debug message.
trace_events()
{
	local event

	need_file "$KLP_TRACING/events/livepatch" "no tracepoints"
	klp_debug_lines -p
	klp_on_cleanup "klp_debug_lines +p"
	for event; do
		echo 1 > "$KLP_TRACING/events/livepatch/$event/enable"
	done
	echo > "$KLP_TRACING/trace"
}

# traced EVENT: its fields, one line each.
traced()
{
	sed -n "s/.* $1: //p" "$KLP_TRACING/trace"
}
