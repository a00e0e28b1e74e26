#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The rehearsal of a patch: livepatch.preflight and what it reports.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-kicker.sh"

PREFLIGHT=$LIVEPATCH_PARAMS/preflight
REPORT=$LIVEPATCH_PARAMS/preflight_report

# Everything that must be afterwards as it was before.
world()
{
	ls -R "$KLP_SYSFS"
	grep . "$KLP_SYSFS"/*/{enabled,transition,stack_order,*/patched} 2> /dev/null || :
	grep '^klp_test' /proc/modules | cut -d' ' -f1,3,4 | sort
	cat "$KLP_TRACING/enabled_functions"
	tasks_not_on_side -1 | wc -l
}

# A while after a transition, functions jump where the handler sent them, see design.
jumps()
{
	grep -q "^$1 .* J " "$KLP_TRACING/enabled_functions"
}

# enable_settled FUNCTION PATCH [PARAM=VALUE...]: until FUNCTION jumps
enable_settled()
{
	local function=$1

	shift
	patch_enable "$@"
	! grep -qw ftrace_update_jumps /proc/kallsyms || wait_until jumps "$function"
}

# rehearse PATCH [PARAM=VALUE...]: insmod fails, and nothing else happens.
rehearse()
{
	local name=$1 before

	shift
	write "$name" "$PREFLIGHT"
	world > "$KLP_TMP/before"
	expect_error "Operation canceled" mod_load "$name" "$@"
	world > "$KLP_TMP/after"
	before=$(diff "$KLP_TMP/before" "$KLP_TMP/after") || klp_fail "something has changed: $before"
	expect_not log_has "enabling patch '$name'"
	expect_eq "the patch to rehearse" "" "$(cat "$PREFLIGHT")"
	expect_report "patch: $name"
}

# The report, with names of errors also where the kernel has none.
report()
{
	sed -E 's/: -16(,|$)/: -EBUSY\1/; s/: -17$/: -EEXIST/; s/: -22$/: -EINVAL/' "$REPORT"
}

# expect_report LINE...: it has them all.
expect_report()
{
	local line

	for line; do
		report | grep -xF -- "$line" > "$KLP_TMP/line" ||
			klp_fail "not in the report: $line; but: $(report)"
	done
}

expect_result()
{
	expect_eq result "result: $1" "$(report | tail -n 1)"
}

case_a_good_patch_is_told_to_be_good()
{
	mod_load ${T}00
	rehearse ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_00,tgt_fn_01"
	expect_report "functions: 3 ready, 0 when their modules come" "tasks that would block now:"
	expect_result ok
	expect_not grep -q klp_test /proc/cmdline
	expect tgt_value_is 00 0
}

case_a_rehearsal_happens_once()
{
	rehearse ${P}00 objs=$CMDLINE
	patch_enable ${P}00 objs=$CMDLINE
	expect cmdline_is "${P}00 1000"
	patch_remove ${P}00
}

case_other_patches_are_not_rehearsed()
{
	write ${P}00 "$PREFLIGHT"
	klp_on_cleanup "echo > $PREFLIGHT"
	patch_enable ${P}01 objs=$CMDLINE
	expect_eq "the patch to rehearse" ${P}00 "$(cat "$PREFLIGHT")"
	write "" "$PREFLIGHT"
	expect_eq "the patch to rehearse" "" "$(cat "$PREFLIGHT")"
	patch_enable ${P}00 objs=$CMDLINE
}

case_a_name_may_be_written_like_that_of_the_file()
{
	write "  klp-test-patch-00 " "$PREFLIGHT"
	expect_eq "the patch to rehearse" ${P}00 "$(cat "$PREFLIGHT")"
	expect_error "Operation canceled" mod_load ${P}00 objs=$CMDLINE
	expect_result ok
}

case_a_name_that_is_too_long_is_refused()
{
	write ${P}00 "$PREFLIGHT"
	klp_on_cleanup "echo > $PREFLIGHT"
	expect_error "Invalid argument" write "$(printf 'x%.0s' {1..56})" "$PREFLIGHT"
	expect_eq "the patch to rehearse" ${P}00 "$(cat "$PREFLIGHT")"
}

case_the_report_is_for_root_only()
{
	expect_eq mode 400 "$(stat -c %a "$REPORT")"
	expect_eq mode 644 "$(stat -c %a "$PREFLIGHT")"
}

case_callbacks_are_not_called()
{
	rehearse ${P}00 "objs=$CMDLINE" callbacks=1 fail_obj=vmlinux fail_ret=-19
	expect_result ok
	expect_callbacks
}

case_a_missing_symbol_is_reported()
{
	mod_load ${T}00
	rehearse ${P}00 "objs=$CMDLINE;${T}00:klp_test_missing,tgt_fn_00"
	expect_report "${T}00: klp_test_missing: -EINVAL" "functions: 2 ready, 0 when their modules come"
	expect_result -EINVAL
}

case_an_ambiguous_symbol_is_reported()
{
	local symbol

	symbol=$(ambiguous_symbol)
	rehearse ${P}00 "objs=vmlinux:$symbol"
	expect_report "vmlinux: $symbol: -EINVAL" "functions: 0 ready, 0 when their modules come"
	expect_result -EINVAL
	rehearse ${P}00 "objs=vmlinux:$symbol@1"
	expect_not grep -q "^vmlinux: $symbol: -" "$REPORT"
}

case_a_function_that_cannot_be_traced_is_reported()
{
	mod_load ${T}00
	rehearse ${P}00 "objs=${T}00:tgt_fn_00,tgt_untraced"
	expect_report "${T}00: tgt_untraced: -EINVAL"
	expect_result -EINVAL
}

