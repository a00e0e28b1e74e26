#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# /sys/kernel/livepatch: every file, its mode, its values, what may be written.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

D=$KLP_SYSFS/${P}00
BUSY="Device or resource busy"
INVALID="Invalid argument"

mode()
{
	stat -c %a "$1"
}

# The directories below a patch, sorted, without its own name.
directories()
{
	(cd "$KLP_SYSFS/$1" && find . -mindepth 1 -type d | sort | tr '\n' ' ')
}

case_the_root_is_there_and_empty()
{
	expect_eq mode 755 "$(mode "$KLP_SYSFS")"
	expect_eq entries "" "$(ls -A "$KLP_SYSFS")"
}

case_the_root_holds_patches_only()
{
	patch_enable ${P}00
	patch_enable ${P}01
	expect_eq entries "${P}00 ${P}01" "$(ls -A "$KLP_SYSFS" | tr '\n' ' ' | sed 's/ $//')"
}

case_modes_are_as_documented()
{
	local f

	mod_load ${T}00
	patch_enable ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_00"
	for f in enabled:644 transition:444 force:200 replace:444 \
		 vmlinux/patched:444 ${T}00/patched:444; do
		expect test -f "$D/${f%:*}"
		expect_eq "mode of $f" "${f#*:}" "$(mode "$D/${f%:*}")"
	done
	for f in . vmlinux vmlinux/cmdline_proc_show,1 ${T}00 ${T}00/tgt_fn_00,1; do
		expect test -d "$D/$f"
		expect_eq "mode of $f" 755 "$(mode "$D/$f")"
	done
}

case_directories_are_objects_and_functions_and_no_others()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=$CMDLINE,version_proc_show;${T}00:tgt_fn_00;klp_test_absent:gone,gone@2"
	expect_eq directories \
		"./klp_test_absent ./klp_test_absent/gone,1 ./klp_test_absent/gone,2 ./${T}00 ./${T}00/tgt_fn_00,1 ./vmlinux ./vmlinux/cmdline_proc_show,1 ./vmlinux/version_proc_show,1 " \
		"$(directories ${P}00)"
}

case_function_directories_are_empty()
{
	patch_enable ${P}00
	expect_eq contents "" "$(ls -A "$D/vmlinux/cmdline_proc_show,1")"
}

case_everything_is_there_when_insmod_returns()
{
	stall_enabling ${P}00
	expect test -f "$D/enabled" -a -f "$D/transition" -a -f "$D/vmlinux/patched"
	expect test -d "$D/vmlinux/cmdline_proc_show,1"
	expect test -d "$D/klp_test_holder/holder_wait,1"
}

case_enabled_and_transition_during_and_after_enabling()
{
	stall_enabling ${P}00
	expect_eq enabled 1 "$(patch_attr ${P}00 enabled)"
	expect_eq transition 1 "$(patch_attr ${P}00 transition)"
	release
	wait_until file_is "$D/transition" 0
	expect_eq enabled 1 "$(patch_attr ${P}00 enabled)"
}

case_enabled_is_the_goal_while_disabling()
{
	stall_disabling ${P}00
	expect_eq enabled 0 "$(patch_attr ${P}00 enabled)"
	expect_eq transition 1 "$(patch_attr ${P}00 transition)"
	release
	wait_until patch_gone ${P}00
}

case_transition_is_set_for_one_patch_only()
{
	patch_enable ${P}01
	stall_enabling ${P}00
	expect_eq "transition of the other" 0 "$(patch_attr ${P}01 transition)"
	expect_eq "enabled of the other" 1 "$(patch_attr ${P}01 enabled)"
}

# What tools rely on to name a stalled task.
case_a_stalled_task_is_not_on_the_side_of_enabled()
{
	local pid

	stall_enabling ${P}00
	pid=$(grep -lx klp_test_holder /proc/[0-9]*/comm | cut -d/ -f3)
	expect side_is "$pid" 0
	patch_set_enabled ${P}00 0
	wait_until patch_gone ${P}00
	expect side_is "$pid" -1
}

case_every_task_is_on_no_side_afterwards()
{
	patch_enable ${P}00
	expect_eq "tasks on a side" "" "$(tasks_not_on_side -1)"
	patch_remove ${P}00
	expect_eq "tasks on a side" "" "$(tasks_not_on_side -1)"
}

case_replace_shows_the_flag()
{
	patch_enable ${P}00
	expect_eq replace 0 "$(patch_attr ${P}00 replace)"
	patch_enable ${P}01 replace=1
	expect_eq replace 1 "$(patch_attr ${P}01 replace)"
}

case_read_only_files_refuse_writing()
{
	local f

	patch_enable ${P}00
	for f in transition replace vmlinux/patched; do
		expect_not write 0 "$D/$f" 2> /dev/null
	done
	expect_not cat "$D/force" 2> /dev/null
	expect_eq enabled 1 "$(patch_attr ${P}00 enabled)"
}

