#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whose code a task is asleep in: stacked and replaced patches, tail calls,
# aliases, and frames that are easily overlooked.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-build.sh"

# ---- Stacked and replaced patches -------------------------------------------

case_two_patches_disabled_newest_first()
{
	target_load
	patch_enable klp_test_p_value
	patch_enable klp_test_p_value2
	expect_eq "value with both" 2 "$(target value)"
	patch_remove klp_test_p_value2
	expect_eq "value with the older" 1 "$(target value)"
	patch_remove klp_test_p_value
	expect_eq "value with none" 0 "$(target value)"
}

case_two_patches_disabled_oldest_first()
{
	target_load
	patch_enable klp_test_p_value
	patch_enable klp_test_p_value2
	patch_remove klp_test_p_value
	expect_eq "value with the newer" 2 "$(target value)"
	patch_remove klp_test_p_value2
	expect_eq "value with none" 0 "$(target value)"
}

case_middle_of_three_patches_is_disabled()
{
	target_load
	patch_enable klp_test_p_value
	patch_enable klp_test_p_value2
	patch_enable klp_test_p_value3
	patch_remove klp_test_p_value2
	expect_eq "value with the newest" 3 "$(target value)"
	patch_remove klp_test_p_value3
	expect_eq "value with the oldest" 1 "$(target value)"
}

case_new_version_blocks_on_the_version_it_replaces()
{
	target_load
	patch_enable klp_test_p_sleep
	target_sleeper sleep 0
	patch_load klp_test_p_sleep2
	expect in_transition klp_test_p_sleep2
	expect side_is "$BG_PID" 0
	expect_eq "what the sleeper calls" 4 "$(target sample 0)"
	expect_eq "what others call" 5 "$(target value)"
	target_open 0
	wait_until not_in_transition klp_test_p_sleep2
	expect_eq "result" 4 "$(target_result "$BG_PID")"
}

# Disabling the newer one sends everybody back to the older one.
case_disabling_the_newest_returns_to_the_older_version()
{
	target_load
	patch_enable klp_test_p_sleep
	patch_enable klp_test_p_sleep2
	target_sleeper sleep 0
	patch_set_enabled klp_test_p_sleep2 0
	expect in_transition klp_test_p_sleep2
	expect_eq "what the sleeper calls" 5 "$(target sample 0)"
	expect_eq "what others call" 4 "$(target value)"
	target_open 0
	wait_until patch_gone klp_test_p_sleep2
	expect_eq "value" 4 "$(target value)"
}

case_replace_takes_over_stacked_patches()
{
	target_load
	patch_enable klp_test_p_sleep
	patch_enable klp_test_p_value
	patch_enable klp_test_p_caller
	patch_load klp_test_p_value2 replace=1
	wait_until not_in_transition klp_test_p_value2
	expect_eq "patches left" klp_test_p_value2 "$(ls $KLP_SYSFS)"
	expect_eq "value" 2 "$(target value)"
	target_open 0
	expect_eq "a function that is not patched any more" 0 "$(target sleep 0)"
	mod_unload klp_test_p_sleep
	mod_unload klp_test_p_value
	mod_unload klp_test_p_caller
	patch_remove klp_test_p_value2
	expect_eq "value" 0 "$(target value)"
}

# The replacing patch does not know the function the task is asleep in.
case_replace_waits_for_a_task_in_replaced_code()
{
	target_load
	patch_enable klp_test_p_sleep
	target_sleeper sleep 0
	patch_load klp_test_p_value2 replace=1
	expect in_transition klp_test_p_value2
	expect side_is "$BG_PID" 0
	expect_eq "what the sleeper calls" 4 "$(target sample 0)"
	expect_eq "what others call" 2 "$(target value)"
	expect holds_for 1500 in_transition klp_test_p_value2
	expect patch_exists klp_test_p_sleep
	expect_eq "references of the replaced patch" 1 "$(mod_refcount klp_test_p_sleep)"
	target_open 0
	wait_until not_in_transition klp_test_p_value2
	expect_eq "result" 4 "$(target_result "$BG_PID")"
	wait_until patch_gone klp_test_p_sleep
	mod_unload klp_test_p_sleep
}

