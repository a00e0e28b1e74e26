#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What patch modules ask about themselves while they are loaded.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

section_module()
{
	grep -qw klp_find_section_by_name /proc/kallsyms ||
		klp_skip "this core has no klp_find_section_by_name"
	patch_enable klp_test_section
}

case_a_section_is_found_by_its_name()
{
	section_module
	expect log_has "section .rodata.klp_test_marks: mine, size $((3 * $(getconf LONG_BIT) / 8)), first 17"
}

case_a_section_that_is_not_there_is_null_and_empty()
{
	section_module
	expect log_has "section .rodata.klp_test_none: none, size 0, first 0"
}

case_a_section_is_found_until_the_module_goes()
{
	section_module
	log_mark
	patch_remove klp_test_section
	expect log_has "section .rodata.klp_test_marks: mine"
}

klp_main "$@"
