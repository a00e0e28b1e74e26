#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What cannot be enabled is refused with the right error, and leaves nothing.
#
# The patches are on the heap and freed the moment klp_enable_patch() fails, so
# anything that the core keeps of them is a use after free.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

FIFTY=$(seq -s, -f 'tgt_fn_%02g' 0 49)

# sed expression that ends the NUL-terminated string $1 early, as $2.
rename_string()
{
	local pad='' i

	for ((i = ${#2}; i <= ${#1}; i++)); do
		pad+='\x00'
	done
	echo "s/$1\\x00/$2$pad/g"
}

case_a_null_patch_is_refused()
{
	refused -22 ${P}00 omit=patch
	good_patch_works
}

case_a_patch_without_module_is_refused()
{
	refused -22 ${P}00 omit=mod
	good_patch_works
}

case_a_patch_without_objects_array_is_refused()
{
	refused -22 ${P}00 omit=objs
	good_patch_works
}

case_an_object_without_functions_array_is_refused()
{
	mod_load ${T}00
	refused -22 ${P}00 "objs=$CMDLINE;${T}00:null"
	refused -22 ${P}00 "objs=$CMDLINE;klp_test_absent:null;${T}00:tgt_fn_00"
	expect_not log_has "enabling patch"
	good_patch_works
}

case_a_module_without_the_livepatch_tag_is_refused()
{
	ko_edit ${P}00 "s/livepatch=Y/livepatcx=Y/g"
	refused -22 ${P}00
	ko_forget
	good_patch_works
}

case_any_value_of_the_livepatch_tag_counts()
{
	ko_edit ${P}00 "s/livepatch=Y/livepatch=N/g"
	patch_enable ${P}00
	patch_remove ${P}00
	ko_forget
}

case_a_duplicate_object_is_refused()
{
	mod_load ${T}00
	refused -17 ${P}00 "objs=${T}00:tgt_fn_00;$CMDLINE;${T}00:tgt_fn_01"
	refused -17 ${P}00 "objs=$CMDLINE;vmlinux:version_proc_show"
	refused -17 ${P}00 "objs=klp_test_absent:a;klp_test_absent:b"
	good_patch_works
	log_mark # sysfs may have printed a stack of its own
}

case_a_duplicate_function_is_refused()
{
	mod_load ${T}00
	refused -17 ${P}00 "objs=${T}00:tgt_fn_00,tgt_fn_01,tgt_fn_00"
	good_patch_works
	log_mark # sysfs may have printed a stack of its own
}

case_positions_0_and_1_are_the_same_function()
{
	mod_load ${T}00
	refused -17 ${P}00 "objs=${T}00:tgt_fn_00,tgt_fn_00@1"
	good_patch_works
	log_mark # sysfs may have printed a stack of its own
}

case_a_long_object_name_is_refused()
{
	local name

	name=$(printf 'x%.0s' {1..56})
	refused -22 ${P}00 "objs=$name:foo"
	refused -22 ${P}00 "objs=$CMDLINE;$name:foo"
	patch_enable ${P}00 "objs=${name%x}:foo"
}

case_a_function_without_old_name_is_refused()
{
	mod_load ${T}00
	refused -22 ${P}00 "objs=${T}00:tgt_fn_00,-"
	refused -22 ${P}00 "objs=$CMDLINE;klp_test_absent:-"
	good_patch_works
}

case_a_function_without_new_function_is_refused()
{
	mod_load ${T}00
	refused -22 ${P}00 "objs=${T}00:tgt_fn_00=null"
	refused -22 ${P}00 "objs=$CMDLINE;klp_test_absent:foo=null"
	good_patch_works
}

case_a_long_function_name_is_refused()
{
	local name

	name=$(printf 'x%.0s' {1..512})
	refused -22 ${P}00 "objs=$CMDLINE;klp_test_absent:$name"
	patch_enable ${P}00 "objs=$CMDLINE;klp_test_absent:${name%x}"
}

case_a_missing_symbol_is_refused()
{
	mod_load ${T}00
	refused -22 ${P}00 "objs=$CMDLINE,klp_test_no_such_symbol"
	refused -22 ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_00,klp_test_no_such_symbol"
	expect log_has "klp_test_no_such_symbol"
	expect_not log_has "enabling patch"
	good_patch_works
}

# The symbol exists, but in another object.
case_a_symbol_of_another_object_is_refused()
{
	mod_load ${T}00
	refused -22 ${P}00 "objs=vmlinux:tgt_fn_00"
	refused -22 ${P}00 "objs=${T}00:cmdline_proc_show"
	good_patch_works
}

case_an_ambiguous_symbol_without_position_is_refused()
{
	local symbol

	symbol=$(ambiguous_symbol)
	refused -22 ${P}00 "objs=vmlinux:$symbol"
	expect log_has "'$symbol'"
	expect_not log_has "(null)"

	ko_edit ${T}00 s/tgt_dup_2/tgt_dup_1/g
	mod_load ${T}00
	refused -22 ${P}00 "objs=${T}00:tgt_dup_1"
	ko_forget
	good_patch_works
}

case_a_position_out_of_range_is_refused()
{
	ko_edit ${T}00 s/tgt_dup_2/tgt_dup_1/g
	mod_load ${T}00
	refused -22 ${P}00 "objs=${T}00:tgt_dup_1@3"
	refused -22 ${P}00 "objs=${T}00:tgt_fn_00@2"
	refused -22 ${P}00 objs=$CMDLINE@2
	refused -22 ${P}00 "objs=vmlinux:$(ambiguous_symbol)@3"
	ko_forget
	good_patch_works
}

case_a_position_selects_one_of_several_functions()
{
	ko_edit ${T}00 s/tgt_dup_2/tgt_dup_1/g
	mod_load ${T}00
	patch_enable ${P}00 "objs=${T}00:tgt_dup_1@2"
	case "$(tgt_param 00 dup_1) $(tgt_param 00 dup_2)" in
	"201 1000"|"1000 202") ;;
	*) klp_fail "not exactly one of both is patched" ;;
	esac
	patch_enable ${P}01 "objs=${T}00:tgt_dup_1@1"
	expect_eq "first" 1000 "$(tgt_param 00 dup_1)"
	expect_eq "second" 1000 "$(tgt_param 00 dup_2)"
	ko_forget
}

case_a_notrace_function_is_refused()
{
	mod_load ${T}00
	refused -22 ${P}00 "objs=${T}00:tgt_fn_00,tgt_untraced"
	expect log_has "failed to find location for function 'tgt_untraced'"
	expect_eq "untouched" 0 "$(tgt_param 00 value)"
	good_patch_works
}

case_freed_init_code_is_refused()
{
	refused -22 ${P}00 "objs=$CMDLINE,start_kernel"
	mod_load ${T}00
	refused -22 ${P}00 "objs=${T}00:tgt_init_only"
	good_patch_works
}

case_a_percpu_variable_is_found()
{
	mod_load ${T}00
	refused -2 ${P}00 "objs=${T}00:tgt_percpu"
	expect log_has "kallsyms size lookup failed for 'tgt_percpu'"
}

# The symbols of a patch are all kept, and what was its init code may be anything by now.
case_freed_init_code_of_a_patch_is_refused()
{
	patch_enable klp_test_p_value
	refused -22 ${P}00 "objs=klp_test_p_value:klp_test_patch_init"
	expect log_has "symbol 'klp_test_patch_init' not found in symbol table of object 'klp_test_p_value'"
	patch_remove klp_test_p_value
	good_patch_works
}

case_a_failing_pre_patch_refuses_with_its_error()
{
	refused -19 ${P}00 callbacks=1 fail_obj=vmlinux fail_ret=-19
	refused -16 ${P}00 callbacks=1 fail_obj=vmlinux fail_ret=-16
	expect log_has "livepatch: pre-patch callback failed for object 'vmlinux'"
	expect log_has "livepatch: failed to enable patch '${P}00'"
	good_patch_works
}

case_a_positive_result_of_pre_patch_becomes_an_error()
{
	if mod_load ${P}00 callbacks=1 fail_obj=vmlinux fail_ret=5; then
		klp_fail "the module stayed"
	fi
	expect log_has "enable returned -"
	expect_not mod_loaded ${P}00
	expect_not patch_exists ${P}00
	good_patch_works
}

case_a_positive_result_of_pre_patch_refuses_a_coming_module()
{
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00" callbacks=1 fail_obj=${T}00 fail_ret=5
	if mod_load ${T}00; then
		klp_fail "the target loaded"
	fi
	expect_not mod_loaded ${T}00
}

case_a_second_transition_is_refused_as_busy()
{
	stall_enabling ${P}00
	refused -16 ${P}01
	release
	wait_until not_in_transition ${P}00
	patch_enable ${P}01
	expect cmdline_is "${P}01 1000"
}

case_a_transition_away_is_busy_too()
{
	stall_disabling ${P}00
	refused -16 ${P}01
	release
	wait_until patch_gone ${P}00
	good_patch_works
}

# The times of a directory change with its entries once they have been set.
entries_changed_at()
{
	stat -c '%y %z' "$KLP_SYSFS"
}

case_busy_is_decided_before_anything_is_touched()
{
	local before

	mod_load ${T}00
	stall_enabling ${P}00
	chmod 755 "$KLP_SYSFS"
	before=$(entries_changed_at)
	log_mark
	refused -16 ${P}01 "objs=${T}00:tgt_fn_00" callbacks=1
	expect_eq "time of the last change in sysfs" "$before" "$(entries_changed_at)"
	expect_callbacks
	expect_not log_has "enabling patch"
	release
	wait_until not_in_transition ${P}00
	patch_enable ${P}01 "objs=${T}00:tgt_fn_00"
	expect_not test "$before" = "$(entries_changed_at)"
}

case_a_busy_replace_is_refused_untouched()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00"
	stall_enabling ${P}01
	refused -16 ${P}02 objs=$CMDLINE replace=1
	expect tgt_value_is 00 1000
	release
	wait_until not_in_transition ${P}01
}