case_enabled_refuses_what_is_no_boolean()
{
	local text

	patch_enable ${P}00
	for text in 2 x "" -1 enabled " 0"; do
		expect_error "$INVALID" write "$text" "$D/enabled"
	done
	expect_eq enabled 1 "$(patch_attr ${P}00 enabled)"
	expect_eq transition 0 "$(patch_attr ${P}00 transition)"
}

case_enabled_refuses_its_own_value()
{
	local text

	patch_enable ${P}00
	for text in 1 y on; do
		expect_error "$INVALID" write "$text" "$D/enabled"
	done
	stall_disabling ${P}01
	expect_error "$INVALID" write 0 "$KLP_SYSFS/${P}01/enabled"
	expect_eq transition 1 "$(patch_attr ${P}01 transition)"
}

case_enabled_takes_every_spelling_of_a_boolean()
{
	local text

	for text in 0 n N f F off No; do
		patch_enable ${P}00
		write "$text" "$D/enabled"
		wait_until patch_gone ${P}00
		mod_unload ${P}00
	done
}

case_enabled_reverses_at_once()
{
	stall_enabling ${P}00
	write 0 "$D/enabled"
	wait_until patch_gone ${P}00
	mod_unload ${P}00

	release
	stall_disabling ${P}00
	write yes "$D/enabled"
	wait_until not_in_transition ${P}00
	expect_eq enabled 1 "$(patch_attr ${P}00 enabled)"
	release
	patch_remove ${P}00
}

case_disabling_is_busy_while_another_patch_moves()
{
	patch_enable ${P}01
	stall_enabling ${P}00
	expect_error "$BUSY" write 0 "$KLP_SYSFS/${P}01/enabled"
	expect_eq enabled 1 "$(patch_attr ${P}01 enabled)"
	expect_eq transition 0 "$(patch_attr ${P}01 transition)"
	release
	wait_until not_in_transition ${P}00
	patch_remove ${P}01
}

case_force_refuses_what_is_no_boolean()
{
	stall_enabling ${P}00
	expect_error "$INVALID" write "" "$D/force"
	expect_error "$INVALID" write 2 "$D/force"
	expect_eq transition 1 "$(patch_attr ${P}00 transition)"
}

case_force_false_has_no_effect()
{
	stall_enabling ${P}00
	write 0 "$D/force"
	write off "$D/force"
	expect holds_for 1500 in_transition ${P}00
}

case_force_is_refused_without_transition()
{
	patch_enable ${P}01
	expect_error "$INVALID" write 1 "$KLP_SYSFS/${P}01/force"
	write 0 "$KLP_SYSFS/${P}01/force"
	stall_enabling ${P}00
	expect_error "$INVALID" write 1 "$KLP_SYSFS/${P}01/force"
	expect_eq transition 1 "$(patch_attr ${P}00 transition)"
}

case_force_ends_the_transition()
{
	stall_enabling ${P}00
	write 1 "$D/force"
	wait_until not_in_transition ${P}00
	expect_eq enabled 1 "$(patch_attr ${P}00 enabled)"
	expect cmdline_is "${P}00 1000"
	expect_eq "tasks on a side" "" "$(tasks_not_on_side -1)"

	release
	patch_remove ${P}00
}

case_an_enabled_patch_cannot_be_unloaded()
{
	patch_enable ${P}00
	expect_eq refcnt 1 "$(mod_refcount ${P}00)"
	expect_not rmmod ${P}00 2> /dev/null
	expect cmdline_is "${P}00 1000"
}

case_a_disabled_patch_vanishes_and_its_module_is_free()
{
	patch_enable ${P}00
	write 0 "$D/enabled"
	wait_until patch_gone ${P}00
	wait_until mod_refcount_is ${P}00 0
	rmmod ${P}00
	expect_eq entries "" "$(ls -A "$KLP_SYSFS")"
}

case_a_replaced_patch_vanishes_and_its_module_is_free()
{
	patch_enable ${P}01
	patch_enable ${P}00 replace=1
	wait_until patch_gone ${P}01
	wait_until mod_refcount_is ${P}01 0
	rmmod ${P}01
	expect_eq entries ${P}00 "$(ls -A "$KLP_SYSFS")"
}

# An open file outlives the directory, but not its use.
case_a_disabled_patch_cannot_be_enabled_again()
{
	local fd

	patch_enable ${P}00
	exec {fd}> "$D/enabled"
	write 0 "$D/enabled"
	wait_until patch_gone ${P}00
	expect_not eval "echo 1 >&$fd" 2> /dev/null
	exec {fd}>&-
	expect patch_gone ${P}00
	mod_unload ${P}00
	patch_enable ${P}00
	expect cmdline_is "${P}00 1000"
}

