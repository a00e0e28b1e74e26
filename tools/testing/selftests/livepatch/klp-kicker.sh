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
	show "$KICK_PARAMS/$1"
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

# holds_before MILLISECONDS CONDITION...: for so long the patch is in transition, and the
# condition holds.  A look that ends later than that may have seen what came since.
holds_before()
{
	local holds

	while :; do
		holds=y
		in_transition "$K" && "${@:2}" || holds=
		! stat_at_least "$K" elapsed_us $(($1 * 1000)) || return 0
		[ $holds ] || klp_fail "does not hold for $1 ms: ${*:2}"
	done
}

# ---- blockers ---------------------------------------------------------------

BLOCKER=$'^([0-9]+)\t([0-9]+)\t([^\t]*)\t(patched|unpatched)\t([0-9]+)\t([0-9]+)\t([^\t]+)$'
MORE='^\.\.\. [0-9]+ more$'
ADDRESS='0x|[0-9a-f]{12}'

# Into the array BLOCKERS.  Each line has its seven columns, and no address.
read_blockers()
{
	local line

	BLOCKERS=()
	mapfile -t BLOCKERS < "$KLP_SYSFS/$1/blockers"
	for line in "${BLOCKERS[@]}"; do
		[[ $line =~ $BLOCKER || $line =~ $MORE ]] || klp_fail "not a line of blockers: $line"
		[[ ! $line =~ $ADDRESS ]] || klp_fail "blockers show an address: $line"
	done
}

# Prints a patch's blockers.
blockers()
{
	read_blockers "$1"
	[ ${#BLOCKERS[@]} -eq 0 ] || printf '%s\n' "${BLOCKERS[@]}"
}

# blocker PATCH TID [COLUMN]: its line, or one column of it.
blocker()
{
	local line

	read_blockers "$1"
	for line in "${BLOCKERS[@]}"; do
		if [[ $line =~ $BLOCKER && ${BASH_REMATCH[2]} = "$2" ]]; then
			echo "${BASH_REMATCH[${3:-0}]}"
		fi
	done
}

# Only that task is left.
only_blocker()
{
	read_blockers "$1"
	[ ${#BLOCKERS[@]} -eq 1 ] && [[ ${BLOCKERS[0]} =~ $BLOCKER && ${BASH_REMATCH[2]} = "$2" ]]
}

no_blocker()
{
	read_blockers "$1"
	[ ${#BLOCKERS[@]} -eq 0 ]
}

# ---- stats ------------------------------------------------------------------

stat_of()
{
	local name value

	while read -r name value; do
		[ "$name" != "$2" ] || echo "$value"
	done < "$KLP_SYSFS/$1/stats"
}

stat_at_least()
{
	[ "$(stat_of "$1" "$2")" -ge "$3" ]
}

tasks_moved()
{
	local name value sum=0

	while read -r name value; do
		[[ $name =~ passes|_us ]] || sum=$((sum + value))
	done < "$KLP_SYSFS/$1/stats"
	echo "$sum"
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