case_reversed_replace_leaves_the_old_patches_in_effect()
{
	target_load
	patch_enable klp_test_p_sleep
	target_sleeper sleep 0
	patch_load klp_test_p_value2 replace=1
	expect in_transition klp_test_p_value2
	patch_set_enabled klp_test_p_value2 0
	wait_until patch_gone klp_test_p_value2
	mod_unload klp_test_p_value2
	expect patch_enabled klp_test_p_sleep
	expect asleep "$BG_PID"
	expect_eq "value" 4 "$(target value)"
	target_open 0
	expect_eq "result" 4 "$(target_result "$BG_PID")"
	expect_eq "sleep is patched" 4 "$(target sleep 0)"
	patch_remove klp_test_p_sleep
	expect_eq "value" 0 "$(target value)"
}

# ---- Tail calls -------------------------------------------------------------

# The task sleeps in the first patch's tail_b, reached from its tail_a, at a
# site where the second patch already runs: nobody's version changes there.
case_tail_called_code_of_a_leaving_patch_blocks()
{
	target_load
	patch_enable klp_test_p_tail
	target_sleeper tail 0
	patch_load klp_test_p_tail2
	# It sleeps in what tail_b runs on the old side.
	expect in_transition klp_test_p_tail2
	target_open 0
	wait_until not_in_transition klp_test_p_tail2
	target_close
	wait "$BG_PID" || :

	target_sleeper tail 0
	patch_set_enabled klp_test_p_tail 0
	expect holds_for 1500 in_transition klp_test_p_tail
	expect_eq "references" 1 "$(mod_refcount klp_test_p_tail)"
	expect side_is "$BG_PID" 1
	target_open 0
	wait_until patch_gone klp_test_p_tail
	expect_eq "result" 8 "$(target_result "$BG_PID")"
	mod_unload klp_test_p_tail
	expect_eq "tail" 9 "$(target tail 0)"
}

# What is to replace a function of a module that is not there runs all the same, if
# another new version calls it.
case_code_for_an_absent_module_blocks()
{
	target_load
	patch_enable klp_test_p_tail_late
	target_sleeper tail 0
	patch_set_enabled klp_test_p_tail_late 0
	expect holds_for 1500 in_transition klp_test_p_tail_late
	expect_eq "references" 1 "$(mod_refcount klp_test_p_tail_late)"
	expect side_is "$BG_PID" 1
	target_open 0
	wait_until patch_gone klp_test_p_tail_late
	expect_eq "result" 7 "$(target_result "$BG_PID")"
	mod_unload klp_test_p_tail_late
}

# ---- Aliases ----------------------------------------------------------------

case_last_of_two_entries_for_one_address_wins()
{
	target_load
	patch_enable klp_test_p_alias
	expect_eq "by its first name" 11 "$(target alias_a)"
	expect_eq "by its second name" 11 "$(target alias_b)"
	patch_remove klp_test_p_alias
	expect_eq "by its first name" 0 "$(target alias_a)"
	expect_eq "by its second name" 0 "$(target alias_b)"
}

case_unpatched_task_runs_the_original_of_an_alias()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_alias
	expect in_transition klp_test_p_alias
	expect_eq "what the sleeper calls" 0 "$(target sample_alias 0)"
	expect_eq "what others call" 11 "$(target alias_a)"
	target_open 0
	wait_until not_in_transition klp_test_p_alias

	target_close
	target_sleeper caller 1
	target_sleeper sleep 0
	patch_set_enabled klp_test_p_alias 0
	expect in_transition klp_test_p_alias
	expect_eq "what the sleeper calls" 11 "$(target sample_alias 0)"
	expect_eq "what others call" 0 "$(target sample_alias 1)"
}

# ---- Frames that are easily overlooked --------------------------------------

need_last_call()
{
	[ "$(uname -m)" = x86_64 ] || klp_skip "the function is written for x86-64"
}

