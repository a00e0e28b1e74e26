# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-target.sh - how the scripts use the module klp_test_target.

KLP_TARGET=$KLP_DEBUGFS/klp_test_target

target_load()
{
	mod_load klp_test_target
	[ -e "$KLP_TARGET/run" ] || klp_skip "no debugfs"
}

# target OPERATION [GATE [DEPTH]]: runs it here and prints the result.
target()
{
	local fd result

	exec {fd}<> "$KLP_TARGET/run"
	echo "$*" >&"$fd"
	read -r result <&"$fd"
	exec {fd}>&-
	echo "$result"
}

target_job()
{
	target "$@" > "$KLP_TMP/result.$BASHPID"
}

# target_sleeper OPERATION GATE [DEPTH]: a task ($BG_PID) asleep at the gate.
target_sleeper()
{
	local before

	before=$(target waiters "$2")
	bg target_job "$@"
	wait_until target_waiters "$2" $((before + 1))
	wait_until asleep "$BG_PID"
}

# target_kthread OPERATION [GATE [DEPTH]]: the same in a kthread, $KTHREAD_PID.
target_kthread()
{
	KTHREAD_PID=$(target kthread "$@")
	[ "$KTHREAD_PID" -gt 0 ] || klp_fail "no kthread: $KTHREAD_PID"
}

# That many tasks wait at the gate.
target_waiters()
{
	[ "$(target waiters "$1")" = "$2" ]
}

# What a target_job came to.  Not by wait, which in $(...) does not wait for a job of the
# shell around it.
target_result()
{
	wait_until test -s "$KLP_TMP/result.$1"
	cat "$KLP_TMP/result.$1"
}

target_open()
{
	echo "$1" > "$KLP_TARGET/open"
}

target_close()
{
	echo close > "$KLP_TARGET/open"
}

median()
{
	printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# storm KIND N: a crowd of tasks (klp-task.c), at work when this returns.
storm()
{
	STORM_KIND=$1
	bg klp_storm_job "$@"
	STORM_PID=$BG_PID
	wait_until test -s "$KLP_TMP/storm.$STORM_PID"
}

klp_storm_job()
{
	exec "$KLP_DIR/klp-task" "$@" > "$KLP_TMP/storm.$BASHPID"
}

storm_goes_on()
{
	local pid

	pid=$(klp_last_pid)
	expect kill -0 "$STORM_PID"
	case $STORM_KIND in
	forks|spawns) wait_until klp_pids_were_used "$pid" ;;
	esac
}

klp_last_pid()
{
	cut -d' ' -f5 /proc/loadavg
}

# More of them than the asking itself needs.
klp_pids_were_used()
{
	[ "$(klp_last_pid)" -gt $(($1 + 50)) ] || [ "$(klp_last_pid)" -lt "$1" ]
}
