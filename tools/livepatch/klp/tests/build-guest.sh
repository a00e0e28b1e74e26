# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# build-guest.sh DIRECTORY
#
# The guest's part of build.sh: for each CASE.ko of the directory, does what CASE.expect
# says before the patch is loaded, while it is, and after it is unloaded:
#
#	check NAME OLD NEW COMMAND...	prints OLD (a pattern) before and after, NEW meanwhile
#	allow REGEXP			lines of the kernel's log that are no complaint
#	anything else			is done, with $phase: before, loaded or after
#
# What CASE.refused names the function of was built against other code than what runs: the
# core has to refuse it, and the module itself where the core does not look.
#
# Prints "ok CASE.NAME" or "not ok CASE.NAME # why" at the end of each case.

set -u
cd "$1" || exit 1
complaint='WARNING: |BUG: |kernel BUG|Oops|general protection|Call Trace:|refcount_t:|ftrace failed|livepatch: .*failed'
# For the cases
# shellcheck disable=SC2034
trace=/sys/kernel/tracing

says()
{
	dmesg | sed "1,${log}d" | grep -c -- "$1"
}

log_lines()
{
	dmesg | wc -l
}

sections() { :; }
module() { :; }

allow()
{
	allowed=$1
}

check()
{
	local name=$1 want=$2 got

	[ "$phase" = loaded ] && want=$3
	shift 3
	[ "$phase" != before ] || checks+=("$name")
	got=$("$@" 2>&1)
	# shellcheck disable=SC2053
	[[ $got == $want ]] || why[$name]+="$phase: want '$want', got '$got'; "
}

step()
{
	local out

	case $1 in
	loaded) out=$(klp load --timeout 60 "$case.ko" 2>&1) ;;
	after) out=$(klp unload --timeout 60 "klp_$case" 2>&1) ;;
	esac || { why[loads_and_unloads]+="$1: $out; "; return 1; }
}

verdict()
{
	if [ -n "${why[$1]:-}" ]; then
		echo "not ok $case.$1 # ${why[$1]}"
	else
		echo "ok $case.$1"
	fi
}

one_case()
{
	local allowed='^$' log=0 phase name complaints
	local -a checks=()
	local -A why=()

	start=$(log_lines)
	for phase in before loaded after; do
		step "$phase" || break
		log=$(log_lines)
		# shellcheck source=/dev/null
		. "./$case.expect"
	done
	complaints=$(dmesg | sed "1,${start}d" | grep -E "$complaint" | grep -vE "$allowed")
	[ -z "$complaints" ] || why[loads_and_unloads]+="kernel: ${complaints//$'\n'/; }"
	for name in "${checks[@]}" loads_and_unloads; do
		verdict "$name"
	done
}

# refuses NAME FUNCTION WHO [PARAMETER=VALUE]: not loaded, and WHO says why in the kernel's log
refuses()
{
	local name=$1 function=$2 who=$3 log out

	shift 3
	log=$(log_lines)
	checks+=("$name")
	! out=$(klp load --timeout 60 "$case.ko" "$@" 2>&1) || why[$name]+="it was loaded: $out; "
	[ ! -e "/sys/module/klp_$case" ] || why[$name]+="its module is there still; "
	[ "$(says "^.*$who.*$function.*is not the code that th[a-z]* patch was built against")" -gt 0 ] ||
		why[$name]+="$(dmesg | sed "1,${log}d"); "
}

one_refused()
{
	local parameter=/sys/module/livepatch/parameters/verify function name out
	local -a checks=()
	local -A why=()

	read -r function < "$case.refused"
	refuses core_refuses_other_code "$function" 'livepatch: ' verify=0
	echo N > $parameter
	refuses module_refuses_other_code "$function" "klp_$case: "
	checks+=(unverified_it_loads)
	out=$(klp load --timeout 60 "$case.ko" verify=0 2>&1 && klp unload --timeout 60 "klp_$case" 2>&1) ||
		why[unverified_it_loads]=$out
	echo Y > $parameter
	for name in "${checks[@]}"; do
		verdict "$name"
	done
}

for ko in *.ko; do
	case=${ko%.ko}
	[ ! -e "$case.expect" ] || one_case
	[ ! -e "$case.refused" ] || one_refused
done
echo "end of cases"
