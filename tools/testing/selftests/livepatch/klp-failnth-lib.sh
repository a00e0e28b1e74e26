# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-failnth-lib.sh - do something again and again, and let another step of it fail
# each time, on top of klp-build.sh.
#
# An operation NAME is described by functions:
#
#	op_NAME N	does it, with klp-failnth's N; prints what klp-failnth does
#	ok_NAME		waits until it is done, and says whether it has worked
#	undo_NAME	takes it back
#	done_NAME	the result that stands for success, if that is not "ok"
#	pre_NAME	what is to be done before, if anything
#	keeps_NAME	the functions whose allocations may stay, if any

FAILNTH=$KLP_DIR/klp-failnth
FAULTS=/sys/module/klp_test_failnth/parameters
LEAKS=$KLP_DEBUGFS/kmemleak
! grep -qw kmemleak=off /proc/cmdline || LEAKS=	# looked at before it is patched
SLAB=$KLP_TRACING/instances/klp_failnth

# The names of files in sysfs stay as long as the dentry of one that was looked at.  Who
# allocates them depends on what the compiler has inlined, here and in keeps_NAME.
SYSFS_NAMES="__kernfs_new_node kstrdup"

FAILNTH_MAX=2000		# no operation has so many steps

# After how many refusals it is seen that the same works then; how far it is from one step
# that fails to the next, after the first DENSE.
STRIDE=1 DENSE=8
case ${KLP_SIZE:-test} in
least)	SOME=8 STRIDE=12 DENSE=6 ;;
test)	SOME=4 ;;
*)	SOME=1 ;;
esac

need_hard()
{
	[ "$SOME" -eq 1 ] || klp_skip "only done if KLP_SIZE is hard"
}

# klp_main calls it first.
klp_requires()
{
	[ -e /proc/self/fail-nth ] || klp_skip_all "the kernel has no fault injection"
	if [ ! -e "$KLP_DEBUGFS/failslab" ] || [ ! -e "$KLP_DEBUGFS/fail_page_alloc" ]; then
		klp_skip_all "the kernel cannot let allocations fail"
	fi
	[ -x "$FAILNTH" ] || klp_skip_all "klp-failnth is not built"
}

# Every allocation counts, and is not reported.
faults()
{
	local dir

	for dir in "$KLP_DEBUGFS"/failslab "$KLP_DEBUGFS"/fail_page_alloc; do
		echo N > "$dir/ignore-gfp-wait"
		echo 0 > "$dir/verbose"
	done
	echo N > "$KLP_DEBUGFS/fail_page_alloc/ignore-gfp-highmem"
	echo 0 > "$KLP_DEBUGFS/fail_page_alloc/min-order"
	mod_load klp_test_failnth
	[ ! -w "$LEAKS" ] || echo clear > "$LEAKS"
	mkdir -p "$SLAB"
	klp_on_cleanup "rmdir $SLAB"
	echo 0 > "$SLAB/tracing_on"
	echo 1 > "$SLAB/events/kmem/kmalloc/enable"
	echo 1 > "$SLAB/events/kmem/kfree/enable"
}

failnth()
{
	"$FAILNTH" "$@"
}

# ---- The machine ------------------------------------------------------------

state()
{
	"$FAILNTH" state
}

state_is()
{
	[ "$(state)" = "$1" ]
}

# expect_state WHEN STATE: soon, since workers have their part in it.
expect_state()
{
	poll_until -t 30 state_is "$2" || {
		diff <(echo "$2") <(state) | grep '^[<>]' | sed 's/^/# /' >&"$KLP_OUT" || :
		klp_fail "$1, the machine is not as it was"
	}
}

# Where there is kmemleak: it takes nothing for lost that is younger than five
# seconds, and wants to have seen it twice.
expect_no_leaks()
{
	[ -w "$LEAKS" ] || return 0
	expect holds_for 6000 true
	echo scan > "$LEAKS"
	echo scan > "$LEAKS"
	if grep . "$LEAKS" | head -60 | sed 's/^/# /' | grep . >&"$KLP_OUT"; then
		klp_fail "$WHAT: memory is lost"
	fi
}

# slab_begin, before an operation; slab_end, before it is undone, if it has worked; then
# expect_freed OPERATION [CALLER...]: all that was allocated for it has been freed, but
# for what these get.
slab_begin()
{
	echo 1 > "$SLAB/tracing_on"
	echo begin > "$SLAB/trace_marker"
}

slab_end()
{
	echo end > "$SLAB/trace_marker"
}

expect_freed()
{
	local op=$1 seen lost

	shift
	# shellcheck disable=SC2046 # words
	read -r seen lost <<< "$("$FAILNTH" lost "$@" $(optional "keeps_$op"))"
	echo 0 > "$SLAB/tracing_on"
	[ "$seen" ] || klp_fail "$WHAT: what was allocated is not known"
	[ -z "$lost" ] || klp_fail "$WHAT: of $seen allocations were not freed those of $lost"
	FOLLOWED=$((FOLLOWED + seen))
}

# ---- One step ---------------------------------------------------------------

# inject N: lets the N-th step of STEPS fail in what comes next.
inject()
{
	write "$STEPS $1" "$FAULTS/arm"
}

