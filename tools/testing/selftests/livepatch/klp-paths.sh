#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Patching the functions that tasks are born, die, idle and are interrupted in, and
# those that run where RCU does not watch: while all of that goes on.
#
# The new versions (klp_test_path.c) count a call and go on in the original's body:
# by a jump, and by a call, which leaves a frame of the patch on the stack.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"

PATCH=klp_test_path
HITS=/sys/module/$PATCH/parameters/hits
HOLD=/sys/module/klp_test_holder/parameters/hold
CPU1=/sys/devices/system/cpu/cpu1/online
STORMS=()
WANT=20		# calls to see of each function, at least

# Functions of the kernel that ftrace knows, and whose names are unique; looked for once.
patchable()
{
	[ -s "$KLP_TMP/patchable" ] ||
		awk 'NR == FNR { traced[$1]++; next }
		     $2 ~ /[tT]/ && NF == 3 { n[$3]++ }
		     END { for (f in n) if (n[f] == 1 && traced[f] == 1) print f }' \
			"$KLP_TRACING/available_filter_functions" /proc/kallsyms > "$KLP_TMP/patchable"
	grep -qx "$1" "$KLP_TMP/patchable"
}

# paths FUNCTION... [-- FUNCTION...]: $PATHS, all of the former, and those of the latter
# that this kernel has and can patch: compilers make them part of others.
paths()
{
	local f must=y

	PATHS=
	for f; do
		if [ "$f" = -- ]; then
			must=
		elif patchable "$f"; then
			PATHS+=${PATHS:+,}$f
		elif [ $must ]; then
			klp_fail "cannot be patched here: $f"
		else
			klp_note "cannot be patched here: $f"
		fi
	done
}

# Each has been called that often in its new version.
paths_were_called()
{
	awk -v want="$1" '$2 < want { few = 1 } END { exit few || !NR }' "$HITS"
}

wait_for_calls()
{
	poll_until paths_were_called "$WANT" ||
		klp_fail "not all were called $WANT times: $(path_hits)"
}

path_hits()
{
	tr '\n' ',' < "$HITS" | sed 's/,$//; s/,/, /g'
}

hold()
{
	write "$1" "$HOLD"
}

# While a patch comes, is there and goes.  Not while ftrace drops what it had: that
# waits until every task has slept or run in user mode, which takes the longer the more
# there are.
storms_begin()
{
	local s

	PIDS=()
	for s in "${STORMS[@]}"; do
		# shellcheck disable=SC2086 # kind and number
		storm $s
		PIDS+=("$STORM_PID")
	done
}

storms_end()
{
	local pid

	for pid in "${PIDS[@]}"; do
		expect kill -KILL "$pid"
		wait "$pid" 2> /dev/null || :
	done
}

path_load()
{
	local begin

	begin=$(now_us)
	patch_load $PATCH "funcs=$PATHS" "$@"
	ENABLED_AFTER=$begin
}

# Nobody is left behind, and the module can go.
path_unload()
{
	patch_set_enabled $PATCH 0
	wait_until patch_gone $PATCH
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
	storms_end
	mod_unload $PATCH
}

# Some tasks run the new versions, some the old ones; then all go back.
path_reversed()
{
	hold 1
	storms_begin
	path_load hold=1 framed="$1"
	expect in_transition $PATCH
	wait_for_calls
	expect in_transition $PATCH
	klp_note "framed=$1, in transit: $(path_hits)"
	path_unload
	hold 0
}

path_enabled()
{
	storms_begin
	path_load framed="$1"
	wait_until not_in_transition $PATCH
	klp_note "framed=$1, enabled after $((($(now_us) - ENABLED_AFTER) / 1000)) ms"
	expect patch_enabled $PATCH
	wait_for_calls
	klp_note "framed=$1, enabled: $(path_hits)"
	path_unload
}

path_case()
{
	paths "$@"
	mod_load klp_test_holder
	klp_on_cleanup "hold 0"
	path_reversed 0
	path_enabled 1
}

