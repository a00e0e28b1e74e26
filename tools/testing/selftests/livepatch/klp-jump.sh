#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Settled jumps: where everybody runs the same, a function's entry jumps there, and
# calls again whenever somebody else wants to see the call, or a transition begins.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-bpf-lib.sh"

# Replaces value and sleep of klp_test_target, both by 4.
PATCH=klp_test_p_sleep
FUNCTIONS=$KLP_TRACING/enabled_functions

# ---- Looking ------------------------------------------------------------------

# jumps FUNCTION [NEW]: its entry is a jump to that, or to anything.
jumps()
{
	local line lines

	mapfile -t lines < "$FUNCTIONS" || return
	for line in "${lines[@]}"; do
		[[ $line != "$1 "*" J "*${2:+"jump: $2+0x0/"*} ]] || return 0
	done
	return 1
}

jumps_nowhere()
{
	! jumps "$1"
}

# settled [PATCH]: both of its functions jump.
settled()
{
	jumps klp_target_value klp_new_value && jumps klp_target_sleep klp_new_sleep
}

value_jumps()
{
	jumps klp_target_value klp_new_value
}

settled_patch()
{
	target_load
	patch_enable $PATCH
	wait_until settled
	expect_eq "value" 4 "$(target value)"
}

# The patch has settled but for the function that is watched.
value_calls_and_sleep_jumps()
{
	wait_until jumps klp_target_sleep klp_new_sleep
	expect jumps_nowhere klp_target_value
}

# Who watched is gone, or about to go: BPF programs do so in the background.
value_comes_back()
{
	wait_until value_jumps
	expect_eq "value" 4 "$(target value)"
}

# ---- Who watches ----------------------------------------------------------------

# Each of these: start, see (a call that gives a value is seen), stop.

need_tracer()
{
	grep -qw "$1" "$KLP_TRACING/available_tracers" 2> /dev/null ||
		klp_skip "the kernel has no $1 tracer"
}

tracer_start()
{
	need_tracer "$1"
	write 0 "$KLP_TRACING/tracing_on"
	write klp_target_value "$KLP_TRACING/set_ftrace_filter"
	write "$1" "$KLP_TRACING/current_tracer"
	write 1 "$KLP_TRACING/tracing_on"
}

tracer_see()
{
	: > "$KLP_TRACING/trace"
	expect_eq "value" "$1" "$(target value)"
	grep -v '^#' "$KLP_TRACING/trace" | grep -qw klp_target_value ||
		klp_fail "the call was not traced"
}

tracer_stop()
{
	write nop "$KLP_TRACING/current_tracer"
	: > "$KLP_TRACING/set_ftrace_filter"
}

function_start()	{ tracer_start function; }
function_see()		{ tracer_see "$1"; }
function_stop()		{ tracer_stop; }
graph_start()		{ tracer_start function_graph; }
graph_see()		{ tracer_see "$1"; }
graph_stop()		{ tracer_stop; }

module_hits()
{
	cat "/sys/module/$1/parameters/hits"
}

module_see()
{
	local before

	before=$(module_hits "$1")
	expect_eq "value" "$2" "$(target value)"
	[ "$(module_hits "$1")" -gt "$before" ] || klp_fail "the call was not seen"
}

need_kprobes()
{
	grep -qw register_kprobe /proc/kallsyms || klp_skip "the kernel has no kprobes"
}

kprobe_start()
{
	need_kprobes
	mod_load klp_test_kprobe
}

kprobe_see()		{ module_see klp_test_kprobe "$1"; }
kprobe_stop()		{ rmmod klp_test_kprobe; }

kretprobe_start()
{
	need_kprobes
	mod_load klp_test_kprobe ret=1
}

kretprobe_see()		{ module_see klp_test_kprobe "$1"; }
kretprobe_stop()	{ rmmod klp_test_kprobe; }

need_direct()
{
	grep -qw register_ftrace_direct /proc/kallsyms ||
		klp_skip "the kernel has no direct callers"
}

direct_start()
{
	need_direct
	mod_load klp_test_direct share=1
}

