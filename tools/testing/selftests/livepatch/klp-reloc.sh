#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Livepatch relocations: applied and cleared at the right moments, and refused
# when there is something wrong with them.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

R=klp_test_reloc_
RELOCS=${KLP_RELOCS:-$KLP_DIR/klp-relocs}
CURR=.klp.sym.vmlinux.task_curr,0
SECRET=.klp.sym.${T}00.tgt_secret_nr,0
TEXT=.klp.rela.vmlinux..text

[ -x "$RELOCS" ] || klp_skip_all "klp-relocs is not built"

# relocs PATCH [OPTION...]: the patch module, edited by klp-relocs.
relocs()
{
	local name=$1 from

	shift
	from=$KLP_MODULES/$(ko_template "$name").ko
	"$RELOCS" "$@" "$from" "$KLP_TMP/$name.ko"
}

# bad_vmlinux WHAT TEXT OPTION...: refused while the patch module itself loads.
bad_vmlinux()
{
	local what=$1 text=$2

	shift 2
	klp_note "$what"
	log_mark
	relocs ${R}00 "$@"
	expect_error "Invalid parameters" mod_load ${R}00
	expect log_has "livepatch: "
	expect log_has "$text"
	expect_not mod_loaded ${R}00
	expect patch_gone ${R}00
}

# bad_target WHAT OPTION...: refused when the target is there, and when it comes.
bad_target()
{
	local what=$1

	shift
	klp_note "$what"
	relocs ${R}00 "$@"
	mod_load ${T}00
	expect_error "Invalid parameters" mod_load ${R}00 only_target=1
	expect_not mod_loaded ${R}00
	expect patch_gone ${R}00
	expect tgt_value_is 00 0
	mod_unload ${T}00

	patch_enable ${R}00 only_target=1
	expect_error "Invalid parameters" mod_load ${T}00
	expect_error "Invalid parameters" mod_load ${T}00
	expect_not mod_loaded ${T}00
	patch_remove ${R}00
	mod_load ${T}00
	mod_unload ${T}00
}

repeat()
{
	local i

	for ((i = 0; i < $2; i++)); do
		printf %s "$1"
	done
}

# Architectures that cannot clear leave the address behind.
expect_secret_cleared()
{
	[ "$(uname -m)" != x86_64 ] ||
		expect_eq "relocation in .data" 0 "$(cat /sys/module/${R}00/parameters/secret_set)"
}

expect_secret()
{
	expect_eq "value by relocations" 774203 "$(tgt_param 00 value)"
	expect_eq "relocation in .data" 1 "$(cat /sys/module/${R}00/parameters/secret_set)"
}

case_symbols_of_the_kernel_are_reached()
{
	local cmdline

	cmdline=$(cat /proc/cmdline)
	relocs ${R}00
	patch_enable ${R}00
	expect_eq /proc/cmdline "$cmdline (running)" "$(cat /proc/cmdline)"
	patch_remove ${R}00
	expect cmdline_is "$cmdline"
}

case_symbols_of_a_loaded_module_are_reached()
{
	mod_load ${T}00
	relocs ${R}00
	patch_enable ${R}00
	expect_secret
}

case_relocations_are_applied_when_the_module_comes()
{
	relocs ${R}00
	patch_enable ${R}00
	expect_secret_cleared
	mod_load ${T}00
	expect_secret
	expect_eq "what init got" 774203 "$(tgt_param 00 at_init)"
}

case_relocations_are_cleared_when_the_module_goes()
{
	mod_load ${T}00
	relocs ${R}00
	patch_enable ${R}00
	mod_unload ${T}00
	expect log_has "${T}00: exit got 774203"
	expect_secret_cleared
}

case_relocations_are_applied_at_every_reload()
{
	relocs ${R}00
	patch_enable ${R}00
	for _ in {1..10}; do
		mod_load ${T}00 base=0
		expect_secret
		mod_unload ${T}00
	done
}

case_a_module_refused_by_pre_patch_can_be_loaded_again()
{
	relocs ${R}00
	patch_enable ${R}00 fail_times=2
	expect_error "No such device" mod_load ${T}00
	expect_secret_cleared
	expect_error "No such device" mod_load ${T}00
	mod_load ${T}00
	expect_secret
}

case_a_module_refused_for_a_function_can_be_loaded_again()
{
	relocs ${R}00
	patch_enable ${R}00
	ko_edit ${T}00 s/tgt_fn_00/tgt_xx_00/g
	expect_error "Invalid parameters" mod_load ${T}00
	expect_secret_cleared
	ko_edit ${T}00
	mod_load ${T}00
	expect_secret
	ko_forget
}

# One section has been applied, the next one cannot be.
case_a_module_refused_for_a_relocation_can_be_loaded_again()
{
	local symbol

	for symbol in nr fn; do
		relocs ${R}00
		patch_enable ${R}00
		ko_edit ${T}00 "s/tgt_secret_$symbol/tgt_xxxxxx_$symbol/g"
		expect_error "Invalid parameters" mod_load ${T}00
		expect log_has "'tgt_secret_$symbol'"
		expect_secret_cleared
		ko_edit ${T}00
		mod_load ${T}00
		expect_secret
		patch_remove ${R}00
		mod_unload ${T}00
	done
	ko_forget
}

case_a_module_refused_by_another_patch_is_cleared()
{
	relocs ${R}00
	patch_enable ${R}00
	patch_enable ${P}01 "objs=${T}00:tgt_fn_01" callbacks=1 fail_obj=${T}00 fail_ret=-19 fail_times=1
	expect_error "No such device" mod_load ${T}00
	expect_secret_cleared
	mod_load ${T}00
	expect_secret
}

