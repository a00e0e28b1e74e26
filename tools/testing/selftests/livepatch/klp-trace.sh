#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tracers and probes on functions that get patched: the patch stays in effect,
# the tracer goes on seeing the call, whichever came first or goes first.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"

PATCH=klp_test_p_value
FTRACE_ENABLED=/proc/sys/kernel/ftrace_enabled

# ---- Tracers ------------------------------------------------------------------

need_tracer()
{
	grep -qw "$1" "$KLP_TRACING/available_tracers" 2> /dev/null ||
		klp_skip "the kernel has no $1 tracer"
}

trace_start()
{
	write 0 "$KLP_TRACING/tracing_on"
	write "$2" "$KLP_TRACING/set_ftrace_filter"
	write "$1" "$KLP_TRACING/current_tracer"
	: > "$KLP_TRACING/trace"
	write 1 "$KLP_TRACING/tracing_on"
}

trace_stop()
{
	write nop "$KLP_TRACING/current_tracer"
	: > "$KLP_TRACING/set_ftrace_filter"
}

# trace_sees FUNCTION WANT: calling the target gives WANT and leaves a trace.
trace_sees()
{
	: > "$KLP_TRACING/trace"
	expect_eq "value" "$2" "$(target value)"
	grep -v '^#' "$KLP_TRACING/trace" | grep -qw "$1" ||
		klp_fail "$1 was called and not traced"
}

traced_before()
{
	need_tracer "$1"
	target_load
	trace_start "$1" klp_target_value
	trace_sees klp_target_value 0
	patch_enable $PATCH
	trace_sees klp_target_value 1
	patch_remove $PATCH
	trace_sees klp_target_value 0
}

traced_after()
{
	need_tracer "$1"
	target_load
	patch_enable $PATCH
	trace_start "$1" klp_target_value
	trace_sees klp_target_value 1
	trace_stop
	expect_eq "value without the tracer" 1 "$(target value)"
	trace_start "$1" klp_target_value
	patch_remove $PATCH
	trace_sees klp_target_value 0
}

new_traced()
{
	need_tracer "$1"
	target_load
	patch_enable $PATCH
	trace_start "$1" klp_new_value
	trace_sees klp_new_value 1
	trace_stop
	expect_eq "value without the tracer" 1 "$(target value)"
	patch_remove $PATCH
}

case_function_tracer_before_the_patch()
{
	traced_before function
}

case_function_tracer_after_the_patch()
{
	traced_after function
}

case_function_tracer_on_the_new_function()
{
	new_traced function
}

case_graph_tracer_before_the_patch()
{
	traced_before function_graph
}

case_graph_tracer_after_the_patch()
{
	traced_after function_graph
}

case_graph_tracer_on_the_new_function()
{
	new_traced function_graph
}

# The traced return is not where the stack says: the frame still counts.
case_sleeper_below_the_graph_tracer_blocks()
{
	need_tracer function_graph
	target_load
	trace_start function_graph klp_target_sleep
	target_sleeper sleep 0
	patch_load klp_test_p_sleep
	expect holds_for 1500 in_transition klp_test_p_sleep
	expect side_is "$BG_PID" 0
	target_open 0
	wait_until not_in_transition klp_test_p_sleep
	expect_eq "result" 0 "$(target_result "$BG_PID")"
}

# Two tracers at other functions: all share ftrace's list of users.
case_patch_works_while_everything_is_traced()
{
	need_tracer function
	target_load
	write 0 "$KLP_TRACING/tracing_on"
	write function "$KLP_TRACING/current_tracer"
	write 1 "$KLP_TRACING/tracing_on"
	patch_enable $PATCH
	expect_eq "value" 1 "$(target value)"
	patch_remove $PATCH
	expect_eq "value" 0 "$(target value)"
}

nested_value()
{
	cat /sys/module/klp_test_nested/parameters/value
}

nested_walked()
{
	cat /sys/module/klp_test_nested/parameters/walked
}

# ftrace calls nobody down there, so that it comes to an end: nobody but the patch.
case_patch_works_where_callbacks_nest_too_deep()
{
	target_load
	mod_load klp_test_nested
	expect_eq "value" 0 "$(nested_value)"
	patch_enable $PATCH
	expect_eq "value where callbacks nest" 1 "$(nested_value)"
	expect_eq "calls that a tracer saw" 2 "$(nested_walked)"
	expect_eq "value" 1 "$(target value)"
	patch_remove $PATCH
	expect_eq "value where callbacks nest" 0 "$(nested_value)"
}

