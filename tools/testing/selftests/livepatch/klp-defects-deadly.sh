#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Known defects of the stock core that a machine does not survive, or not for long.
# On ours a case passes as any other.  A kernel with the stock core gets a boot for
# each; the case passes there, too, if the kernel goes down saying:
#
# Deadly: a_patch_goes_though_ftrace_still_calls_it	RIP: .*klp_ftrace_handler
# Deadly: replace_by_a_function_without_a_name	BUG: kernel NULL pointer dereference
# Deadly: a_relocation_in_init_code_is_written_too_late	BUG

# So that what was freed does not look as if it was there:
# Boot with: init_on_free=1

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-defects-lib.sh"

# Where the stock core should be down by now.
survived()
{
	core_is_ours || klp_fail "the machine has survived it"
}

# With ftrace dead nothing can be unregistered; the stock core warns, frees what ftrace
# has of it, and goes on.
case_a_patch_goes_though_ftrace_still_calls_it()
{
	local dead=/sys/module/klp_test_dead/parameters/dead

	target_load
	patch_enable klp_test_p_value
	wait_until value_is_settled
	mod_load klp_test_dead
	klp_on_cleanup "write 0 $dead 2> /dev/null"
	write 1 $dead
	if patch_set_enabled klp_test_p_value 0; then
		wait_until patch_gone klp_test_p_value
		mod_unload klp_test_p_value
	else
		expect patch_enabled klp_test_p_value
	fi
	expect_eq "value" 1 "$(target value)"
	survived
}

# On ours, and where ftrace can: the entry jumps, so that ftrace has to help.
value_is_settled()
{
	! grep -qw ftrace_update_jumps /proc/kallsyms ||
		grep -q '^klp_target_value .* J ' "$KLP_TRACING/enabled_functions"
}

case_replace_by_a_function_without_a_name()
{
	mod_load ${T}00
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00"
	expect_error "Invalid parameters" mod_load ${P}01 "objs=${T}00:-" replace=1
	expect tgt_value_is 00 1000
	survived
}

# That memory has been given back when the module comes that the relocation is for, and
# may be somebody else's: then the kernel goes down, or refuses what it finds there.
case_a_relocation_in_init_code_is_written_too_late()
{
	[ -x "$KLP_DIR/klp-relocs" ] || klp_skip "klp-relocs is not built"
	"$KLP_DIR/klp-relocs" "$KLP_MODULES/klp_test_relini_00.ko" "$KLP_TMP/klp_test_relini_00.ko"
	if mod_load klp_test_relini_00; then
		wait_until not_in_transition klp_test_relini_00
		defect "the module that it is for does not load" target_does_not_load
	else
		expect core_is_ours
	fi
	forgive_stock
}

klp_main "$@"
