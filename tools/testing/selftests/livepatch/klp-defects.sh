#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Known defects of the stock core that a machine survives: a case passes on a stock
# kernel if the defect shows, and on ours if it does not.  Where another script has
# shown the absence already, its case is asked.
#
# Boot with: preempt=full

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-defects-lib.sh"

R=klp_test_reloc_00

# ---- Modules and relocations --------------------------------------------------

# The loader takes what the first attempt has left for a corrupt module.
case_a_refused_module_never_loads_again()
{
	[ -x "$KLP_DIR/klp-relocs" ] || klp_skip "klp-relocs is not built"
	"$KLP_DIR/klp-relocs" "$KLP_MODULES/$R.ko" "$KLP_TMP/$R.ko"
	patch_enable $R fail_times=1 only_target=1
	expect_error "No such device" mod_load ${T}00
	defect "the next attempt to load it fails" target_does_not_load
	forgive_stock
}

case_a_positive_result_of_pre_patch_is_success()
{
	as_told_by klp-refuse.sh a_positive_result_of_pre_patch_becomes_an_error \
		   "the module stayed"
	as_told_by klp-refuse.sh a_positive_result_of_pre_patch_refuses_a_coming_module \
		   "the target loaded"
}

case_the_object_of_an_ambiguous_symbol_is_null()
{
	local symbol

	symbol=$(ambiguous_symbol)
	[ "$symbol" ] || klp_skip "no name is ambiguous in this kernel"
	expect_error "Invalid parameters" mod_load ${P}00 "objs=vmlinux:$symbol"
	expect log_has "'$symbol'"
	klp_note "log: $(log_since | grep -m 1 "'$symbol'")"
	defect "the log calls the object (null)" log_has "(null)"
}

# ---- ftrace ---------------------------------------------------------------------

# A direct caller that is just being changed, as BPF's trampolines are, says "again".
case_a_direct_caller_that_is_busy_for_a_moment_refuses_the_patch()
{
	target_load
	insmod "$KLP_MODULES/klp_test_direct.ko" share=1 busy=2 ||
		klp_skip "no direct callers in this kernel"
	defect "enabling fails for a moment's reason" enabling_says_again
	mod_unload klp_test_direct
}

enabling_says_again()
{
	if insmod "$KLP_MODULES/klp_test_p_value.ko" 2> "$KLP_TMP/why"; then
		wait_until not_in_transition klp_test_p_value
		expect_eq "value" 1 "$(target value)"
		expect_eq "still busy" 0 "$(cat /sys/module/klp_test_direct/parameters/busy)"
		return 1
	fi
	klp_note "insmod: $(cat "$KLP_TMP/why")"
	expect grep -q "Resource temporarily unavailable" "$KLP_TMP/why"
}

case_a_call_from_nested_callbacks_runs_the_original()
{
	as_told_by klp-trace.sh patch_works_where_callbacks_nest_too_deep \
		   "value where callbacks nest: want '1', got '0'"
}

case_an_unpatched_task_runs_the_new_version_of_an_alias()
{
	as_told_by klp-stack.sh unpatched_task_runs_the_original_of_an_alias \
		   "what the sleeper calls: want '0', got '10'"
}

# ---- Stacks -----------------------------------------------------------------------

# By configuration, or by what the kernel was told last.
is_preemptible()
{
	case $(uname -v) in
	*PREEMPT_DYNAMIC*)
		grep -o 'preempt=[a-z]*' /proc/cmdline | tail -n 1 | grep -qx preempt=full ;;
	*PREEMPT*)
		true ;;
	*)
		false ;;
	esac
}

