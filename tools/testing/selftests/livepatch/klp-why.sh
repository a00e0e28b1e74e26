#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Why a transition does not end, what it took, and how to hear of its end:
# blockers, stats, tracepoints, poll(2), uevents, and the record of force.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-kicker.sh"

S=klp_test_p_sleep
V=klp_test_p_value

# ---- blockers ---------------------------------------------------------------

case_blockers_are_for_root_only()
{
	local f=$KLP_SYSFS/$S/blockers

	target_load
	target_sleeper sleep 0
	patch_load $S
	expect_eq mode 400 "$(stat -c %a $f)"
	expect_error "Permission denied" chroot --userspec=65534:65534 / cat $f
	chroot --userspec=65534:65534 / cat "$KLP_SYSFS/$S/stats" | grep -q passes
}

case_nobody_blocks_without_a_transition()
{
	target_load
	patch_enable $S
	expect_eq blockers "" "$(cat "$KLP_SYSFS/$S/blockers")"
	target_sleeper sleep 0
	expect_eq blockers "" "$(cat "$KLP_SYSFS/$S/blockers")"
}

case_a_sleeper_in_the_old_function_is_named()
{
	target_load
	target_sleeper sleep 0
	patch_load $S
	wait_until only_blocker $S "$BG_PID"
	expect_eq pid "$BG_PID" "$(blocker $S "$BG_PID" 1)"
	expect_eq comm "$(cat "/proc/$BG_PID/comm")" "$(blocker $S "$BG_PID" 3)"
	expect_eq side unpatched "$(blocker $S "$BG_PID" 4)"
	expect_eq reason "in klp_target_sleep of $S" "$(blocker $S "$BG_PID" 7)"
}

case_a_sleeper_in_the_new_function_is_named()
{
	target_load
	patch_enable $S
	target_kthread sleep 0
	wait_until target_waiters 0 1
	patch_set_enabled $S 0
	wait_until only_blocker $S "$KTHREAD_PID"
	expect_eq pid "$KTHREAD_PID" "$(blocker $S "$KTHREAD_PID" 1)"
	expect_eq comm klp_test_sleep "$(blocker $S "$KTHREAD_PID" 3)"
	expect_eq side patched "$(blocker $S "$KTHREAD_PID" 4)"
	expect_eq reason "in klp_target_sleep of $S" "$(blocker $S "$KTHREAD_PID" 7)"
}

case_a_sleeper_in_a_replaced_patch_is_named()
{
	target_load
	patch_enable $S
	target_sleeper sleep 0
	patch_load klp_test_p_value2 replace=1
	wait_until only_blocker klp_test_p_value2 "$BG_PID"
	expect_eq side unpatched "$(blocker klp_test_p_value2 "$BG_PID" 4)"
	expect_eq reason "in klp_target_sleep of $S" "$(blocker klp_test_p_value2 "$BG_PID" 7)"
	expect_eq "blockers of the replaced patch" "" "$(cat "$KLP_SYSFS/$S/blockers")"
}

case_a_thread_has_the_pid_of_its_process()
{
	target_load
	storm writers 3 "$KLP_TARGET/run" "sleep 0"
	wait_until target_waiters 0 3
	patch_load $S
	wait_until blockers_are $S 3
	expect_eq pids "$STORM_PID" "$(blockers $S | cut -f1 | sort -u)"
	expect_eq tids "$(threads_but_first)" "$(blockers $S | cut -f2 | sort)"
}

blockers_are()
{
	[ "$(blockers "$1" | wc -l)" -eq "$2" ]
}

threads_but_first()
{
	find "/proc/$STORM_PID/task" -mindepth 1 -maxdepth 1 -printf '%f\n' |
		grep -vx "$STORM_PID" | sort
}

case_a_running_task_is_named_with_its_cpu()
{
	local cpu

	free_cpu1
	kick_load
	kick_kthread spin
	patch_load klp_test_p_kick
	wait_until blocker_reason_like klp_test_p_kick "$KTHREAD_PID" 'running cpu[0-9]+'
	cpu=$(sed 's/.*) //' "/proc/$KTHREAD_PID/stat" | cut -d' ' -f37)
	wait_until blocker_reason_like klp_test_p_kick "$KTHREAD_PID" "running cpu$cpu"
	expect in_transition klp_test_p_kick
}

