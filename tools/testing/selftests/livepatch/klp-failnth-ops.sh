# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-failnth-ops.sh - what klp-failnth-*.sh do again and again, see there.

R=klp_test_reloc_00
V=klp_test_verify
LIVEPATCH_PARAMS=/sys/module/livepatch/parameters
FIFTY=$(seq -s, -f 'tgt_fn_%02g' 0 49)
FUNCTIONS=$KLP_TRACING/enabled_functions

not_redirected()
{
	! grep -q "^$1 " "$FUNCTIONS"
}

# ---- A patch with relocations for the kernel and for a module ----------------

relocs_prepare()
{
	"$KLP_DIR/klp-relocs" "$KLP_MODULES/$R.ko" "$KLP_TMP/$R.ko"
}

enable_prepare()
{
	relocs_prepare
	mod_load ${T}00
}

op_enable()
{
	failnth load "$1" "$(ko $R)"
}

relocs_work()
{
	file_is "/sys/module/${T}00/parameters/value" 774203 && [[ $(< /proc/cmdline) = *\(running\) ]]
}

ok_enable()
{
	wait_until not_in_transition $R
	patch_enabled $R && relocs_work
}

undo_enable()
{
	patch_remove $R
}

# ---- Disabling it --------------------------------------------------------------

disable_prepare()
{
	enable_prepare
	patch_enable $R
}

op_disable()
{
	failnth write "$1" "$KLP_SYSFS/$R/enabled" 0
}

ok_disable()
{
	wait_until patch_gone $R
	tgt_value_is 00 0 && ! grep -q '(running)' /proc/cmdline
}

undo_disable()
{
	mod_unload $R
	patch_enable $R
	expect relocs_work
}

# The same, when its functions have settled: they have to call again first.
have_jumps()
{
	grep -qw ftrace_update_jumps /proc/kallsyms
}

settled()
{
	[ "$(grep -cE '^(cmdline_proc_show|tgt_fn_00) .* J ' "$FUNCTIONS")" -eq 2 ]
}

op_settled()
{
	wait_until settled
	op_disable "$1"
}

ok_settled()	{ ok_disable; }
undo_settled()	{ undo_disable; }

# ---- Its module comes and goes -------------------------------------------------

come_prepare()
{
	relocs_prepare
	patch_enable $R
}

op_come()
{
	failnth load "$1" "$(ko ${T}00)"
}

ok_come()
{
	[ "$(tgt_param 00 value)" = 774203 ] && [ "$(tgt_param 00 at_init)" = 774203 ]
}

undo_come()
{
	mod_unload ${T}00
}

op_go()
{
	mod_load ${T}00
	failnth unload "$1" ${T}00
}

ok_go()		{ ! mod_loaded ${T}00; }
undo_go()	{ :; }

# ---- Fifty functions: tables larger than a page --------------------------------

op_fifty()
{
	failnth load "$1" "$(ko ${P}50)" "objs=${T}00:$FIFTY"
}

ok_fifty()
{
	wait_until not_in_transition ${P}50
	[ "$(tgt_param 00 values)" = "$(yes 1000 | head -50 | tr '\n' ' ')" ]
}

undo_fifty()	{ patch_remove ${P}50; }

# ---- A patch with checksums ----------------------------------------------------

verify_prepare()
{
	write Y "$LIVEPATCH_PARAMS/verify"
	klp_on_cleanup "echo N > $LIVEPATCH_PARAMS/verify"
}

# It has a kprobe, which changes the filter of all kprobes.
keeps_verify()	{ echo alloc_ftrace_hash alloc_and_copy_ftrace_hash dup_hash add_hash_entry; }

op_verify()	{ failnth load "$1" "$(ko $V)"; }
undo_verify()	{ patch_remove $V; }

ok_verify()
{
	wait_until not_in_transition $V
	file_is /proc/cmdline $V
}

# ---- A function with a .cold part ----------------------------------------------

pieces_prepare()
{
	mod_load klp_test_target
	grep -q "klp_target_cold.cold.*klp_test_target" /proc/kallsyms ||
		klp_skip "the compiler made no .cold part"
}

op_pieces()	{ failnth load "$1" "$(ko klp_test_p_cold)"; }
undo_pieces()	{ patch_remove klp_test_p_cold; }

ok_pieces()
{
	wait_until not_in_transition klp_test_p_cold
	patch_enabled klp_test_p_cold
}

# ---- A rehearsal ---------------------------------------------------------------

# The last report is about another patch.
pre_rehearse()
{
	write ${P}97 "$LIVEPATCH_PARAMS/preflight"
	expect_error "Operation canceled" mod_load ${P}97
}

op_rehearse()
{
	write $R "$LIVEPATCH_PARAMS/preflight"
	op_enable "$1"
}

# What was to be a rehearsal must not become the real thing when it is tried again.
refused_rehearse()
{
	expect_eq "$WHAT: the patch to rehearse" $R "$(cat "$LIVEPATCH_PARAMS/preflight")"
}

# Success is to have said something; what, depends on what failed.
ok_rehearse()
{
	local report=$LIVEPATCH_PARAMS/preflight_report

	[ "$(head -n 1 "$report")" = "patch: $R" ] &&
		tail -n 1 "$report" | grep -q '^result: '
}