injection_is_over()
{
	! file_is "$FAULTS/result" idle
}

# The part of an operation that there may be.
optional()
{
	! declare -F "$1" > /dev/null || "$1"
}

# act OPERATION N: prints "RESULT failed|untouched", of the step if that is not part
# of the system call.
act()
{
	local result how

	if [ "$STEPS" = "system call" ]; then
		"op_$1" "$2"
		return
	fi
	inject "$2"
	read -r result how <<< "$("op_$1" 0)"
	wait_until injection_is_over
	read -r how _ < "$FAULTS/result"
	echo "$result $how"
}

succeeds()
{
	local wanted

	wanted=$(optional "done_$1")
	[ "$2" = "${wanted:-ok}" ]
}

# The operation has worked: it is undone.
undo()
{
	"ok_$1" || klp_fail "$WHAT: $1 has not worked"
	"undo_$1"
	expect_state "$WHAT: undone" "$BEFORE"
}

# The same again, with nothing in its way.
works()
{
	local result

	optional "pre_$1"
	read -r result _ <<< "$("op_$1" 0)"
	succeeds "$1" "$result" || klp_fail "$WHAT: then $1 gives $result"
	undo "$1"
}

# What the log has to say: nothing bad, and of a refusal by the core a line.
expect_said()
{
	local log

	log=$(dmesg --notime)
	[[ ! $log =~ (WARNING:|BUG:|Oops|Call Trace:|INFO: task)[^$'\n']* ]] ||
		klp_fail "$WHAT: the kernel complained: ${BASH_REMATCH[0]}"
	[ "$1" = ok ] || [ "$SILENT" ] || [[ $log =~ livepatch:\ [^$'\n']*(failed|not compatible) ]] ||
		klp_fail "$WHAT: $1, and not a word of it in the log"
}

# A step has failed, and so has the operation.
refused_well()
{
	expect_state "$WHAT: $2" "$BEFORE"
	optional "refused_$1"
	[ -z "$WANTED" ] || expect_eq "$WHAT" "$WANTED" "$2"
	expect_said "$2"
	[ $((n % EVERY)) -ne 0 ] || works "$1"
}

# A step has failed: what has become of the operation?
step_failed()
{
	count[$2]=$((${count[$2]:-0} + 1))
	if succeeds "$1" "$2"; then
		slab_end
		undo "$1"
		# shellcheck disable=SC2086 # words
		expect_freed "$1" $SYSFS_NAMES
		expect_said ok
	else
		expect_freed "$1"
		refused_well "$1" "$2"
	fi
}

# ---- All steps --------------------------------------------------------------

# Of fail_each, by result.
counts()
{
	local result

	for result in "${!count[@]}"; do
		printf ' %s %d' "$result" "${count[$result]}"
	done
}

# fail_steps OPERATION STEPS RESULT EVERY: STEPS is "system call", or what the
# parameter "arm" of klp_test_failnth takes before the number; RESULT what a refusal
# gives.  It is seen after each EVERY-th that the operation works then.
fail_steps()
{
	local op=$1 n result how
	declare -A count=()

	STEPS=$2 WANTED=$3 EVERY=$4 FOLLOWED=0 SILENT=
	case $op in shadow*) SILENT=1 ;; esac
	case $STEPS in
	"system call")	SILENT=1 WANTED= ;;
	*)		inject 0 ;;
	esac
	BEFORE=$(state)
	for ((n = 1; n <= FAILNTH_MAX; n += n < DENSE ? 1 : STRIDE)); do
		WHAT="$op, $STEPS, step $n"
		optional "pre_$op"
		dmesg -C
		slab_begin
		read -r result how <<< "$(act "$op" "$n")"
		[ "$how" = failed ] || break
		step_failed "$op" "$result"
	done
	[ "$how" = untouched ] || klp_fail "$WHAT: $result $how"
	succeeds "$op" "$result" || klp_fail "$WHAT: untouched, it gives $result"
	undo "$op"
	# So many are there at most, if not each of them failed
	STEPS_FAILED=$((n - 1)) STEPS_REFUSED=$((n - 1 - ${count[ok]:-0}))
	klp_note "figures: $op: $STEPS: $STEPS_FAILED steps failed:$(counts), $FOLLOWED allocations freed"
}

# steps_are ALL NEEDED: so many can fail, and without so many it is refused.  Where there is
# kmemleak, it allocates for each allocation, too.
steps_are()
{
	expect_eq "steps that are needed" "$2" "$STEPS_REFUSED"
	[ -w "$LEAKS" ] || expect_eq "steps" "$1" "$STEPS_FAILED"
}

# fail_each OPERATION STEPS [EVERY]: each allocation fails once.
fail_each()
{
	fail_steps "$1" "$2" ENOMEM "${3:-$SOME}"
	expect_no_leaks
}

# deny OPERATION REGION FUNCTION ERROR RESULT [AT-LEAST]: each call of the function in
# the region fails once with this error, and the operation with that result.  That the
# operation works then is seen after the last in any case.
deny()
{
	fail_steps "$1" "$2 $3 $4" "$5" $(((SOME + 1) / 2))
	[ "$STEPS_FAILED" -ge "${6:-1}" ] ||
		klp_fail "$1: $3 was called $STEPS_FAILED times in $2"
}
