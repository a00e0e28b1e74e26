#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Callbacks: which ones run at which moment, in which order, with what module.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

BOTH="$CMDLINE;${T}00:tgt_fn_00"
ABSENT="klp_test_absent:absent_fn"

# A patch of both objects with a task that holds its transition.
stalled_enabling()
{
	mod_load ${T}00
	hold
	patch_load ${P}00 "objs=$HOLDER;${T}00:tgt_fn_00" callbacks=1
	expect in_transition ${P}00
}

stalled_disabling()
{
	mod_loaded klp_test_holder || mod_load klp_test_holder
	patch_enable ${P}00 "objs=$HOLDER;${T}00:tgt_fn_00" callbacks=1
	hold
	log_mark
	patch_set_enabled ${P}00 0
	expect in_transition ${P}00
}

case_enabling_calls_pre_patch_then_post_patch_of_loaded_objects()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=$BOTH;$ABSENT" callbacks=1
	expect_callbacks \
		"00 pre_patch vmlinux none" \
		"00 pre_patch tgt_00 live" \
		"00 post_patch vmlinux none" \
		"00 post_patch tgt_00 live"
}

case_the_order_is_that_of_the_array()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00;$CMDLINE" callbacks=1
	patch_remove ${P}00
	expect_callbacks \
		"00 pre_patch tgt_00 live" \
		"00 pre_patch vmlinux none" \
		"00 post_patch tgt_00 live" \
		"00 post_patch vmlinux none" \
		"00 pre_unpatch tgt_00 live" \
		"00 pre_unpatch vmlinux none" \
		"00 post_unpatch tgt_00 live" \
		"00 post_unpatch vmlinux none"
}

case_disabling_calls_pre_unpatch_then_post_unpatch()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=$BOTH;$ABSENT" callbacks=1
	log_mark
	patch_remove ${P}00
	expect_callbacks \
		"00 pre_unpatch vmlinux none" \
		"00 pre_unpatch tgt_00 live" \
		"00 post_unpatch vmlinux none" \
		"00 post_unpatch tgt_00 live"
}

case_an_object_without_functions_has_callbacks()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=vmlinux:;${T}00:" callbacks=1
	patch_remove ${P}00
	expect_eq "number of calls" 8 "$(callback_lines | wc -l)"
}

case_callbacks_may_be_left_out()
{
	local left_out

	mod_load ${T}00
	for left_out in pre_patch post_patch pre_unpatch post_unpatch; do
		log_mark
		patch_enable ${P}00 "objs=$BOTH" callbacks=1 without=$left_out
		patch_remove ${P}00
		expect_eq "calls without $left_out" 6 "$(callback_lines | wc -l)"
		expect_not log_has "${P}00: $left_out "
	done
}

case_callbacks_surround_the_log_lines_of_a_transition()
{
	local lines

	patch_enable ${P}00 objs=$CMDLINE callbacks=1
	patch_remove ${P}00
	lines=$(log_since | grep -oE "enabling patch|starting (un)?patching|(un)?patching complete|(pre|post)_(un)?patch" | tr '\n' ' ')
	expect_eq "order in the log" \
		"enabling patch pre_patch starting patching post_patch patching complete pre_unpatch starting unpatching post_unpatch unpatching complete " "$lines"
}

case_reversed_enabling_calls_only_post_unpatch()
{
	stalled_enabling
	patch_set_enabled ${P}00 0
	wait_until patch_gone ${P}00
	expect_callbacks \
		"00 pre_patch holder live" \
		"00 pre_patch tgt_00 live" \
		"00 post_unpatch holder live" \
		"00 post_unpatch tgt_00 live"
}

case_reversed_disabling_calls_post_patch_again()
{
	mod_load ${T}00
	stalled_disabling
	patch_set_enabled ${P}00 1
	wait_until not_in_transition ${P}00
	expect patch_enabled ${P}00
	expect_callbacks \
		"00 pre_unpatch holder live" \
		"00 pre_unpatch tgt_00 live" \
		"00 post_patch holder live" \
		"00 post_patch tgt_00 live"

	release
	log_mark
	patch_remove ${P}00
	expect_callbacks \
		"00 pre_unpatch holder live" \
		"00 pre_unpatch tgt_00 live" \
		"00 post_unpatch holder live" \
		"00 post_unpatch tgt_00 live"
}

