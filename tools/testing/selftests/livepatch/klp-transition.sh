#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How tasks move from one side to the other, and what user space sees of it.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-kicker.sh"

case_sleeper_in_patched_function_blocks_then_moves()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	expect side_is "$BG_PID" 0
	expect_eq "what the sleeper calls" 0 "$(target sample 0)"
	expect holds_for 1500 in_transition klp_test_p_sleep
	expect side_is "$BG_PID" 0

	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	expect_eq "result of the old function" 0 "$(target_result "$BG_PID")"
	expect_eq "value" 4 "$(target value)"
}

case_sleeper_in_replacement_blocks_disabling()
{
	target_load
	patch_enable klp_test_p_sleep
	target_sleeper sleep 0
	patch_set_enabled klp_test_p_sleep 0
	expect in_transition klp_test_p_sleep
	expect side_is "$BG_PID" 1
	expect_eq "what the sleeper calls" 4 "$(target sample 0)"
	expect holds_for 1500 in_transition klp_test_p_sleep
	expect_eq "references of the patch" 1 "$(mod_refcount klp_test_p_sleep)"

	target_open 0
	wait_until patch_gone klp_test_p_sleep
	expect_eq "result of the new function" 4 "$(target_result "$BG_PID")"
	expect_eq "value" 0 "$(target value)"
	mod_unload klp_test_p_sleep
}

case_sleeper_in_caller_does_not_block()
{
	target_load
	target_sleeper caller 0
	patch_load klp_test_p_value
	wait_until -t 5 not_in_transition klp_test_p_value
	expect asleep "$BG_PID"
	expect_eq "what the sleeper calls" 1 "$(target sample 0)"
	target_open 0
	expect_eq "what the caller called" 1 "$(target_result "$BG_PID")"
}

case_sleeper_anywhere_else_moves_at_once()
{
	local elsewhere

	target_load
	target_sleeper sleep 0
	target_sleeper caller 1
	elsewhere=$BG_PID

	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	# The first pass is part of the load: a sleeper needs no second one.
	expect side_is "$elsewhere" 1
	expect_eq "what the other sleeper calls" 4 "$(target sample 1)"
}

case_sleeping_kthreads_move_at_once()
{
	target_load
	target_sleeper sleep 0
	target_kthread caller 1
	wait_until target_waiters 1 1
	wait_until asleep "$KTHREAD_PID"
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	expect side_is "$KTHREAD_PID" 1
	expect side_is 2 1
}

case_cpu_bound_user_task_moves()
{
	target_load
	bg klp_burn
	patch_load klp_test_p_value
	wait_until -t 10 not_in_transition klp_test_p_value
	expect kill -0 "$BG_PID"
}

klp_burn()
{
	while :; do :; done
}

case_kthread_spinning_with_cond_resched_moves()
{
	target_load
	target_kthread spin 0
	wait_until target_waiters 0 1
	patch_load klp_test_p_value
	wait_until -t 10 not_in_transition klp_test_p_value
	target_waiters 0 1 || klp_fail "the kthread stopped spinning"
	patch_set_enabled klp_test_p_value 0
	wait_until -t 10 patch_gone klp_test_p_value
	target_waiters 0 1 || klp_fail "the kthread stopped spinning"
}

# hits PROBE: of a kprobe event
hits()
{
	awk -v name="$1" '$1 == name { print $2 }' "$KLP_TRACING/kprobe_profile"
}

has_hits()
{
	[ "$(hits "$1")" != 0 ]
}

# Where a static call decides what cond_resched() does: nothing else that depends on the
# mode of preemption is patched with it.
case_cond_resched_alone_is_patched_and_restored()
{
	local updated restored

	need_file "$KLP_TRACING/kprobe_events" "the kernel has no kprobe events"
	grep -qw sched_dynamic_klp_disable /proc/kallsyms ||
		klp_skip "what cond_resched() does is not decided by a static call"
	target_load
	echo "p:updated __static_call_update" > "$KLP_TRACING/kprobe_events"
	echo "r:restored sched_dynamic_klp_disable" >> "$KLP_TRACING/kprobe_events"
	echo 1 > "$KLP_TRACING/events/kprobes/enable"
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	wait_until stat_at_least klp_test_p_sleep passes 10
	target_open 0
	wait_until has_hits restored
	updated=$(hits updated)
	restored=$(hits restored)
	# The case before may have left it patched, or restored it meanwhile
	expect [ "$updated" -ge 1 ]
	expect [ "$updated" -le $((2 * restored + 1)) ]
}

