#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stacks with BPF trampolines on them: the unwinder gets past those, so a task
# asleep below one moves if it may, and waits if it must.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-bpf-lib.sh"

# bpf_target KIND FUNCTION: programs on a function of the target.
bpf_target()
{
	bpf_attach "$1" "$2" klp_test_target
}

# That many trampolines are on the stack of a task.
trampolines()
{
	grep -c bpf_trampoline_ "/proc/$1/stack" || :
}

# sleeper_below N OPERATION: $SLEEPER, asleep at gate 0 below N trampolines.
sleeper_below()
{
	target_sleeper "$2" 0
	SLEEPER=$BG_PID
	expect_eq "trampolines on the stack" "$1" "$(trampolines "$SLEEPER")"
}

# A patch comes and goes, and each time the sleeper moves where it sleeps.
expect_passed()
{
	patch_enable klp_test_p_tail
	expect target_waiters 0 1
	patch_remove klp_test_p_tail
	expect target_waiters 0 1
}

# expect_blocks SIDE PATCH: asleep in what the transition changes.
expect_blocks()
{
	expect holds_for 1500 in_transition "$2"
	expect side_is "$SLEEPER" "$1"
}

finish()
{
	target_open 0
	expect_eq "result" "$1" "$(target_result "$SLEEPER")"
	target_close
}

# ---- The function with the programs is not patched ----------------------------

passed_below_unpatched()
{
	target_load
	bpf_target "$1" klp_target_caller
	sleeper_below 1 caller
	expect_passed
	finish 0
	bpf_detach
}

case_sleeper_below_fexit_in_unpatched_function_moves()
{
	passed_below_unpatched fexit
}

case_sleeper_below_fentry_and_fexit_in_unpatched_function_moves()
{
	passed_below_unpatched both
}

# Its next call goes where its side does: it was moved, not overlooked.
case_sleeper_below_fexit_calls_the_new_function_next()
{
	target_load
	bpf_target fexit klp_target_caller
	sleeper_below 1 caller
	patch_enable klp_test_p_value
	finish 1
	sleeper_below 1 caller
	patch_remove klp_test_p_value
	finish 0
	bpf_detach
}

case_kthread_below_fexit_in_unpatched_function_moves()
{
	target_load
	bpf_target both klp_target_caller
	target_kthread caller 0
	wait_until target_waiters 0 1
	wait_until asleep "$KTHREAD_PID"
	expect_eq "trampolines on the stack" 1 "$(trampolines "$KTHREAD_PID")"
	expect_passed
	target_open 0
	expect_eq "result" 0 "$(target join)"
	bpf_detach
}

case_sleeper_below_two_trampolines_moves()
{
	target_load
	bpf_target both klp_target_tail_a
	bpf_target fexit klp_target_tail_b
	sleeper_below 2 tail
	patch_enable klp_test_p_value
	patch_remove klp_test_p_value
	finish 0
}

# A program that comes makes a new trampoline: the sleeper is in the old one.
case_sleeper_below_a_trampoline_that_was_replaced_moves()
{
	target_load
	bpf_target fexit klp_target_caller
	sleeper_below 1 caller
	bpf_target both klp_target_caller
	expect_passed
	finish 0
}

case_sleeper_below_a_trampoline_whose_programs_are_gone_moves()
{
	target_load
	bpf_target both klp_target_caller
	sleeper_below 1 caller
	bpf_detach
	expect_passed
	finish 0
}

# ---- The function with the programs is patched --------------------------------
#
# Its trampoline calls what ftrace left on the stack, the first byte of the new
# function, and returns to it in the end, as far as the stack tells.

passed_below_patched()
{
	local patch=$1 value=$2

	sleeper_below 1 sleep
	expect_passed
	patch_set_enabled "$patch" 0
	expect_blocks 1 "$patch"
	target_open 0
	wait_until patch_gone "$patch"
	expect_eq "result" "$value" "$(target_result "$SLEEPER")"
	bpf_detach
}

attached_to_patched()
{
	target_load
	patch_enable "$2"
	bpf_target "$1" klp_target_sleep
	passed_below_patched "$2" "$3"
}

patched_below_programs()
{
	target_load
	bpf_target "$1" klp_target_sleep
	patch_enable "$2"
	passed_below_patched "$2" "$3"
}

case_sleeper_below_fexit_in_patched_function_moves()
{
	attached_to_patched fexit klp_test_p_sleep 4
}

case_sleeper_below_fentry_and_fexit_in_patched_function_moves()
{
	attached_to_patched both klp_test_p_sleep 4
}

case_sleeper_below_fexit_in_function_patched_later_moves()
{
	patched_below_programs both klp_test_p_sleep 4
}

# The unwinder may not look at what comes before a function.
case_nothing_before_the_new_function()
{
	attached_to_patched both klp_test_p_bare 14
}

case_nothing_before_the_new_function_patched_later()
{
	patched_below_programs both klp_test_p_bare 14
}

# The original goes on below the trampoline: not to be taken for left.
case_sleeper_below_fexit_in_the_original_blocks_enabling()
{
	target_load
	bpf_target both klp_target_sleep
	sleeper_below 1 sleep
	patch_load klp_test_p_sleep
	expect_blocks 0 klp_test_p_sleep
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	expect_eq "result" 0 "$(target_result "$SLEEPER")"
	expect_eq "value" 4 "$(target value)"
	bpf_detach
}

klp_requires()
{
	need_bpf klp_skip_all
}

klp_main "$@"