case_ftrace_switched_off_is_busy()
{
	klp_on_cleanup "write 1 /proc/sys/kernel/ftrace_enabled"
	write 0 /proc/sys/kernel/ftrace_enabled
	refused -16 ${P}00
	expect log_has "failed to register ftrace handler for function 'cmdline_proc_show' (-16)"
	write 1 /proc/sys/kernel/ftrace_enabled
	good_patch_works
}

case_ftrace_cannot_be_switched_off_under_a_patch()
{
	patch_enable ${P}00
	expect_error "Device or resource busy" write 0 /proc/sys/kernel/ftrace_enabled
	expect_eq ftrace_enabled 1 "$(cat /proc/sys/kernel/ftrace_enabled)"
	expect cmdline_is "${P}00 1000"
}

case_a_taken_function_is_named_among_fifty()
{
	mod_load ${T}00
	mod_load klp_test_ipmodify func=tgt_fn_37
	refused -16 ${P}00 "objs=${T}00:$FIFTY"
	expect log_has "livepatch: failed to register ftrace handler for function 'tgt_fn_37' (-16)"
	expect_eq "lines that blame a function" 1 \
		"$(log_since | grep -c 'failed to register ftrace handler')"
	expect log_has "livepatch: failed to patch object '${T}00'"
	expect_eq "values" "$(seq -s' ' 0 49)" "$(tgt_param 00 values | sed 's/ *$//')"

	mod_unload klp_test_ipmodify
	patch_enable ${P}00 "objs=${T}00:$FIFTY"
	expect_eq "values" "$(yes 1000 | head -50 | tr '\n' ' ')" "$(tgt_param 00 values)"
}

