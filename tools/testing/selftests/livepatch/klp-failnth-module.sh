#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every step fails once, as in klp-failnth.sh, of what livepatching does when modules
# come and go.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-failnth-lib.sh"
. "$(dirname "$0")/klp-failnth-ops.sh"

case_every_allocation_of_a_module_that_comes()
{
	faults
	come_prepare
	fail_each come klp_module_coming
	expect test "$STEPS_FAILED" -ge 10
}

case_every_other_step_of_a_module_that_comes()
{
	faults
	come_prepare
	deny come klp_module_coming klp_relocs_apply -8 ENOEXEC
	deny come klp_module_coming apply_relocate_add -8 ENOEXEC
	deny come klp_module_coming klp_symbols_find -22 EINVAL 2
	deny come klp_module_coming klp_symbols_code -2 ENOENT
	deny come klp_module_coming ftrace_location_range 0 EINVAL
	deny come klp_module_coming klp_object_verify -8 ENOEXEC
	deny come klp_module_coming ftrace_set_filter_ips -12 ENOMEM
	deny come klp_module_coming register_ftrace_function -16 EBUSY
}

# In a transition, what it would have to leave must be known first.
case_every_allocation_of_a_module_that_comes_in_a_transition()
{
	faults
	stalled_prepare "${T}00:tgt_fn_00"
	fail_each join klp_module_coming
	deny join klp_module_coming klp_transition_cover -12 ENOMEM
}

case_every_allocation_of_a_module_that_goes()
{
	faults
	come_prepare
	fail_each go klp_module_going
}

# What was applied before the one that cannot be is taken back.
case_relocations_that_fail_in_the_middle()
{
	[ "$(uname -m)" = x86_64 ] || klp_skip "made for x86-64"
	"$KLP_DIR/klp-relocs" "$KLP_MODULES/klp_test_relhalf.ko" "$KLP_TMP/klp_test_relhalf.ko"
	patch_enable klp_test_relhalf
	for _ in 1 2; do
		expect_error "Invalid module format" mod_load ${T}00
		expect log_has "overflow in relocation type"
		expect log_has "livepatch: module klp_test_relhalf: section .klp.rela.${T}00."
		expect log_has " cannot be applied (-8)"
		expect_not log_has "existing value is nonzero"
		expect_eq "the first relocation" 0 "$(cat /sys/module/klp_test_relhalf/parameters/whole)"
	done
	patch_remove klp_test_relhalf
}

klp_main "$@"
