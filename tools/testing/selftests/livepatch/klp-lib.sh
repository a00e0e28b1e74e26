# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-lib.sh - shared by every klp-*.sh: cases, waiting, modules, patches, log.
#
# A script sources this file, defines one function case_<property> per test
# case, and ends with
#
#	klp_main "$@"
#
# klp_main prints KTAP and runs the cases in the order of their definition,
# each in a subshell under "set -eu"; a case fails when a command fails or when
# it calls klp_fail, and is skipped by klp_skip.  After each case everything
# named klp_test* is disabled and unloaded, background jobs are killed and
# tracing is reset.  "script -l" lists the cases, "script CASE..." runs some.

set -eu
export LC_ALL=C

KLP_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KLP_SCRIPT=$(basename "$0")
KLP_MODULES=${KLP_MODULES:-$KLP_DIR/klp_modules}
KLP_SYSFS=/sys/kernel/livepatch
KLP_TRACING=/sys/kernel/tracing
KLP_DEBUGFS=/sys/kernel/debug
KLP_DYNDBG=$KLP_DEBUGFS/dynamic_debug/control
KLP_DEADLINE=${KLP_DEADLINE:-60}	# seconds, for every wait

# ---- Verdicts ---------------------------------------------------------------

exec {KLP_OUT}>&1

klp_ktap()
{
	# shellcheck source=/dev/null
	. "$KLP_DIR/../kselftest/ktap_helpers.sh"
}

# A KTAP comment, also from inside $(...).
klp_note()
{
	echo "# $*" >&"$KLP_OUT"
}

klp_fail()
{
	klp_note "FAIL: $*"
	exit "$KSFT_FAIL"
}

# Ends the running case (exit 4 in its subshell); the reason goes to KTAP.
klp_skip()
{
	echo "$*" > "$KLP_TMP/skip"
	exit "$KSFT_SKIP"
}

# The whole script cannot run here: to be called by the script's klp_requires,
# which klp_main calls first.
klp_skip_all()
{
	klp_ktap
	ktap_print_header
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

expect()
{
	"$@" || klp_fail "expected: $*"
}

expect_not()
{
	! "$@" || klp_fail "expected the opposite of: $*"
}

# expect_eq WHAT WANT GOT
expect_eq()
{
	[ "$2" = "$3" ] || klp_fail "$1: want '$2', got '$3'"
}

# expect_error TEXT COMMAND...: it must fail and say TEXT, e.g.
#	expect_error "Device or resource busy" write 0 "$KLP_SYSFS/$p/enabled"
expect_error()
{
	local text=$1 said

	shift
	if said=$("$@" 2>&1); then
		klp_fail "succeeded, want '$text': $*"
	fi
	case $said in
	*"$text"*) ;;
	*) klp_fail "want '$text', got '$said': $*" ;;
	esac
}

# ---- Time -------------------------------------------------------------------

now_us()
{
	echo "${EPOCHREALTIME/./}"
}

# tick [MICROSECONDS]: a pause without a process, 10 ms unless told otherwise: nobody ever
# writes to that pipe.
tick()
{
	local us=000000${1:-10000}

	read -r -t "${us::-6}.${us: -6}" -u "$KLP_TICK" _ || :
}

# poll_until [-t SECONDS] COMMAND...: status 1 when the deadline passes.  Pauses as long as
# looking took, so that on a slow machine it is not all that is done.
poll_until()
{
	local limit=$KLP_DEADLINE start=${EPOCHREALTIME/./} look took

	if [ "$1" = -t ]; then
		limit=$2
		shift 2
	fi
	while look=${EPOCHREALTIME/./}; ! "$@"; do
		took=$((${EPOCHREALTIME/./} - look))
		if [ $((look + took - start)) -gt $((limit * 1000000)) ]; then
			return 1
		fi
		tick $((took > 10000 ? took : 10000))
	done
}

# wait_until [-t SECONDS] COMMAND...: the case fails when the deadline passes.
wait_until()
{
	poll_until "$@" || klp_fail "timed out waiting for: $*"
}

