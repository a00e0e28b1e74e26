#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every step fails once, as in klp-failnth.sh, of what workers do, of forks and of
# shadow variables.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-failnth-lib.sh"
. "$(dirname "$0")/klp-failnth-ops.sh"

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

# It is patched while a transition goes on.
case_every_allocation_of_patching_cond_resched()
{
	faults
	hold
	fail_each stall klp_adjust_work
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
	steps_are 3 3	# set, table, variable
	fail_each shadow_get klp_shadow_get_or_alloc
	steps_are 3 3
}

# Without memory for a larger table they go on with the small one.
case_shadow_variables_need_not_grow()
{
	faults
	mod_load klp_test_shadow
	shadow_more_prepare
	fail_each shadow_more klp_shadow_alloc
	steps_are 2 1	# variable, table
	expect_eq "freed" "destroyed 64" "$(shadow "free_all 5" | cut -d , -f 1)"
}

klp_main "$@"
