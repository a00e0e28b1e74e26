#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What somebody who is not root can read and write of our files: nothing that tells
# of other people's tasks or of where the kernel lies, and nothing at all.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-target.sh"
. "$(dirname "$0")/klp-kicker.sh"

S=klp_test_p_sleep
EVENTS=$KLP_TRACING/events/livepatch
ADDRESS='\b(0x)?ffff[0-9a-f]{12}\b'

as_user()
{
	chroot --userspec=65534:65534 --groups=65534 / "$@"
}

# A transition that somebody else's task holds up, so that there is something to tell.
stalled()
{
	target_load
	target_sleeper sleep 0
	patch_load $S
	wait_until grep -q "in klp_target_sleep of $S" "$KLP_SYSFS/$S/blockers"
}

our_files()
{
	find $KLP_SYSFS "$LIVEPATCH_PARAMS" /sys/module/$S /sys/module/livepatch -type f
}

our_dirs()
{
	find $KLP_SYSFS "$LIVEPATCH_PARAMS" -type d
}

# Those of the arguments that the user can open, by the redirection $1.
user_opens()
{
	local way=$1

	shift
	# shellcheck disable=SC2016 # expanded by that shell
	as_user bash -c 'for f; do if : '"$way"' "$f"; then echo "$f"; fi; done' _ "$@" 2> /dev/null
}

case_nothing_can_be_written()
{
	local files dirs

	stalled
	mapfile -t files < <(our_files)
	mapfile -t dirs < <(our_dirs)
	[ ${#files[@]} -gt 15 ] || klp_fail "only ${#files[@]} files"
	klp_note "${#files[@]} files and ${#dirs[@]} directories"
	expect_eq "files that can be written" "" "$(user_opens '>>' "${files[@]}")"
	expect_eq "files that can be made" "" "$(user_opens '>' "${dirs[@]/%//klp}")"
	expect_eq "directories that can be removed" "" \
		"$(for d in "${dirs[@]}"; do ! as_user rmdir "$d" 2> /dev/null || echo "$d"; done)"
	expect in_transition $S
	expect patch_enabled $S
}

# Everybody else may know that there is a patch, and what it took.
case_blockers_and_reports_are_not_to_be_read()
{
	local f unread

	stalled
	unread=$(for f in "$KLP_SYSFS/$S"/* "$LIVEPATCH_PARAMS"/*; do
			[ ! -f "$f" ] || user_opens '<' "$f" | grep -q . || echo "${f##*/}"
		done | sort | tr '\n' ' ')
	expect_eq "files that cannot be read" "blockers force preflight_report " "$unread"
}

case_what_can_be_read_tells_of_nobody()
{
	local files

	stalled
	mapfile -t files < <(our_files)
	as_user cat "${files[@]}" > "$KLP_TMP/read" 2> /dev/null || :
	klp_note "$(wc -c < "$KLP_TMP/read") bytes can be read"
	expect grep -q "^passes " "$KLP_TMP/read"
	expect_not grep -wE "$BG_PID|$(cat "/proc/$BG_PID/comm")" "$KLP_TMP/read"
	expect_not grep -iE "$ADDRESS" "$KLP_TMP/read"
}

# Not even root gets addresses from us.
case_no_file_has_an_address()
{
	stalled
	write $S "$LIVEPATCH_PARAMS/preflight"
	find $KLP_SYSFS "$LIVEPATCH_PARAMS" -type f -perm /400 -exec cat {} + > "$KLP_TMP/read"
	expect grep -qw "$BG_PID" "$KLP_TMP/read"
	expect_not grep -iE "$ADDRESS" "$KLP_TMP/read"
	write "" "$LIVEPATCH_PARAMS/preflight"
}

case_the_side_of_a_task_is_for_its_owner()
{
	local files

	stalled
	expect_eq "own side" 1 "$(as_user cat /proc/self/patch_state)"
	expect_error "Permission denied" as_user cat "/proc/$BG_PID/patch_state"
	expect_eq "modes" 400 "$(stat -c %a /proc/[0-9]*/patch_state 2> /dev/null | sort -u)"
	mapfile -t files < <(echo /proc/[0-9]*/patch_state /proc/[0-9]*/task/*/patch_state | tr ' ' '\n')
	klp_note "${#files[@]} files of tasks"
	[ ${#files[@]} -gt 40 ] || klp_fail "only ${#files[@]} files"
	expect_eq "sides of others" "" "$(user_opens '<' "${files[@]}")"
	expect_eq "sides that can be set" "" "$(user_opens '>>' "${files[@]}")"
}

case_tracepoints_are_for_root_and_have_no_addresses()
{
	local f

	[ -d "$EVENTS" ] || klp_skip "no tracepoints"
	for f in "$EVENTS"/*/format; do
		expect_error "Permission denied" as_user cat "$f"
		expect_not grep -E '%p|%lx|%llx|0x%|field:(void|unsigned long) ' "$f"
	done
	write 1 "$EVENTS/enable"
	stalled
	open_all_gates
	wait_until not_in_transition $S
	patch_remove $S
	write 0 "$EVENTS/enable"
	expect grep -q klp_ "$KLP_TRACING/trace"
	expect_not grep -iE "$ADDRESS" "$KLP_TRACING/trace"
	expect_error "Permission denied" as_user cat "$KLP_TRACING/trace"
}

open_all_gates()
{
	write all "$KLP_TARGET/open"
}

uevents_job()
{
	as_user "$KLP_DIR/klp-watch" uevents > "$KLP_TMP/uevents" 2>&1
}

uevents_ready()
{
	! grep -q netlink: "$KLP_TMP/uevents" 2> /dev/null || klp_skip "the kernel has no netlink"
	grep -qs ready "$KLP_TMP/uevents"
}

case_uevents_tell_what_sysfs_tells()
{
	bg uevents_job
	wait_until uevents_ready
	stalled
	open_all_gates
	wait_until not_in_transition $S
	wait_until grep -q TRANSITION=complete "$KLP_TMP/uevents"
	expect_not grep -iE "$ADDRESS" "$KLP_TMP/uevents"
	expect_eq "fields" "ACTION DEVPATH ENABLED PATCH SEQNUM SUBSYSTEM TRANSITION " \
		"$(grep TRANSITION=complete "$KLP_TMP/uevents" | grep -oE '[A-Z]+=' | sort -u | tr '=\n' ' ' | tr -s ' ')"
}

klp_main "$@"
