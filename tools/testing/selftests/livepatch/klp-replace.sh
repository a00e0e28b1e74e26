#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stacks of patches, and atomic replace.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

F0=${T}00:tgt_fn_00

# expect_values V0 V1 V2: what the first three functions of the target return.
expect_values()
{
	expect_eq values "$*" "$(tgt_param 00 values | cut -d' ' -f1-3)"
}

gone()
{
	local n

	for n; do
		wait_until patch_gone $P"$n"
		mod_unload $P"$n"
	done
}

# Patches 01, 02 and 03: one function each, two in the last.
stack_three()
{
	mod_load ${T}00
	patch_enable ${P}01 "objs=$F0" value=1001
	patch_enable ${P}02 "objs=${T}00:tgt_fn_01" value=1002
	patch_enable ${P}03 "objs=${T}00:tgt_fn_01,tgt_fn_02;$CMDLINE" value=1003
	expect_values 1001 1003 1003
}

case_the_newest_of_stacked_patches_runs()
{
	mod_load ${T}00
	patch_enable ${P}01 "objs=$F0" value=1001
	patch_enable ${P}02 "objs=$F0" value=1002
	expect_values 1002 1 2
	patch_remove ${P}02
	expect_values 1001 1 2
	patch_remove ${P}01
	expect_values 0 1 2
}

case_an_older_patch_goes_first()
{
	mod_load ${T}00
	patch_enable ${P}01 "objs=$F0" value=1001
	patch_enable ${P}02 "objs=$F0" value=1002
	patch_remove ${P}01
	expect_values 1002 1 2
	patch_remove ${P}02
	expect_values 0 1 2
}

case_a_middle_patch_goes_first()
{
	stack_three
	patch_remove ${P}02
	expect_values 1001 1003 1003
	patch_remove ${P}03
	expect_values 1001 1 2
}

case_fifteen_patches_stack()
{
	local n nn

	mod_load ${T}00
	for n in {1..15}; do
		printf -v nn %02d "$n"
		patch_enable $P"$nn" "objs=$F0;$CMDLINE" value=$((1000 + n))
		expect_values $((1000 + n)) 1 2
	done
	expect cmdline_is "${P}15 1015"
	expect_redirected 2

	# From the middle to the ends.
	for n in 08 01 15 07 02 03 04 05 06 09 10 11 12 13; do
		patch_remove $P$n
		case $n in
		15|07|02|03|04|05|06|09|10|11|12|13)
			expect_values 1014 1 2 ;;
		*)
			expect_values 1015 1 2 ;;
		esac
	done
	patch_remove ${P}14
	expect_values 0 1 2
	expect_redirected 0
}

case_replace_takes_the_place_of_all_stacked_patches()
{
	stack_three
	patch_enable ${P}04 "objs=$F0" value=1004 replace=1
	gone 01 02 03
	expect_values 1004 1 2
	expect_not grep -q klp_test /proc/cmdline
	expect_redirected 1
	patch_remove ${P}04
	expect_values 0 1 2
}

case_replace_with_nothing_restores_the_original()
{
	stack_three
	patch_enable ${P}04 objs=vmlinux: replace=1
	gone 01 02 03
	expect_values 0 1 2
	expect_redirected 0
}

case_replace_replaces_replacing_patches()
{
	local n

	mod_load ${T}00
	for n in 1 2 3 4 5; do
		patch_enable ${P}0$n "objs=${T}00:tgt_fn_00,tgt_fn_0$((1 + n % 2))" value=100$n replace=1
		[ $n = 1 ] || gone 0$((n - 1))
		expect_eq patches ${P}0$n "$(sysfs_entries)"
	done
	expect_values 1005 1 1005
	patch_remove ${P}05
	expect_values 0 1 2
}

case_a_patch_stacks_on_a_replacing_one()
{
	mod_load ${T}00
	patch_enable ${P}01 "objs=$F0" value=1001 replace=1
	patch_enable ${P}02 "objs=$F0" value=1002
	expect_values 1002 1 2
	patch_remove ${P}01
	expect_values 1002 1 2
}

case_a_replaced_patch_can_be_loaded_again()
{
	mod_load ${T}00
	patch_enable ${P}01 "objs=$F0" value=1001
	patch_enable ${P}02 "objs=${T}00:tgt_fn_01" value=1002 replace=1
	gone 01
	patch_enable ${P}01 "objs=$F0" value=2001
	expect_values 2001 1002 2
}

case_a_reversed_replace_restores_the_old_patches()
{
	stack_three
	hold
	patch_load ${P}04 "objs=$HOLDER;$F0" value=1004 replace=1
	wait_until side_is $$ 1
	expect_values 1004 1 2
	patch_set_enabled ${P}04 0
	wait_until patch_gone ${P}04
	expect_values 1001 1003 1003
	expect cmdline_is "${P}03 1003"
	for n in 01 02 03; do
		expect patch_enabled $P$n
		expect mod_refcount_is $P$n 1
	done
	release

	patch_remove ${P}02
	patch_remove ${P}03
	expect_values 1001 1 2
}

