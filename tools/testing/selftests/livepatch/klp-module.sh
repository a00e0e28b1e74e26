#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Modules that come and go while patches are settled, or on their way.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

FIRST=${T}00:tgt_fn_00
TEN=$(seq -f '%02g' 0 9)

# The objects of a patch of ten target modules.
ten_objects()
{
	local n

	for n in $TEN; do
		printf '%s:tgt_fn_00,tgt_fn_01;' "$T$n"
	done
}

# all_loads PARAM=VALUE...: the ten targets, at the same time.
load_ten()
{
	local n pids=()

	for n in $TEN; do
		ko "$T$n" > /dev/null
	done
	for n in $TEN; do
		mod_load "$T$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || klp_fail "a target did not load"
	done
}

unload_ten()
{
	local n pids=()

	for n in $TEN; do
		rmmod "$T$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || klp_fail "a target did not unload"
	done
}

# ten_values VALUE: what the first two functions of every target return.
expect_ten()
{
	local n

	for n in $TEN; do
		expect_eq "first function of $n" "$1" "$(tgt_param "$n" value)"
		expect_eq "second function of $n" "$2" "$(tgt_param "$n" value_1)"
		expect_eq "third function of $n" 2 "$(tgt_param "$n" value_2)"
	done
}

expect_no_redirection()
{
	expect_redirected 0
}

case_a_loaded_module_is_patched_and_restored()
{
	mod_load ${T}00
	patch_enable ${P}00 objs=$FIRST
	expect_eq values "1000 1 2 3" "$(tgt_param 00 values | cut -d' ' -f1-4)"
	patch_remove ${P}00
	expect_eq values "0 1 2 3" "$(tgt_param 00 values | cut -d' ' -f1-4)"
	expect_no_redirection
}

case_an_absent_module_is_patched_when_it_comes()
{
	patch_enable ${P}00 objs=$FIRST
	expect_no_redirection
	mod_load ${T}00
	expect tgt_value_is 00 1000
	expect log_has "livepatch: applying patch '${P}00' to loading module '${T}00'"
}

case_a_coming_module_is_patched_before_its_init()
{
	patch_enable ${P}00 objs=$FIRST
	mod_load ${T}00
	expect_eq "what init got" 1000 "$(tgt_param 00 at_init)"
}

case_a_going_module_stays_patched_during_its_exit()
{
	mod_load ${T}00
	patch_enable ${P}00 objs=$FIRST
	mod_unload ${T}00
	expect log_has "${T}00: exit got 1000"
	expect log_has "livepatch: reverting patch '${P}00' on unloading module '${T}00'"
	expect_no_redirection
}

case_a_patch_does_not_hold_its_target()
{
	mod_load ${T}00
	patch_enable ${P}00 objs=$FIRST
	expect mod_refcount_is ${T}00 0
}

case_a_target_comes_and_goes_twenty_times()
{
	patch_enable ${P}00 "objs=$FIRST,tgt_fn_01;$CMDLINE"
	for _ in {1..20}; do
		mod_load ${T}00
		expect tgt_value_is 00 1000
		expect_redirected 3
		mod_unload ${T}00
		expect_redirected 1
	done
}

case_a_patch_goes_while_its_target_is_absent()
{
	mod_load ${T}00
	patch_enable ${P}00 objs=$FIRST
	mod_unload ${T}00
	patch_remove ${P}00
	mod_load ${T}00
	expect tgt_value_is 00 0
	expect_no_redirection
}

case_a_module_whose_init_fails_leaves_nothing()
{
	patch_enable ${P}00 objs=$FIRST callbacks=1
	for _ in 1 2 3; do
		expect_error "No such device" mod_load ${T}00 fail_init=-19
		expect file_is "$KLP_SYSFS/${P}00/${T}00/patched" 0
		expect_no_redirection
	done
	mod_load ${T}00
	expect tgt_value_is 00 1000
}

case_a_module_coming_while_enabling_is_patched_at_once()
{
	hold
	patch_load ${P}00 "objs=$HOLDER;$FIRST"
	wait_until side_is $$ 1
	mod_load ${T}00
	expect file_is "$KLP_SYSFS/${P}00/${T}00/patched" 1
	expect tgt_value_is 00 1000
	expect in_transition ${P}00
	release
	wait_until not_in_transition ${P}00
	expect tgt_value_is 00 1000
	patch_remove ${P}00
	expect tgt_value_is 00 0
}