case_a_module_whose_init_fails_is_cleared()
{
	relocs ${R}00
	patch_enable ${R}00
	expect_error "No such device" mod_load ${T}00 fail_init=-19
	expect_secret_cleared
	mod_load ${T}00
	expect_secret
}

case_a_failed_enabling_can_be_repeated()
{
	mod_load ${T}00
	relocs ${R}00
	expect_error "No such device" mod_load ${R}00 fail_times=1
	expect tgt_value_is 00 0
	patch_enable ${R}00
	expect_secret
}

case_position_1_is_the_only_one()
{
	relocs ${R}00 -s "$CURR=.klp.sym.vmlinux.task_curr,1" -s "$SECRET=${SECRET%0}1"
	patch_enable ${R}00
	mod_load ${T}00
	expect_secret
	expect grep -q "(running)" /proc/cmdline
}

case_names_of_unused_livepatch_symbols_are_free()
{
	relocs ${R}00 -x .klp.tombstone.1 -x whatever -x .klp.sym. -x .klp.sym.vmlinux.klp_test_none,0
	patch_enable ${R}00
	mod_load ${T}00
	expect_secret
	expect grep -q "(running)" /proc/cmdline
}

case_a_kernel_section_may_name_symbols_of_loaded_modules()
{
	mod_load ${T}00
	relocs ${R}00 -o vmlinux
	patch_enable ${R}00
	expect_secret
}

case_a_kernel_section_cannot_name_symbols_of_absent_modules()
{
	bad_vmlinux "absent module" "'tgt_secret_" -o vmlinux
}

case_a_malformed_section_name_is_refused()
{
	bad_vmlinux "no object" "section" -S $TEXT=.klp.rela..text
	bad_vmlinux "nothing" "section" -S $TEXT=.klp.rela.
	bad_vmlinux "no prefix" "section" -S $TEXT=.rela.vmlinux..text
	bad_vmlinux "long object" "section" -S "$TEXT=.klp.rela.$(repeat x 56).text"
}

case_a_malformed_symbol_name_is_refused()
{
	bad_vmlinux "no position" "symbol" -s $CURR=.klp.sym.vmlinux.task_curr
	bad_vmlinux "no number" "symbol" -s $CURR=.klp.sym.vmlinux.task_curr,x
	bad_vmlinux "no object" "symbol" -s $CURR=.klp.sym..task_curr,0
	bad_vmlinux "no symbol" "symbol" -s $CURR=.klp.sym.vmlinux.,0
	bad_vmlinux "object only" "symbol" -s $CURR=.klp.sym.vmlinux,0
	bad_vmlinux "no prefix" "symbol" -s $CURR=task_curr
	bad_vmlinux "long object" "symbol" -s "$CURR=.klp.sym.$(repeat x 56).task_curr,0"
	bad_vmlinux "long symbol" "symbol" -s "$CURR=.klp.sym.vmlinux.$(repeat x 512),0"
}

case_a_malformed_symbol_name_of_a_module_is_refused()
{
	bad_target "no position" -s "$SECRET=${SECRET%,0}"
}

case_a_symbol_that_is_not_marked_is_refused()
{
	bad_vmlinux "not marked" task_curr -u $CURR
	bad_target "not marked" -u "$SECRET"
}

case_an_unknown_symbol_is_refused()
{
	bad_vmlinux "unknown" klp_test_none -s $CURR=.klp.sym.vmlinux.klp_test_none,0
	bad_vmlinux "wrong object" task_curr -s $CURR=.klp.sym.klp_test_absent.task_curr,0
	bad_target "unknown" -s "$SECRET=.klp.sym.${T}00.klp_test_none,0"
}

case_a_position_out_of_range_is_refused()
{
	bad_vmlinux "position" task_curr -s $CURR=.klp.sym.vmlinux.task_curr,2
	bad_target "position" -s "$SECRET=${SECRET%0}2"
}

case_an_ambiguous_symbol_is_refused()
{
	local symbol

	symbol=$(ambiguous_symbol)
	bad_vmlinux "ambiguous" "$symbol" -s "$CURR=.klp.sym.vmlinux.$symbol,0"
	relocs ${R}00 -s "$CURR=.klp.sym.vmlinux.$symbol,2"
	patch_enable ${R}00
}

case_a_kernel_symbol_in_a_section_of_a_module_is_refused()
{
	bad_target "kernel symbol" -o ${T}00
	expect log_has "vmlinux"
}

case_livepatch_sections_without_the_tag_do_no_harm()
{
	relocs ${R}00
	sed -i s/livepatch=Y/livepatcx=Y/g "$KLP_TMP/${R}00.ko"
	expect_error "Invalid" mod_load ${R}00
	expect_not mod_loaded ${R}00
	mod_load ${T}00
	expect_error "Invalid" mod_load ${R}00
	mod_unload ${T}00
	relocs ${R}00
	patch_enable ${R}00
	mod_load ${T}00
	expect_secret
}

# The memory of init code is gone by then: refused at once, or left alone.
case_relocations_in_init_code_do_no_harm()
{
	need_new_core "a relocation into freed memory"
	relocs klp_test_relini_00
	if mod_load klp_test_relini_00; then
		wait_until not_in_transition klp_test_relini_00
		for _ in 1 2 3; do
			mod_load ${T}00
			expect tgt_value_is 00 5000
			mod_unload ${T}00
		done
	else
		expect_not mod_loaded klp_test_relini_00
		expect patch_gone klp_test_relini_00
	fi
	klp_note "$(log_since | grep -c livepatch:) livepatch lines"
}

klp_main "$@"