# The return address is the first byte behind the function.
case_return_address_at_the_end_of_the_old_function_blocks()
{
	need_last_call
	target_load
	target_kthread last_call 0
	wait_until target_waiters 0 1
	wait_until asleep "$KTHREAD_PID"
	patch_load klp_test_p_last_call
	expect in_transition klp_test_p_last_call
	expect holds_for 1500 side_is "$KTHREAD_PID" 0
	target_open 0
	wait_until not_in_transition klp_test_p_last_call
}

case_return_address_at_the_end_of_the_new_function_blocks()
{
	need_last_call
	target_load
	patch_enable klp_test_p_last_call
	target_kthread last_call 0
	wait_until target_waiters 0 1
	wait_until asleep "$KTHREAD_PID"
	patch_set_enabled klp_test_p_last_call 0
	expect in_transition klp_test_p_last_call
	expect holds_for 1500 side_is "$KTHREAD_PID" 1
	target_open 0
	wait_until patch_gone klp_test_p_last_call
}

need_cold()
{
	grep -q "klp_target_cold.cold.*klp_test_target" /proc/kallsyms ||
		klp_skip "the compiler made no .cold part"
}

# blocked_in TEXT: so the transition's patch says
blocked_in()
{
	cat "$KLP_SYSFS"/*/blockers | grep -q "in $1"
}

case_cold_part_of_the_old_function_blocks()
{
	target_load
	need_cold
	target_sleeper cold 0
	patch_load klp_test_p_cold
	expect in_transition klp_test_p_cold
	expect holds_for 1500 side_is "$BG_PID" 0
	expect blocked_in "klp_target_cold of klp_test_p_cold"
	target_open 0
	wait_until not_in_transition klp_test_p_cold
	expect_eq "result" 0 "$(target_result "$BG_PID")"
}

case_cold_part_of_the_new_function_blocks()
{
	target_load
	need_cold
	patch_enable klp_test_p_cold
	target_sleeper cold 0
	patch_set_enabled klp_test_p_cold 0
	expect in_transition klp_test_p_cold
	expect holds_for 1500 side_is "$BG_PID" 1
	expect blocked_in "klp_target_cold of klp_test_p_cold"
	target_open 0
	wait_until patch_gone klp_test_p_cold
	expect_eq "result" 13 "$(target_result "$BG_PID")"
}

# The idle loop is a place to move at, but not for a task that has got there by a call.
case_kthread_that_injects_idle_time_blocks()
{
	target_load
	target_kthread idle 0
	wait_until target_waiters 0 1
	patch_load klp_test_p_idle
	expect in_transition klp_test_p_idle
	expect holds_for 1500 side_is "$KTHREAD_PID" 0
	target_open 0
	wait_until not_in_transition klp_test_p_idle
	expect_eq "result" 0 "$(target join)"
}

# exiting_task GATE: a task that has left the task list, asleep in klp_test_p_exit.
exiting_task()
{
	storm exit "klp_exit$1"
	wait_until target_waiters "$1" 1
	wait_until klp_threads_are "$STORM_PID" 1
}

# A task that left the task list still runs code on its way to its end.
case_exiting_task_off_the_task_list_blocks()
{
	need_exit_patch
	patch_enable klp_test_p_exit
	exiting_task 7

	patch_set_enabled klp_test_p_exit 0
	klp_on_cleanup "target_open 7"
	expect holds_for 1500 mod_refcount_is klp_test_p_exit 1
	wait_until log_has "livepatch: waiting for tasks that are exiting"
	expect mod_refcount_is klp_test_p_exit 1
	expect in_transition klp_test_p_exit
	target_open 7
	wait_until patch_gone klp_test_p_exit
	mod_unload klp_test_p_exit
}

# disable_begins PATCH: writing to it returns, whatever may have to wait after that.
disable_begins()
{
	bg write 0 "$KLP_SYSFS/$1/enabled"
	wait_until process_gone "$BG_PID"
	expect in_transition "$1"
}

need_exit_patch()
{
	grep -q ' exit_task_stack_account$' /proc/kallsyms ||
		klp_skip "exit_task_stack_account is not a function of this kernel"
	target_load
}

# exiting_task_keeps_its_side GATE: one that has left the list before a transition ended,
# which is that of klp_test_p_value.
exiting_task_keeps_its_side()
{
	need_exit_patch
	patch_enable klp_test_p_exit
	klp_on_cleanup "echo all > $KLP_TARGET/open"
	exiting_task 1
	# The end of this transition waits for that one, and not for the next
	mod_load klp_test_p_value
	wait_until klp_waits_for_exits
	exiting_task "$1"
	target_open 1
	wait_until not_in_transition klp_test_p_value
}

# What left the list before a transition had ended still has its side, and the next one
# waits for it.  What did so since then has not, and may itself wait for the next one.
case_a_task_that_exits_after_a_transition_does_not_hold_up_the_next()
{
	local writer

	exiting_task_keeps_its_side 2
	exiting_task 3

	bg write 0 "$KLP_SYSFS/klp_test_p_value/enabled"
	writer=$BG_PID
	# It says so, when that has taken ten seconds
	wait_until log_has "livepatch: waiting for tasks that were exiting when the last transition ended: 1"
	expect_not process_gone "$writer"
	expect_not in_transition klp_test_p_value
	target_open 2
	wait_until process_gone "$writer"
	expect in_transition klp_test_p_value
	target_open 3
	wait_until patch_gone klp_test_p_value
}

case_a_module_comes_while_a_patch_waits_for_a_task_that_exits()
{
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00"
	exiting_task_keeps_its_side 2
	bg mod_load klp_test_p_sleep
	wait_until klp_settles
	bg mod_load ${T}00
	wait_until process_gone "$BG_PID"
	expect tgt_value_is 00 1000
	expect klp_settles
	target_open 2
	wait_until patch_enabled klp_test_p_sleep
}

klp_settles()
{
	grep -qs klp_transition_settle /proc/[0-9]*/stack
}

