# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-build.sh - patches and targets in any number, on top of klp-lib.sh.
#
# klp_test_patch_00 is a patch described by its parameters, klp_test_tgt_00 a
# module to be patched.  mod_load klp_test_patch_07 makes a copy of the former
# under that name.  In the scripts P and T abbreviate these names without their
# numbers, and a log line "00 pre_patch tgt_00 live" is one that
# klp_test_patch_00 wrote.

P=klp_test_patch_
T=klp_test_tgt_
PARAMS=/sys/module/klp_test_holder/parameters
CMDLINE=vmlinux:cmdline_proc_show

# ---- Copies of modules ------------------------------------------------------

# The module that NAME is a copy of: klp_test_tgt_07 comes from klp_test_tgt_00.
ko_template()
{
	case $1 in
	*_[0-9][0-9]) echo "${1%_*}_00" ;;
	*) echo "$1" ;;
	esac
}

# ko_edit NAME SED-EXPRESSION...: makes the copy, with these edits.
ko_edit()
{
	local name=$1 template edit edits=()

	shift
	template=$(ko_template "$name")
	for edit in "s/$template/$name/g" "$@"; do
		edits+=(-e "$edit")
	done
	sed "${edits[@]}" "$KLP_MODULES/$template.ko" > "$KLP_TMP/$name.ko"
}

ko_make()
{
	[ -e "$KLP_TMP/$1.ko" ] || ko_edit "$1"
}

# Prints the path of the copy.
ko()
{
	ko_make "$1"
	echo "$KLP_TMP/$1.ko"
}

mod_load()
{
	local name=$1

	shift
	ko_make "$name"
	insmod "$KLP_TMP/$name.ko" "$@"
}

# For the end of a case that edited copies.
ko_forget()
{
	rm -f "$KLP_TMP"/*.ko
}

# ---- Refusals ---------------------------------------------------------------

redirected()
{
	local line lines n=0

	mapfile -t lines < "$KLP_TRACING/enabled_functions" || return
	for line in "${lines[@]}"; do
		[[ $line != *" I"* ]] || n=$((n + 1))
	done
	echo $n
}

redirected_are()
{
	[ "$(redirected)" -eq "$1" ]
}

# A worker drops what a patch left, set by set, once the transition is over.
expect_redirected()
{
	wait_until redirected_are "$1"
}

insmod_text()
{
	case $1 in
	-2)  echo "Unknown symbol in module" ;;
	-8)  echo "Invalid module format" ;;
	-12) echo "Cannot allocate memory" ;;
	-16) echo "Device or resource busy" ;;
	-17) echo "File exists" ;;
	-19) echo "No such device" ;;
	-22) echo "Invalid parameters" ;;
	*)   klp_fail "no text for $1" ;;
	esac
}

sysfs_entries()
{
	local entries=("$KLP_SYSFS"/*)

	[ ! -e "${entries[0]}" ] || printf '%s\n' "${entries[@]##*/}"
}

# refused ERRNO PATCH [PARAM=VALUE...]: and nothing is left behind.
refused()
{
	local errno=$1 name=$2 entries functions

	shift 2
	entries=$(sysfs_entries)
	functions=$(redirected)
	expect_error "$(insmod_text "$errno")" mod_load "$name" "$@"
	expect log_has "$name: enable returned $errno"
	expect_not mod_loaded "$name"
	expect_eq "entries in sysfs" "$entries" "$(sysfs_entries)"
	[ "$(redirected)" -le "$functions" ] ||
		klp_fail "more functions are redirected than before: $(redirected)"
}

# Enabling still works, and the patch does what it should.
good_patch_works()
{
	patch_enable ${P}98 objs=$CMDLINE value=98
	expect_eq /proc/cmdline "${P}98 98" "$(cat /proc/cmdline)"
	patch_remove ${P}98
	expect_not grep -q klp_test /proc/cmdline
}

# ---- Callbacks --------------------------------------------------------------

callback_lines()
{
	log_since | sed -nE 's/.*klp_test_patch_([0-9]+): ((pre|post)_(un)?patch .*)/\1 \2/
		T; / state /d; s/klp_test_//g; p'
}

# expect_callbacks LINE...: exactly these since the last mark, in this order.
expect_callbacks()
{
	local want=''

	[ $# -eq 0 ] || want=$(printf '%s\n' "$@")
	expect_eq "callbacks" "$want" "$(callback_lines)"
}

callbacks_are()
{
	[ "$(printf '%s\n' "$@")" = "$(callback_lines)" ]
}

# ---- Stalled transitions ----------------------------------------------------

HOLDER=klp_test_holder:holder_wait=wait

hold()
{
	klp_on_cleanup "release 2> /dev/null"
	mod_loaded klp_test_holder || mod_load klp_test_holder
	write 1 $PARAMS/hold
}

release()
{
	write 0 $PARAMS/hold
}

# A patch of CMDLINE that cannot finish enabling before release.
stall_enabling()
{
	hold
	patch_load "$1" "objs=$HOLDER;$CMDLINE" "${@:2}"
	expect in_transition "$1"
}

# The same for disabling.
stall_disabling()
{
	mod_loaded klp_test_holder || mod_load klp_test_holder
	patch_enable "$1" "objs=$HOLDER;$CMDLINE" "${@:2}"
	hold
	patch_set_enabled "$1" 0
	expect in_transition "$1"
}

# ---- Values -----------------------------------------------------------------

tgt_param()
{
	show "/sys/module/$T$1/parameters/$2"
}

# tgt_value_is NN VALUE: what the first function of that target returns.
tgt_value_is()
{
	[ "$(tgt_param "$1" value)" = "$2" ]
}

cmdline_is()
{
	[ "$(show /proc/cmdline)" = "$1" ]
}

# ---- Kernels ----------------------------------------------------------------

# What some cases try brings down cores older than ours: not there.
need_new_core()
{
	grep -qw klp_find_section_by_name /proc/kallsyms ||
		klp_skip "this core is known to crash: $*"
}

# A function name that the kernel has twice, both in its own text and traceable.
ambiguous_symbol()
{
	awk 'NR == FNR { traced[$1]++; next }
	     $2 == "t" && NF == 3 { n[$3]++ }
	     END { for (s in n) if (n[s] == 2 && traced[s] == 2 && s ~ /^[a-z_]+$/) print s }' \
		"$KLP_TRACING/available_filter_functions" /proc/kallsyms |
		sort | head -1
}
