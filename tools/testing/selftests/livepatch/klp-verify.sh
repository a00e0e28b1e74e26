#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Patches that bring checksums of what they replace, with livepatch.verify on and off.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-kicker.sh"

V=klp_test_verify
VERIFY=$LIVEPATCH_PARAMS/verify
TARGET=klp_test_target:klp_target_value
SHOW=cmdline_proc_show
DIFFERS="is not the code that the patch was built against"

# klp_main calls it first.
klp_requires()
{
	[ -e "$VERIFY" ] || klp_skip_all "this core does not verify"
}

verify()
{
	write "$1" "$VERIFY"
	klp_on_cleanup "echo N > $VERIFY"
}

# accepted [PARAM=VALUE...]: it is enabled, and removed.
accepted()
{
	patch_enable $V "$@"
	patch_remove $V
}

# refuses TEXT [PARAM=VALUE...]: the log says why, and nothing is left behind.
refuses()
{
	local text=$1

	shift
	log_mark
	refused -8 $V "$@"
	expect_log "'$V': $text"
	expect_eq "lines in the log" 1 "$(log_since | grep -c "livepatch: '$V': ")"
	expect_no_log "enabling patch"
}

# What a right table for the function has, made while the function was untouched.
made()
{
	patch_enable $V "$@"
	patch_remove $V
	log_since | sed -n "s/.*$V: \(made=.*\)/\1/p" | tail -n 1
}

cmdline_is_patched()
{
	file_is /proc/cmdline $V
}

# The build-id of the running kernel.
running_id()
{
	od -An -tx1 -v /sys/kernel/notes | tr -d ' \n' |
		sed -nE 's/.*040000001400000003000000474e5500(.{40}).*/\1/p'
}

case_it_is_off_by_default()
{
	expect_eq verify N "$(cat "$VERIFY")"
	expect_eq mode 644 "$(stat -c %a "$VERIFY")"
	accepted wrong=sum
	accepted wrong=functions-pointer
	accepted build_id=00112233445566778899
}

case_a_patch_without_a_table_is_enabled()
{
	verify 1
	good_patch_works
}

case_an_untouched_function_is_patched()
{
	verify 1
	patch_enable $V
	expect cmdline_is_patched
	patch_remove $V
	accepted wrong=no-position
}

case_another_function_is_refused()
{
	verify 1
	refuses "function '$SHOW' in object 'vmlinux' $DIFFERS" wrong=sum
	refuses "function '$SHOW' in object 'vmlinux' $DIFFERS" wrong=no-mask
	expect_not cmdline_is_patched
	accepted
}

case_a_function_of_a_module_is_verified()
{
	verify 1
	mod_load klp_test_target
	refuses "function 'klp_target_value' in object 'klp_test_target' $DIFFERS" \
		function=$TARGET wrong=sum
	accepted function=$TARGET
}

