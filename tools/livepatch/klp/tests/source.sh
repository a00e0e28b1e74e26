#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Diffs: what is read of them, how they are applied, and the numbers of lines; in KTAP.
#
# Usage: tests/source.sh		SOURCE= to use a program that is built

cd "$(dirname "$0")/.." || exit 1
. tests/ktap-lib.sh

build()
{
	compile "$WORK/source" tests/source.c source.c lines.c memory.c message.c file.c run.c \
		-ljson-c -lnettle
}

# A tree before with the file dir/f.c, and its copy after
tree()
{
	rm -rf "$WORK/before" "$WORK/after"
	mkdir -p "$WORK/before/dir"
	seq -f 'int v%g;' 40 > "$WORK/before/dir/f.c"
	cp -r "$WORK/before" "$WORK/after"
}

# apply DIFF...: the status is in $?, what it says in output and errors
apply()
{
	"$SOURCE" "$WORK/before" "$WORK/after" "$@" > "$WORK/output" 2> "$WORK/errors"
}

# expect STATUS NAME DIFF...
expect()
{
	wanted=$1
	name=$2
	shift 2
	apply "$@"
	got=$?
	[ $got = "$wanted" ] && no_leftovers
	result $? "$name (status $got)"
}

no_leftovers()
{
	[ -z "$(find "$WORK/after" -name '*.orig' -o -name '*.rej' -o -name '.klp-diff')" ] || {
		[ "$got" != 0 ] && [ -z "$(find "$WORK/after" -name '*.orig' -o -name '*.rej')" ]
	}
}

# A diff that changes line 20, with other lines around it than $1 and $2 say
hunk()
{
	cat <<-END
	--- a/dir/f.c
	+++ b/dir/f.c
	@@ -${3:-18},5 +${3:-18},6 @@
	 $1
	 int v19;
	-int v20;
	+int changed;
	+int more;
	 int v21;
	 $2
	END
}

# A file may be called like an option of patch(1); it is a file all the same.
case_of_options()
{
	tree
	{
		printf -- '--- /dev/null\n+++ b/--output=%s/x\n@@ -0,0 +1 @@\n+int x;\n' "$WORK"
		printf -- '--- a/--output=%s/x\n+++ b/--output=%s/x\n@@ -1 +1 @@\n-int x;\n+int y;\n' \
			"$WORK" "$WORK"
	} > "$WORK/d"
	apply "$WORK/d"
	[ ! -e "$WORK/x" ] && [ "$(cat "$WORK/after/--output=$WORK/x")" = "int y;" ]
	result $? "a file that is called like an option"
}

cases_of_reading()
{
	tree
	hunk 'int v18;' 'int v22;' > "$WORK/d"
	expect 0 "a diff applies" "$WORK/d"
	grep -qx 'int changed;' "$WORK/after/dir/f.c" && ! grep -q changed "$WORK/before/dir/f.c"
	result $? "and changes only the tree after"
	sed -i '/^#line/d' "$WORK/after/dir/f.c"
	expect 1 "not twice" "$WORK/d"
	grep -q 'already' "$WORK/errors"
	result $? "and the message says so"

	tree
	hunk 'int v18;' 'int v22;' 5 > "$WORK/d"
	expect 0 "an offset is no harm" "$WORK/d"

	tree
	hunk 'int other;' 'int v22;' > "$WORK/d"
	expect 3 "fuzz is refused" "$WORK/d"
	cmp -s "$WORK/before/dir/f.c" "$WORK/after/dir/f.c"
	result $? "and nothing is changed"
	hunk 'int v18;' 'int v22;' | sed 's/^-int v20/-int v99/' > "$WORK/d"
	expect 1 "a hunk that is not there" "$WORK/d"

	tree
	{ echo 'From: someone'; echo; echo 'Fix it.'; echo '---'; echo ' dir/f.c | 3 ++-'; echo
	  hunk 'int v18;' 'int v22;'; echo '-- '; echo '2.39'; } > "$WORK/d"
	expect 0 "a mail around the diff" "$WORK/d"

	tree
	hunk 'int v18;' 'int v22;' > "$WORK/d"
	hunk 'int v18;' 'int v22;' | sed -e 's/v20/changed/' -e 's/+int changed/+int second/' \
		-e '/^+int more/d' -e 's/,6 @@/,5 @@/' -e 's/^ int v21;/ int more;/' \
		-e 's/^ int v22;/ int v21;/' > "$WORK/d2"
	expect 0 "two diffs of one file" "$WORK/d" "$WORK/d2"
	grep -qx 'int second;' "$WORK/after/dir/f.c"
	result $? "the second on top of the first"
}