# holds_for MILLISECONDS COMMAND...: true if it was never seen to be false.  Who wants to
# see that it is sets $KLP_HOLD, the least time in milliseconds.
holds_for()
{
	local least=${KLP_HOLD:-0}
	local end=$((${EPOCHREALTIME/./} + ($1 > least ? $1 : least) * 1000))

	shift
	while [ "${EPOCHREALTIME/./}" -lt "$end" ]; do
		"$@" || return 1
		tick
	done
}

# ---- Files and processes ----------------------------------------------------

# write VALUE FILE: one write(2); the error text goes to stderr.
write()
{
	echo "$1" > "$2"
}

# show FILE: prints its lines, as cat does, without a process.
show()
{
	local lines

	mapfile -t lines < "$1" || return
	[ ${#lines[@]} -eq 0 ] || printf '%s\n' "${lines[@]}"
}

file_is()
{
	local value=

	read -r value 2> /dev/null < "$1" || [ -n "$value" ] || return 1
	[ "$value" = "$2" ]
}

# Starts COMMAND in the background; its process id is in $BG_PID.
bg()
{
	"$@" &
	BG_PID=$!
	echo "$BG_PID" >> "$KLP_TMP/jobs"
}

process_gone()
{
	! kill -0 "$1" 2> /dev/null
}

need_file()
{
	[ -e "$1" ] || klp_skip "no $1${2:+: $2}"
}

need_cpu1()
{
	[ -d /sys/devices/system/cpu/cpu1 ] || klp_skip "one CPU"
}

# ---- Modules ----------------------------------------------------------------

mod_loaded()
{
	[ -d "/sys/module/$1" ]
}

# mod_load NAME [PARAM=VALUE...]: from klp_modules; fails like insmod does.
mod_load()
{
	local name=$1

	shift
	insmod "$KLP_MODULES/$name.ko" "$@"
}

mod_refcount()
{
	show "/sys/module/$1/refcnt"
}

mod_refcount_is()
{
	file_is "/sys/module/$1/refcnt" "$2"
}

# Waits for the last reference, then removes.
mod_unload()
{
	wait_until mod_refcount_is "$1" 0
	rmmod "$1"
}

# ---- Patches ----------------------------------------------------------------

patch_attr()
{
	show "$KLP_SYSFS/$1/$2"
}

patch_exists()
{
	[ -d "$KLP_SYSFS/$1" ]
}

patch_gone()
{
	[ ! -d "$KLP_SYSFS/$1" ]
}

in_transition()
{
	file_is "$KLP_SYSFS/$1/transition" 1
}

# True also when the patch is gone.
not_in_transition()
{
	! in_transition "$1"
}

# No patch at all is in transition.
no_transition()
{
	local f

	for f in "$KLP_SYSFS"/*/transition; do
		if file_is "$f" 1; then
			return 1
		fi
	done
}

patch_enabled()
{
	file_is "$KLP_SYSFS/$1/enabled" 1
}

# patch_load NAME [PARAM=VALUE...]: starts enabling, does not wait.
patch_load()
{
	mod_load "$@"
}

# patch_enable NAME [PARAM=VALUE...]: enables and waits for the end of it.
patch_enable()
{
	patch_load "$@"
	wait_until not_in_transition "$1"
	expect patch_enabled "$1"
}

# Starts disabling (or reverses), does not wait.
patch_set_enabled()
{
	write "$2" "$KLP_SYSFS/$1/enabled"
}

# Disables, waits, removes the module.
patch_remove()
{
	patch_set_enabled "$1" 0
	wait_until patch_gone "$1"
	mod_unload "$1"
}

# ---- Tasks ------------------------------------------------------------------

# side PID [TID]: patch_state of a task.
side()
{
	show "/proc/$1/task/${2:-$1}/patch_state"
}

side_is()
{
	file_is "/proc/$1/patch_state" "$2"
}

# Tasks (all threads) whose patch_state is not $1, as "pid tid comm state".
tasks_not_on_side()
{
	local f dir state comm

	for f in /proc/[0-9]*/task/[0-9]*/patch_state; do
		dir=${f%/patch_state}
		read -r state 2> /dev/null < "$f" || continue
		if [ "$state" != "$1" ]; then
			comm=gone
			read -r comm 2> /dev/null < "$dir/comm" || :
			echo "$(echo "$dir" | cut -d/ -f3,5 | tr / ' ') $comm $state"
		fi
	done
}

all_on_side()
{
	local f state

	for f in /proc/[0-9]*/task/[0-9]*/patch_state; do
		read -r state 2> /dev/null < "$f" || continue
		[ "$state" = "$1" ] || return 1
	done
}

# The task sleeps (state S or D).
asleep()
{
	local line

	read -r line 2> /dev/null < "/proc/$1/stat" || return 1
	line=${line##*) }
	case ${line%% *} in
	S|D) ;;
	*) return 1 ;;
	esac
}

# ---- Kernel log -------------------------------------------------------------

# log_mark: log_since prints what comes after the last mark (every case has one).
log_mark()
{
	KLP_MARK="klp-selftest: $KLP_SCRIPT $BASHPID ${EPOCHREALTIME/./}"
	echo "$KLP_MARK" > /dev/kmsg
}

log_since()
{
	dmesg --notime | awk -v mark="$KLP_MARK" '
		index($0, mark) { seen = 1; n = 0; next }
		seen { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# log_has TEXT: a fixed string in the log since the mark.
log_has()
{
	dmesg --notime | KLP_TEXT=$1 awk -v mark="$KLP_MARK" '
		index($0, mark) { found = 0; next }
		index($0, ENVIRON["KLP_TEXT"]) { found = 1 }
		END { exit !found }'
}

expect_log()
{
	log_has "$1" || klp_fail "not in the log: $1"
}

# For lines that the core prints by pr_debug: needs CONFIG_DYNAMIC_DEBUG.
expect_debug_log()
{
	[ ! -e "$KLP_DYNDBG" ] || expect_log "$1"
}

expect_no_log()
{
	! log_has "$1" || klp_fail "in the log: $1"
}

# All debug lines but those about single tasks.
klp_debug_lines()
{
	if [ -e "$KLP_DYNDBG" ]; then
		echo "file kernel/livepatch/* $1" > "$KLP_DYNDBG"
		echo "func klp_try_switch_task -p" > "$KLP_DYNDBG"
	fi 2> /dev/null
}

# How names of functions of the core begin
KLP_FUNCTIONS='([^ ]*klp_|proc_pid_patch_state|(enabled|transition|stats|blockers|replace|stack_order|patched)_show|(enabled|force)_store)'

# The kernel complained: WARN, BUG, oops, lockdep, RCU stall.  Shows what it said first, and
# what stands around it: a call trace alone does not tell what it is about.
#
# Reports of KCSAN without a function of ours are not ours to mend; what an interrupt came
# in between, or what ftrace was called by, has no part in it.  Most of ftrace's trampolines
# have no name.  One may be under way when a case begins, or ends.
log_complains()
{
	dmesg --notime | awk -v mark="$KLP_MARK" -v functions="$KLP_FUNCTIONS" '
		function keep(text) { line[n++] = text }
		function keep_report(i) {
			if (inside && (ours || !race))
				for (i = 0; i < m; i++)
					keep(report[i])
		}
		index($0, mark) { n = 0; inside = inside && race; next }
		/^====================/ {
			keep_report()
			inside = !inside
			ours = race = m = 0
			next
		}
		/BUG: KCSAN/ { inside = race = 1 }
		/ by (task|interrupt) / { interrupted = 0 }
		/^ (asm_|ftrace_[a-z_]*call|0x)/ { interrupted = 1 }
		inside {
			report[m++] = $0
			ours = ours || (!interrupted && $0 ~ "^ " functions)
			next
		}
		{ keep($0) }
		END {
			keep_report()
			for (i = 0; i < n; i++)
				if (line[i] ~ /WARNING:|BUG:|Oops|general protection|Call Trace:|rcu: INFO|INFO: task/)
					break
			for (j = i > 5 ? i - 5 : 0; i < n && j < n && j < i + 40; j++)
				print line[j]
			exit i == n
		}'
}

# ---- Cleaning up ------------------------------------------------------------

# klp_on_cleanup COMMAND...: run first when the case ends, last given first.
klp_on_cleanup()
{
	KLP_CLEANUPS=("$*" "${KLP_CLEANUPS[@]}")
}

# klp_reset_file FILE WANTED VALUE: writes VALUE unless its first line is WANTED.  Each
# write is a grace period or more.
klp_reset_file()
{
	local line=

	[ -e "$KLP_TRACING/$1" ] || return 0
	read -r line < "$KLP_TRACING/$1" || :
	[ "$line" = "$2" ] || echo "$3" > "$KLP_TRACING/$1" || :
}

klp_reset_tracing()
{
	local all="#### all functions enabled ####" line

	[ -d "$KLP_TRACING" ] || return 0
	{
		klp_reset_file current_tracer nop nop
		klp_reset_file set_graph_function "$all" ""
		klp_reset_file set_ftrace_filter "$all" ""
		klp_reset_file events/kprobes/enable 0 0
		klp_reset_file events/livepatch/enable 0 0
		klp_reset_file kprobe_events "" ""
		klp_reset_file tracing_on 1 1
		while read -r line; do
			if [[ $line != "#"* ]]; then	# no header, but what was traced
				: > "$KLP_TRACING/trace"
				break
			fi
		done < "$KLP_TRACING/trace"
	} 2> /dev/null
	read -r line < /proc/sys/kernel/ftrace_enabled || :
	[ "$line" = 1 ] || echo 1 > /proc/sys/kernel/ftrace_enabled || :
}

klp_open_gates()
{
	local gates=$KLP_DEBUGFS/klp_test_target/open

	if [ -w "$gates" ]; then
		echo all > "$gates" || :
	fi 2> /dev/null
}

klp_kill_jobs()
{
	local pid

	[ -s "$KLP_TMP/jobs" ] || return 0
	while read -r pid; do
		kill -KILL "$pid" || :
	done < "$KLP_TMP/jobs" 2> /dev/null
	while read -r pid; do
		wait "$pid" || :
	done < "$KLP_TMP/jobs" 2> /dev/null
	: > "$KLP_TMP/jobs"
}

# Into the array KLP_PATCHES
klp_find_patches()
{
	local dir

	KLP_PATCHES=()
	for dir in "$KLP_SYSFS"/klp_test*; do
		[ ! -d "$dir" ] || KLP_PATCHES+=("${dir##*/}")
	done
}

no_test_patches()
{
	klp_find_patches
	[ ${#KLP_PATCHES[@]} -eq 0 ]
}

klp_disable_all()
{
	local i p

	klp_find_patches
	for ((i = ${#KLP_PATCHES[@]} - 1; i >= 0; i--)); do
		p=${KLP_PATCHES[i]}
		poll_until -t 20 no_transition || :
		if patch_enabled "$p"; then
			patch_set_enabled "$p" 0 || :
		fi
	done 2> /dev/null
	if poll_until -t 30 no_test_patches; then
		return 0
	fi
	klp_note "cleanup: patches left: ${KLP_PATCHES[*]}"
	for p in "${KLP_PATCHES[@]}"; do
		echo 1 > "$KLP_SYSFS/$p/force" || :
	done 2> /dev/null
	return 1
}

# Into the array KLP_LOADED
klp_find_modules()
{
	local dir

	KLP_LOADED=()
	for dir in /sys/module/klp_test*; do
		[ ! -e "$dir/refcnt" ] || KLP_LOADED+=("${dir##*/}")
	done
}

# klp_unload_unused NR: true if fewer than NR are left then
klp_unload_unused()
{
	local name unused=()

	for name in "${KLP_LOADED[@]}"; do
		! mod_refcount_is "$name" 0 || unused+=("$name")
	done
	[ ${#unused[@]} -eq 0 ] || rmmod "${unused[@]}" || :
	klp_find_modules
	[ ${#KLP_LOADED[@]} -lt "$1" ]
} 2> /dev/null

# Unloads in whatever order the dependencies allow.
klp_unload_all()
{
	klp_find_modules
	while [ ${#KLP_LOADED[@]} -gt 0 ]; do
		if ! poll_until -t 2 klp_unload_unused ${#KLP_LOADED[@]}; then
			klp_note "cleanup: modules left: ${KLP_LOADED[*]}"
			return 1
		fi
	done
}

klp_cleanup()
{
	local cmd rc=0

	set +e
	for cmd in "${KLP_CLEANUPS[@]}"; do
		[ -z "$cmd" ] || eval "$cmd"
	done
	KLP_CLEANUPS=("")
	klp_open_gates
	klp_kill_jobs
	klp_reset_tracing
	klp_disable_all || rc=1
	klp_unload_all || rc=1
	return "$rc"
}

# ---- Running ----------------------------------------------------------------

klp_cases()
{
	shopt -s extdebug
	# shellcheck disable=SC2046 # one word per function
	declare -F $(compgen -A function case_) | sort -k2n | sed 's/^case_\([^ ]*\).*/\1/'
	shopt -u extdebug
}

klp_case_end()
{
	local rc=$?

	trap - EXIT
	if [ "$rc" -ne 0 ] && [ "$rc" -ne "$KSFT_SKIP" ]; then
		klp_diagnose
	fi
	klp_cleanup || [ "$rc" -ne 0 ] || rc=$KSFT_FAIL
	if [ "$rc" -eq 0 ] && log_complains > "$KLP_TMP/complaint"; then
		sed 's/^/# /' "$KLP_TMP/complaint"
		klp_note "FAIL: the kernel complained"
		rc=$KSFT_FAIL
	fi
	exit "$rc"
}

# What a reader of a failed run wants to see.
klp_diagnose()
{
	local f

	for f in "$KLP_SYSFS"/*/*; do
		if [ -f "$f" ] && [ "${f##*/}" != force ]; then
			echo "# ${f#"$KLP_SYSFS"/}: $(head -20 "$f" 2>&1 | tr '\n' ' ')"
		fi
	done
	for f in "$KLP_SYSFS"/*/transition; do
		if file_is "$f" 1; then
			tasks_not_on_side "$(cat "${f%/*}/enabled")" |
				head -20 | sed 's/^/# task: /'
		fi
	done
	log_since | tail -40 | sed 's/^/# log: /'
}

klp_run_case()
{
	local name=$1 rc=0

	[ ! -e "$KLP_TMP/skip" ] || rm "$KLP_TMP/skip"
	: > "$KLP_TMP/jobs"
	set +e
	(
		KLP_CLEANUPS=("")
		log_mark
		trap klp_case_end EXIT
		set -e
		"case_$name"
	)
	rc=$?
	set -e
	case $rc in
	0)
		ktap_test_pass "$name" ;;
	"$KSFT_SKIP")
		__ktap_test ok "$name" "SKIP $(cat "$KLP_TMP/skip")"
		KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1)) ;;
	*)
		ktap_test_fail "$name" ;;
	esac
}

klp_main()
{
	local name

	if [ "${1:-}" = -l ]; then
		klp_cases
		return
	fi
	klp_ktap
	[ "$(id -u)" = 0 ] || klp_skip_all "must be root"
	[ -d "$KLP_SYSFS" ] || klp_skip_all "the kernel has no livepatch support"
	if declare -F klp_requires > /dev/null; then
		klp_requires
	fi
	KLP_TMP=$(mktemp -d "${TMPDIR:-/tmp}/klp.XXXXXX")
	mkfifo "$KLP_TMP/tick"
	exec {KLP_TICK}<> "$KLP_TMP/tick"
	KLP_CLEANUPS=("")
	trap 'klp_cleanup; klp_debug_lines -p; rm -rf "$KLP_TMP"' EXIT
	trap 'exit 130' INT TERM

	klp_debug_lines +p
	# shellcheck disable=SC2046 # one word per case
	[ $# -gt 0 ] || set -- $(klp_cases)
	ktap_print_header
	ktap_set_plan $#
	for name; do
		klp_run_case "$name"
	done
	if [ "$KTAP_CNT_SKIP" -eq $# ]; then
		ktap_print_totals
		exit "$KSFT_SKIP"
	fi
	ktap_finished
}