case_a_coming_module_of_a_settled_patch_gets_pre_and_post_patch()
{
	patch_enable ${P}00 "objs=$BOTH" callbacks=1
	log_mark
	mod_load ${T}00
	expect_callbacks \
		"00 pre_patch tgt_00 coming" \
		"00 post_patch tgt_00 coming"
}

case_a_going_module_of_a_settled_patch_gets_pre_and_post_unpatch()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=$BOTH" callbacks=1
	log_mark
	mod_unload ${T}00
	expect_callbacks \
		"00 pre_unpatch tgt_00 going" \
		"00 post_unpatch tgt_00 going"

	log_mark
	patch_remove ${P}00
	expect_callbacks \
		"00 pre_unpatch vmlinux none" \
		"00 post_unpatch vmlinux none"
}

case_a_module_whose_init_fails_gets_all_four()
{
	patch_enable ${P}00 "objs=$BOTH" callbacks=1
	log_mark
	expect_error "No such device" mod_load ${T}00 fail_init=-19
	expect_callbacks \
		"00 pre_patch tgt_00 coming" \
		"00 post_patch tgt_00 coming" \
		"00 pre_unpatch tgt_00 going" \
		"00 post_unpatch tgt_00 going"
}

case_coming_while_enabling_delays_post_patch()
{
	hold
	patch_load ${P}00 "objs=$HOLDER;${T}00:tgt_fn_00" callbacks=1
	log_mark
	mod_load ${T}00
	expect_callbacks "00 pre_patch tgt_00 coming"

	release
	wait_until not_in_transition ${P}00
	expect_callbacks \
		"00 pre_patch tgt_00 coming" \
		"00 post_patch holder live" \
		"00 post_patch tgt_00 live"
}

case_coming_while_disabling_ends_in_post_unpatch()
{
	stalled_disabling
	mod_load ${T}00
	release
	wait_until patch_gone ${P}00
	expect_callbacks \
		"00 pre_unpatch holder live" \
		"00 pre_patch tgt_00 coming" \
		"00 post_unpatch holder live" \
		"00 post_unpatch tgt_00 live"
}

case_coming_while_reversed_ends_in_post_unpatch()
{
	mod_load klp_test_holder
	patch_enable ${P}00 "objs=$HOLDER;${T}00:tgt_fn_00" callbacks=1
	hold
	patch_set_enabled ${P}00 0
	mod_load ${T}00
	log_mark
	patch_set_enabled ${P}00 1
	wait_until not_in_transition ${P}00
	expect_callbacks \
		"00 post_patch holder live" \
		"00 post_patch tgt_00 live"
}

case_going_while_enabling_calls_only_post_unpatch()
{
	stalled_enabling
	log_mark
	mod_unload ${T}00
	expect_callbacks "00 post_unpatch tgt_00 going"

	release
	wait_until not_in_transition ${P}00
	expect_callbacks \
		"00 post_unpatch tgt_00 going" \
		"00 post_patch holder live"
}

case_going_while_disabling_calls_only_post_unpatch()
{
	mod_load ${T}00
	stalled_disabling
	mod_unload ${T}00
	expect_callbacks \
		"00 pre_unpatch holder live" \
		"00 pre_unpatch tgt_00 live" \
		"00 post_unpatch tgt_00 going"

	release
	wait_until patch_gone ${P}00
	expect_callbacks \
		"00 pre_unpatch holder live" \
		"00 pre_unpatch tgt_00 live" \
		"00 post_unpatch tgt_00 going" \
		"00 post_unpatch holder live"
}

case_a_replaced_patch_gets_none()
{
	patch_enable ${P}00 objs=$CMDLINE callbacks=1
	patch_enable ${P}01 objs=$CMDLINE callbacks=1
	log_mark
	patch_enable ${P}02 objs=$CMDLINE callbacks=1 replace=1
	wait_until patch_gone ${P}00
	wait_until patch_gone ${P}01
	expect_callbacks \
		"02 pre_patch vmlinux none" \
		"02 post_patch vmlinux none"
}