# kind WANTED NAME FORMAT: of the diff
kind()
{
	tree
	printf -- "$3" > "$WORK/d"
	apply "$WORK/d"
	[ "$(cat "$WORK/output")" = "$1" ]
	result $? "$2"
}

cases_of_kinds()
{
	kind "added new/g.c" "a new file" \
		'--- /dev/null\n+++ b/new/g.c\n@@ -0,0 +1,2 @@\n+int a;\n+int b;\n\\ No newline\n'
	[ "$(wc -c < "$WORK/after/new/g.c")" = 13 ]
	result $? "without a newline at its end"
	kind "removed dir/f.c" "a deleted file" \
		'--- a/dir/f.c\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-int v1;\n'
	kind "renamed dir/g.c" "a renamed file" \
		'diff --git a/dir/f.c b/dir/g.c\nsimilarity index 100%%\nrename from dir/f.c\nrename to dir/g.c\n'
	kind "mode dir/f.c" "a changed mode" \
		'diff --git a/dir/f.c b/dir/f.c\nold mode 100644\nnew mode 100755\n'
	kind "binary x.bin" "a binary file" \
		'diff --git a/x.bin b/x.bin\nindex 1..2\nBinary files a/x.bin and b/x.bin differ\n'
}

# bad NAME FORMAT: of the diff
bad()
{
	tree
	printf -- "$2" > "$WORK/d"
	expect 1 "$1" "$WORK/d"
}

cases_of_bad_diffs()
{
	bad "a path out of the tree" \
		'--- a/../../x\n+++ b/../../x\n@@ -1 +1 @@\n-a\n+b\n'
	bad "an absolute path" \
		'--- a//etc/x\n+++ b//etc/x\n@@ -1 +1 @@\n-a\n+b\n'
	bad "a path for -p0" \
		'--- f.c\n+++ f.c\n@@ -1 +1 @@\n-a\n+b\n'
	bad "a hunk cut short" \
		'--- a/dir/f.c\n+++ b/dir/f.c\n@@ -1,3 +1,3 @@\n int v1;\n'
	bad "a line that is none of a diff" \
		'--- a/dir/f.c\n+++ b/dir/f.c\n@@ -1,1 +1,1 @@\n int v1;\nint v2;\n@@ -5 +5 @@\nxx\n'
	bad "a head without numbers" \
		'--- a/dir/f.c\n+++ b/dir/f.c\n@@ -1,x +1 @@\n'
	bad "a hunk without a file" \
		'@@ -1 +1 @@\n-a\n+b\n'
	bad "a context diff" \
		'*** a/dir/f.c\n--- b/dir/f.c\n***************\n'
	bad "no diff at all" \
		'nothing\n'
	bad "an empty file" \
		''
	bad "a zero byte" \
		'--- a/dir/f.c\0\n'
	bad "a huge number" \
		'--- a/dir/f.c\n+++ b/dir/f.c\n@@ -99999999999999999999 +1 @@\n'
}