# When all have been told that it is over, and what has to be called at its end goes on
case_a_task_that_exits_as_a_transition_ends_does_not_hold_up_the_next()
{
	need_exit_patch
	klp_on_cleanup "echo all > $KLP_TARGET/open"
	bg mod_load klp_test_p_exit end_gate=0
	wait_until target_waiters 0 1
	exiting_task 3
	target_open 0
	wait_until not_in_transition klp_test_p_exit
	disable_begins klp_test_p_exit
	target_open 3
	wait_until patch_gone klp_test_p_exit
}

case_a_task_that_exits_in_transit_does_not_hold_up_its_reversal()
{
	need_exit_patch
	klp_on_cleanup "echo all > $KLP_TARGET/open"
	patch_enable klp_test_p_exit
	target_sleeper sleep 0
	mod_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	exiting_task 3
	disable_begins klp_test_p_sleep
	expect_error "Device or resource busy" mod_load klp_test_p_value
	target_open 3
	wait_until patch_gone klp_test_p_sleep
	target_open 0
}

# The first task of a pid namespace does not end before all others there have been waited
# for; one of them by who is outside, and sleeps on.
case_a_pid_namespace_that_does_not_end_holds_up_nothing()
{
	local outside first other

	[ -e /proc/self/ns/pid ] || klp_skip "the kernel has no pid namespaces"
	target_load
	bg unshare -p bash -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
	outside=$BG_PID
	wait_until has_two_children "$outside"
	read -rd '' first other < <(pgrep -P "$outside") || :
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	kill -KILL "$first"
	wait_until grep -q zap_pid_ns_processes "/proc/$first/stack"
	wait_until grep -q '^State:.Z' "/proc/$other/status"
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	patch_remove klp_test_p_sleep
	expect kill -0 "$first"
	kill -KILL "$outside"
	wait_until process_gone "$first"
}

# Which has executed, too, what does not wait for them
has_two_children()
{
	[ "$(pgrep -cP "$1")" = 2 ] && [ "$(cat "/proc/$1/comm")" = sleep ]
}

# And has done so for long enough not to wait for those that come
klp_waits_for_exits()
{
	holds_for 200 grep -qs synchronize_srcu /proc/[0-9]*/stack
}

klp_threads_are()
{
	[ "$(echo "/proc/$1/task"/* | wc -w)" -eq "$2" ]
}

klp_main "$@"
