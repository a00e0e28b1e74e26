#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The program klp on a kernel: what an admin does with it, and what it says.
#
# The program lies beside this script, or $KLP_TOOL says where.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-target.sh"

KLP_TOOL=${KLP_TOOL:-$KLP_DIR/klp}
STORE=/var/lib/livepatch
V=klp_test_p_value
S=klp_test_p_sleep
TOLD=klp_test_p_told

klp_requires()
{
	[ -x "$KLP_TOOL" ] || klp_skip_all "klp was not built"
}

# tool STATUS ARGUMENT...: it must end with that status; what it said is in $OUT, $ERR.
tool()
{
	local want=$1 got=0

	shift
	"$KLP_TOOL" "$@" > "$KLP_TMP/out" 2> "$KLP_TMP/err" < /dev/null || got=$?
	OUT=$(cat "$KLP_TMP/out")
	ERR=$(cat "$KLP_TMP/err")
	[ "$got" -eq "$want" ] || klp_fail "klp $*: want status $want, got $got: $OUT $ERR"
}

expect_has()
{
	case $2 in
	*"$1"*) ;;
	*) klp_fail "want '$1' in: $2" ;;
	esac
}

core_tells()
{
	[ -e /sys/module/livepatch/parameters/preflight ]
}

module_is()
{
	echo "$KLP_MODULES/$1.ko"
}

# Tasks sleep in the function that $S replaces.
sleeper()
{
	target_load
	target_sleeper sleep 0
	SLEEPER=$BG_PID
}

tool_job()
{
	exec "$KLP_TOOL" "$@" > "$KLP_TMP/job.out" 2> "$KLP_TMP/job.err" < /dev/null
}

# ---- load, unload, enable, disable ----------------------------------------------

case_load_waits_until_all_tasks_run_it()
{
	target_load
	tool 0 load "$(module_is $V)"
	expect patch_enabled $V
	expect not_in_transition $V
	expect all_on_side -1
	expect_eq value 1 "$(target value)"
	tool 0 load "$(module_is $V)"
	expect_has "enabled already" "$OUT"
}

case_unload_removes_the_module()
{
	target_load
	tool 0 load "$(module_is $V)"
	tool 0 unload $V
	expect patch_gone $V
	expect_not mod_loaded $V
	expect_eq value 0 "$(target value)"
	tool 1 unload $V
}

case_a_disabled_patch_is_enabled_again()
{
	klp_on_cleanup "rm -rf $STORE"
	target_load
	tool 0 load "$(module_is $V)"
	tool 0 disable $V
	expect patch_gone $V
	expect mod_loaded $V
	tool 0 enable $V
	expect_eq value 1 "$(target value)"
}

case_parameters_reach_the_module()
{
	tool 0 load "$(module_is ${P}00)" objs=$CMDLINE value=77
	expect cmdline_is "${P}00 77"
	tool 0 unload ${P}00
}

case_load_ends_when_the_last_task_has_moved()
{
	local start

	sleeper
	bg tool_job load "$(module_is $S)" --json
	wait_until in_transition $S
	start=$(now_us)
	target_open 0
	wait "$BG_PID" || klp_fail "ended with $?: $(cat "$KLP_TMP/job.err")"
	expect_has '"outcome":"ok"' "$(cat "$KLP_TMP/job.out")"
	klp_note "after the sleeper was let go: $((($(now_us) - start) / 1000)) ms"
}

case_a_transition_under_way_is_turned_round()
{
	sleeper
	tool 0 load "$(module_is $S)" -t 1 --on-timeout keep
	expect in_transition $S
	tool 0 disable $S
	expect patch_gone $S
	target_open 0
}

case_disabling_is_turned_round_by_enable()
{
	target_load
	patch_enable $S
	target_sleeper sleep 0
	tool 4 disable $S -t 1 --on-timeout fail
	expect in_transition $S
	tool 0 enable $S
	expect patch_enabled $S
	expect not_in_transition $S
	target_open 0
}

case_another_transition_is_waited_for()
{
	sleeper
	patch_load $S
	tool 4 load "$(module_is klp_test_p_value2)" -t 1
	expect_has "another patch is in transition: $S" "$ERR"
	expect_not mod_loaded klp_test_p_value2
	bg tool_job load "$(module_is klp_test_p_value2)"
	target_open 0
	wait "$BG_PID" || klp_fail "ended with $?: $(cat "$KLP_TMP/job.err")"
	expect patch_enabled klp_test_p_value2
}

# ---- Time limits, signals --------------------------------------------------------