blocker_reason_like()
{
	blocker "$1" "$2" 7 | grep -qxE "$3"
}

case_a_frame_that_cannot_be_unwound_is_named()
{
	grep -qw __start_orc_unwind /proc/kallsyms || klp_skip "the kernel has no ORC tables"
	kick_load
	kick_task unreadable
	wait_until asleep "$BG_PID"
	patch_load klp_test_p_kick
	wait_until only_blocker klp_test_p_kick "$BG_PID"
	expect_eq reason "unreliable at klp_kick_unreadable" \
		"$(blocker klp_test_p_kick "$BG_PID" 7 | sed 's/ \[.*//')"
}

case_nobody_blocks_another_patch()
{
	target_load
	patch_enable $V
	target_sleeper sleep 0
	patch_load $S
	wait_until only_blocker $S "$BG_PID"
	expect_eq "blockers of the other" "" "$(cat "$KLP_SYSFS/$V/blockers")"
}

case_attempts_and_waiting_time_grow()
{
	local tries ms t0

	t0=$(now_us)
	target_load
	target_sleeper sleep 0
	patch_load $S
	wait_until only_blocker $S "$BG_PID"
	tries=$(blocker $S "$BG_PID" 5)
	ms=$(blocker $S "$BG_PID" 6)
	[ "$tries" -ge 1 ] || klp_fail "$tries attempts"
	[ "$ms" -le $((($(now_us) - t0) / 1000)) ] || klp_fail "waiting for $ms ms"
	wait_until blocker_beyond $S "$BG_PID" 5 "$tries"
	wait_until blocker_beyond $S "$BG_PID" 6 $((ms + 500))
	[ "$(blocker $S "$BG_PID" 5)" -le "$(stat_of $S passes)" ] ||
		klp_fail "more attempts than passes"
}

blocker_beyond()
{
	[ "$(blocker "$1" "$2" "$3")" -gt "$4" ]
}

case_lines_vanish_as_tasks_move()
{
	local first

	target_load
	target_sleeper sleep 0
	first=$BG_PID
	target_sleeper sleep 1
	patch_load $S
	wait_until blockers_are $S 2
	target_open 0
	wait_until only_blocker $S "$BG_PID"
	expect_eq "line of the first" "" "$(blocker $S "$first")"
	target_open 1
	wait_until not_in_transition $S
	expect_eq blockers "" "$(cat "$KLP_SYSFS/$S/blockers")"
}

case_nobody_moves_by_being_looked_at()
{
	local tries moved passes

	target_load
	target_sleeper sleep 0
	patch_load $S
	wait_until stat_at_least $S passes 11	# one pass in a second from now on
	passes=$(stat_of $S passes)
	tries=$(blocker $S "$BG_PID" 5)
	moved=$(tasks_moved $S)
	for _ in {1..20}; do
		cat "$KLP_SYSFS/$S/blockers" > "$KLP_TMP/blockers"
	done
	expect side_is "$BG_PID" 0
	passes=$(($(stat_of $S passes) - passes))
	tries=$(($(blocker $S "$BG_PID" 5) - tries))
	[ $tries -le $((passes + 1)) ] || klp_fail "$tries attempts in $passes passes"
	# The reading itself forks.
	moved=$(($(tasks_moved $S) - moved))
	[ "$(stat_of $S stack)" -le "$moved" ] || expect in_transition $S
	expect in_transition $S
}

