#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every step of enabling, replacing, disabling and of modules that come fails once:
# allocations one by one, and what else can fail.  What is refused is refused with an
# error and a line in the log and leaves nothing behind; the same works then.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-failnth-lib.sh"
. "$(dirname "$0")/klp-failnth-ops.sh"

# ---- Enable -------------------------------------------------------------------

case_every_allocation_of_enabling()
{
	faults
	enable_prepare
	fail_each enable klp_enable_patch
	expect test "$STEPS_FAILED" -ge 30
}

case_every_other_step_of_enabling()
{
	faults
	enable_prepare
	deny enable klp_enable_patch try_module_get 0 ENODEV
	deny enable klp_enable_patch kobject_add -12 ENOMEM 3
	deny enable klp_enable_patch sysfs_create_dir_ns -12 ENOMEM 3
	deny enable klp_enable_patch sysfs_create_groups -12 ENOMEM 3
	deny enable klp_enable_patch kernfs_create_dir_ns -12 ENOMEM 5
	deny enable klp_enable_patch klp_states_admit 0 EINVAL
	deny enable klp_enable_patch klp_symbols_find -22 EINVAL 3
	deny enable klp_enable_patch klp_symbols_code -2 ENOENT 4
	deny enable klp_enable_patch ftrace_location_range 0 EINVAL 2
	deny enable klp_enable_patch apply_relocate_add -8 ENOEXEC
	deny enable klp_enable_patch klp_object_verify -8 ENOEXEC 2
	deny enable klp_enable_patch ftrace_set_filter_ips -22 EINVAL 2
	deny enable klp_enable_patch register_ftrace_function -16 EBUSY 2
	deny enable klp_enable_patch klp_sites_unsettle -19 ENODEV
	deny enable klp_enable_patch klp_transition_cover -12 ENOMEM
}

case_what_is_not_needed_may_fail()
{
	faults
	enable_prepare
	deny enable klp_enable_patch register_ftrace_function -11 ok 2	# again
	deny enable klp_enable_patch execmem_alloc 0 ok 2
}

case_every_allocation_of_enabling_with_checksums()
{
	faults
	verify_prepare
	fail_each verify klp_object_verify
	expect test "$STEPS_FAILED" -ge 1
}

case_every_allocation_of_a_rehearsal()
{
	faults
	enable_prepare
	fail_each rehearse klp_enable_patch
	expect test "$STEPS_FAILED" -ge 20
}

# ---- Replace and disable ------------------------------------------------------

case_every_allocation_of_replacing()
{
	faults
	replace_prepare
	fail_each replace klp_enable_patch
	expect test "$STEPS_FAILED" -ge 20
}

case_every_allocation_of_disabling()
{
	faults
	disable_prepare
	fail_each disable klp_patch_set_enabled
	expect test "$STEPS_FAILED" -ge 2
}

case_every_other_step_of_disabling()
{
	faults
	disable_prepare
	deny disable klp_patch_set_enabled klp_transition_cover -12 ENOMEM
	have_jumps || klp_skip "this kernel has no jumps"
	deny settled klp_patch_set_enabled klp_sites_unsettle -19 ENODEV
}

case_every_allocation_of_turning_around()
{
	faults
	stalled_prepare
	fail_each reverse klp_patch_set_enabled
}

case_every_allocation_of_forcing()
{
	faults
	stalled_prepare
	fail_each force klp_patch_force
	expect test "$STEPS_FAILED" -ge 1
}

# ---- Modules ------------------------------------------------------------------

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
		expect_not log_has "existing value is nonzero"
		expect_eq "the first relocation" 0 "$(cat /sys/module/klp_test_relhalf/parameters/whole)"
	done
	patch_remove klp_test_relhalf
}

# ---- Workers ------------------------------------------------------------------

# What is asked of workers they do, whether there is memory or not.
case_every_allocation_of_workers()
{
	faults
	replace_prepare
	fail_each replace klp_done_work
	fail_each replace klp_drop_work
	expect test "$STEPS_FAILED" -ge 3
	fail_each replace klp_patch_release_work
	fail_each replace klp_transition_pass
	! have_jumps || fail_each replace klp_settle_work
}

case_every_other_step_of_workers()
{
	faults
	replace_prepare
	deny replace klp_drop_work ftrace_set_filter_ips -12 ok
	deny replace klp_done_work kobject_uevent_env -12 ok
}

# ---- What needs no memory -----------------------------------------------------

case_forks_and_reports_need_no_memory()
{
	faults
	stalled_prepare
	fail_each fork klp_copy_process
	expect_eq "allocations of a fork" 0 "$STEPS_FAILED"
	fail_each blockers klp_blockers_show
	expect_eq "allocations of a report" 0 "$STEPS_FAILED"
}

# ---- Shadow variables ---------------------------------------------------------

case_every_allocation_of_a_shadow_variable()
{
	faults
	mod_load klp_test_shadow
	fail_each shadow klp_shadow_alloc
	expect_eq "allocations: set, table, variable" 3 "$STEPS_FAILED"
	fail_each shadow_get klp_shadow_get_or_alloc
	expect_eq "allocations" 3 "$STEPS_FAILED"
}

# Without memory for a larger table they go on with the small one.
case_shadow_variables_need_not_grow()
{
	faults
	mod_load klp_test_shadow
	shadow_more_prepare
	fail_each shadow_more klp_shadow_alloc
	expect_eq "allocations: variable, table" 2 "$STEPS_FAILED"
	expect_eq "freed" "destroyed 64, interrupted 0" "$(shadow "free_all 5")"
}

klp_main "$@"
