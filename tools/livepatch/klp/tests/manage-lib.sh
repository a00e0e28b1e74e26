# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# manage-lib.sh - KTAP, and a kernel made of files and shell for klp's managing verbs.
#
# $BIN/klp-fake is klp linked with fake_modules.c.  The tree $KLP_ROOT has what it reads of /sys,
# /proc and /var; "insert" and "remove" act as the module loader; a loop in the background
# acts as the core: it answers what is written to "enabled" and "force", and lets tasks
# move unless $KLP_ROOT/hold exists.

set -u
export LC_ALL=C
KLP=$(realpath "${BIN:?the directory of the test programs}/klp-fake")
RELEASE=6.12.0-fake
TASKS="11 12 13"

fail()
{
	echo "# FAIL: $*"
	exit 1
}

expect_eq()
{
	[ "$2" = "$3" ] || fail "$1: want '$2', got '$3'"
}

expect_has()
{
	case $2 in
	*"$1"*) ;;
	*) fail "want '$1' in: $2" ;;
	esac
}

# run STATUS ARGUMENT...: klp must end with it; what it said is in $OUT and $ERR.
run()
{
	local want=$1 got

	shift
	"$KLP" "$@" > "$TMP/out" 2> "$TMP/err" < /dev/null
	got=$?
	OUT=$(cat "$TMP/out")
	ERR=$(cat "$TMP/err")
	[ "$got" -eq "$want" ] || fail "klp $*: want status $want, got $got: $OUT $ERR"
	! grep -E 'runtime error|AddressSanitizer|LeakSanitizer' "$TMP/err" || fail "a sanitizer complains"
}

# json EXPRESSION: of $OUT, which must be JSON; python's, so a second opinion on it.
json()
{
	printf '%s' "$OUT" | python3 -c "import json, sys; d = json.load(sys.stdin); print($1)" ||
		fail "not JSON, or without $1: $OUT"
}