case_time_up_reverts()
{
	sleeper
	tool 4 load "$(module_is $S)" --timeout 1
	expect_has "turned round" "$ERR"
	expect_has "$SLEEPER" "$ERR"
	expect patch_gone $S
	expect_not mod_loaded $S
}

case_time_up_of_disabling_enables_again()
{
	target_load
	patch_enable $S
	target_sleeper sleep 0
	tool 4 disable $S --timeout 1 --json
	expect_has '"outcome":"reverted","state":"enabled"' "$OUT"
	expect patch_enabled $S
	expect not_in_transition $S
}

case_an_interrupt_reverts()
{
	sleeper
	bg tool_job load "$(module_is $S)"
	wait_until in_transition $S
	tick
	kill -TERM "$BG_PID"
	wait "$BG_PID" || expect_eq status 143 $?
	expect patch_gone $S
	expect_has "turned round" "$(cat "$KLP_TMP/job.err")"
}

case_progress_is_shown_on_a_terminal()
{
	sleeper
	command -v script > /dev/null || klp_skip "no script(1)"
	SHELL=$(command -v bash) script -qec "stty cols 200; $KLP_TOOL load $(module_is $S) -t 2" "$KLP_TMP/typed" > "$KLP_TMP/screen" < /dev/null || :
	expect grep -qE "enabling $S \[#*\.*\] [0-9]+/[0-9]+ tasks, .*\[$SLEEPER\] in klp_target_sleep" "$KLP_TMP/screen"
}

# ---- Refusals -----------------------------------------------------------------------

case_the_kernels_reason_is_told()
{
	tool 3 load "$(module_is ${P}00)" objs=vmlinux:klp_no_such_function
	expect_has "Invalid argument" "$ERR"
	expect_has "klp_no_such_function" "$ERR"
	expect_not mod_loaded ${P}00
}

case_a_conflict_is_not_tried_for_ever()
{
	klp_on_cleanup "echo 1 > /proc/sys/kernel/ftrace_enabled"
	write 0 /proc/sys/kernel/ftrace_enabled
	tool 1 load "$(module_is ${P}00)" objs=$CMDLINE
	expect_has "busy" "$ERR"
}

case_modules_that_are_no_livepatches_are_left_alone()
{
	target_load
	tool 1 unload klp_test_target
	expect mod_loaded klp_test_target
	tool 3 load "$(module_is klp_test_target)"
}

# ---- Who blocks -----------------------------------------------------------------------

case_the_sleeper_is_named()
{
	sleeper
	tool 0 load "$(module_is $S)" -t 1 --on-timeout keep
	tool 0 blockers
	expect_has "in klp_target_sleep of $S" "$OUT"
	tool 0 blockers --json
	expect_has "\"tid\":$SLEEPER," "$OUT"
	expect_has '"side":"unpatched"' "$OUT"
	core_tells || expect_has '"source":"proc"' "$OUT"
	tool 0 blockers --stack
	expect_has "klp_target_sleep+0x" "$OUT"
	wait_until one_task_left
	expect_has "\"transition\":\"$S\"" "$OUT"
	tool 0 status
	expect_has "klp_target_sleep" "$OUT"
	target_open 0
}

one_task_left()
{
	tool 0 status --json
	case $OUT in
	*'"tasks_left":1,'*) ;;
	*) return 1 ;;
	esac
}

case_force_moves_them()
{
	sleeper
	tool 1 force
	tool 0 load "$(module_is $S)" -t 1 --on-timeout keep
	tool 2 force
	expect in_transition $S
	tool 0 force --yes
	expect not_in_transition $S
	expect patch_enabled $S
	tool 0 history -n 1
	expect_has "force" "$OUT"
	klp_on_cleanup "rm -rf $STORE"
	target_open 0
}

case_status_and_metrics_agree_with_sysfs()
{
	target_load
	patch_enable $V
	tool 0 status --json
	expect_has "\"name\":\"$V\",\"state\":\"enabled\"" "$OUT"
	expect_has '"functions":[{"name":"klp_target_value","position":1}]' "$OUT"
	tool 0 status --prometheus
	expect_has "livepatch_enabled{patch=\"$V\"} 1" "$OUT"
	if core_tells; then
		expect_has "stat=\"elapsed_seconds\"" "$OUT"
	fi
	tool 0 list
	expect_has "$V" "$OUT"
	patch_set_enabled $V 0
	wait_until patch_gone $V
	tool 0 list --json
	expect_has "\"name\":\"$V\",\"state\":\"disabled\"" "$OUT"
}

