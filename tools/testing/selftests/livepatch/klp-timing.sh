#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How long things take at most, with room for an emulated machine.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"

# Milliseconds since $1 (from now_us).
ms_since()
{
	echo $((($(now_us) - $1) / 1000))
}

# Times five rounds of one function on and off into $ON and $OFF.
five_rounds()
{
	local t0

	ON=() OFF=()
	for _ in 1 2 3 4 5; do
		t0=$(now_us)
		patch_load klp_test_p_value
		wait_until not_in_transition klp_test_p_value
		ON+=("$(ms_since "$t0")")
		t0=$(now_us)
		patch_set_enabled klp_test_p_value 0
		wait_until patch_gone klp_test_p_value
		OFF+=("$(ms_since "$t0")")
		mod_unload klp_test_p_value
	done
	klp_note "enabling, ms: ${ON[*]}; disabling, ms: ${OFF[*]}"
}

median_at_most()
{
	local limit=$1 what=$2

	shift 2
	[ "$(median "$@")" -le "$limit" ] || klp_fail "$what: median over $limit ms: $*"
}

case_one_function_on_an_idle_machine()
{
	target_load
	five_rounds
	median_at_most 600 enabling "${ON[@]}"
	median_at_most 600 disabling "${OFF[@]}"
}

case_one_function_among_sleeping_threads()
{
	target_load
	storm threads 200
	five_rounds
	median_at_most 600 enabling "${ON[@]}"
	median_at_most 600 disabling "${OFF[@]}"
}

case_one_function_beside_a_busy_cpu()
{
	target_load
	target_kthread spin 0
	wait_until target_waiters 0 1
	five_rounds
	median_at_most 1000 enabling "${ON[@]}"
	median_at_most 1000 disabling "${OFF[@]}"
}

klp_main "$@"
