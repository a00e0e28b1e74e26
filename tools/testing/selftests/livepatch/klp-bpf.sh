#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# BPF programs on functions that get patched: the patched code runs, and the
# program sees the call, whichever came first.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-bpf-lib.sh"

# expect_cmdline WHAT: "patched" or "original"; with a program attached it runs.
expect_cmdline()
{
	local before=0 text is=original

	[ -z "$BPF_JOB" ] || before=$(bpf_runs)
	text=$(cat /proc/cmdline)
	[ "$text" != klp_test_p_cmdline ] || is=patched
	expect_eq "/proc/cmdline" "$1" "$is"
	[ -z "$BPF_JOB" ] ||
		[ "$(bpf_runs)" -gt "$before" ] || klp_fail "the program did not run"
}

attached_before()
{
	bpf_attach "$1" cmdline_proc_show
	expect_cmdline original
	patch_enable klp_test_p_cmdline
	expect_cmdline patched
	patch_remove klp_test_p_cmdline
	expect_cmdline original
}

attached_after()
{
	patch_enable klp_test_p_cmdline
	expect_cmdline patched
	bpf_attach "$1" cmdline_proc_show
	expect_cmdline patched
	patch_remove klp_test_p_cmdline
	expect_cmdline original
}

detached_while_patched()
{
	bpf_attach "$1" cmdline_proc_show
	patch_enable klp_test_p_cmdline
	expect_cmdline patched
	bpf_detach
	expect_cmdline patched
	bpf_attach "$1" cmdline_proc_show
	expect_cmdline patched
	bpf_detach
	patch_remove klp_test_p_cmdline
	expect_cmdline original
}

case_fentry_attached_before_the_patch()
{
	attached_before fentry
}

case_fexit_attached_before_the_patch()
{
	attached_before fexit
}

case_fentry_attached_after_the_patch()
{
	attached_after fentry
}

case_fexit_attached_after_the_patch()
{
	attached_after fexit
}

case_fentry_detached_while_patched()
{
	detached_while_patched fentry
}

case_fexit_detached_while_patched()
{
	detached_while_patched fexit
}

# A second function is patched while the program sits on the first one.
case_fexit_on_one_function_while_another_is_patched()
{
	bpf_attach fexit cmdline_proc_show
	target_load
	patch_enable klp_test_p_value
	expect_cmdline original
	patch_enable klp_test_p_cmdline
	expect_cmdline patched
	patch_remove klp_test_p_value
	expect_cmdline patched
	patch_remove klp_test_p_cmdline
	expect_cmdline original
}

# The trampoline's frame lies between the sleeper and the caller.
case_sleeper_below_fexit_in_replacement_blocks_disabling()
{
	target_load
	need_file /sys/kernel/btf/klp_test_target "modules have no type information"
	bpf_attach fexit klp_target_sleep klp_test_target
	patch_enable klp_test_p_sleep
	target_sleeper sleep 0
	patch_set_enabled klp_test_p_sleep 0
	expect holds_for 1500 in_transition klp_test_p_sleep
	expect side_is "$BG_PID" 1
	target_open 0
	wait_until patch_gone klp_test_p_sleep
	expect_eq "result" 4 "$(target_result "$BG_PID")"
	expect_eq "runs" 1 "$(bpf_runs)"
	expect_eq "value" 0 "$(target value)"
	bpf_detach
}

klp_requires()
{
	need_bpf klp_skip_all
}

klp_main "$@"