case_patch_state_is_minus_one_without_transition()
{
	target_load
	expect all_on_side -1
	storm threads 20
	patch_enable klp_test_p_value
	expect_eq "tasks with a side after enabling" "" "$(tasks_not_on_side -1)"
	patch_set_enabled klp_test_p_value 0
	wait_until patch_gone klp_test_p_value
	expect_eq "tasks with a side after disabling" "" "$(tasks_not_on_side -1)"
}

case_patch_state_of_every_thread_tells_its_side()
{
	local blocked

	target_load
	target_sleeper sleep 0
	blocked=$BG_PID
	storm threads 20

	patch_load klp_test_p_sleep
	wait_until klp_only_left "$blocked" 1
	expect in_transition klp_test_p_sleep

	# Reversed: now the blocked one is where all have to go.
	patch_set_enabled klp_test_p_sleep 0
	wait_until patch_gone klp_test_p_sleep
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
}

# Every task is on side $2, only task $1 is not; none is without a side.
klp_only_left()
{
	[ "$(tasks_not_on_side "$2" | awk '{ print $1, $NF }')" = "$1 $((1 - $2))" ]
}

case_enabled_is_the_goal_during_transition()
{
	local p=klp_test_p_sleep

	target_load
	target_sleeper sleep 0
	patch_load $p
	expect_eq "transition" 1 "$(patch_attr $p transition)"
	expect_eq "enabled while enabling" 1 "$(patch_attr $p enabled)"
	target_open 0
	wait_until not_in_transition $p
	patch_remove $p

	target_close
	patch_enable $p
	expect_eq "transition when settled" 0 "$(patch_attr $p transition)"
	expect_eq "enabled when settled" 1 "$(patch_attr $p enabled)"
	target_sleeper sleep 0
	patch_set_enabled $p 0
	expect_eq "transition" 1 "$(patch_attr $p transition)"
	expect_eq "enabled while disabling" 0 "$(patch_attr $p enabled)"
}

case_last_mover_completes_promptly()
{
	local t0 all=()

	for _ in 1 2 3 4 5; do
		target_load
		target_sleeper sleep 0
		patch_load klp_test_p_sleep
		wait_until klp_only_left "$BG_PID" 1
		target_open 0
		t0=$(now_us)
		wait_until not_in_transition klp_test_p_sleep
		all+=($((($(now_us) - t0) / 1000)))
		patch_remove klp_test_p_sleep
		rmmod klp_test_target
	done
	klp_note "wake-up to completion, ms: ${all[*]}"
	[ "$(median "${all[@]}")" -le 250 ] || klp_fail "median over 250 ms"
}

case_deep_stack_is_walked_to_its_end()
{
	target_load
	target_sleeper deep 0 150
	patch_load klp_test_p_value
	wait_until -t 10 not_in_transition klp_test_p_value
	expect asleep "$BG_PID"
	patch_set_enabled klp_test_p_value 0
	wait_until -t 10 patch_gone klp_test_p_value
}

case_deep_stack_in_patched_function_blocks()
{
	target_load
	target_sleeper deep 0 150
	patch_load klp_test_p_deep
	expect in_transition klp_test_p_deep
	expect side_is "$BG_PID" 0
	expect holds_for 1500 in_transition klp_test_p_deep
	target_open 0
	wait_until not_in_transition klp_test_p_deep
	expect_eq "result" 0 "$(target_result "$BG_PID")"
}

case_enabling_is_reversed()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect in_transition klp_test_p_sleep
	expect_eq "value" 4 "$(target value)"
	patch_set_enabled klp_test_p_sleep 0
	# The sleeper is where it has to be: nobody needs to wake up.
	wait_until patch_gone klp_test_p_sleep
	expect asleep "$BG_PID"
	expect_eq "value" 0 "$(target value)"
	mod_unload klp_test_p_sleep
	expect_debug_log "'klp_test_p_sleep': reversing transition from patching to unpatching"
	expect_log "'klp_test_p_sleep': unpatching complete"
}

case_disabling_is_reversed_to_enabling()
{
	target_load
	patch_enable klp_test_p_sleep
	target_sleeper sleep 0
	patch_set_enabled klp_test_p_sleep 0
	expect in_transition klp_test_p_sleep
	expect_eq "value" 0 "$(target value)"
	patch_set_enabled klp_test_p_sleep 1
	wait_until not_in_transition klp_test_p_sleep
	expect patch_enabled klp_test_p_sleep
	expect asleep "$BG_PID"
	expect_eq "value" 4 "$(target value)"
	expect_eq "references of the patch" 1 "$(mod_refcount klp_test_p_sleep)"
	expect_debug_log "'klp_test_p_sleep': reversing transition from unpatching to patching"
	target_open 0
	expect_eq "result" 4 "$(target_result "$BG_PID")"
}

