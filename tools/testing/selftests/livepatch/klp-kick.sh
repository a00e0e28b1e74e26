#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is done about tasks that stay behind, and from when on: kick_ms, notify_ms
# and signal_ms.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-kicker.sh"

K=klp_test_p_kick
SAID="livepatch: signaling remaining tasks"

was_not_called()
{
	! was_called
}

nobody_was_asked()
{
	kicked_is asked 0 && ! log_has "$SAID"
}

# The patch is loaded, and has waited for MILLISECONDS.
wait_ms()
{
	wait_until stat_at_least "$1" elapsed_us $(($2 * 1000))
}

need_common_cpu1()
{
	! cpu1_is_isolated || klp_skip "CPU 1 is isolated"
}

# ---- Interrupting running tasks ---------------------------------------------

case_delays_are_as_documented()
{
	expect_eq kick_ms 1 "$(cat $LIVEPATCH_PARAMS/kick_ms)"
	expect_eq notify_ms 1000 "$(cat $LIVEPATCH_PARAMS/notify_ms)"
	expect_eq signal_ms 15000 "$(cat $LIVEPATCH_PARAMS/signal_ms)"
	for f in kick notify signal; do
		expect_eq "mode of ${f}_ms" 644 "$(stat -c %a $LIVEPATCH_PARAMS/${f}_ms)"
		expect_error "Invalid argument" write -1 $LIVEPATCH_PARAMS/${f}_ms
		expect_error "Invalid argument" write soon $LIVEPATCH_PARAMS/${f}_ms
	done
}

case_a_task_that_never_leaves_user_mode_moves()
{
	target_load
	free_cpu1
	bg on_cpu 1 klp_burn
	set_kick notify 0
	set_kick signal 0
	patch_load klp_test_p_value
	wait_until -t 10 not_in_transition klp_test_p_value
}

klp_burn()
{
	while :; do :; done
}

# It is in the patched function, in the kernel, so that it does not just move.
case_running_tasks_are_kicked_after_kick_ms()
{
	need_common_cpu1
	free_cpu1
	kick_load
	set_kick kick 600
	set_kick notify 0
	count_calls kick_process
	kick_task spin 1
	patch_load $K
	holds_before 400 was_not_called
	wait_until -t 10 was_called
	expect kicked_is asked 0
	echo 1 > $KICK_PARAMS/stop
	wait_until not_in_transition $K
}

case_nobody_is_kicked_with_kick_ms_0()
{
	free_cpu1
	kick_load
	set_kick kick 0
	set_kick notify 0
	count_calls kick_process
	kick_task spin 1
	patch_load $K
	wait_ms $K 1500
	expect_eq kicks 0 "$(calls)"
	expect in_transition $K
	expect kicked_is asked 0
}

# ---- Asking those out who do not come by themselves -------------------------

case_a_sleeper_is_asked_after_notify_ms()
{
	kick_load
	set_kick notify 1000
	kick_task nap
	wait_until asleep "$BG_PID"
	patch_load $K
	holds_before 800 kicked_is asked 0
	wait_until -t 10 not_in_transition $K
	expect_eq asked 1 "$(kicked asked)"
	# The system call was restarted, and ran the new code.
	wait_until file_is /sys/module/$K/parameters/ran 1
	wait "$BG_PID" || klp_fail "the task saw status $?"
	expect_no_log "$SAID"
}

case_a_sleeper_is_asked_only_once()
{
	kick_load
	set_kick notify 100
	set_kick signal 0
	kick_task deaf
	wait_until asleep "$BG_PID"
	patch_load $K
	wait_until kicked_is asked 1
	wait_ms $K 3500
	expect_eq asked 1 "$(kicked asked)"
	expect in_transition $K
	# A reversal is another matter, and so is the next transition.
	patch_set_enabled $K 0
	wait_until patch_gone $K
	mod_unload $K
	patch_load $K
	wait_until kicked_is asked 2
}

case_nobody_is_asked_with_notify_ms_0()
{
	kick_load
	set_kick notify 0
	set_kick signal 2500
	kick_task nap
	wait_until asleep "$BG_PID"
	patch_load $K
	holds_before 2400 nobody_was_asked
	wait_until -t 10 not_in_transition $K
	expect_eq asked 1 "$(kicked asked)"
	expect_log "$SAID"
}

case_a_sleeper_elsewhere_is_left_alone()
{
	kick_load
	target_load
	set_kick notify 100
	target_sleeper sleep 0
	kick_task nap
	wait_until asleep "$BG_PID"
	patch_load klp_test_p_sleep
	wait_ms klp_test_p_sleep 1500
	expect_eq asked 0 "$(kicked asked)"
	expect in_transition klp_test_p_sleep
}

stays()
{
	while in_transition "$1"; do
		! stat_at_least "$1" elapsed_us $(($2 * 1000)) || return 0
	done
	return 1
}

# busy_task_stays OPERATION MS: it is at that on CPU 1, and $K waits for it so long.  A
# busy task moves if something else has its CPU just when a pass comes: once more, then.
busy_task_stays()
{
	while :; do
		kick_task "$1" 1
		patch_load $K
		! stays $K "$2" || return 0
		echo 1 > $KICK_PARAMS/stop
		patch_remove $K
		echo 0 > $KICK_PARAMS/stop
	done
}

# As KVM_RUN: busy with PF_VCPU set, until a signal is pending.
case_a_task_in_a_guest_is_asked_out_after_notify_ms()
{
	local entered

	need_common_cpu1
	free_cpu1
	kick_load
	set_kick notify 2000
	busy_task_stays guest 800
	entered=$(kicked entered)
	expect kicked_is asked 0	# nor before that was read
	wait_until -t 10 not_in_transition $K
	expect_eq asked 1 "$(kicked asked)"
	# Restarted, and in the guest again.
	wait_until kicked_is entered $((entered + 1))
	expect kill -0 "$BG_PID"
	expect_no_log "$SAID"
}

# The same without PF_VCPU: it will leave the kernel when it is done.
case_a_busy_task_that_is_in_no_guest_is_not_asked()
{
	free_cpu1
	kick_load
	set_kick notify 100
	set_kick signal 0
	busy_task_stays host 1500
	expect_eq asked 0 "$(kicked asked)"
}

case_kthreads_are_not_disturbed_before_signal_ms()
{
	kick_load
	set_kick notify 100
	set_kick signal 2500
	kick_kthread nap
	wait_until asleep "$KTHREAD_PID"
	patch_load $K
	while ! stat_at_least $K elapsed_us 2200000; do
		expect kicked_is woken 0
	done
	wait_until -t 10 kicked_is woken 1
	expect_log "$SAID"
	expect in_transition $K
	expect kicked_is asked 0
}

# ---- Signaling everybody ----------------------------------------------------

case_everybody_is_signaled_after_signal_ms_and_again()
{
	kick_load
	set_kick notify 0
	set_kick signal 1500
	kick_task deaf
	wait_until asleep "$BG_PID"
	patch_load $K
	wait_ms $K 1200
	expect kicked_is asked 0
	wait_until -t 10 kicked_is asked 1
	expect_log "$SAID"
	wait_until -t 10 kicked_is asked 2
	expect_eq "lines in the log" 1 "$(log_since | grep -cF "$SAID")"
}

case_nobody_is_signaled_with_signal_ms_0()
{
	kick_load
	set_kick notify 0
	set_kick signal 0
	kick_task nap
	wait_until asleep "$BG_PID"
	patch_load $K
	wait_ms $K 2500
	expect kicked_is asked 0
	expect_no_log "$SAID"
	expect in_transition $K
}

klp_main "$@"
