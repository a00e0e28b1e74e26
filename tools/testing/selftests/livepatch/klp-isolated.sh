#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tasks on isolated CPUs are left alone until the last stage.
#
# Boot with: isolcpus=1

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-kicker.sh"

K=klp_test_p_kick

# A task that is in a guest on the isolated CPU, in a function to be patched.
guest_on_cpu1()
{
	need_cpu1
	cpu1_is_isolated || klp_skip "no CPU is isolated"
	kick_load
	set_kick signal 0
	set_kick notify 300
	kick_task guest 1
}

case_isolated_cpus_are_not_kicked()
{
	guest_on_cpu1
	count_calls kick_process
	patch_load $K
	wait_until stat_at_least $K elapsed_us 1500000
	expect_eq kicks 0 "$(calls)"
	expect kicked_is asked 0
	expect in_transition $K
}

case_the_last_stage_reaches_isolated_cpus()
{
	guest_on_cpu1
	set_kick signal 1000
	patch_load $K
	holds_before 800 kicked_is asked 0
	wait_until -t 10 not_in_transition $K
	expect_eq asked 1 "$(kicked asked)"
}

klp_main "$@"
