#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# System states: which patches go together, and how data is handed on.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

# incompatible PATCH PARAM=VALUE...: refused, with the reason in the log.
incompatible()
{
	refused -22 "$@"
	expect log_has "livepatch: Livepatch patch ($1) is not compatible with the already installed livepatches."
	expect_not log_has "enabling patch '$1'"
	log_mark
}

# expect_state PATCH CALLBACK OWN PREV, both "version,data", 0,0 if there is none.
expect_state()
{
	expect log_has "$P$1: $2 state own=$3 prev=$4"
}

watching()
{
	patch_enable "$@" callbacks=1 watch=1
}

case_equal_and_newer_versions_go_together()
{
	patch_enable ${P}00 states=1:2
	patch_enable ${P}01 states=1:2
	patch_enable ${P}02 states=1:3
	patch_enable ${P}03 states=1:3 replace=1
	wait_until patch_gone ${P}00
}

case_an_older_version_is_refused()
{
	patch_enable ${P}00 states=1:2
	incompatible ${P}01 states=1:1
	incompatible ${P}01 states=1:1 replace=1
	incompatible ${P}01 states=1:0
	expect cmdline_is "${P}00 1000"
	patch_enable ${P}01 states=1:2
}

case_a_replacing_patch_must_know_every_state()
{
	patch_enable ${P}00 states=1:1,2:1
	incompatible ${P}01 replace=1
	incompatible ${P}01 states=1:1 replace=1
	patch_enable ${P}01 states=2:1,1:1 replace=1
	wait_until patch_gone ${P}00
}

case_a_stacking_patch_need_not_know_any_state()
{
	patch_enable ${P}00 states=1:1,2:1
	patch_enable ${P}01
	patch_enable ${P}02 states=2:1
}

case_new_states_are_fine()
{
	patch_enable ${P}00 states=1:1
	patch_enable ${P}01 states=7:1,1:1,3:9 replace=1
	wait_until patch_gone ${P}00
	patch_enable ${P}02 states=4:1
}

case_every_active_patch_is_asked()
{
	patch_enable ${P}00 states=1:5
	patch_enable ${P}01 states=2:5
	patch_enable ${P}02
	incompatible ${P}03 states=1:4,2:5
	incompatible ${P}03 states=1:5,2:4
	incompatible ${P}03 states=1:5 replace=1
	patch_enable ${P}03 states=1:5,2:5 replace=1
}

case_patches_that_are_gone_are_not_asked()
{
	patch_enable ${P}00 states=1:5
	incompatible ${P}01 states=1:4
	patch_remove ${P}00
	patch_enable ${P}01 states=1:4
}

case_a_refused_replace_leaves_the_states()
{
	patch_enable ${P}00 states=1:2 value=11
	incompatible ${P}01 states=1:1 replace=1
	watching ${P}02 states=1:2 value=22
	expect_state 02 post_patch 2,11 2,11
}

case_a_patch_finds_its_own_states_only()
{
	watching ${P}00 states=2:3,1:4 value=11
	expect_state 00 pre_patch 4,11 0,0
	expect_state 00 post_patch 4,11 0,0
	watching ${P}01 states=2:4 value=12
	expect_state 01 pre_patch 0,0 4,11
}

case_a_replacing_patch_takes_the_data_over()
{
	patch_enable ${P}00 states=1:1 value=11
	watching ${P}01 states=1:2 value=22 replace=1
	expect_state 01 pre_patch 2,22 1,11
	expect_state 01 post_patch 2,11 1,11
	wait_until patch_gone ${P}00
	mod_unload ${P}00

	watching ${P}02 states=1:3 value=33 replace=1
	expect_state 02 post_patch 3,11 2,11
}

case_the_newest_older_patch_is_the_previous_one()
{
	patch_enable ${P}00 states=1:1 value=11
	patch_enable ${P}01 states=1:2 value=12
	patch_enable ${P}02 states=9:1 value=13
	watching ${P}03 states=1:3 value=14
	expect_state 03 pre_patch 3,14 2,12
	expect_state 03 post_patch 3,12 2,12
}

case_only_older_patches_are_previous()
{
	patch_enable ${P}00 states=1:1 value=11
	watching ${P}01 states=1:2 value=12
	patch_enable ${P}02 states=1:3 value=13
	log_mark
	patch_remove ${P}01
	expect_state 01 pre_unpatch 2,11 1,11
	expect_state 01 post_unpatch 2,11 1,11
}

case_a_reversed_replace_leaves_the_data_where_it_was()
{
	patch_enable ${P}00 states=1:1 value=11
	stall_enabling ${P}01 states=1:2 value=22 replace=1 callbacks=1 watch=1
	patch_set_enabled ${P}01 0
	wait_until patch_gone ${P}01
	expect_not log_has "${P}01: post_patch"
	expect_state 01 post_unpatch 2,22 1,11
	release
	watching ${P}02 states=1:2 value=33
	expect_state 02 pre_patch 2,33 1,11
}

case_a_failed_enabling_may_look_at_states()
{
	patch_enable ${P}00 states=1:1 value=11
	mod_load ${T}00
	mod_load klp_test_ipmodify func=tgt_fn_00
	refused -16 ${P}01 "objs=$CMDLINE;${T}00:tgt_fn_00" states=1:2 value=22 callbacks=1 watch=1
	expect_state 01 post_unpatch 2,22 1,11
}

klp_main "$@"