case_blockers_fit_one_page_and_the_rest_is_counted()
{
	local n=300 text

	target_load
	storm writers $n "$KLP_TARGET/run" "sleep 0"
	wait_until target_waiters 0 $n
	patch_load $S
	wait_until all_but_moved $n
	text=$(blockers $S)
	[ ${#text} -lt 4096 ] || klp_fail "${#text} characters"
	[ ${#text} -gt 3500 ] || klp_fail "only ${#text} characters of a page"
	expect_eq "lines, and more" $n \
		"$(awk '/^\.\.\. / { n += $2 - 1 } END { print NR + n }' <<< "$text")"
}

# Writers are all that is left: main has moved.
all_but_moved()
{
	[ "$(blockers $S | awk '/^\.\.\. / { n += $2 - 1 } END { print NR + n }')" -eq "$1" ]
}

case_odd_names_are_escaped()
{
	target_load
	bg odd_name_job
	wait_until target_waiters 0 1
	patch_load $S
	wait_until only_blocker $S "$BG_PID"
	expect_eq comm 'a\tb c\\d\303\251\n' "$(blocker $S "$BG_PID" 3)"
	expect_eq lines 1 "$(blockers $S | wc -l)"
}

odd_name_job()
{
	local fd

	printf 'a\tb c\\d\303\251\n' > "/proc/$BASHPID/comm"
	exec {fd}<> "$KLP_TARGET/run"
	echo "sleep 0" >&"$fd"
}

# Nobody is listed twice, nobody stays listed who has gone, the blocker is listed.
case_blockers_are_right_while_tasks_come_and_go()
{
	local i line tids

	target_load
	storm forks 2
	storm spawns 2
	target_sleeper sleep 0
	patch_load $S
	wait_until klp_left "$BG_PID"
	for i in {1..30}; do
		read_blockers $S
		tids=' '
		for line in "${BLOCKERS[@]}"; do
			[[ $line =~ $BLOCKER ]] || continue
			[[ $tids != *" ${BASH_REMATCH[2]} "* ]] || klp_fail "twice in round $i: $line"
			tids+="${BASH_REMATCH[2]} "
		done
		[[ $tids = *" $BG_PID "* ]] || klp_fail "round $i: not listed"
	done
	wait_until only_blocker $S "$BG_PID"
	target_open 0
	wait_until not_in_transition $S
}

klp_left()
{
	[ -n "$(blocker "$S" "$1")" ]
}

# ---- stats ------------------------------------------------------------------

case_stats_are_of_the_last_transition()
{
	target_load
	target_sleeper sleep 0
	patch_load $S
	wait_until stat_at_least $S passes 8
	target_open 0
	wait_until not_in_transition $S
	stat_at_least $S passes 8 || klp_fail "forgotten when the transition was over"

	target_close
	target_sleeper sleep 0
	patch_set_enabled $S 0
	[ "$(stat_of $S passes)" -lt 8 ] || klp_fail "passes of the one before"
	[ "$(stat_of $S elapsed_us)" -lt 1000000 ] || klp_fail "time of the one before"
}

case_time_stands_when_it_is_over()
{
	local t0 us

	t0=$(now_us)
	target_load
	target_sleeper sleep 0
	patch_load $S
	us=$(stat_of $S elapsed_us)
	wait_until stat_at_least $S elapsed_us $((us + 300000))
	target_open 0
	wait_until not_in_transition $S
	us=$(stat_of $S elapsed_us)
	[ "$us" -gt 300000 ] && [ "$us" -lt $(($(now_us) - t0)) ] || klp_fail "$us us"
	expect holds_for 50 test "$us" = "$(stat_of $S elapsed_us)"
	expect_eq elapsed_us "$us" "$(stat_of $S elapsed_us)"
}

case_the_worst_hold_of_the_mutex_is_told()
{
	local us

	target_load
	patch_enable $V
	us=$(stat_of $V hold_us)
	klp_note "worst hold: $us us of $(stat_of $V elapsed_us)"
	[ "$us" -gt 0 ] && [ "$us" -lt 5000000 ] || klp_fail "$us us"
}

case_sleepers_are_moved_by_their_stack()
{
	target_load
	storm threads 40
	patch_enable $V
	stat_at_least $V stack 40 || klp_fail "stack $(stat_of $V stack)"
	expect_eq forced 0 "$(stat_of $V forced)"
}

# enabled_with WAY MINIMUM: in one of several attempts, since there are several ways.
enabled_with()
{
	local p=$3

	for _ in {1..10}; do
		patch_enable "$p"
		! stat_at_least "$p" "$1" "$2" || return 0
		patch_remove "$p"
	done
	return 1
}

case_busy_user_tasks_are_moved_at_kernel_exit()
{
	need_cpu1
	target_load
	bg klp_burn
	bg klp_burn
	enabled_with kernel_exit 1 $V || klp_fail "nobody"
}

klp_burn()
{
	while :; do :; done
}

case_idle_cpus_are_moved_in_their_loop()
{
	target_load
	free_cpu1
	enabled_with idle 1 $V || klp_fail "nobody"
}

case_children_count_as_moved_by_fork()
{
	target_load
	target_sleeper sleep 0
	patch_load $S
	wait_until only_blocker $S "$BG_PID"
	storm forks 1
	wait_until stat_at_least $S fork 20
}

case_busy_kthreads_are_moved_in_cond_resched()
{
	[[ " $(uname -v) " != *" PREEMPT "* ]] || klp_skip "cond_resched() does nothing here"
	target_load
	free_cpu1
	target_kthread spin 0
	taskset -p -c 1 "$KTHREAD_PID" > "$KLP_TMP/taskset"
	wait_until target_waiters 0 1
	enabled_with resched 1 $V || klp_fail "nobody"
}

case_ending_tasks_are_moved_at_their_exit()
{
	free_cpu1
	kick_load
	for _ in {1..10}; do
		kick_kthread leave
		patch_enable klp_test_p_kick
		! stat_at_least klp_test_p_kick exit 1 || return 0
		patch_remove klp_test_p_kick
	done
	klp_fail "nobody"
}

case_forced_tasks_are_counted()
{
	target_load
	target_sleeper sleep 0
	patch_load $S
	wait_until only_blocker $S "$BG_PID"
	write 1 "$KLP_SYSFS/$S/force"
	wait_until not_in_transition $S
	expect_eq forced 1 "$(stat_of $S forced)"
}

# ---- tracepoints ------------------------------------------------------------

case_tracepoints_tell_the_phases()
{
	target_load
	trace_events klp_phase
	patch_enable $V
	expect_eq enabling "$(phases patched idle prepared forked moving merged idle)" "$(traced klp_phase)"
	echo > "$KLP_TRACING/trace"
	patch_set_enabled $V 0
	wait_until patch_gone $V
	expect_eq disabling "$(phases unpatched idle prepared forked moving merged idle)" "$(traced klp_phase)"
}

# phases GOAL FROM TO...: the lines that these steps give.
phases()
{
	local goal=$1

	while [ $# -gt 2 ]; do
		echo "patch=$V from=$2 to=$3 goal=$goal"
		shift
	done
}

case_tracepoints_tell_of_a_reversal()
{
	target_load
	target_sleeper sleep 0
	trace_events klp_phase
	patch_load $S
	patch_set_enabled $S 0
	wait_until patch_gone $S
	expect_eq reversal "patch=$S from=moving to=reversing goal=patched
patch=$S from=reversing to=moving goal=unpatched" "$(traced klp_phase | grep reversing)"
}

case_tracepoints_tell_who_moved_and_who_did_not()
{
	local pid

	target_load
	target_sleeper caller 1
	pid=$BG_PID
	target_sleeper sleep 0
	trace_events klp_task_moved klp_task_refused
	patch_load $S
	wait_until only_blocker $S "$BG_PID"
	traced klp_task_moved > "$KLP_TMP/moved"
	traced klp_task_refused > "$KLP_TMP/refused"
	grep -qx "pid=$pid comm=$(cat /proc/$pid/comm) side=patched way=stack" "$KLP_TMP/moved" ||
		klp_fail "not told that $pid has moved"
	grep -qx "pid=$BG_PID comm=.* side=unpatched attempts=1 reason=in klp_target_sleep of $S" "$KLP_TMP/refused" ||
		klp_fail "not told that $BG_PID was refused"
	expect_not grep -q "pid=$BG_PID " "$KLP_TMP/moved"
	target_open 0
	wait_until not_in_transition $S
	traced klp_task_moved | grep -q "pid=$BG_PID .*side=patched way=" ||
		klp_fail "not told that $BG_PID has moved"
}

case_tracepoints_tell_of_sites_and_modules()
{
	trace_events klp_set_registered klp_set_dropped klp_module_coming klp_module_going
	patch_enable $V
	target_load
	rmmod klp_test_target
	patch_set_enabled $V 0
	wait_until patch_gone $V
	expect_eq coming "module=klp_test_target patch=$V error=0" "$(traced klp_module_coming)"
	expect_eq going "module=klp_test_target patch=$V error=0" "$(traced klp_module_going)"
	expect_eq registered "object=klp_test_target sites=1" "$(traced klp_set_registered)"
	wait_until set_dropped
}

set_dropped()
{
	[ "$(traced klp_set_dropped)" = "object=klp_test_target sites=1" ]
}

case_a_bpf_program_sees_a_tracepoint()
{
	local n=0

	[ -e /sys/kernel/btf/vmlinux ] || klp_skip "the kernel has no BTF type information"
	[ -x "$KLP_DIR/klp-bpf-attach" ] || klp_skip "klp-bpf-attach was not built: libbpf is missing"
	mkfifo "$KLP_TMP/bpf.in" "$KLP_TMP/bpf.out"
	exec {BPF_IN}<> "$KLP_TMP/bpf.in" {BPF_OUT}<> "$KLP_TMP/bpf.out"
	bg bpf_job raw_tp klp_task_moved
	read -r -t 30 n <&"$BPF_OUT"
	expect_eq "attaching" attached "$n"
	target_load
	patch_enable $V
	echo >&"$BPF_IN"
	read -r -t 30 n <&"$BPF_OUT"
	expect_eq "runs" "$(tasks_moved $V)" "$n"
}

bpf_job()
{
	exec "$KLP_DIR/klp-bpf-attach" "$@" < "$KLP_TMP/bpf.in" > "$KLP_TMP/bpf.out" 2>&1
}

# ---- poll(2) ----------------------------------------------------------------

# watch NAME FILE: what it reads goes to $KLP_TMP/NAME, line by line.
watch()
{
	rm -f "$KLP_TMP/$1"		# another case may have left one
	bg watch_job "$@"
	wait_until test -s "$KLP_TMP/$1"
}

watch_job()
{
	exec "$KLP_DIR/klp-watch" file "$2" > "$KLP_TMP/$1"
}

# said NAME N LINE: the Nth line and no more.
said()
{
	[ "$(wc -l < "$KLP_TMP/$1")" -eq "$2" ] && [ "$(tail -n 1 "$KLP_TMP/$1")" = "$3" ]
}

case_poll_wakes_at_begin_reversal_and_end()
{
	target_load
	patch_enable $S
	target_sleeper sleep 0
	watch transition "$KLP_SYSFS/$S/transition"
	watch enabled "$KLP_SYSFS/$S/enabled"
	expect said transition 1 0
	expect said enabled 1 1

	patch_set_enabled $S 0
	wait_until -t 10 said transition 2 1
	wait_until -t 10 said enabled 2 0
	patch_set_enabled $S 1
	wait_until -t 10 last_said enabled 1
	wait_until not_in_transition $S
	wait_until -t 10 last_said transition 0
	wait_until -t 10 last_said enabled 1

	patch_set_enabled $S 0
	wait_until -t 10 last_said transition 1
	target_open 0
	wait_until patch_gone $S
	wait_until -t 10 last_said_or_gone transition 0
	expect_not grep -q without "$KLP_TMP/transition" "$KLP_TMP/enabled"
}

last_said()
{
	[ "$(tail -n 1 "$KLP_TMP/$1")" = "$2" ]
}

last_said_or_gone()
{
	last_said "$1" "$2" || last_said "$1" gone
}

case_poll_wakes_when_forced()
{
	target_load
	target_sleeper sleep 0
	patch_load $S
	watch transition "$KLP_SYSFS/$S/transition"
	expect said transition 1 1
	write 1 "$KLP_SYSFS/$S/force"
	wait_until -t 10 last_said transition 0
}

case_poll_wakes_when_replaced()
{
	target_load
	patch_enable $S
	watch enabled "$KLP_SYSFS/$S/enabled"
	patch_enable klp_test_p_value2 replace=1
	wait_until -t 10 last_said_or_gone enabled 0
}

case_no_wake_up_is_lost()
{
	local fd

	target_load
	for _ in {1..15}; do
		patch_load $V
		expect "$KLP_DIR/klp-watch" until "$KLP_SYSFS/$V/transition" 0
		exec {fd}< "$KLP_SYSFS/$V/enabled"	# it may be gone soon
		bg "$KLP_DIR/klp-watch" until "$fd" 0
		exec {fd}<&-
		patch_set_enabled $V 0
		wait "$BG_PID" || klp_fail "the end was not told"
		wait_until patch_gone $V
		mod_unload $V
	done
}

# ---- uevents ----------------------------------------------------------------

# The events of one patch, as "TRANSITION ENABLED", in their order.
expect_events()
{
	local p=$1

	shift
	poll_until -t 10 events_are "$p" "$(printf '%s\n' "$@")" ||
		klp_fail "$(cat "$KLP_TMP/uevents")"
}

events_are()
{
	[ "$(sort -n "$KLP_TMP/uevents" | sed -n "s|^[0-9]* change /kernel/livepatch/$1 livepatch $1 ||p")" = "$2" ]
}

all_events()
{
	target_load
	patch_enable $V
	expect_events $V "complete 1"
	patch_set_enabled $V 0
	expect_events $V "complete 1" "complete 0"

	target_sleeper sleep 0
	patch_load $S
	patch_set_enabled $S 0
	wait_until patch_gone $S
	mod_unload $S
	expect_events $S "reversed 0" "complete 0"
	patch_load $S
	write 1 "$KLP_SYSFS/$S/force"
	expect_events $S "reversed 0" "complete 0" "forced 1" "complete 1"
}

case_uevents_reach_the_helper()
{
	local helper=$KLP_TMP/helper

	need_file /sys/kernel/uevent_helper "no CONFIG_UEVENT_HELPER"
	: > "$KLP_TMP/uevents"
	cat > "$helper" <<-END
	#!/bin/bash
	echo "\$SEQNUM \$ACTION \$DEVPATH \$SUBSYSTEM \$PATCH \$TRANSITION \$ENABLED" >> "$KLP_TMP/uevents"
	END
	chmod +x "$helper"
	klp_on_cleanup "echo > /sys/kernel/uevent_helper"
	echo "$helper" > /sys/kernel/uevent_helper
	all_events
}

case_uevents_reach_netlink()
{
	bg uevents_job
	wait_until uevents_ready
	all_events
}

uevents_job()
{
	"$KLP_DIR/klp-watch" uevents 2>&1 |
		sed -uE 's/^(.*) ACTION=(\S+) DEVPATH=(\S+) SUBSYSTEM=(\S+) PATCH=(\S+) TRANSITION=(\S+) ENABLED=(\S+) SEQNUM=(\S+) ?$/\8 \2 \3 \4 \5 \6 \7/' > "$KLP_TMP/uevents"
}

uevents_ready()
{
	! grep -q netlink: "$KLP_TMP/uevents" 2> /dev/null ||
		klp_skip "the kernel has no netlink"
	grep -qs ready "$KLP_TMP/uevents"
}

# ---- forced -----------------------------------------------------------------

case_force_leaves_a_record()
{
	local file=$LIVEPATCH_PARAMS/forced before

	expect_eq mode 444 "$(stat -c %a "$file")"
	expect_error "Permission denied" write x "$file"
	before=$(cat "$file")
	expect_not grep -q "klp_test_p_deep" "$file"
	target_load
	for _ in 1 2; do
		target_sleeper deep 0
		patch_load klp_test_p_deep
		write 1 "$KLP_SYSFS/klp_test_p_deep/force"
		wait_until not_in_transition klp_test_p_deep
		target_open 0
		patch_remove klp_test_p_deep
		target_close
		expect_eq forced "${before:+$before,}klp_test_p_deep" "$(cat "$file")"
	done
	patch_enable $V
	expect_not grep -q $V "$file"
}

klp_main "$@"