case_a_module_coming_while_disabling_ends_unpatched()
{
	mod_load klp_test_holder
	patch_enable ${P}00 "objs=$HOLDER;$FIRST"
	hold
	patch_set_enabled ${P}00 0
	wait_until side_is $$ 0
	mod_load ${T}00
	expect file_is "$KLP_SYSFS/${P}00/${T}00/patched" 1
	expect tgt_value_is 00 0
	expect in_transition ${P}00
	release
	wait_until patch_gone ${P}00
	expect tgt_value_is 00 0
	expect_no_redirection
}

case_a_module_coming_while_disabling_follows_a_reversal()
{
	mod_load klp_test_holder
	patch_enable ${P}00 "objs=$HOLDER;$FIRST"
	hold
	patch_set_enabled ${P}00 0
	wait_until side_is $$ 0
	mod_load ${T}00
	patch_set_enabled ${P}00 1
	wait_until not_in_transition ${P}00
	expect tgt_value_is 00 1000
}

case_a_module_going_while_enabling_comes_back_patched()
{
	mod_load ${T}00
	hold
	patch_load ${P}00 "objs=$HOLDER;$FIRST"
	expect in_transition ${P}00
	mod_unload ${T}00
	expect file_is "$KLP_SYSFS/${P}00/${T}00/patched" 0
	expect_redirected 1
	mod_load ${T}00
	release
	wait_until not_in_transition ${P}00
	expect tgt_value_is 00 1000
}

case_a_module_going_while_disabling_hinders_nothing()
{
	mod_load ${T}00
	mod_load klp_test_holder
	patch_enable ${P}00 "objs=$HOLDER;$FIRST"
	hold
	patch_set_enabled ${P}00 0
	mod_unload ${T}00
	expect in_transition ${P}00
	release
	wait_until patch_gone ${P}00
	expect_no_redirection
	mod_load ${T}00
	expect tgt_value_is 00 0
}

# What the holding task sleeps in goes away with its module.
case_a_blocking_module_going_ends_the_transition()
{
	stall_enabling ${P}00
	rmmod klp_test_holder
	wait_until not_in_transition ${P}00
	expect patch_enabled ${P}00
	expect cmdline_is "${P}00 1000"
}

case_modules_come_and_go_repeatedly_in_one_transition()
{
	hold
	patch_load ${P}00 "objs=$HOLDER;$FIRST;${T}01:tgt_fn_00"
	for _ in 1 2 3 4 5; do
		mod_load ${T}00
		mod_load ${T}01
		expect_redirected 3
		mod_unload ${T}00
		mod_unload ${T}01
		expect_redirected 1
	done
	expect in_transition ${P}00
	mod_load ${T}01
	release
	wait_until not_in_transition ${P}00
	expect tgt_value_is 01 1000
}

case_ten_targets_of_one_patch_come_at_once()
{
	patch_enable ${P}00 "objs=$(ten_objects)"
	load_ten
	expect_ten 1000 1000
	expect_redirected 20
	unload_ten
	expect_no_redirection
	load_ten
	expect_ten 1000 1000
	patch_remove ${P}00
	expect_ten 0 1
	expect_no_redirection
}

case_ten_targets_come_at_once_while_enabling()
{
	hold
	patch_load ${P}00 "objs=$HOLDER;$(ten_objects)"
	load_ten
	release
	wait_until not_in_transition ${P}00
	expect_ten 1000 1000
}

case_ten_targets_come_at_once_while_disabling()
{
	mod_load klp_test_holder
	patch_enable ${P}00 "objs=$HOLDER;$(ten_objects)"
	hold
	patch_set_enabled ${P}00 0
	load_ten
	release
	wait_until patch_gone ${P}00
	expect_ten 0 1
	expect_no_redirection
}