case_a_taken_function_spares_the_other_objects()
{
	mod_load ${T}00
	mod_load klp_test_ipmodify func=tgt_fn_00
	refused -16 ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_00"
	expect_not grep -q klp_test /proc/cmdline
	patch_enable ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_01"
	expect_eq "another function" 1000 "$(tgt_param 00 value_1)"
	expect tgt_value_is 00 0
}

case_an_object_named_vmlinux_is_an_absent_module()
{
	patch_enable ${P}00 "objs==vmlinux:cmdline_proc_show"
	expect_eq patched 0 "$(patch_attr ${P}00 vmlinux/patched)"
	expect_not grep -q klp_test /proc/cmdline
}

case_an_object_named_vmlinux_clashes_with_the_real_one()
{
	refused -17 ${P}00 "objs=$CMDLINE;=vmlinux:version_proc_show"
	good_patch_works
	log_mark # sysfs may have printed a stack of its own
}

case_a_module_named_vmlinux_is_refused()
{
	ko_edit ${T}00 "$(rename_string ${T}00 vmlinux)"
	expect_error "Invalid parameters" mod_load ${T}00
	expect log_has "livepatch: vmlinux.ko: invalid module name"
	expect_not mod_loaded vmlinux
	ko_forget

	patch_enable ${P}00
	ko_edit ${T}00 "$(rename_string ${T}00 vmlinux)"
	expect_error "Invalid parameters" mod_load ${T}00
	expect cmdline_is "${P}00 1000"
	ko_forget
}

case_refusals_repeat_without_end()
{
	mod_load ${T}00
	mod_load klp_test_ipmodify func=tgt_fn_49
	for _ in {1..10}; do
		refused -16 ${P}00 "objs=$CMDLINE;${T}00:$FIFTY;klp_test_absent:foo"
	done
	mod_unload klp_test_ipmodify
	patch_enable ${P}00 "objs=$CMDLINE;${T}00:$FIFTY;klp_test_absent:foo"
}

case_enabling_the_same_patch_twice_is_busy()
{
	need_new_core "the same memory enabled twice"
	mod_load ${P}00 again=1
	expect log_has "${P}00: enable again returned -16"
	wait_until not_in_transition ${P}00
	expect patch_enabled ${P}00
	expect cmdline_is "${P}00 1000"
	write 1 /sys/module/${P}00/parameters/again
	expect log_has "patch '${P}00' is enabled already"
	expect cmdline_is "${P}00 1000"
}

case_replace_with_a_function_without_old_name_is_refused()
{
	need_new_core "atomic replace with old_name NULL"
	mod_load ${T}00
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00"
	refused -22 ${P}01 "objs=${T}00:-" replace=1
	refused -22 ${P}01 "objs=${T}00:tgt_fn_01,-" replace=1
	expect tgt_value_is 00 1000
	good_patch_works
}

klp_main "$@"