# The version was chosen, and nothing on the stack tells of it yet.  Below it is an
# older version, or the stock core would have ftrace wait for the task.
case_a_task_between_choice_and_jump_is_moved()
{
	local caught=/sys/module/klp_test_defect_caught/parameters

	is_preemptible || klp_skip "the kernel is not preemptible"
	target_load
	patch_enable klp_test_p_value
	patch_enable klp_test_p_value2
	mod_load klp_test_defect_caught
	klp_on_cleanup "write 1 $caught/release 2> /dev/null"
	wait_until file_is $caught/caught 1
	patch_set_enabled klp_test_p_value2 0
	defect "the patch goes while a task is on its way into it" \
		poll_until -t "$(core_is_ours && echo 2 || echo 120)" gone_before_the_call klp_test_p_value2
	write 1 $caught/release
	wait_until file_is $caught/value 2
	klp_note "the task ran version 2 afterwards"
	wait_until patch_gone klp_test_p_value2
	mod_unload klp_test_defect_caught
}

# By force to another patch, where it would not be moved there.
case_a_task_between_choice_and_jump_is_moved_twice()
{
	local caught=/sys/module/klp_test_defect_caught/parameters

	is_preemptible || klp_skip "the kernel is not preemptible"
	target_load
	patch_enable klp_test_p_value
	mod_load klp_test_defect_caught
	klp_on_cleanup "write 1 $caught/release 2> /dev/null"
	wait_until file_is $caught/caught 1
	patch_load klp_test_p_value2
	! core_is_ours || write 1 "$KLP_SYSFS/klp_test_p_value2/force"
	wait_until -t 120 not_in_transition klp_test_p_value2
	patch_set_enabled klp_test_p_value 0
	defect "the patch goes while a task is on its way into it" \
		poll_until -t "$(core_is_ours && echo 2 || echo 120)" gone_before_the_call klp_test_p_value
	write 1 $caught/release
	wait_until file_is $caught/value 1
	klp_note "the task ran version 1 afterwards"
	wait_until patch_gone klp_test_p_value
	mod_unload klp_test_defect_caught
}

# gone_before_the_call PATCH
gone_before_the_call()
{
	patch_gone "$1" && mod_refcount_is "$1" 0 &&
		file_is /sys/module/klp_test_defect_caught/parameters/value -1
}

# The sleeper was moved before the script could look, or soon after.
OVERLOOKED="expected: (in_transition|holds_for 1500 side_is) "

case_a_return_address_at_the_end_of_a_function_is_overlooked()
{
	as_told_by klp-stack.sh return_address_at_the_end_of_the_old_function_blocks \
		   "$OVERLOOKED"
	as_told_by klp-stack.sh return_address_at_the_end_of_the_new_function_blocks \
		   "$OVERLOOKED"
}

case_the_cold_part_of_a_function_is_overlooked()
{
	as_told_by klp-stack.sh cold_part_of_the_old_function_blocks \
		   "$OVERLOOKED"
	as_told_by klp-stack.sh cold_part_of_the_new_function_blocks \
		   "$OVERLOOKED"
}

case_a_task_that_has_left_the_task_list_is_overlooked()
{
	as_told_by klp-stack.sh exiting_task_off_the_task_list_blocks \
		   "expected: holds_for 1500 mod_refcount_is klp_test_p_exit 1"
}

# ---- Shadow variables -------------------------------------------------------------

case_freeing_shadow_variables_keeps_interrupts_out()
{
	as_told_by klp-shadow.sh free_all_lets_interrupts_in ".* interrupted 0"
}

IDS=/sys/module/klp_test_defect_ids/parameters

# get_ns NUMBER: to find one of that many.
get_ns()
{
	write "$1" $IDS/ids
	cat $IDS/get_ns
}

# The table knows objects only: what one object has is one chain.
case_finding_a_shadow_variable_takes_longer_the_more_its_object_has()
{
	local few many

	mod_load klp_test_defect_ids
	few=$(get_ns 8)
	many=$(get_ns 512)
	klp_note "one klp_shadow_get(): of 8 $few ns, of 512 $many ns"
	defect "more than 8 times as long for 64 times as many" \
		[ "$many" -gt $((8 * few)) ]
	mod_unload klp_test_defect_ids
}

klp_main "$@"