direct_see()		{ module_see klp_test_direct "$1"; }
direct_stop()		{ rmmod klp_test_direct; }

bpf_start()
{
	need_bpf
	need_file /sys/kernel/btf/klp_test_target "modules have no type information"
	bpf_attach "$1" klp_target_value klp_test_target
}

bpf_see()
{
	local before

	before=$(bpf_runs)
	expect_eq "value" "$1" "$(target value)"
	[ "$(bpf_runs)" -gt "$before" ] || klp_fail "the program did not run"
}

fentry_start()		{ bpf_start fentry; }
fentry_see()		{ bpf_see "$1"; }
fentry_stop()		{ bpf_detach; }
fexit_start()		{ bpf_start fexit; }
fexit_see()		{ bpf_see "$1"; }
fexit_stop()		{ bpf_detach; }

# ---- Coming and going while the patch is there ----------------------------------

# after WHO: it comes when the function jumps, goes, and comes to stay.
after()
{
	settled_patch
	"$1_start"
	expect jumps_nowhere klp_target_value
	expect jumps klp_target_sleep klp_new_sleep
	"$1_see" 4
	"$1_stop"
	value_comes_back
	"$1_start"
	"$1_see" 4
	patch_remove $PATCH
	"$1_see" 0
	"$1_stop"
	expect_eq "value" 0 "$(target value)"
}

# before WHO: it is there first, goes while patched, and comes again.
before()
{
	target_load
	"$1_start"
	"$1_see" 0
	patch_enable $PATCH
	value_calls_and_sleep_jumps
	"$1_see" 4
	"$1_stop"
	value_comes_back
	"$1_start"
	expect jumps_nowhere klp_target_value
	"$1_see" 4
	"$1_stop"
	value_comes_back
	patch_remove $PATCH
	expect_eq "value" 0 "$(target value)"
}

case_a_settled_function_jumps_to_its_replacement()
{
	settled_patch
	patch_set_enabled $PATCH 0
	wait_until patch_gone $PATCH
	expect jumps_nowhere klp_target_value
	expect_eq "value" 0 "$(target value)"
}

case_function_tracer_comes_after_the_jump()	{ after function; }
case_function_tracer_is_there_before()		{ before function; }
case_graph_tracer_comes_after_the_jump()	{ after graph; }
case_graph_tracer_is_there_before()		{ before graph; }
case_kprobe_comes_after_the_jump()		{ after kprobe; }
case_kprobe_is_there_before()			{ before kprobe; }
case_kretprobe_comes_after_the_jump()		{ after kretprobe; }
case_kretprobe_is_there_before()		{ before kretprobe; }
case_direct_caller_comes_after_the_jump()	{ after direct; }
case_direct_caller_is_there_before()		{ before direct; }
case_bpf_fentry_comes_after_the_jump()		{ after fentry; }
case_bpf_fentry_is_there_before()		{ before fentry; }
case_bpf_fexit_comes_after_the_jump()		{ after fexit; }
case_bpf_fexit_is_there_before()		{ before fexit; }

# Two watchers: the function jumps when the last of them has gone.
case_the_last_of_two_watchers_gives_the_jump_back()
{
	settled_patch
	kprobe_start
	function_start
	kprobe_see 4
	function_see 4
	kprobe_stop
	expect jumps_nowhere klp_target_value
	function_see 4
	function_stop
	value_comes_back
}

# Those who watch every function watch this one too.
case_a_tracer_of_everything_sees_the_call()
{
	need_tracer function
	settled_patch
	write 0 "$KLP_TRACING/tracing_on"
	write function "$KLP_TRACING/current_tracer"
	expect jumps_nowhere klp_target_value
	expect_eq "value" 4 "$(target value)"
	write nop "$KLP_TRACING/current_tracer"
	value_comes_back
}

# ---- Refusals -------------------------------------------------------------------

case_a_jump_keeps_a_second_redirection_out()
{
	need_kprobes
	settled_patch
	expect_error "Device or resource busy" mod_load klp_test_kprobe post=1
	expect_error "Device or resource busy" mod_load klp_test_ipmodify func=klp_target_value
	value_comes_back
}