case_every_problem_is_reported()
{
	mod_load ${T}00
	rehearse ${P}00 "objs=vmlinux:klp_test_missing;${T}00:tgt_untraced,klp_test_missing,tgt_fn_00"
	expect_report "vmlinux: klp_test_missing: -EINVAL" "${T}00: tgt_untraced: -EINVAL" \
		"${T}00: klp_test_missing: -EINVAL" "functions: 1 ready, 0 when their modules come"
	expect_result -EINVAL
}

case_a_duplicate_object_is_reported()
{
	rehearse ${P}00 "objs=$CMDLINE;vmlinux:version_proc_show"
	expect_report "an object, or a function of one, is declared twice"
	expect_result -EEXIST
}

case_an_absent_module_is_reported()
{
	rehearse ${P}00 "objs=$CMDLINE;klp_test_absent:a,b"
	expect_report "klp_test_absent: not loaded" "functions: 1 ready, 2 when their modules come"
	expect_result ok
}

case_a_function_that_somebody_else_redirects_is_reported()
{
	mod_load ${T}00
	mod_load klp_test_kprobe symbol=tgt_fn_00 post=1
	rehearse ${P}00 "objs=${T}00:tgt_fn_00,tgt_fn_01"
	expect_report "${T}00: tgt_fn_00: -EBUSY, redirected by somebody else" \
		"functions: 1 ready, 0 when their modules come"
	expect_result -EBUSY
	mod_unload klp_test_kprobe
	rehearse ${P}00 "objs=${T}00:tgt_fn_00,tgt_fn_01"
	expect_result ok
}

case_a_function_that_another_patch_redirects_is_no_problem()
{
	enable_settled cmdline_proc_show ${P}01 objs=$CMDLINE
	rehearse ${P}00 objs=$CMDLINE
	expect_report "functions: 1 ready, 0 when their modules come"
	expect_result ok
	expect cmdline_is "${P}01 1000"
}

case_ftrace_switched_off_is_reported()
{
	klp_on_cleanup "write 1 /proc/sys/kernel/ftrace_enabled"
	write 0 /proc/sys/kernel/ftrace_enabled
	rehearse ${P}00 objs=$CMDLINE
	expect_report "kernel.ftrace_enabled is 0"
	expect_result -EBUSY
}

case_a_transition_under_way_is_reported()
{
	stall_enabling ${P}01
	write ${P}00 "$PREFLIGHT"
	expect_error "Operation canceled" mod_load ${P}00 objs=$CMDLINE
	expect_report "another patch is in transition: ${P}01"
	expect_result -EBUSY
	expect in_transition ${P}01
	expect_not mod_loaded ${P}00
	release
	wait_until not_in_transition ${P}01
}

case_an_incompatible_state_is_reported()
{
	enable_settled cmdline_proc_show ${P}01 states=1:2
	rehearse ${P}00 states=1:1
	expect_report "a system state that an enabled patch has changed stands against it"
	expect_result -EINVAL
	rehearse ${P}00 states=1:2
	expect_result ok
}

# would_block TID REASON: the report says that it would.
would_block()
{
	local got

	got=$(awk -F'\t' -v tid="$1" '$2 == tid { print $7 }' "$REPORT")
	expect_eq "reason for $1" "$2" "$got"
}

case_tasks_in_the_functions_would_block()
{
	local other

	target_load
	target_sleeper caller 1
	other=$BG_PID
	target_sleeper sleep 0
	rehearse klp_test_p_sleep
	would_block "$BG_PID" "in klp_target_sleep of klp_test_p_sleep"
	expect_not grep -qE $'^[0-9]+\t'"$other"$'\t' "$REPORT"
	expect_not grep -q 0x "$REPORT"
	expect_result ok
	expect_eq "what the sleeper calls" 0 "$(target sample 0)"
}

case_tasks_that_run_are_counted()
{
	free_cpu1
	target_load
	bg on_cpu 1 target_job spin 1
	wait_until target_waiters 1 1
	rehearse klp_test_p_value
	expect grep -q '^running, not looked at: [1-9]' "$REPORT"
	target_open 1
}

case_tasks_in_code_to_be_replaced_would_block()
{
	target_load
	enable_settled klp_target_sleep klp_test_p_sleep
	target_sleeper sleep 0
	rehearse klp_test_p_value2 replace=1
	would_block "$BG_PID" "in klp_target_sleep of klp_test_p_sleep"
	expect_result ok
	rehearse klp_test_p_value2
	expect_not grep -qE $'^[0-9]+\t'"$BG_PID"$'\t' "$REPORT"
	expect_eq "what the sleeper calls" 4 "$(target sample 0)"
	expect_eq "references of the live patch" 1 "$(mod_refcount klp_test_p_sleep)"
	target_open 0
	patch_remove klp_test_p_sleep
}

case_a_long_report_ends_with_its_result()
{
	target_load
	storm writers 200 "$KLP_TARGET/run" "sleep 0"
	wait_until target_waiters 0 200
	rehearse klp_test_p_sleep
	grep -qE '^\.\.\. [0-9]+ more$' "$REPORT" || klp_fail "nothing about more"
	[ "$(wc -c < "$REPORT")" -le 4096 ] || klp_fail "longer than a page"
	expect_result ok
}

case_refusals_before_the_rehearsal_are_not_hidden()
{
	write ${P}00 "$PREFLIGHT"
	klp_on_cleanup "echo > $PREFLIGHT"
	refused -22 ${P}00 omit=objs
	expect_eq "the patch to rehearse" ${P}00 "$(cat "$PREFLIGHT")"
}

klp_main "$@"