# The body of do_exit() never comes back to its new version.
case_the_end_of_tasks_is_patched_while_tasks_exit()
{
	STORMS=("spawns 1" "forks 2")
	path_case do_exit release_task exit_files exit_task_stack_account put_task_stack \
		  -- exit_notify exit_mm delayed_put_task_struct
}

case_their_begin_is_patched_while_tasks_fork_and_execute()
{
	STORMS=("execs 1" "forks 2")
	path_case copy_process kernel_clone wake_up_new_task sched_fork begin_new_exec
}

# The idle tasks leave do_idle() only to come back, and not often.
case_the_idle_loop_is_patched_while_cpus_idle()
{
	WANT=5
	path_case do_idle schedule_idle flush_smp_call_function_queue arch_cpu_idle_enter \
		  -- tick_nohz_idle_enter tick_nohz_idle_exit nohz_run_idle_balance
}

case_interrupts_are_patched_while_they_come()
{
	STORMS=("forks 1")
	path_case irq_enter_rcu irq_exit_rcu update_process_times sched_tick \
		  -- handle_softirqs run_timer_softirq
}

# What is not called where there is one CPU, and that one has work
with_others()
{
	[ ! -d ${CPU1%/*} ] || echo "$@"
}

# shellcheck disable=SC2046 # names
case_rcu_is_patched_while_it_works()
{
	STORMS=("forks 1")
	path_case rcu_sched_clock_irq call_rcu \
		  -- rcu_core note_gp_changes rcu_gp_init rcu_gp_cleanup rcu_report_qs_rnp \
		  $(with_others force_qs_rnp)
}

cpu_cycle()
{
	while :; do
		echo 0 > $CPU1
		echo 1 > $CPU1
	done 2> /dev/null
}

cpu1_is_online()
{
	file_is $CPU1 1
}

# A CPU that goes has told RCU so before it calls these, and one that comes has not
# told it yet.  Not the very first that it calls, as cr4_init(): until it has its
# interrupt table, a breakpoint, by which ftrace changes code, is its end.
case_functions_that_run_without_rcu_are_patched()
{
	need_cpu1
	need_file $CPU1 "no CPU hotplug"
	WANT=3
	klp_on_cleanup "klp_kill_jobs; echo 1 > $CPU1"
	bg cpu_cycle
	path_case native_play_dead cpuhp_ap_report_dead fpu__init_cpu
	kill "$BG_PID"
	wait "$BG_PID" || :
	echo 1 > $CPU1 || :
	expect cpu1_is_online
}

# Everybody who sleeps does so in schedule(): nobody can leave its old version.
case_a_patch_of_schedule_waits_and_is_reversed()
{
	STORMS=("forks 1")
	paths schedule
	storms_begin
	path_load
	expect in_transition $PATCH
	wait_for_calls
	expect holds_for 1500 in_transition $PATCH
	klp_note "tasks that wait: $(tasks_not_on_side 1 | wc -l); $(path_hits)"
	path_unload
}

# shellcheck disable=SC2046 # names
case_all_of_them_at_once()
{
	WANT=5
	STORMS=("forks 1")
	path_case do_exit release_task copy_process kernel_clone \
		  irq_enter_rcu irq_exit_rcu sched_tick rcu_sched_clock_irq \
		  update_process_times try_to_wake_up \
		  $(with_others do_idle schedule_idle flush_smp_call_function_queue) \
		  -- handle_softirqs rcu_core note_gp_changes
	path_reversed 1
	path_enabled 0
}

klp_requires()
{
	[ "$(uname -m)" = x86_64 ] || klp_skip_all "the new versions are written for x86-64"
	[ -e "$KLP_TRACING/available_filter_functions" ] || klp_skip_all "no tracefs"
	grep -qw register_kprobe /proc/kallsyms || klp_skip_all "the kernel has no kprobes"
}

klp_main "$@"