wait_until()
{
	local i

	for ((i = 0; i < 500; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	fail "timed out: $*"
}

# ---- Modules ----------------------------------------------------------------

# module NAME [FIELD...]: a module file with these fields of modinfo; prints its path.
module()
{
	local name=$1 field text=

	shift
	for field in "name=$name" "$@"; do
		text+="$field\\0"
	done
	printf 'const char info[] __attribute__((section(".modinfo"), used)) = "%s";\n' "$text" |
		gcc -x c -c -o "$TMP/$name.ko" -
	echo "$TMP/$name.ko"
}

patch_module()
{
	local name=$1

	shift
	module "$name" livepatch=Y "vermagic=$RELEASE SMP" klp_func=vmlinux:cmdline_proc_show,1 "$@"
}

# ---- The kernel ---------------------------------------------------------------

state()
{
	cat "$KLP_ROOT/sys/kernel/livepatch/$1/enabled" 2> /dev/null || echo gone
}

state_is()
{
	[ "$(state "$1")" = "$2" ]
}

make_root()
{
	local pid

	KLP_ROOT=$TMP/root
	export KLP_ROOT
	mkdir -p "$KLP_ROOT"/{sys/{kernel/livepatch,kernel/tracing,module},proc/sys/kernel/random,var/lib,dev,lib/modules}
	echo $RELEASE > "$KLP_ROOT/proc/sys/kernel/osrelease"
	echo boot-1 > "$KLP_ROOT/proc/sys/kernel/random/boot_id"
	echo 1 > "$KLP_ROOT/proc/sys/kernel/ftrace_enabled"
	echo quiet > "$KLP_ROOT/proc/cmdline"
	: > "$KLP_ROOT/dev/kmsg"
	echo 'ffff T cmdline_proc_show' > "$KLP_ROOT/proc/kallsyms"
	for pid in $TASKS; do
		mkdir -p "$KLP_ROOT/proc/$pid/task/$pid"
		printf 'a\tb%s\n' "$pid" > "$KLP_ROOT/proc/$pid/task/$pid/comm"
		echo -1 > "$KLP_ROOT/proc/$pid/task/$pid/patch_state"
		echo "$pid (a) b) S 1" > "$KLP_ROOT/proc/$pid/task/$pid/stat"
		printf '[<0>] schedule+0x1/0x2\n[<0>] cmdline_proc_show+0x3/0x4\n' > "$KLP_ROOT/proc/$pid/task/$pid/stack"
	done
	write_programs
	core &
	CORE=$!
}

write_programs()
{
	cat > "$KLP_ROOT/insert" <<-'END'
	#!/bin/bash
	# insert NAME FILE PARAMETERS: exits with the errno
	cd "$KLP_ROOT" || exit 5
	echo "insert $*" >> log
	[ ! -s refuse ] || exit "$(cat refuse)"
	[ ! -d "sys/module/$1" ] || exit 17
	if [ -e sys/module/livepatch ] && [ "$(cat sys/module/livepatch/parameters/preflight)" = "$1" ]; then
		echo > sys/module/livepatch/parameters/preflight
		cp report sys/module/livepatch/parameters/preflight_report
		exit 125
	fi
	mkdir -p "sys/module/$1"
	echo OEK > "sys/module/$1/taint"
	echo 1 > "sys/module/$1/refcnt"
	echo 1.0 > "sys/module/$1/version"
	mkdir -p new/vmlinux/cmdline_proc_show,1
	echo 1 > new/enabled
	echo 1 > new/transition
	echo 0 > new/replace
	echo 1 > new/vmlinux/patched
	echo 0 > new/force
	mv new "sys/kernel/livepatch/$1"
	END
	cat > "$KLP_ROOT/remove" <<-'END'
	#!/bin/bash
	cd "$KLP_ROOT" || exit 5
	echo "remove $*" >> log
	[ -d "sys/module/$1" ] || exit 2
	[ "$(cat "sys/module/$1/refcnt")" = 0 ] || exit 11
	rm -r "sys/module/$1"
	END
	chmod +x "$KLP_ROOT/insert" "$KLP_ROOT/remove"
}

# Not emptied first: nobody reads half of it.
tell()
{
	echo "$1" 1<> "$2"
}

# One patch: sides of the tasks, and the end of its transition.
core_patch()
{
	local dir=$1 name=${1##*/} side pid

	side=$(cat "$dir/enabled") || return
	[ -n "$side" ] || return
	if [ -e "$KLP_ROOT/.$name" ] && [ "$(cat "$KLP_ROOT/.$name")" = "$side" ] &&
	   [ "$(cat "$dir/transition")" = 0 ]; then
		return
	fi
	if [ "$(cat "$KLP_ROOT/.$name" 2> /dev/null)" != "$side" ]; then
		tell 1 "$dir/transition"
		echo "$side" > "$KLP_ROOT/.$name"
		for pid in $TASKS; do
			[ "$pid" != 11 ] || continue
			echo "$side" > "$KLP_ROOT/proc/$pid/task/$pid/patch_state"
		done
		echo $((1 - side)) > "$KLP_ROOT/proc/11/task/11/patch_state"
	fi
	if [ -e "$KLP_ROOT/hold" ] && [ "$(cat "$KLP_ROOT/hold")" != "$side" ] &&
	   [ "$(cat "$dir/force")" != 1 ]; then
		return
	fi
	tell 0 "$dir/transition"
	if [ "$side" = 0 ]; then
		rm -rf "$dir" "$KLP_ROOT/.$name"
		echo 0 > "$KLP_ROOT/sys/module/$name/refcnt"
	fi
}

core()
{
	local dir

	exec 2> /dev/null
	while :; do
		for dir in "$KLP_ROOT"/sys/kernel/livepatch/*/; do
			dir=${dir%/}
			[ ! -d "$dir" ] || core_patch "$dir"
		done
		sleep 0.02
	done
}

# hold SIDE: tasks only move to that side; "none": to no side.
hold()
{
	echo "$1" > "$KLP_ROOT/hold"
}

# Our core's files, beside those of every kernel.
telling_core()
{
	mkdir -p "$KLP_ROOT/sys/module/livepatch/parameters"
	echo > "$KLP_ROOT/sys/module/livepatch/parameters/preflight"
	echo > "$KLP_ROOT/sys/module/livepatch/parameters/forced"
}

reboot()
{
	rm -rf "$KLP_ROOT"/sys/kernel/livepatch/* "$KLP_ROOT"/sys/module/klp_* "$KLP_ROOT"/.klp_*
	echo "boot-$RANDOM-$RANDOM" > "$KLP_ROOT/proc/sys/kernel/random/boot_id"
}

# ---- Running --------------------------------------------------------------------

run_case()
{
	(
		TMP=$(mktemp -d "${TMPDIR:-/tmp}/klp.XXXXXX")
		make_root
		trap 'kill "$CORE"; wait "$CORE" 2> /dev/null; rm -rf "$TMP"' EXIT
		"case_$1"
	)
}

main()
{
	local name nr=0 failed=0

	# shellcheck disable=SC2046 # one word per case
	[ $# -gt 0 ] || set -- $(declare -F | sed -n 's/^declare -f case_//p')
	echo "KTAP version 1"
	echo "1..$#"
	for name; do
		nr=$((nr + 1))
		if run_case "$name"; then
			echo "ok $nr $name"
		else
			echo "not ok $nr $name"
			failed=1
		fi
	done
	exit "$failed"
}
