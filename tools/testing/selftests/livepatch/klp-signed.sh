#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Signed patches, and kernels that are locked down.
#
# Boot with: module.sig_enforce=1 lockdown=integrity

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-kicker.sh"

KLP_DYNDBG=$KLP_TRACING/none	# debugfs is closed
SIGNED=$KLP_MODULES/signed
SECURITY=/sys/kernel/security
LOCKDOWN=$SECURITY/lockdown
REPORT=$LIVEPATCH_PARAMS/preflight_report
ADDRESS='(0x)?ffff[0-9a-f]{12}'

# klp_main calls it first.
klp_requires()
{
	[ -d "$SIGNED" ] || klp_skip_all "the kernel signs no modules"
	file_is /sys/module/module/parameters/sig_enforce Y ||
		klp_skip_all "signatures are not enforced"
	mountpoint -q $SECURITY || mount -t securityfs securityfs $SECURITY
	locked_down integrity || klp_skip_all "the kernel is not locked down"
}

locked_down()
{
	grep -qF "[$1]" $LOCKDOWN
}

# All of klp-lib.sh and klp-build.sh loads the signed ones.
mod_load()
{
	local name=$1

	shift
	insmod "$SIGNED/$name.ko" "$@"
}

good_patch_works()
{
	patch_enable ${P}00 objs=$CMDLINE value=7
	expect file_is /proc/cmdline "${P}00 7"
	patch_remove ${P}00
	expect_not grep -q klp_test /proc/cmdline
}

# not_loaded MODULE.ko: refused by the loader, before there is a module.
not_loaded()
{
	local name=${1##*/}

	expect_error "Key was rejected by service" insmod "$1"
	expect_not mod_loaded "${name%.ko}"
	expect patch_gone "${name%.ko}"
}

case_an_unsigned_patch_is_refused()
{
	not_loaded "$KLP_MODULES/${P}00.ko"
	expect_log "Loading of unsigned module is rejected"
	expect_redirected 0
	good_patch_works
}

case_a_signed_patch_works()
{
	good_patch_works
	expect_eq "unsigned modules so far" 0 $(($(cat /proc/sys/kernel/tainted) >> 13 & 1))
}

case_an_altered_patch_is_refused()
{
	sed s/livepatch=Y/livepatch=N/ "$SIGNED/${P}00.ko" > "$KLP_TMP/${P}00.ko"
	expect_not cmp -s "$SIGNED/${P}00.ko" "$KLP_TMP/${P}00.ko"
	not_loaded "$KLP_TMP/${P}00.ko"
	sed s/tgt_fn_00/tgt_fn_01/ "$SIGNED/${T}00.ko" > "$KLP_TMP/${T}00.ko"
	not_loaded "$KLP_TMP/${T}00.ko"
	good_patch_works
}

case_modules_are_patched_when_they_come()
{
	patch_enable ${P}00 objs=${T}00:tgt_fn_00 value=9
	not_loaded "$KLP_MODULES/${T}00.ko"
	expect_eq "object is patched" 0 "$(patch_attr ${P}00 ${T}00/patched)"
	mod_load ${T}00
	expect_eq "object is patched" 1 "$(patch_attr ${P}00 ${T}00/patched)"
	expect tgt_value_is 00 9
	rmmod ${T}00
	patch_remove ${P}00
}

case_a_signed_patch_is_refused_for_what_it_is()
{
	refused -22 ${P}00 objs=vmlinux:klp_test_none
	refused -17 ${P}00 "objs=$CMDLINE;vmlinux:version_proc_show"
}

case_checksums_are_compared()
{
	write 1 "$LIVEPATCH_PARAMS/verify"
	klp_on_cleanup "echo N > $LIVEPATCH_PARAMS/verify"
	patch_enable klp_test_verify
	patch_remove klp_test_verify
	refused -8 klp_test_verify wrong=sum
}

# Every file of a patch, as root reads it.
read_files()
{
	local f

	find $KLP_SYSFS/ "$LIVEPATCH_PARAMS" -type f -perm /444 | while read -r f; do
		cat "$f" || klp_fail "$f cannot be read"
	done
}

case_all_files_work()
{
	write ${P}00 "$LIVEPATCH_PARAMS/preflight"
	expect_error "Operation canceled" mod_load ${P}00
	expect_eq "the report's end" "result: ok" "$(tail -n 1 "$REPORT")"
	patch_enable ${P}00
	read_files > "$KLP_TMP/files"
	expect grep -q "^passes [1-9]" "$KLP_TMP/files"
	expect_not grep -qiE "$ADDRESS" "$KLP_TMP/files"
	patch_remove ${P}00
}

# The last one: there is no way back.  No tracefs, no kprobes from there, no BPF that
# reads memory; and all of the above again.
case_all_of_it_works_in_confidentiality()
{
	write confidentiality $LOCKDOWN
	expect locked_down confidentiality
	expect_error "Operation not permitted" cat $KLP_TRACING/available_tracers
	redirected() { echo 0; }	# tracefs would have to tell
	case_an_unsigned_patch_is_refused
	case_a_signed_patch_works
	case_an_altered_patch_is_refused
	case_modules_are_patched_when_they_come
	case_a_signed_patch_is_refused_for_what_it_is
	case_checksums_are_compared
	case_all_files_work
}

klp_main "$@"