# ---- Probes -------------------------------------------------------------------

need_kprobes()
{
	grep -qw register_kprobe /proc/kallsyms || klp_skip "the kernel has no kprobes"
}

probe_hits()
{
	cat /sys/module/klp_test_kprobe/parameters/hits
}

# probe_sees WANT: calling the target gives WANT and hits the probe.
probe_sees()
{
	local before

	before=$(probe_hits)
	expect_eq "value" "$1" "$(target value)"
	[ "$(probe_hits)" -gt "$before" ] || klp_fail "the probe was not hit"
}

probed_before()
{
	need_kprobes
	target_load
	mod_load klp_test_kprobe "$@"
	probe_sees 0
	patch_enable $PATCH
	probe_sees 1
	patch_remove $PATCH
	probe_sees 0
}

probed_after()
{
	need_kprobes
	target_load
	patch_enable $PATCH
	mod_load klp_test_kprobe "$@"
	probe_sees 1
	rmmod klp_test_kprobe
	expect_eq "value without the probe" 1 "$(target value)"
	mod_load klp_test_kprobe "$@"
	patch_remove $PATCH
	probe_sees 0
}

new_probed()
{
	need_kprobes
	target_load
	patch_enable $PATCH
	mod_load klp_test_kprobe symbol=klp_new_value "$@"
	probe_sees 1
	rmmod klp_test_kprobe
	patch_remove $PATCH
}

case_kprobe_before_the_patch()
{
	probed_before
}

case_kprobe_after_the_patch()
{
	probed_after
}

case_kprobe_on_the_new_function()
{
	new_probed
}

case_kretprobe_before_the_patch()
{
	probed_before ret=1
}

case_kretprobe_after_the_patch()
{
	probed_after ret=1
}

case_kretprobe_on_the_new_function()
{
	new_probed ret=1
}

# Both want to change where the call goes.
case_kprobe_with_post_handler_keeps_the_patch_out()
{
	need_kprobes
	target_load
	mod_load klp_test_kprobe post=1
	expect_error "Device or resource busy" patch_load $PATCH
	expect patch_gone $PATCH
	expect_not mod_loaded $PATCH
	expect_log "failed to register ftrace handler for function 'klp_target_value' (-16)"
	expect_eq "tasks with a side" "" "$(tasks_not_on_side -1)"
	probe_sees 0
	rmmod klp_test_kprobe
	patch_enable $PATCH
	expect_eq "value" 1 "$(target value)"
}

case_patch_keeps_a_kprobe_with_post_handler_out()
{
	need_kprobes
	target_load
	patch_enable $PATCH
	expect_error "Device or resource busy" mod_load klp_test_kprobe post=1
	expect_eq "value" 1 "$(target value)"
	patch_remove $PATCH
	mod_load klp_test_kprobe post=1
	probe_sees 0
}

# ---- ftrace itself --------------------------------------------------------------

case_ftrace_cannot_be_turned_off_under_a_patch()
{
	target_load
	patch_enable $PATCH
	expect_error "Device or resource busy" write 0 $FTRACE_ENABLED
	expect file_is $FTRACE_ENABLED 1
	expect_eq "value" 1 "$(target value)"
	patch_remove $PATCH
	wait_until write 0 $FTRACE_ENABLED 2> /dev/null
	write 1 $FTRACE_ENABLED
}

case_enabling_fails_while_ftrace_is_off()
{
	target_load
	write 0 $FTRACE_ENABLED
	expect_error "Device or resource busy" patch_load $PATCH
	expect patch_gone $PATCH
	expect_not mod_loaded $PATCH
	expect_log "failed to register ftrace handler for function 'klp_target_value' (-16)"
	write 1 $FTRACE_ENABLED
	patch_enable $PATCH
	expect_eq "value" 1 "$(target value)"
}

redirect_shown()
{
	grep -w klp_target_value "$KLP_TRACING/enabled_functions" | grep -q ' I\b'
}

case_enabled_functions_shows_the_redirect()
{
	need_file "$KLP_TRACING/enabled_functions"
	target_load
	expect_not redirect_shown
	patch_enable $PATCH
	expect redirect_shown
	patch_remove $PATCH
	wait_until -t 10 klp_not redirect_shown
}

klp_not()
{
	! "$@"
}

klp_main "$@"