case_a_replace_keeps_the_old_patches_until_it_completes()
{
	local n

	stack_three
	hold
	patch_load ${P}04 "objs=$HOLDER;$F0" value=1004 replace=1
	for n in 01 02 03; do
		expect patch_enabled $P$n
		expect mod_refcount_is $P$n 1
		expect_error "Device or resource busy" patch_set_enabled $P$n 0
	done
	release
	gone 01 02 03
}

case_a_task_in_replaced_code_blocks_the_replace()
{
	mod_load klp_test_holder
	patch_enable ${P}01 "objs=$HOLDER"
	hold
	patch_load ${P}02 objs=$CMDLINE replace=1
	expect in_transition ${P}02
	expect holds_for 2500 in_transition ${P}02
	expect mod_refcount_is ${P}01 1
	release
	gone 01
	expect patch_enabled ${P}02
}

case_a_task_in_original_code_does_not_block_its_restoring()
{
	mod_load klp_test_holder
	hold
	patch_load ${P}01 "objs=$HOLDER"
	expect in_transition ${P}01
	patch_set_enabled ${P}01 0
	wait_until patch_gone ${P}01
	patch_enable ${P}02 objs=$CMDLINE replace=1
	release
}

case_functions_of_absent_modules_are_replaced_too()
{
	patch_enable ${P}01 "objs=${T}00:tgt_fn_00,tgt_fn_01;$CMDLINE" value=1001
	patch_enable ${P}02 "objs=${T}00:tgt_fn_02;$CMDLINE" value=1002 replace=1
	gone 01
	mod_load ${T}00
	expect_values 0 1 1002
	expect cmdline_is "${P}02 1002"
}

case_objects_of_absent_modules_are_replaced_too()
{
	patch_enable ${P}01 "objs=$F0" value=1001
	patch_enable ${P}02 objs=$CMDLINE replace=1
	gone 01
	mod_load ${T}00
	expect_values 0 1 2
	patch_remove ${P}02
	expect_values 0 1 2
}

case_a_module_coming_during_a_replace_follows_it()
{
	hold
	patch_enable ${P}01 "objs=${T}00:tgt_fn_00,tgt_fn_01" value=1001
	patch_load ${P}02 "objs=$HOLDER;${T}00:tgt_fn_01,tgt_fn_02" value=1002 replace=1
	wait_until side_is $$ 1
	mod_load ${T}00
	expect_values 0 1002 1002
	release
	gone 01
	expect_values 0 1002 1002
}

case_a_module_coming_during_a_replace_follows_its_reversal()
{
	hold
	patch_enable ${P}01 "objs=${T}00:tgt_fn_00,tgt_fn_01" value=1001
	patch_load ${P}02 "objs=$HOLDER;${T}00:tgt_fn_01,tgt_fn_02" value=1002 replace=1
	wait_until side_is $$ 1
	mod_load ${T}00
	patch_set_enabled ${P}02 0
	wait_until patch_gone ${P}02
	expect_values 1001 1001 2
}

case_a_module_going_during_a_replace_hinders_nothing()
{
	mod_load ${T}00
	hold
	patch_enable ${P}01 "objs=${T}00:tgt_fn_00,tgt_fn_01" value=1001
	patch_load ${P}02 "objs=$HOLDER;${T}00:tgt_fn_01" value=1002 replace=1
	mod_unload ${T}00
	release
	gone 01
	mod_load ${T}00
	expect_values 0 1002 2
}

case_a_failed_replace_leaves_the_old_patches()
{
	stack_three
	mod_load klp_test_ipmodify func=tgt_fn_04
	refused -16 ${P}04 "objs=${T}00:tgt_fn_00,tgt_fn_04" replace=1
	expect_values 1001 1003 1003
	expect_eq patches 3 "$(sysfs_entries | wc -l)"
	mod_unload klp_test_ipmodify
	patch_enable ${P}04 "objs=${T}00:tgt_fn_00,tgt_fn_04" value=1004 replace=1
	gone 01 02 03
	expect_values 1004 1 2
}

# The pinned module stays for ever: a name that the clean-up does not know.
case_a_forced_replace_pins_the_old_patches_only()
{
	local pinned

	printf -v pinned 'klp_pinned_%06d' $((BASHPID % 1000000))
	sed "s/${P}00/$pinned/g" "$KLP_MODULES/${P}00.ko" > "$KLP_TMP/$pinned.ko"
	mod_load ${T}00
	mod_load klp_test_holder
	patch_enable "$pinned" "objs=$HOLDER;$F0" value=1001
	hold
	patch_load ${P}02 "objs=$F0" value=1002 replace=1
	expect in_transition ${P}02
	write 1 "$KLP_SYSFS/${P}02/force"
	wait_until not_in_transition ${P}02
	wait_until patch_gone "$pinned"
	expect_values 1002 1 2
	release
	patch_remove ${P}02
	expect_values 0 1 2
	expect holds_for 500 mod_refcount_is "$pinned" 1
	expect_not rmmod "$pinned" 2> /dev/null
}

klp_main "$@"
