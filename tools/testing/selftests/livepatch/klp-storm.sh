#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Transitions while tasks and CPUs come and go.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"

# Patch on and off, at once and with a task that blocks for a while.
patch_through_storm()
{
	patch_enable klp_test_p_value
	everybody_runs 1
	patch_remove klp_test_p_value
	everybody_runs 0

	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	everybody_runs 4
	patch_remove klp_test_p_sleep
	everybody_runs 0
}

everybody_runs()
{
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
	expect_eq "value for a new task" "$1" "$(target value)"
}

storm_case()
{
	target_load
	storm "$@"
	patch_through_storm
	storm_goes_on
	expect_eq "users of the target" 0 "$(mod_refcount klp_test_target)"
}

case_fork_and_exit_storm()
{
	storm_case forks 3
}

case_thread_storm()
{
	storm_case spawns 3
}

case_exec_storm()
{
	storm_case execs 2
}

case_children_never_run_older_code_than_parents()
{
	target_load
	storm inherit "$KLP_TARGET/run"
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	kill -TERM "$STORM_PID"
	wait "$STORM_PID" || klp_fail "$(cat "$KLP_TMP/storm.$STORM_PID")"
}

CPU1=/sys/devices/system/cpu/cpu1/online

cpu_cycle()
{
	while :; do
		if echo 0 > $CPU1 && echo 1 > $CPU1; then
			echo cycle >> "$KLP_TMP/cycles"
		fi
	done 2> /dev/null
}

case_cpu_goes_offline_and_online()
{
	need_cpu1
	need_file $CPU1 "no CPU hotplug"
	klp_on_cleanup "echo 1 > $CPU1"
	target_load
	target_sleeper sleep 0

	# Goes away with its idle task not moved yet, comes back in the middle.
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	write 0 $CPU1
	expect in_transition klp_test_p_sleep
	patch_set_enabled klp_test_p_sleep 0
	wait_until patch_gone klp_test_p_sleep
	mod_unload klp_test_p_sleep

	# An offline CPU holds nothing up.
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	write 1 $CPU1
	everybody_runs 4
	patch_remove klp_test_p_sleep
	everybody_runs 0
}

case_cpu_hotplug_storm()
{
	need_cpu1
	need_file $CPU1 "no CPU hotplug"
	klp_on_cleanup "klp_kill_jobs; echo 1 > $CPU1"
	target_load
	rm -f "$KLP_TMP/cycles"
	bg cpu_cycle
	wait_until test -s "$KLP_TMP/cycles"
	patch_through_storm
	expect test -s "$KLP_TMP/cycles"
	expect_eq "users of the target" 0 "$(mod_refcount klp_test_target)"
}

case_patch_list_is_empty_afterwards()
{
	target_load
	storm forks 2
	patch_enable klp_test_p_value
	patch_set_enabled klp_test_p_value 0
	wait_until patch_gone klp_test_p_value
	wait_until mod_refcount_is klp_test_p_value 0
	rmmod klp_test_p_value
	expect_eq "patches" "" "$(ls $KLP_SYSFS)"
}

klp_main "$@"