case_objects_that_only_a_replaced_patch_had_get_none()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=$BOTH" callbacks=1
	log_mark
	patch_enable ${P}01 objs=$CMDLINE callbacks=1 replace=1
	wait_until patch_gone ${P}00
	mod_unload ${T}00
	patch_remove ${P}01
	expect_callbacks \
		"01 pre_patch vmlinux none" \
		"01 post_patch vmlinux none" \
		"01 pre_unpatch vmlinux none" \
		"01 post_unpatch vmlinux none"
}

case_two_stacked_patches_both_serve_a_coming_module()
{
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00" callbacks=1
	patch_enable ${P}01 "objs=${T}00:tgt_fn_00" callbacks=1
	log_mark
	mod_load ${T}00
	mod_unload ${T}00
	expect_callbacks \
		"00 pre_patch tgt_00 coming" \
		"00 post_patch tgt_00 coming" \
		"01 pre_patch tgt_00 coming" \
		"01 post_patch tgt_00 coming" \
		"00 pre_unpatch tgt_00 going" \
		"00 post_unpatch tgt_00 going" \
		"01 pre_unpatch tgt_00 going" \
		"01 post_unpatch tgt_00 going"
}

case_force_completes_with_the_usual_callbacks()
{
	stalled_enabling
	write 1 "$KLP_SYSFS/${P}00/force"
	wait_until not_in_transition ${P}00
	expect_callbacks \
		"00 pre_patch holder live" \
		"00 pre_patch tgt_00 live" \
		"00 post_patch holder live" \
		"00 post_patch tgt_00 live"
	release
}

case_failed_enabling_calls_post_unpatch_where_pre_patch_succeeded()
{
	mod_load ${T}00
	refused -19 ${P}00 "objs=$BOTH" callbacks=1 fail_obj=${T}00 fail_ret=-19
	expect_callbacks \
		"00 pre_patch vmlinux none" \
		"00 pre_patch tgt_00 live" \
		"00 post_unpatch vmlinux none"
}

case_failed_enabling_stops_at_the_first_failure()
{
	mod_load ${T}00
	refused -19 ${P}00 "objs=$BOTH" callbacks=1 fail_obj=vmlinux fail_ret=-19
	expect_callbacks "00 pre_patch vmlinux none"
}

case_an_object_whose_redirection_failed_gets_post_unpatch()
{
	mod_load ${T}00
	mod_load klp_test_ipmodify func=tgt_fn_00
	refused -16 ${P}00 "objs=$BOTH" callbacks=1
	expect_callbacks \
		"00 pre_patch vmlinux none" \
		"00 pre_patch tgt_00 live" \
		"00 post_unpatch vmlinux none" \
		"00 post_unpatch tgt_00 live"
}

case_objects_after_a_failed_redirection_get_no_pre_patch()
{
	mod_load ${T}00
	mod_load klp_test_ipmodify func=tgt_fn_00
	refused -16 ${P}00 "objs=${T}00:tgt_fn_00;$CMDLINE" callbacks=1
	expect_callbacks \
		"00 pre_patch tgt_00 live" \
		"00 post_unpatch tgt_00 live"
}

case_a_missing_pre_patch_counts_as_success()
{
	mod_load ${T}00
	mod_load klp_test_ipmodify func=tgt_fn_00
	refused -16 ${P}00 "objs=$BOTH" callbacks=1 without=pre_patch
	expect_callbacks \
		"00 post_unpatch vmlinux none" \
		"00 post_unpatch tgt_00 live"
}

case_post_unpatch_of_a_failed_enabling_comes_before_the_last_line()
{
	local last

	mod_load ${T}00
	refused -19 ${P}00 "objs=$BOTH" callbacks=1 fail_obj=${T}00 fail_ret=-19
	last=$(log_since | grep -oE "failed to enable patch|post_unpatch|unpatching complete" | tr '\n' ' ')
	expect_eq "order in the log" "failed to enable patch post_unpatch unpatching complete " "$last"
}

case_a_refused_module_gets_post_unpatch_once()
{
	patch_enable ${P}00 "objs=$BOTH" callbacks=1 fail_obj=${T}00 fail_ret=-19
	log_mark
	expect_error "No such device" mod_load ${T}00
	patch_remove ${P}00
	expect_callbacks \
		"00 pre_patch tgt_00 coming" \
		"00 pre_unpatch vmlinux none" \
		"00 post_unpatch vmlinux none"
}

klp_main "$@"
