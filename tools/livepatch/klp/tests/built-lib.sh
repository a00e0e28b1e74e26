# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# built-lib.sh - KTAP for the tests of what klp knows of built kernels.  Each case is a
# function case_*, run in a shell and a directory ($TMP) of its own; $BIN has the programs.

set -u
export LC_ALL=C
BIN=$(realpath "${BIN:?the directory of the test programs}")

fail()
{
	echo "# FAIL: $*"
	exit 1
}

# run STATUS PROGRAM ARGUMENT...: it must end with that; what it said is in $OUT.
run()
{
	local want=$1 got

	shift
	OUT=$("$BIN/$1" "${@:2}" 2>&1 < /dev/null)
	got=$?
	[ "$got" -eq "$want" ] || fail "$*: want status $want, got $got: $OUT"
	case $OUT in
	*"runtime error"*|*Sanitizer*) fail "a sanitizer complains: $OUT" ;;
	esac
}

expect_has()
{
	case $OUT in
	*"$1"*) ;;
	*) fail "want '$1' in: $OUT" ;;
	esac
}

expect_not()
{
	case $OUT in
	*"$1"*) fail "'$1' is in: $OUT" ;;
	esac
}

expect_is()
{
	[ "$OUT" = "$1" ] || fail "want '$1', got: $OUT"
}

# Ends with what the cases came to.
run_cases()
{
	local cases n=0 failed=0 name

	cases=$(declare -F | sed -n 's/^declare -f case_//p')
	[ $# -eq 0 ] || cases=$*
	echo "TAP version 13"
	echo "1..$(wc -w <<< "$cases")"
	for name in $cases; do
		n=$((n + 1))
		TMP=$(mktemp -d)
		if (cd "$TMP" && "case_$name"); then
			echo "ok $n $name"
		else
			echo "not ok $n $name"
			failed=1
		fi
		rm -rf "$TMP"
	done
	exit $failed
}