case_patched_follows_the_module()
{
	local patched=$D/${T}00/patched

	patch_enable ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_00"
	expect file_is "$D/vmlinux/patched" 1
	for _ in 1 2 3; do
		expect file_is "$patched" 0
		mod_load ${T}00
		expect file_is "$patched" 1
		mod_unload ${T}00
	done
	expect file_is "$patched" 0
}

case_patched_is_set_during_transitions_too()
{
	mod_load ${T}00
	stall_enabling ${P}00
	expect file_is "$D/vmlinux/patched" 1
	release
	wait_until not_in_transition ${P}00
	hold
	patch_set_enabled ${P}00 0
	expect file_is "$D/vmlinux/patched" 1
}

case_patched_is_set_for_loaded_objects_without_functions()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=vmlinux:;${T}00:;klp_test_absent:"
	expect file_is "$D/vmlinux/patched" 1
	expect file_is "$D/${T}00/patched" 1
	expect file_is "$D/klp_test_absent/patched" 0
}

case_positions_are_part_of_the_name()
{
	ko_edit ${T}00 s/tgt_dup_2/tgt_dup_1/g
	mod_load ${T}00
	patch_enable ${P}00 "objs=${T}00:tgt_dup_1@1,tgt_dup_1@2,tgt_fn_00"
	expect test -d "$D/${T}00/tgt_dup_1,1" -a -d "$D/${T}00/tgt_dup_1,2" -a -d "$D/${T}00/tgt_fn_00,1"
	ko_forget
}

# stack_order of the patches 00, 01, ..., "-" for one that is gone.
stack_orders()
{
	local n

	for n; do
		if patch_exists $P"$n"; then
			patch_attr $P"$n" stack_order
		else
			echo -
		fi
	done | tr '\n' ' '
}

case_stack_order_counts_from_the_oldest()
{
	patch_enable ${P}00
	[ -e "$D/stack_order" ] || klp_skip "this core has no stack_order"
	expect_eq mode 444 "$(mode "$D/stack_order")"
	patch_enable ${P}01
	patch_enable ${P}02
	expect_eq orders "1 2 3 " "$(stack_orders 00 01 02)"
}

case_stack_order_closes_gaps()
{
	patch_enable ${P}00
	[ -e "$D/stack_order" ] || klp_skip "this core has no stack_order"
	patch_enable ${P}01
	patch_enable ${P}02
	patch_remove ${P}01
	expect_eq orders "1 - 2 " "$(stack_orders 00 01 02)"
	patch_enable ${P}01
	expect_eq orders "1 3 2 " "$(stack_orders 00 01 02)"
	patch_remove ${P}00
	expect_eq orders "- 2 1 " "$(stack_orders 00 01 02)"
}

case_stack_order_counts_patches_in_transition()
{
	patch_enable ${P}00
	[ -e "$D/stack_order" ] || klp_skip "this core has no stack_order"
	stall_enabling ${P}01
	expect_eq orders "1 2 " "$(stack_orders 00 01)"
	release
	wait_until not_in_transition ${P}01
	patch_enable ${P}02 replace=1
	wait_until patch_gone ${P}00
	wait_until patch_gone ${P}01
	expect_eq orders "- - 1 " "$(stack_orders 00 01 02)"
}

# Removing a file waits for its readers; nobody may wait for ever.
read_everything()
{
	while [ ! -e "$KLP_TMP/stop" ]; do
		grep -rs . "$KLP_SYSFS" || :
	done > /dev/null
}

case_readers_do_not_hinder_patches_from_going()
{
	mod_load ${T}00
	rm -f "$KLP_TMP/stop"
	klp_on_cleanup "touch $KLP_TMP/stop"
	bg read_everything
	bg read_everything
	for _ in 1 2 3 4 5; do
		patch_enable ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_00"
		patch_remove ${P}00
	done
	touch "$KLP_TMP/stop"
}

read_again_and_again()
{
	while :; do
		! read -r _ < "$1" || : > "$KLP_TMP/read"
	done 2> /dev/null
}

# Where a file cannot be had, those before it must not be removed under klp_mutex: that
# waits for a reader, and the reader of stack_order for klp_mutex.
case_a_file_that_cannot_be_had_waits_for_no_reader()
{
	local nth

	need_cpu1
	grep -qw register_kprobe /proc/kallsyms || klp_skip "the kernel has no kprobes"
	mod_load klp_test_failnth pause_ms=200
	bg read_again_and_again "$D/stack_order"
	for nth in {1..8}; do
		write "klp_enable_patch __kernfs_create_file -12 $nth" \
			/sys/module/klp_test_failnth/parameters/arm
		refused -12 ${P}00
	done
	expect test -e "$KLP_TMP/read"
	patch_enable ${P}00
	patch_remove ${P}00
}

klp_main "$@"