case_a_jump_keeps_a_direct_caller_out_that_does_not_share()
{
	need_direct
	settled_patch
	expect_error "Device or resource busy" mod_load klp_test_direct
	value_comes_back
}

case_ftrace_cannot_be_turned_off_under_a_jump()
{
	settled_patch
	expect_error "Device or resource busy" write 0 /proc/sys/kernel/ftrace_enabled
	value_comes_back
}

# ---- Transitions ------------------------------------------------------------------

case_a_function_calls_during_a_transition_and_jumps_again()
{
	target_load
	patch_enable klp_test_p_value
	wait_until value_jumps
	target_sleeper sleep 0
	patch_load $PATCH
	expect in_transition $PATCH
	expect jumps_nowhere klp_target_value
	expect jumps_nowhere klp_target_sleep
	expect_eq "what the sleeper calls" 1 "$(target sample 0)"
	expect_eq "what others call" 4 "$(target value)"
	target_open 0
	wait_until not_in_transition $PATCH
	wait_until settled
	expect_eq "value" 4 "$(target value)"
	patch_remove $PATCH
	wait_until value_jumps
	expect_eq "value" 1 "$(target value)"
}

case_a_reversed_transition_settles_where_it_was()
{
	target_load
	patch_enable klp_test_p_value
	wait_until value_jumps
	target_sleeper sleep 0
	patch_load $PATCH
	expect in_transition $PATCH
	patch_set_enabled $PATCH 0
	wait_until patch_gone $PATCH
	wait_until value_jumps
	expect jumps_nowhere klp_target_sleep
	expect_eq "value" 1 "$(target value)"
}

case_a_reversed_disabling_settles_again()
{
	settled_patch
	target_sleeper sleep 0
	patch_set_enabled $PATCH 0
	expect in_transition $PATCH
	expect jumps_nowhere klp_target_value
	expect_eq "what the sleeper calls" 4 "$(target sample 0)"
	expect_eq "what others call" 0 "$(target value)"
	patch_set_enabled $PATCH 1
	wait_until not_in_transition $PATCH
	wait_until settled
	expect_eq "value" 4 "$(target value)"
}

case_other_functions_jump_on_during_a_transition()
{
	patch_enable klp_test_p_cmdline
	wait_until jumps cmdline_proc_show
	target_load
	target_sleeper sleep 0
	patch_load $PATCH
	expect in_transition $PATCH
	expect jumps cmdline_proc_show
	expect_eq "/proc/cmdline" klp_test_p_cmdline "$(cat /proc/cmdline)"
	target_open 0
	wait_until not_in_transition $PATCH
	expect jumps cmdline_proc_show
}

# The function goes from one replacement to the next by way of the handler.
case_the_jump_follows_the_newest_of_stacked_patches()
{
	target_load
	patch_enable klp_test_p_value
	wait_until value_jumps
	patch_enable klp_test_p_value2
	expect_eq "value" 2 "$(target value)"
	wait_until grep -q "^klp_target_value .* J .*klp_test_p_value2" "$FUNCTIONS"
	expect_eq "value" 2 "$(target value)"
	patch_remove klp_test_p_value2
	wait_until value_jumps
	expect_eq "value" 1 "$(target value)"
}

# Nothing differs for callers of a function whose older patch goes.
case_a_hidden_patch_goes_from_under_the_jump()
{
	target_load
	patch_enable klp_test_p_value
	patch_enable klp_test_p_value2
	wait_until value_jumps
	patch_set_enabled klp_test_p_value 0
	expect value_jumps
	wait_until patch_gone klp_test_p_value
	expect value_jumps
	mod_unload klp_test_p_value
	expect value_jumps
	expect_eq "value" 2 "$(target value)"
	patch_remove klp_test_p_value2
	expect_eq "value" 0 "$(target value)"
}

sleep_is_let_go()
{
	! grep -q "^klp_target_sleep " "$FUNCTIONS"
}

