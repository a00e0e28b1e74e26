# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# ktap-lib.sh - KTAP for tests of small programs that are made of klp's sources, with
# sanitizers.  Sourced from klp's directory; $WORK is a directory of the test's own.

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
CC=${CC:-gcc}
ASAN_OPTIONS=exitcode=99
UBSAN_OPTIONS=exitcode=99
LC_ALL=C
export ASAN_OPTIONS UBSAN_OPTIONS LC_ALL
NR=0
FAILED=0

# compile OUTPUT SOURCE|LIBRARY...
compile()
{
	output=$1
	shift
	$CC -std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined \
		-fno-sanitize-recover=all "$@" -o "$output"
}

# result STATUS NAME: what was printed last is in errors
result()
{
	NR=$((NR + 1))
	if [ "$1" = 0 ]; then
		echo "ok $NR $2"
	else
		FAILED=1
		echo "not ok $NR $2"
		[ ! -s "$WORK/errors" ] || sed 's/^/# /' "$WORK/errors"
	fi
}

finish()
{
	echo "1..$NR"
	exit $FAILED
}
