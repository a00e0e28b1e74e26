#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Hostile modules: whatever is wrong with a livepatch module's file, its declaration
# or its checksums, it is refused with an errno and a line in the log, or it works.
#
# KLP_SIZE says how many are tried: least, test (the default), hard or soak; KLP_SEED
# which.

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"
. "$(dirname "$0")/klp-kicker.sh"

HOSTILE=${KLP_HOSTILE:-$KLP_DIR/klp-hostile}
SEED=${KLP_SEED:-1}

# klp_main calls it first.
klp_requires()
{
	[ -x "$HOSTILE" ] || klp_skip_all "klp-hostile is not built"
	[ -x "$KLP_DIR/klp-relocs" ] || klp_skip_all "klp-relocs is not built"
	[ -e "$KLP_TRACING/enabled_functions" ] || klp_skip_all "no tracefs"
}

# size LEAST TEST HARD SOAK: the number for this run.
size()
{
	case ${KLP_SIZE:-test} in
	least) echo "$1" ;;
	hard)  echo "$3" ;;
	soak)  echo "$4" ;;
	*)     echo "$2" ;;
	esac
}

# Thousands of modules: no grace period is to be waited for longer than it takes, and
# what they say goes to the log alone.  klp-hostile reads that after each.
quicken()
{
	local expedited=/sys/kernel/rcu_expedited

	if [ -w $expedited ]; then
		klp_on_cleanup "echo 0 > $expedited"
		echo 1 > $expedited
	fi
	klp_on_cleanup "dmesg -n $(cut -f 1 /proc/sys/kernel/printk)"
	dmesg -n 1
	klp_debug_lines -p
	klp_on_cleanup "klp_debug_lines +p"
}

# hostile KIND PATCH.ko [OPTION]...
hostile()
{
	local kind=$1 patch=$2

	shift 2
	quicken
	"$HOSTILE" -s "$SEED" "$@" "$kind" "$patch" "$(ko ${T}00)" || klp_fail "klp-hostile $kind: see above"
	log_mark # what was to be said has been said, and was looked at
	klp_unquicken
}

klp_unquicken()
{
	dmesg -n 7
	klp_debug_lines +p
	good_patch_works
}

made_of()
{
	"$KLP_DIR/klp-relocs" "$KLP_MODULES/$1.ko" "$KLP_TMP/$1.ko"
	echo "$KLP_TMP/$1.ko"
}

case_single_edits_do_no_harm()
{
	hostile edits "$(made_of klp_test_hostile)" -e "$(size 120 12 3 1)"
}

case_mutated_files_do_no_harm()
{
	hostile files "$(made_of klp_test_hostile)" -n "$(size 40 700 5000 20000)"
}

case_odd_declarations_do_no_harm()
{
	hostile tables "$(ko ${P}00)" -n "$(size 20 200 1000 5000)"
}

case_mutated_checksums_do_no_harm()
{
	need_file "$LIVEPATCH_PARAMS/verify"
	write 1 "$LIVEPATCH_PARAMS/verify"
	klp_on_cleanup "echo N > $LIVEPATCH_PARAMS/verify"
	hostile sums "$(made_of klp_test_hostile)" -n "$(size 12 150 1000 5000)"
}

# What replaces a function is code, and stays.
case_a_replacement_that_is_no_code_is_refused()
{
	refused -22 ${P}00 "objs=$CMDLINE=data"
	expect_log "replacement of 'cmdline_proc_show' is no code, or init code"
	refused -22 ${P}00 "objs=$CMDLINE=init"
	expect_log "replacement of 'cmdline_proc_show' is no code, or init code"
	# Also while nothing is to be replaced yet
	refused -22 ${P}00 "objs=${T}00:tgt_fn_00=data"
	expect_log "replacement of 'tgt_fn_00' is no code, or init code"
	refused -22 ${P}00 "objs=${T}00:tgt_fn_00=init"
	good_patch_works
}

# Each refusal says what it is about.
case_refused_declarations_are_explained()
{
	local name

	name=$(printf 'x%.0s' {1..56})
	refused -22 ${P}00 omit=mod
	expect_log "a patch without a module is none"
	refused -22 ${P}00 omit=objs
	expect_log "patch '${P}00' has no objects"
	refused -22 ${P}00 "objs=$CMDLINE;x:null"
	expect_log "patch '${P}00' has an object without functions"
	refused -22 ${P}00 "objs=$name:foo"
	expect_log "patch '${P}00' has a name that is too long"
	refused -22 ${P}00 "objs=$CMDLINE;a/b:foo"
	expect_log "patch '${P}00' has a name that no module has"
	refused -22 ${P}00 "objs=klp_test_absent:@1"
	expect_log "patch '${P}00' has an empty name"
	refused -22 ${P}00 "objs=$CMDLINE,-"
	expect_log "patch '${P}00' has a function without a name"
	refused -22 ${P}00 "objs=$CMDLINE=null"
	expect_log "patch '${P}00' has a function without a replacement"
	refused -17 ${P}00 "objs=$CMDLINE;vmlinux:version_proc_show"
	expect_log "'${P}00' has 'vmlinux' twice"
	refused -17 ${P}00 "objs=$CMDLINE,cmdline_proc_show@1"
	expect_log "'${P}00' cannot have 'cmdline_proc_show,1' in 'vmlinux'"
	good_patch_works
}

klp_main "$@"