case_watching_sees_a_transition_end()
{
	sleeper
	bg tool_job status --watch --json
	wait_until test -s "$KLP_TMP/job.out"
	patch_load $S
	wait_until grep -q "\"transition\":\"$S\"" "$KLP_TMP/job.out"
	target_open 0
	wait_until grep -q '"state":"enabled"' "$KLP_TMP/job.out"
	kill -INT "$BG_PID" 2> /dev/null || :
	kill -TERM "$BG_PID" 2> /dev/null || :
	wait "$BG_PID" || klp_fail "ended with $?"
}

# ---- check -------------------------------------------------------------------------------

case_check_changes_nothing()
{
	local before

	target_load
	before=$(redirected)
	tool 0 check "$(module_is $V)"
	expect_has "can be loaded" "$OUT"
	expect_not mod_loaded $V
	expect_eq "redirected functions" "$before" "$(redirected)"
	tool 0 load "$(module_is $V)"
	tool 3 check "$(module_is $V)"
	expect_has "is loaded" "$OUT"
}

case_check_tells_what_would_be_refused()
{
	core_tells || klp_skip "this core has no rehearsal"
	tool 3 check "$(module_is ${P}00)" "objs=vmlinux:klp_no_such_function;klp_not_there:f"
	expect_has "klp_no_such_function" "$OUT"
	expect_has "klp_not_there" "$OUT"
	tool 0 check "$(module_is ${P}00)" objs=$CMDLINE --json
	expect_has '"method":"preflight","result":"ok"' "$OUT"
	expect_has '"functions_ready":1' "$OUT"
}

# The same on any core, for a patch that tells what it replaces.
case_check_tells_of_a_patch_that_tells_of_itself()
{
	tool 3 check "$(module_is $TOLD)"
	expect_has "needs module klp_test_target" "$OUT"
	sleeper
	tool 0 check "$(module_is $TOLD)" --json
	expect_has "\"tid\":$SLEEPER," "$OUT"
	expect_has '"functions_ready":1,"functions_later":0' "$OUT"
	klp_on_cleanup ko_forget
	ko_edit $TOLD s/klp_target_sleep/klp_target_slxxp/g
	tool 3 check "$(ko $TOLD)"
	expect_has "klp_test_target: klp_target_slxxp: " "$OUT"
	target_open 0
}

case_check_names_who_redirects()
{
	target_load
	mod_load klp_test_ipmodify func=klp_target_sleep
	tool 3 check "$(module_is $TOLD)"
	expect_has "klp_test_ipmodify" "$OUT"
}

case_info_tells_what_a_patch_is_for()
{
	tool 0 info "$(module_is $TOLD)" --json
	expect_has '"cves":["CVE-0000-0001","CVE-0000-0002"]' "$OUT"
	expect_has '"name":"klp_test_target","patched":false,"functions":[{"name":"klp_target_sleep"' "$OUT"
	tool 0 info "$(module_is $V)"
	expect_has "state:       absent" "$OUT"
}

# ---- install, boot --------------------------------------------------------------------------

case_what_is_installed_is_loaded_at_boot()
{
	klp_on_cleanup "rm -rf $STORE"
	target_load
	tool 0 install "$(module_is $V)" "$(module_is $S)"
	tool 0 boot
	expect patch_enabled $V
	expect patch_enabled $S
	tool 0 unload $V
	tool 0 load $V
	expect patch_enabled $V
	tool 0 uninstall $V $S
	expect patch_enabled $V
}

# As if the machine had gone down, and come up again.
crash()
{
	patch_remove $V
	sed -i 's/"boot": *"[^"]*"/"boot":"another one"/' $STORE/guard.json
}

case_a_patch_that_crashes_the_machine_is_left_out()
{
	klp_on_cleanup "rm -rf $STORE"
	target_load
	tool 0 install "$(module_is $V)"
	tool 0 boot
	crash
	tool 0 boot
	crash
	tool 3 boot
	expect_has "the machine went down" "$ERR"
	expect patch_gone $V
	tool 0 boot --reset
	tool 0 boot --survive 1
	tool 0 boot
	expect patch_enabled $V
}

case_history_tells_what_was_done()
{
	klp_on_cleanup "rm -rf $STORE"
	rm -rf $STORE
	tool 0 load "$(module_is $V)"
	tool 0 unload $V
	tool 3 load "$(module_is ${P}00)" objs=vmlinux:klp_no_such_function
	tool 0 history
	expect_eq history "load ok unload ok load refused:" \
		"$(echo "$OUT" | awk '{ print $2, $4 }' | xargs)"
}

klp_main "$@"