case_another_build_is_refused()
{
	local id

	id=$(running_id)
	expect_eq "digits of the build-id" 40 ${#id}
	verify 1
	accepted "build_id=$id"
	accepted "build_id=$id" wrong=no-function
	refuses "object 'vmlinux' is not the build" "build_id=$(another "$id")"
	refuses "object 'vmlinux' is not the build" "build_id=$id" wrong=build-id
	refuses "object 'vmlinux' is not the build" "build_id=${id}00"
	refuses "object 'vmlinux' is not the build" "build_id=${id:0:38}"
}

# another ID: one that differs in the first byte
another()
{
	local byte=00

	[ "${1:0:2}" != $byte ] || byte=01
	echo "$byte${1:2}"
}

# The build-id of a loaded module, with the header of its note before it.
module_id()
{
	od -An -tx1 -v "/sys/module/$1/notes/.note.gnu.build-id" | tr -d ' \n' |
		sed -nE 's/^040000001400000003000000474e5500(.{40})$/\1/p'
}

keeps_build_ids()
{
	need_file /proc/config.gz
	gzip -dc < /proc/config.gz | grep -q '^CONFIG_STACKTRACE_BUILD_ID=y'
}

# Where the kernel keeps no ids of modules, the functions have to tell.
case_another_build_of_a_module_is_refused()
{
	local id wrong made

	mod_load klp_test_target
	id=$(module_id klp_test_target)
	expect_eq "digits of the build-id" 40 ${#id}
	wrong=$(another "$id")
	verify 1
	accepted function=$TARGET "build_id=$id"
	if ! keeps_build_ids; then
		accepted function=$TARGET "build_id=$wrong"
		klp_note "this kernel keeps no build-ids of modules"
		return
	fi
	refuses "object 'klp_test_target' is not the build" function=$TARGET "build_id=$wrong"
	refuses "object 'klp_test_target' is not the build" function=$TARGET "build_id=${id}00"
	refuses "object 'klp_test_target' is not the build" function=$TARGET "build_id=$wrong" wrong=no-function
	made=$(made function=$TARGET "build_id=$id")
	mod_unload klp_test_target

	patch_enable $V function=$TARGET "build_id=$wrong" "$made"
	expect_error "Invalid module format" mod_load klp_test_target
	expect_log "'$V': object 'klp_test_target' is not the build"
	expect_not mod_loaded klp_test_target
	patch_remove $V
	patch_enable $V function=$TARGET "build_id=$id" "$made"
	mod_load klp_test_target
	expect_eq "object is patched" 1 "$(patch_attr $V klp_test_target/patched)"
}

case_masks_outside_of_the_function_are_refused()
{
	verify 1
	refuses "function '$SHOW' in object 'vmlinux' has a checksum with masks outside of it" wrong=mask
	refuses "function '$SHOW' in object 'vmlinux' has a checksum with masks outside of it" wrong=mask-wraps
}

case_a_function_that_is_too_short_is_refused()
{
	verify 1
	refuses "function '$SHOW' in object 'vmlinux' is smaller" wrong=size
}

case_a_function_that_is_not_replaced_is_refused()
{
	local what="is in the patch's checksums, but is not replaced"

	verify 1
	refuses "function 'klp_test_none' in object 'vmlinux' $what" wrong=name
	refuses "function '$SHOW' in object 'vmlinux' $what" wrong=position
}

case_pointers_out_of_the_patch_are_refused()
{
	verify 1
	refuses "object 'vmlinux' may have checksums, but a name is not in the patch, or too long" wrong=object-pointer
	refuses "object 'vmlinux' has checksums that are not in the patch" wrong=functions-pointer
	refuses "object 'vmlinux' has checksums that are not in the patch" wrong=functions-number
	refuses "object 'vmlinux' has a checksum whose name is not in the patch, or too long" wrong=name-pointer
	refuses "object 'vmlinux' has a checksum whose name is not in the patch, or too long" wrong=name-length
	refuses "function '$SHOW' in object 'vmlinux' has a checksum whose masks are not in the patch" \
		wrong=masks-pointer
	refuses "function '$SHOW' in object 'vmlinux' has a checksum whose masks are not in the patch" \
		wrong=masks-number
	refuses "object 'vmlinux' has a build-id that is not in the patch" build_id=00 wrong=build-id-pointer
}

case_a_table_of_an_impossible_size_is_refused()
{
	V=klp_test_verify_odd
	accepted
	verify 1
	refuses "object 'vmlinux' may have checksums, but their table has a size that is not possible"
}

case_a_module_is_verified_when_it_comes()
{
	local made

	mod_load klp_test_target
	made=$(made function=$TARGET)
	mod_unload klp_test_target

	verify 1
	patch_enable $V function=$TARGET "$made"
	mod_load klp_test_target
	expect_eq "object is patched" 1 "$(patch_attr $V klp_test_target/patched)"
	mod_unload klp_test_target
	patch_remove $V
}

case_a_module_that_differs_does_not_load()
{
	local made

	mod_load klp_test_target
	made=$(made function=$TARGET)
	mod_unload klp_test_target

	verify 1
	patch_enable $V function=$TARGET "$made" wrong=sum
	expect_error "Invalid module format" mod_load klp_test_target
	expect_log "'$V': function 'klp_target_value' in object 'klp_test_target' $DIFFERS"
	expect_not mod_loaded klp_test_target
	expect_eq "object is patched" 0 "$(patch_attr $V klp_test_target/patched)"
	verify 0
	mod_load klp_test_target
	expect_eq "object is patched" 1 "$(patch_attr $V klp_test_target/patched)"
}

# The report, with the name of the error also where the kernel has none.
report()
{
	sed -E 's/: -8(,|$)/: -ENOEXEC\1/' "$LIVEPATCH_PARAMS/preflight_report"
}

rehearse()
{
	write $V "$LIVEPATCH_PARAMS/preflight"
	expect_error "Operation canceled" mod_load $V "$@"
	expect_no_log "enabling patch '$V'"
}

case_a_rehearsal_tells_what_differs()
{
	local text

	rehearse wrong=sum
	expect_eq result "result: ok" "$(report | tail -n 1)"
	verify 1
	rehearse
	expect_eq result "result: ok" "$(report | tail -n 1)"
	rehearse wrong=sum
	text="vmlinux: $SHOW: -ENOEXEC, $DIFFERS"
	report | grep -qxF "$text" || klp_fail "not in the report: $text; but: $(report)"
	expect_eq result "result: -ENOEXEC" "$(report | tail -n 1)"
	rehearse build_id=00
	text="vmlinux: -ENOEXEC, is not the build that the patch was built against"
	report | grep -qxF "$text" || klp_fail "not in the report: $text; but: $(report)"
}

case_a_replaced_function_is_what_it_was()
{
	patch_enable ${P}00 objs=$CMDLINE
	verify 1
	accepted
}

case_a_traced_function_is_what_it_was()
{
	local made

	made=$(made)
	verify 1
	write $SHOW "$KLP_TRACING/set_ftrace_filter"
	write function "$KLP_TRACING/current_tracer"
	accepted "$made"
	refuses "function '$SHOW' in object 'vmlinux' $DIFFERS" "$made" wrong=sum
}

# A probe behind the call of ftrace, in the part that counts.
probe_inside()
{
	local offset=${1#made=*-}

	write "p:klp_test $SHOW+${offset%%-*}" "$KLP_TRACING/kprobe_events"
	write 1 "$KLP_TRACING/events/kprobes/enable"
}

probe_is()
{
	grep "$SHOW+" "$KLP_DEBUGFS/kprobes/list" | grep -q "$@"
}

case_a_breakpoint_of_kprobes_does_not_count()
{
	local made

	need_file /proc/sys/debug/kprobes-optimization
	made=$(made)
	verify 1
	klp_on_cleanup "write 1 /proc/sys/debug/kprobes-optimization"
	write 0 /proc/sys/debug/kprobes-optimization
	probe_inside "$made"
	expect probe_is -v 'OPTIMIZED\|DISABLED'
	accepted "$made"
	refuses "function '$SHOW' in object 'vmlinux' $DIFFERS" "$made" wrong=sum
}

case_a_jump_of_kprobes_does_not_count()
{
	local made

	need_file /proc/sys/debug/kprobes-optimization
	made=$(made)
	verify 1
	probe_inside "$made"
	wait_until probe_is OPTIMIZED
	accepted "$made"
	refuses "function '$SHOW' in object 'vmlinux' $DIFFERS" "$made" wrong=sum
}

klp_main "$@"