# Its filter is copied, without the function that nobody patches any more.
case_a_function_jumps_on_while_its_set_shrinks()
{
	settled_patch
	patch_enable klp_test_p_value2
	wait_until value_jumps
	patch_set_enabled $PATCH 0
	expect value_jumps
	wait_until patch_gone $PATCH
	wait_until sleep_is_let_go
	expect value_jumps
	expect_eq "value" 2 "$(target value)"
	kprobe_start
	expect jumps_nowhere klp_target_value
	kprobe_see 2
	kprobe_stop
	expect value_jumps
	patch_remove klp_test_p_value2
	expect_eq "value" 0 "$(target value)"
}

# One function is taken over, the other goes back to its original.
case_a_replace_takes_the_jumps_over()
{
	settled_patch
	patch_load klp_test_p_value2 replace=1
	wait_until not_in_transition klp_test_p_value2
	wait_until grep -q "^klp_target_value .* J .*klp_test_p_value2" "$FUNCTIONS"
	expect jumps_nowhere klp_target_sleep
	expect_eq "value" 2 "$(target value)"
	target_open 0
	expect_eq "sleep" 0 "$(target sleep 0)"
	mod_unload $PATCH
	expect_eq "value" 2 "$(target value)"
}

# ---- Modules ----------------------------------------------------------------------

case_a_module_that_comes_and_goes_settles_each_time()
{
	patch_enable ${P}00 "objs=${T}00:tgt_fn_00"
	for _ in 1 2 3; do
		mod_load ${T}00
		expect tgt_value_is 00 1000
		wait_until jumps tgt_fn_00
		expect tgt_value_is 00 1000
		rmmod ${T}00
	done
	patch_remove ${P}00
}

# The functions of one patch settle, those of the other are in transition.
case_a_module_that_comes_during_a_transition_settles()
{
	patch_enable ${P}01 "objs=${T}00:tgt_fn_01"
	hold
	patch_load ${P}00 "objs=$HOLDER;${T}00:tgt_fn_00"
	expect in_transition ${P}00
	mod_load ${T}00
	wait_until jumps tgt_fn_01
	expect jumps_nowhere tgt_fn_00
	release
	wait_until not_in_transition ${P}00
	wait_until jumps tgt_fn_00
	expect tgt_value_is 00 1000
	rmmod ${T}00
}

# ---- Busy callers -------------------------------------------------------------------

# watch_all SET COMMAND...: somebody calls value all the time meanwhile, and sees no
# other values than those in SET, a sum of 2^value.
watch_all()
{
	local want=$1 seen watcher

	shift
	bg target_job watch 1
	watcher=$BG_PID
	wait_until target_waiters 1 1
	"$@"
	expect kill -0 "$watcher"
	target_open 1
	seen=$(target_result "$watcher")
	expect_eq "values seen that should not be, as a set of bits" 0 $((seen & ~want))
	expect [ "$seen" != 0 ]
	target_close
}

toggle_tracers()
{
	for _ in 1 2 3 4 5 6 7 8; do
		function_start
		expect jumps_nowhere klp_target_value
		function_stop
		expect value_jumps
		kprobe_start
		expect jumps_nowhere klp_target_value
		kprobe_stop
		expect value_jumps
	done
}

case_a_busy_caller_is_never_sent_to_the_original()
{
	need_tracer function
	need_kprobes
	settled_patch
	watch_all $((1 << 4)) toggle_tracers
}

attach_and_detach()
{
	for _ in 1 2 3; do
		bpf_attach fexit klp_target_value klp_test_target
		bpf_detach
	done
}

# A program whose trampoline calls the function itself is asked to make another when
# the function is patched.  Where there is a probe, too, ftrace goes through a list of
# callbacks with all registers, and must not find the first trampoline there while it
# asks: it is freed then.
case_a_busy_caller_is_not_sent_to_the_original_by_a_program()
{
	need_bpf
	need_kprobes
	settled_patch
	need_file /sys/kernel/btf/klp_test_target "modules have no type information"
	need_file "$KLP_TRACING/kprobe_events" "the kernel has no kprobe events"
	echo "p klp_test_target:klp_target_value" > "$KLP_TRACING/kprobe_events"
	echo 1 > "$KLP_TRACING/events/kprobes/enable"
	mod_load klp_test_kprobe symbol=bpf_tramp_ftrace_ops_func delay_ms=50
	watch_all $((1 << 4)) attach_and_detach
	expect [ "$(module_hits klp_test_kprobe)" -ge 3 ]
	kprobe_stop
	klp_reset_tracing
}

