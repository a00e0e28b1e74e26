#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What diff_object() finds in two builds of small sources, in KTAP.
#
# Each tests/diff/*.c is built as it is, and with -DAFTER.  Its comments say what is to come:
#
#	// = LINE	of the whole output of tests/diff.c (refusals up to their reason)
#	// has: REGEX	in what readelf and objdump say of the emitted object
#	// has padded: REGEX	the same, when built with IBT and padding; or "plain"
#	// not: REGEX	nowhere there
#	// object: NAME	of the module it is in; vmlinux else
#	// new		there was no such source before
#	// with: ARGUMENT...	of tests/diff.c: what objects of a patch have for each other
#
# Usage: tests/diff.sh [NAME...]		DIFF= to use a program that is built

cd "$(dirname "$0")/.." || exit 1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
CC=${CC:-gcc}

SOURCES="object unit refer special align match compare refuse line select outside emit write
	 diff x86 memory message file"
COMMON="-nostdinc -std=gnu11 -O2 -g -mcmodel=kernel -fno-pic -fno-pie -ffunction-sections
	-fdata-sections -fno-asynchronous-unwind-tables -fno-strict-aliasing -mno-red-zone
	-mindirect-branch=thunk-extern -mindirect-branch-register -fno-jump-tables
	-fno-stack-protector -mno-sse -pg -mrecord-mcount -mfentry -fno-ipa-icf -w -Itests/diff"
IBT="-fcf-protection=branch -fpatchable-function-entry=16,16 -falign-functions=16"
PLAIN="-fcf-protection=none"

build_diff()
{
	set -- tests/diff.c
	for name in $SOURCES; do
		set -- "$@" "$name.c"
	done
	$CC -std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined \
		-fno-sanitize-recover=all "$@" -o "$WORK/diff" \
		-lelf -ldw -lcapstone -ljson-c -lnettle
}

# objects NAME FLAGS: NAME.before.o and NAME.after.o
objects()
{
	$CC $COMMON $2 -c "tests/diff/$1.c" -o "$WORK/$1.before.o" &&
	$CC $COMMON $2 -DAFTER -c "tests/diff/$1.c" -o "$WORK/$1.after.o"
}

compare()
{
	sed -n 's,^// = ,,p' "tests/diff/$1.c" | sort > "$WORK/expected"
	object=$(sed -n 's,^// object: ,,p' "tests/diff/$1.c")
	before=$WORK/$1.before.o
	! grep -q '^// new' "tests/diff/$1.c" || before=
	# shellcheck disable=SC2046 # a list of words
	"$DIFF" "$before" "$WORK/$1.after.o" "tests/diff/$1.c" "${object:-vmlinux}" \
		"$WORK/$1.out.o" $(sed -n 's,^// with: ,,p' "tests/diff/$1.c") > "$WORK/output" 2> "$WORK/errors"
	sed -E 's/^(refused [^ ]+ [^ ]+ [^ ]+ (of )?[^ ]+).*/\1/' \
		"$WORK/output" | sort > "$WORK/found"
	diff "$WORK/expected" "$WORK/found" > "$WORK/difference" && ! [ -s "$WORK/errors" ]
}

# Patterns of the emitted object
patterns()
{
	: > "$WORK/elf"
	[ -f "$WORK/$1.out.o" ] && readelf -SsrW "$WORK/$1.out.o" > "$WORK/elf" 2> "$WORK/difference" &&
		objdump -dr --no-show-raw-insn "$WORK/$1.out.o" >> "$WORK/elf"
	[ -s "$WORK/difference" ] && return 1
	sed -n "s,^// has: ,,p; s,^// has $2: ,,p" "tests/diff/$1.c" | while read -r pattern; do
		grep -qE -- "$pattern" "$WORK/elf" || echo "not there: $pattern"
	done > "$WORK/difference"
	sed -n 's,^// not: ,,p' "tests/diff/$1.c" | while read -r pattern; do
		! grep -qE -- "$pattern" "$WORK/elf" || echo "is there: $pattern"
	done >> "$WORK/difference"
	! [ -s "$WORK/difference" ]
}

result()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count $2"
	else
		echo "not ok $count $2"
		sed 's/^/# /' "$WORK/difference" "$WORK/errors"
		failed=1
	fi
}

one()
{
	rm -f "$WORK/elf" "$WORK/$1.out.o"
	: > "$WORK/errors"
	: > "$WORK/difference"
	objects "$1" "$3" 2> "$WORK/errors" && compare "$1" && patterns "$1" "$2"
	result $? "$1 $2"
}

# Every file that is cut off or has a byte changed gives a result or a message, never a signal.
hostile()
{
	objects alternatives "$IBT"
	good="$WORK/alternatives.before.o"
	size=$(stat -c %s "$good")
	status=0
	: > "$WORK/difference"
	: > "$WORK/errors"
	step=$((size / 60))
	at=0
	while [ $at -lt "$size" ]; do
		head -c $at "$good" > "$WORK/cut.o"
		cp "$good" "$WORK/bad.o"
		for i in 0 1 2 3; do
			printf '\377' | dd of="$WORK/bad.o" bs=1 seek=$((at + i * 2)) conv=notrunc 2> /dev/null
		done
		for file in cut bad; do
			"$DIFF" "$WORK/$file.o" "$WORK/alternatives.after.o" x.c vmlinux \
				"$WORK/hostile.o" > /dev/null 2> "$WORK/message"
			code=$?
			[ $code -le 1 ] && ! grep -q Sanitizer "$WORK/message" && continue
			echo "$file at $at: $code" >> "$WORK/difference"
			head -20 "$WORK/message" >> "$WORK/difference"
			status=1
		done
		at=$((at + step + 1))
	done
	result $status "hostile input"
}

# shellcheck disable=SC2046 # a list of words
[ $# -gt 0 ] || set -- $(ls tests/diff | sed -n 's/\.c$//p') hostile
echo "KTAP version 1"
count=0
failed=0
if [ -z "$DIFF" ]; then
	build_diff || exit 1
	DIFF=$WORK/diff
fi
for name; do
	if [ "$name" = hostile ]; then
		hostile
	else
		one "$name" padded "$IBT"
		one "$name" plain "$PLAIN"
	fi
done
echo "1..$count"
exit $failed
