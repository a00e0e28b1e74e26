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
	expect test "$FOLLOWED" -ge $((STRIDE > 1 ? 500 : 1000))
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

case_every_allocation_of_a_function_in_pieces()
{
	faults
	pieces_prepare
	fail_each pieces klp_symbols_code
	expect_eq "allocations without which it is refused: a piece" 1 "$STEPS_REFUSED"
}

case_every_allocation_of_a_rehearsal()
{
	faults
	enable_prepare
	fail_each rehearse klp_enable_patch
	expect test "$STEPS_FAILED" -ge 20
	# Nothing has checksums here to need memory for
	deny rehearse klp_enable_patch klp_object_verify -12 ECANCELED
	inject 1
	op_rehearse 0 > /dev/null
	expect grep -q "^vmlinux: checksums: -" "$LIVEPATCH_PARAMS/preflight_report"
}

# ---- Replace and disable ------------------------------------------------------

case_every_allocation_of_replacing()
{
	faults
	replace_prepare
	fail_each replace klp_enable_patch
	expect test "$STEPS_FAILED" -ge 20
}

# As for enabling; of its functions, one has a site and one has none.
case_every_other_step_of_replacing()
{
	faults
	replace_prepare tgt_fn_02
	deny replace klp_enable_patch try_module_get 0 ENODEV
	deny replace klp_enable_patch kobject_add -12 ENOMEM 2
	deny replace klp_enable_patch sysfs_create_dir_ns -12 ENOMEM 2
	deny replace klp_enable_patch sysfs_create_groups -12 ENOMEM 2
	deny replace klp_enable_patch kernfs_create_dir_ns -12 ENOMEM 4
	deny replace klp_enable_patch klp_states_admit 0 EINVAL
	deny replace klp_enable_patch klp_relocs_apply -8 ENOEXEC
	deny replace klp_enable_patch klp_symbols_find -22 EINVAL 2
	deny replace klp_enable_patch klp_symbols_code -2 ENOENT 4
	deny replace klp_enable_patch ftrace_location_range 0 EINVAL 2
	deny replace klp_enable_patch klp_object_verify -8 ENOEXEC
	deny replace klp_enable_patch ftrace_set_filter_ips -22 EINVAL
	deny replace klp_enable_patch register_ftrace_function -16 EBUSY
	deny replace klp_enable_patch klp_sites_unsettle -19 ENODEV
	deny replace klp_enable_patch klp_transition_cover -12 ENOMEM
	deny replace klp_enable_patch register_ftrace_function -11 ok	# again
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
	deny disable klp_done_work kobject_uevent_env -12 ok
	deny disable klp_drop_work unregister_ftrace_function -19 ok 2	# stays, idle
	have_jumps || klp_skip "this kernel has no jumps"
	deny settled klp_patch_set_enabled klp_sites_unsettle -19 ENODEV
	deny settled klp_patch_set_enabled ftrace_update_jumps -19 ENODEV
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
	force_prepare
	fail_each force klp_patch_force
	expect test "$STEPS_FAILED" -ge 1
}

klp_main "$@"