toggle_patches()
{
	for _ in 1 2 3 4 5 6; do
		patch_enable klp_test_p_value2
		patch_remove klp_test_p_value2
		patch_enable klp_test_p_value2
		wait_until grep -q "^klp_target_value .* J .*klp_test_p_value2" "$FUNCTIONS"
		patch_remove klp_test_p_value2
		wait_until value_jumps
	done
}

case_a_busy_caller_sees_only_the_versions_there_are()
{
	target_load
	patch_enable klp_test_p_value
	wait_until value_jumps
	watch_all $((1 << 1 | 1 << 2)) toggle_patches
}

toggle_both()
{
	bg trace_all_the_time
	for _ in 1 2 3 4 5 6; do
		patch_enable klp_test_p_value2
		patch_remove klp_test_p_value2
	done
	: > "$KLP_TMP/enough"
	wait "$BG_PID"
	rm "$KLP_TMP/enough"
}

trace_all_the_time()
{
	while [ ! -e "$KLP_TMP/enough" ]; do
		function_start
		function_stop
	done
}

case_tracers_and_patches_come_and_go_at_once()
{
	need_tracer function
	target_load
	patch_enable klp_test_p_value
	wait_until value_jumps
	watch_all $((1 << 1 | 1 << 2)) toggle_both
	wait_until value_jumps
}

# ---- Failures -----------------------------------------------------------------------

ftrace_dead()
{
	write "$1" /sys/module/klp_test_dead/parameters/dead
}

case_with_ftrace_dead_a_settled_patch_cannot_be_disabled()
{
	need_kprobes
	settled_patch
	mod_load klp_test_dead
	klp_on_cleanup ftrace_dead 0
	ftrace_dead 1
	expect_error "No such device" patch_set_enabled $PATCH 0
	expect patch_enabled $PATCH
	expect not_in_transition $PATCH
	expect_eq "references" 1 "$(mod_refcount $PATCH)"
	expect_eq "value" 4 "$(target value)"
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
	ftrace_dead 0
	expect settled
	patch_remove $PATCH
	expect_eq "value" 0 "$(target value)"
}

case_with_ftrace_dead_nothing_stacks_on_a_settled_patch()
{
	need_kprobes
	target_load
	patch_enable klp_test_p_value
	wait_until value_jumps
	mod_load klp_test_dead
	klp_on_cleanup ftrace_dead 0
	ftrace_dead 1
	expect_error "No such device" patch_load klp_test_p_value2
	expect patch_gone klp_test_p_value2
	expect_eq "value" 1 "$(target value)"
	ftrace_dead 0
	expect value_jumps
	patch_enable klp_test_p_value2
	expect_eq "value" 2 "$(target value)"
}

# What calls the handler can be disabled: ftrace need not be told.
case_with_ftrace_dead_a_patch_that_has_not_settled_can_be_disabled()
{
	need_kprobes
	target_load
	mod_load klp_test_dead
	klp_on_cleanup ftrace_dead 0
	target_sleeper sleep 0
	patch_load $PATCH
	expect in_transition $PATCH
	ftrace_dead 1
	target_open 0
	wait_until not_in_transition $PATCH
	expect_eq "value" 4 "$(target value)"
	patch_set_enabled $PATCH 0
	wait_until patch_gone $PATCH
	expect_eq "value" 0 "$(target value)"
	ftrace_dead 0
	mod_unload $PATCH
	settled_again
}

settled_again()
{
	patch_enable $PATCH
	wait_until settled
	expect_eq "value" 4 "$(target value)"
}

klp_requires()
{
	[ -e "$FUNCTIONS" ] || klp_skip_all "no $FUNCTIONS"
	grep -qw ftrace_update_jumps /proc/kallsyms ||
		klp_skip_all "ftrace cannot jump on this architecture"
}

klp_main "$@"
