#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The administrator's last resort.  Two modules stay loaded afterwards, as they
# have to: klp_pinned_*.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"

force()
{
	write "${2:-1}" "$KLP_SYSFS/$1/force"
}

# pinned_load NAME: enabled, with a task ($BG_PID) asleep in it.
pinned_load()
{
	if mod_loaded "$1"; then
		klp_skip "$1 is still loaded from an earlier run"
	fi
	patch_enable "$1"
	klp_on_cleanup "echo 1 > /sys/module/$1/parameters/open"
	bg target_job sleep 0
	wait_until file_is "/sys/module/$1/parameters/waiters" 1
	wait_until asleep "$BG_PID"
}

case_force_completes_a_blocked_enabling()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	force klp_test_p_sleep
	wait_until not_in_transition klp_test_p_sleep
	expect patch_enabled klp_test_p_sleep
	expect asleep "$BG_PID"
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
	expect_eq "what the sleeper calls" 4 "$(target sample 0)"
	expect_log "forcing remaining tasks to the patched state"
	expect_log "'klp_test_p_sleep': patching complete"
}

case_force_is_not_delayed()
{
	local t0

	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	t0=$(now_us)
	force klp_test_p_sleep
	wait_until not_in_transition klp_test_p_sleep
	t0=$((($(now_us) - t0) / 1000))
	[ $t0 -le 500 ] || klp_fail "completion took $t0 ms"
}

# Nobody can be in code of a patch that was only just enabled.
case_forced_enabling_keeps_no_reference()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	force klp_test_p_sleep
	wait_until not_in_transition klp_test_p_sleep
	target_open 0
	expect_eq "result" 0 "$(target_result "$BG_PID")"
	patch_remove klp_test_p_sleep
	expect_eq "value" 0 "$(target value)"
}

case_forced_disabling_keeps_the_module()
{
	local p=klp_pinned_off

	target_load
	pinned_load $p
	patch_set_enabled $p 0
	expect in_transition $p
	force $p
	wait_until patch_gone $p
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
	expect asleep "$BG_PID"
	expect holds_for 500 mod_refcount_is $p 1
	expect_error "" rmmod $p
	expect_log "'$p': unpatching complete"
	echo 1 > /sys/module/$p/parameters/open
	expect_eq "result" 20 "$(target_result "$BG_PID")"
	target_open 0
	expect_eq "sleep" 0 "$(target sleep 0)"

	# Nobody is in it any more, but nobody can know.
	expect mod_refcount_is $p 1
}

case_forced_replace_keeps_the_replaced_modules()
{
	local p=klp_pinned_replaced

	target_load
	pinned_load $p
	patch_load klp_test_p_value2 replace=1
	expect in_transition klp_test_p_value2
	force klp_test_p_value2
	wait_until not_in_transition klp_test_p_value2
	wait_until patch_gone $p
	expect holds_for 500 mod_refcount_is $p 1
	expect_error "" rmmod $p
	expect_eq "value" 2 "$(target value)"
	echo 1 > /sys/module/$p/parameters/open
	expect_eq "result" 21 "$(target_result "$BG_PID")"

	# The replacing patch itself can go.
	patch_remove klp_test_p_value2
	expect_eq "value" 0 "$(target value)"
}

case_patches_come_and_go_after_a_force()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	force klp_test_p_sleep
	wait_until not_in_transition klp_test_p_sleep
	target_open 0
	patch_enable klp_test_p_sleep2
	expect_eq "value" 5 "$(target value)"
	patch_remove klp_test_p_sleep
	expect_eq "value" 5 "$(target value)"
	patch_remove klp_test_p_sleep2
	expect_eq "value" 0 "$(target value)"
	patch_enable klp_test_p_sleep
	expect_eq "value" 4 "$(target value)"
}

case_force_without_transition_is_einval()
{
	target_load
	patch_enable klp_test_p_value
	expect_error "Invalid argument" force klp_test_p_value
	expect_no_log "forcing"
}

case_force_of_another_patch_is_einval()
{
	target_load
	patch_enable klp_test_p_value
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	expect_error "Invalid argument" force klp_test_p_value
	expect in_transition klp_test_p_sleep
}

case_force_zero_does_nothing()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	force klp_test_p_sleep 0
	expect in_transition klp_test_p_sleep
	expect side_is "$BG_PID" 0
	expect_no_log "forcing"
}

case_force_refuses_what_is_not_boolean()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect_error "Invalid argument" force klp_test_p_sleep maybe
	expect in_transition klp_test_p_sleep
}

klp_main "$@"