# One sleeper in the old and one in the new function block either direction.
klp_block_both_ways()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	wait_until klp_only_left "$BG_PID" 1
	target_sleeper sleep 1
}

case_reversal_repeats_in_both_directions()
{
	local goal=1

	klp_block_both_ways
	for _ in $(seq 20); do
		goal=$((1 - goal))
		patch_set_enabled klp_test_p_sleep $goal
		expect_eq "enabled" $goal "$(patch_attr klp_test_p_sleep enabled)"
		expect in_transition klp_test_p_sleep
		expect_eq "old sleeper calls" 0 "$(target sample 0)"
		expect_eq "new sleeper calls" 4 "$(target sample 1)"
	done
	expect_eq "references of the patch" 1 "$(mod_refcount klp_test_p_sleep)"
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	expect_eq "value" 4 "$(target value)"
	patch_set_enabled klp_test_p_sleep 0
	target_open 1
	wait_until patch_gone klp_test_p_sleep
	expect_eq "value" 0 "$(target value)"
	mod_unload klp_test_p_sleep
}

case_reversal_under_fork_storm()
{
	local goal=1

	klp_block_both_ways
	storm forks 4
	for _ in $(seq 20); do
		goal=$((1 - goal))
		patch_set_enabled klp_test_p_sleep $goal
	done
	expect_eq "enabled" 1 "$(patch_attr klp_test_p_sleep enabled)"
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	storm_goes_on
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
	expect_eq "value" 4 "$(target value)"
}

case_reversal_is_not_delayed()
{
	local t0

	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	wait_until klp_only_left "$BG_PID" 1
	t0=$(now_us)
	patch_set_enabled klp_test_p_sleep 0
	wait_until patch_gone klp_test_p_sleep
	t0=$((($(now_us) - t0) / 1000))
	[ $t0 -le 500 ] || klp_fail "the reversal took $t0 ms"
}

case_child_never_runs_older_code_than_its_parent()
{
	local blocked

	target_load
	target_sleeper sleep 0
	blocked=$BG_PID
	storm inherit "$KLP_TARGET/run"
	patch_load klp_test_p_sleep
	wait_until klp_only_left "$blocked" 1
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	kill -TERM "$STORM_PID"
	wait "$STORM_PID" ||
		klp_fail "children ran older code: $(cat "$KLP_TMP/storm.$STORM_PID")"
}

# Unlike a process, it runs kernel code from its first moment.
case_new_kthread_starts_on_kthreadds_side()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	wait_until klp_only_left "$BG_PID" 1
	target_kthread value
	expect_eq "value in a new kthread while enabling" 4 "$(target join)"
	target_open 0
	wait_until not_in_transition klp_test_p_sleep

	target_close
	target_sleeper sleep 0
	patch_set_enabled klp_test_p_sleep 0
	wait_until klp_only_left "$BG_PID" 0
	target_kthread value
	expect_eq "value in a new kthread while disabling" 0 "$(target join)"
}

case_task_past_the_transition_runs_new_code_only()
{
	target_load
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect_eq "value for a new task" 4 "$(target value)"
	expect_eq "value for the blocked task" 0 "$(target sample 0)"
	expect_eq "value for a new task" 4 "$(target value)"
}

# suspend DEPTH: as far as that, and back
suspend()
{
	write "$1" /sys/power/pm_test
	write freeze /sys/power/state
}

# Threads of the kernel are not frozen: one blocks the transition all the time.
case_transitions_outlast_suspends()
{
	local depth

	[ -w /sys/power/pm_test ] || klp_skip "the kernel cannot suspend"
	klp_on_cleanup "echo none > /sys/power/pm_test"
	write 0 /sys/module/suspend/parameters/pm_test_delay
	target_load
	target_kthread sleep 0
	wait_until asleep "$KTHREAD_PID"
	patch_load klp_test_p_sleep
	for depth in freezer devices platform; do
		suspend $depth
		expect in_transition klp_test_p_sleep
		expect side_is "$KTHREAD_PID" 0
		expect side_is $$ 1
		expect_eq "value" 4 "$(target value)"
	done
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	expect_eq "result of the old function" 0 "$(target join)"

	target_close
	target_kthread sleep 0
	wait_until asleep "$KTHREAD_PID"
	patch_set_enabled klp_test_p_sleep 0
	suspend platform
	expect in_transition klp_test_p_sleep
	expect side_is "$KTHREAD_PID" 1
	expect_eq "value" 0 "$(target value)"
	target_open 0
	wait_until patch_gone klp_test_p_sleep
	expect_eq "result of the new function" 4 "$(target join)"
}

klp_main "$@"
