# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-defects-lib.sh - one test, two verdicts: what the stock core of this kernel
# version does wrong must show on a kernel that has it, and be absent from ours.

# Ours has a function that the stock core of this version lacks.
core_is_ours()
{
	grep -qw klp_find_section_by_name /proc/kallsyms
}

# A complaint of the stock kernel is what a case may have wanted to see.
forgive_stock()
{
	core_is_ours || log_mark
}

# defect WHAT COMMAND...: COMMAND is true where the defect shows.
defect()
{
	local what=$1 seen=absent want=shows

	shift
	if "$@"; then
		seen=shows
	fi
	if core_is_ours; then
		want=absent
	fi
	klp_note "$seen: $what"
	expect_eq "$what" "$want" "$seen"
}

as_it_should_not()
{
	sed 's/^/# | /' "$KLP_TMP/said"
	klp_fail "$1 ends as it should not"
}

# as_told_by SCRIPT CASE REGEX: the case that shows its absence passes on ours, and
# fails on stock, saying something like REGEX.  What stock overlooks shows when its
# transition ends, which may take it seconds: it gets a minute.
as_told_by()
{
	local said=$KLP_TMP/said rc=0 hold=0

	if ! core_is_ours; then
		hold=60000
	fi
	KLP_HOLD=$hold "$KLP_DIR/$1" "$2" > "$said" 2>&1 || rc=$?
	[ "$rc" -ne "$KSFT_SKIP" ] || klp_skip "$(sed -n 's/.*# SKIP *//p' "$said")"
	klp_note "$1:$2: $(grep -oE -m 1 'FAIL: .*|^ok .*' "$said" || tail -n 1 "$said")"
	if core_is_ours; then
		[ "$rc" -eq 0 ] || as_it_should_not "$1 $2"
	else
		grep -qE -- "FAIL: $3" "$said" || as_it_should_not "$1 $2"
		forgive_stock
	fi
}

# Which the patch in force has relocations for.
target_does_not_load()
{
	! mod_load "${T}00" 2> "$KLP_TMP/why" || return 1
	klp_note "insmod: $(cat "$KLP_TMP/why")"
	klp_note "log: $(log_since | grep -m 1 'existing value is nonzero')"
}