# The patch appears while its targets do: each is patched by one or the other.
case_ten_targets_come_while_their_patch_loads()
{
	local n pid pids=()

	ko ${P}00 > /dev/null
	for n in $TEN; do
		ko "$T$n" > /dev/null
	done
	for n in $TEN; do
		mod_load "$T$n" &
		pids+=($!)
		if [ "$n" = 04 ]; then
			mod_load ${P}00 "objs=$(ten_objects)" &
			pids+=($!)
		fi
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || klp_fail "one of the modules did not load"
	done
	wait_until not_in_transition ${P}00
	expect_ten 1000 1000
}

# While the module comes its init code has symbols, later it has not.
case_init_code_does_not_make_a_symbol_ambiguous()
{
	ko_edit ${T}00 s/tgt_init_only/tgt_live_only/g
	mod_load ${T}00
	patch_enable ${P}00 "objs=${T}00:tgt_live_only"
	expect_eq "patched after it came" 1000 "$(tgt_param 00 live_only)"
	mod_unload ${T}00
	mod_load ${T}00
	expect_eq "patched while it came" 1000 "$(tgt_param 00 live_only)"
	ko_forget
}

case_a_refused_module_loads_at_the_next_attempt()
{
	patch_enable ${P}00 objs=$FIRST callbacks=1 fail_obj=${T}00 fail_ret=-19 fail_times=1
	expect_error "No such device" mod_load ${T}00
	expect log_has "livepatch: patch '${P}00' failed for module '${T}00', refusing to load module '${T}00'"
	expect_not mod_loaded ${T}00
	expect file_is "$KLP_SYSFS/${P}00/${T}00/patched" 0
	expect_no_redirection
	mod_load ${T}00
	expect tgt_value_is 00 1000
}

case_a_module_lacking_a_function_is_refused_until_the_patch_goes()
{
	patch_enable ${P}00 "objs=$FIRST,klp_test_no_such_symbol"
	expect_error "Invalid parameters" mod_load ${T}00
	expect_error "Invalid parameters" mod_load ${T}00
	expect_no_redirection
	patch_remove ${P}00
	mod_load ${T}00
	expect tgt_value_is 00 0
}

case_a_module_is_refused_while_ftrace_is_off()
{
	klp_on_cleanup "write 1 /proc/sys/kernel/ftrace_enabled"
	patch_enable ${P}00 objs=$FIRST
	write 0 /proc/sys/kernel/ftrace_enabled
	expect_error "Device or resource busy" mod_load ${T}00
	write 1 /proc/sys/kernel/ftrace_enabled
	mod_load ${T}00
	expect tgt_value_is 00 1000
}

case_a_refused_module_is_reverted_from_older_patches()
{
	patch_enable ${P}00 objs=$FIRST callbacks=1
	patch_enable ${P}01 objs=$FIRST callbacks=1 value=2000 fail_obj=${T}00 fail_ret=-19 fail_times=1
	patch_enable ${P}02 objs=$FIRST callbacks=1 value=3000
	log_mark
	expect_error "No such device" mod_load ${T}00
	expect_callbacks \
		"00 pre_patch tgt_00 coming" \
		"00 post_patch tgt_00 coming" \
		"01 pre_patch tgt_00 coming" \
		"00 pre_unpatch tgt_00 coming" \
		"00 post_unpatch tgt_00 coming"
	expect log_has "livepatch: reverting patch '${P}00' on unloading module '${T}00'"
	expect_no_redirection
	mod_load ${T}00
	expect tgt_value_is 00 3000
}

case_a_module_refused_in_transit_loads_afterwards()
{
	hold
	patch_load ${P}00 "objs=$HOLDER;$FIRST" callbacks=1 fail_obj=${T}00 fail_ret=-19 fail_times=1
	log_mark
	expect_error "No such device" mod_load ${T}00
	expect_callbacks "00 pre_patch tgt_00 coming"
	mod_load ${T}00
	release
	wait_until not_in_transition ${P}00
	expect tgt_value_is 00 1000
}

case_a_refused_module_never_ran_its_init()
{
	patch_enable ${P}00 objs=$FIRST callbacks=1 fail_obj=${T}00 fail_ret=-19
	for _ in 1 2 3 4 5; do
		expect_error "No such device" mod_load ${T}00
	done
	expect_not log_has "${T}00: exit"
	expect_no_redirection
}

klp_main "$@"