done_rehearse()	{ echo ECANCELED; }
undo_rehearse()	{ :; }

# ---- Replacing three functions by one: others become idle ----------------------

replaced_load()
{
	patch_enable ${P}00 "objs=$CMDLINE;${T}00:tgt_fn_00,tgt_fn_01"
}

# replace_prepare [FUNCTION]: which the new patch has, and the old one has not.
replace_prepare()
{
	REPLACE_TOO=${1:-}
	mod_load ${T}00
	replaced_load
}

op_replace()
{
	failnth load "$1" "$(ko ${P}01)" \
		"objs=${T}00:tgt_fn_00${REPLACE_TOO:+,$REPLACE_TOO} replace=1 value=2000"
}

ok_replace()
{
	wait_until not_in_transition ${P}01
	wait_until patch_gone ${P}00
	wait_until not_redirected tgt_fn_01
	tgt_value_is 00 2000 && ! grep -q klp_test /proc/cmdline
}

undo_replace()
{
	patch_remove ${P}01
	mod_unload ${P}00
	replaced_load
}

# ---- A transition that goes on -------------------------------------------------

stalled_load()
{
	write 1 $PARAMS/hold
	patch_load ${P}00 "objs=$HOLDER;$CMDLINE${STALLED_TOO:+;$STALLED_TOO}"
	expect in_transition ${P}00
}

# stalled_prepare [OBJECT]: which is to be patched too.
stalled_prepare()
{
	STALLED_TOO=${1:-}
	hold
	stalled_load
}

op_stall()	{ failnth load "$1" "$(ko ${P}00)" "objs=$HOLDER;$CMDLINE"; }
ok_stall()	{ in_transition ${P}00; }

undo_stall()
{
	patch_set_enabled ${P}00 0
	wait_until patch_gone ${P}00
	mod_unload ${P}00
}

op_reverse()
{
	failnth write "$1" "$KLP_SYSFS/${P}00/enabled" 0
}

ok_reverse()
{
	wait_until patch_gone ${P}00
	! grep -q klp_test /proc/cmdline
}

undo_reverse()
{
	mod_unload ${P}00
	stalled_load
}

# The name of a patch is noted for ever when it is forced first.
force_prepare()
{
	op_force 0 > /dev/null
	expect ok_force
	undo_force
}

op_force()
{
	failnth write "$1" "$KLP_SYSFS/${P}00/force" 1
}

ok_force()
{
	wait_until not_in_transition ${P}00
	patch_enabled ${P}00 && cmdline_is "${P}00 1000"
}

undo_force()
{
	release
	patch_remove ${P}00
	stalled_load
}

# What the transition looks for is made anew in any case.
keeps_join()	{ echo klp_ranges_alloc __kvmalloc_node; }

op_join()	{ failnth load "$1" "$(ko ${T}00)"; }
ok_join()	{ tgt_value_is 00 1000; }
undo_join()	{ mod_unload ${T}00; }

op_fork()
{
	env true
	echo "ok untouched"
}

ok_fork()	{ :; }
undo_fork()	{ :; }

op_blockers()	{ failnth read "$1" "$KLP_SYSFS/${P}00/blockers"; }
ok_blockers()	{ grep -q holder_wait "$KLP_SYSFS/${P}00/blockers"; }
undo_blockers()	{ :; }

# ---- Shadow variables ----------------------------------------------------------

# shadow CALL: prints what came of it.
shadow()
{
	write "$1" /sys/module/klp_test_shadow/parameters/call
	cat /sys/module/klp_test_shadow/parameters/call
}

# shadow_add CALL OBJECT ID
shadow_add()
{
	case "$(shadow "$1 $2 $3 7")" in
	"value 7")	echo "ok untouched" ;;
	*)		echo "ENOMEM untouched" ;;
	esac
}

# An id that nobody has used, until it has worked.
shadow_id()
{
	[ -s "$KLP_TMP/id" ] || now_us > "$KLP_TMP/id"
	cat "$KLP_TMP/id"
}

# The set of an id stays for its next variable.
keeps_shadow()		{ echo klp_shadow_; }
keeps_shadow_get()	{ keeps_shadow; }
keeps_shadow_more()	{ keeps_shadow; }

op_shadow()	{ shadow_add alloc 8 "$(shadow_id)"; }
ok_shadow()	{ [ "$(shadow "get 8 $(shadow_id)")" = "value 7" ]; }

undo_shadow()
{
	expect_eq "freed" "destroyed 1" "$(shadow "free 8 $(shadow_id)")"
	rm "$KLP_TMP/id"
}

op_shadow_get()		{ shadow_add get_or_alloc 8 "$(shadow_id)"; }
ok_shadow_get()		{ ok_shadow; }
undo_shadow_get()	{ undo_shadow; }

# One more than its set has buckets.  The larger table is a large allocation: one that
# may not sleep has no second way to get it.
shadow_more_prepare()
{
	expect_eq "filled" "filled 64" "$(shadow "fill 64 5")"
}

op_shadow_more()	{ shadow_add alloc_atomic 4096 5; }
ok_shadow_more()	{ [ "$(shadow "get 4096 5")" = "value 7" ]; }

undo_shadow_more()
{
	shadow "free_all 5" > "$KLP_TMP/freed"
	shadow_more_prepare
}
