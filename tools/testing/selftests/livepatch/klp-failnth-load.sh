#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every allocation of a system call that loads a patch, or a module to be patched,
# fails once; also where the module loader has to take back what livepatching did.
#
# If KLP_SIZE is hard it is seen after each that the same works then, else after some; if it
# is least, not each fails.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-failnth-lib.sh"
. "$(dirname "$0")/klp-failnth-ops.sh"

# Most of this is the module loader's
MANY=$((SOME * SOME))

case_every_allocation_of_loading_a_patch()
{
	faults
	enable_prepare
	fail_each enable "system call" $MANY
	expect test "$STEPS_FAILED" -ge 100
}

case_every_allocation_of_enabling_fifty_functions()
{
	need_hard
	faults
	mod_load ${T}00
	fail_each fifty klp_enable_patch $MANY
}

case_every_allocation_of_loading_a_patch_that_replaces()
{
	need_hard
	faults
	replace_prepare
	fail_each replace "system call"
}

case_every_allocation_of_loading_a_target()
{
	faults
	come_prepare
	fail_each come "system call" $MANY
	expect test "$STEPS_FAILED" -ge 100
}

case_every_allocation_of_loading_a_target_in_a_transition()
{
	need_hard
	faults
	stalled_prepare "${T}00:tgt_fn_00"
	fail_each join "system call"
}

case_every_allocation_of_unloading_a_target()
{
	faults
	come_prepare
	fail_each go "system call"
}

case_every_allocation_of_writing_and_reading()
{
	faults
	disable_prepare
	fail_each disable "system call"
	patch_remove $R
	stalled_prepare
	fail_each reverse "system call"
	force_prepare
	fail_each force "system call"
	fail_each blockers "system call"
}

klp_main "$@"