# No prefix of a diff makes it crash.
case_of_prefixes()
{
	hunk 'int v18;' 'int v22;' > "$WORK/whole"
	size=$(wc -c < "$WORK/whole")
	i=0
	worst=0
	while [ $i -lt "$size" ]; do
		tree
		head -c $i "$WORK/whole" > "$WORK/d"
		apply "$WORK/d"
		got=$?
		[ $got -le 3 ] || worst=$got
		i=$((i + 3))
	done
	[ $worst = 0 ]
	result $? "every prefix of a diff is taken or refused"
}

# Lines that print their number, in surroundings that are hard to read
lines_file()
{
	cat <<-'END'
	#ifndef F_H
	#define F_H /* a comment
	 { over lines */
	#include <stdio.h>
	/* it's } { a "comment */
	static int plain(int x)
	{
		return x;
	}

	#ifdef BRANCH
	static int half(void) { if (1) {
	#else
	static int half(void) { if (2) {
	#endif
		return __LINE__; }
		return 0; }

	#ifdef BRANCH
	static int whole(void) { return __LINE__; }
	#else
	static int whole(void) { return -__LINE__; }
	#endif
	#define MANY(a) do { \
		a; \
	} while (0)
	#define PASTE(a, b) static int a##b(void) { return __LINE__; }
	#if 0
	don't do this " {
	#endif
	PASTE(x,
	   y)
	static int table[] = {
		1, 2, '"', '{', '\'', '\\',
	};
	static const char *string = "}} \" \
	 {" "and \\";
	static int knr(a)
		int a;
	{
		return __LINE__ + a; // it's {
	}
	#ifdef NOWHERE
	int absent(void)
	{
		return __LINE__;
	}
	#endif
	static int last(void)
	{
		MANY(table[0]++);
		return __LINE__;
	}
	int main(void)
	{
		printf("%d %d %d %d %d %d %s\n", plain(1), half(), whole(), xy(), knr(0), last(), string);
		return __LINE__ & 0;
	}
	#endif
	END
}

# numbers NAME SED...: what the program prints has to stay the same
numbers()
{
	name=$1
	shift
	rm -rf "$WORK/before" "$WORK/after"
	mkdir "$WORK/before" "$WORK/after"
	lines_file > "$WORK/before/f.c"
	sed "$@" "$WORK/before/f.c" > "$WORK/changed.c"
	cp "$WORK/before/f.c" "$WORK/after/f.c"
	diff -u --label a/f.c --label b/f.c "$WORK/before/f.c" "$WORK/changed.c" > "$WORK/d"
	apply "$WORK/d"
	good=$?
	for option in '' -DBRANCH -DNOWHERE; do
		$CC -w $option -o "$WORK/p1" "$WORK/before/f.c" &&
		$CC -w $option -o "$WORK/p2" "$WORK/after/f.c" &&
		[ "$("$WORK/p1")" = "$("$WORK/p2")" ] || good=1
	done
	grep -q '^#line' "$WORK/after/f.c" || good=1
	result $good "$name"
}

cases_of_lines()
{
	numbers "lines added to a function" -e '/return x;/i\	x++;\n\tx--;'
	numbers "lines taken away" -e '/^\/\* it/d'
	numbers "in code that is not compiled" -e '/^int absent/i\int more;'
	numbers "in code that is not compiled, at its top" -e '/^#ifdef NOWHERE/a\int more;\n'
	numbers "within a macro's arguments" -e '/^PASTE(x/i\\n'
	numbers "in the first branch" -e '/^static int whole(void) { return __/i\int b1;\n'
	numbers "before a string over lines" -e '/^static int table/i\int t2;'
	numbers "several hunks" -e '/return x;/i\	x += 0;' -e '/^\/\* it/d' -e '/int a;$/i\	/* x */'
}

build || { echo "Bail out! it does not compile"; exit 1; }
SOURCE=${SOURCE:-$WORK/source}
cases_of_reading
case_of_options
cases_of_kinds
cases_of_bad_diffs
case_of_prefixes
cases_of_lines
finish
