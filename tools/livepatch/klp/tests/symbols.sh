#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where klp finds symbols of built kernels; prints KTAP.
#
#	BIN=<directory of the test programs> tests/symbols.sh [CASE...]

# shellcheck source=/dev/null
. "$(dirname "$0")/built-lib.sh"

# file PATH: a C file; its source is on standard input.  As kbuild does it: from the top.
file()
{
	mkdir -p "$(dirname "$1")"
	cat > "$1"
	gcc -O1 -w -g0 ${DEBUG:+-g} -ffreestanding -mcmodel=kernel -fno-pic -fno-inline \
		-fno-asynchronous-unwind-tables -c "$1" -o "${1%.c}.o"
}

vmlinux()
{
	ld -o vmlinux -Ttext=0xffffffff81000000 -e 0 --build-id=sha1 "$@"
}

# function NAME [VALUE]: source of a static function that stays, and a caller
function_source()
{
	echo "static __attribute__((noinline)) int $1(int a) { return a * ${2:-3}; }"
	echo "int call_$1_${2:-3}(int a) { return $1(a) + 1; }"
}

# Two files of one name, with a static function of one name
two_cores()
{
	{ function_source same 3; function_source only_a; } | file a/core.c
	{ function_source same 5; function_source only_b; } | file b/core.c
	vmlinux a/core.o b/core.o
}

address()
{
	nm "${2:-vmlinux}" | awk -v n="$1" '$3 == n { print "0x" $1 }' | sed -n "${3:-1}p"
}

case_a_global_symbol()
{
	two_cores
	run 0 find vmlinux vmlinux - call_same_5
	expect_has "vmlinux call_same_5,0 $(address call_same_5) "
	run 1 find vmlinux vmlinux - same
	expect_has "no global symbol same"
	run 1 find vmlinux vmlinux - nothing
}

case_positions_are_by_address()
{
	two_cores
	run 0 find vmlinux vmlinux a/core.c same only_a
	expect_has "vmlinux same,1 $(address same vmlinux 1) "
	vmlinux b/core.o a/core.o
	run 0 find vmlinux vmlinux a/core.c same only_a
	expect_has "vmlinux same,2 "
	[ "$(address same vmlinux 2)" != "$(address same vmlinux 1)" ] || fail "not two"
}

case_a_global_symbol_counts_with_static_ones()
{
	function_source same | file a/one.c
	echo 'int same(int a) { return a * 7; }' | file b/two.c
	vmlinux a/one.o b/two.o
	run 0 find vmlinux vmlinux - same
	expect_has "same,2"
	run 0 find vmlinux vmlinux a/one.c same
	expect_has "same,1"
	vmlinux b/two.o a/one.o		# in the table, it is after the static one nevertheless
	run 0 find vmlinux vmlinux - same
	expect_has "same,1"
}

case_files_of_one_name_are_told_by_their_neighbours()
{
	two_cores
	run 0 find vmlinux vmlinux x/core.c same same only_b
	expect_has "same,2"
	run 1 find vmlinux vmlinux x/core.c same same only_c
	expect_has "no symbol same of vmlinux is of a file x/core.c with the same statics"
}

case_names_that_compilers_number_say_nothing()
{
	two_cores
	run 0 find vmlinux vmlinux x/core.c same only_b count.17 __UNIQUE_ID_a17 .LC3
	expect_has "same,2"
}

case_what_nothing_tells_apart_is_refused()
{
	two_cores
	run 1 find vmlinux vmlinux a/core.c same
	expect_has "several symbols same"
	expect_has "debug information"
	run 1 find vmlinux vmlinux a/core.c same same
	expect_has "several symbols same"
}

case_debug_information_tells_files_apart()
{
	DEBUG=1 two_cores
	run 0 find vmlinux vmlinux a/core.c same
	expect_has "same,1"
	run 0 find vmlinux vmlinux b/core.c same same
	expect_has "same,2"
}

# The neighbours fit one file, and that is another one than DWARF says.
case_what_contradicts_is_refused()
{
	DEBUG=1 two_cores
	run 1 find vmlinux vmlinux a/core.c same only_b
}

case_a_file_that_fits_without_the_symbol_is_no_proof()
{
	{ function_source same 3; function_source only_a; } | file a/core.c
	function_source only_a 9 | file b/core.c
	function_source same 11 | file c/other.c
	vmlinux a/core.o b/core.o c/other.o
	run 1 find vmlinux vmlinux b/core.c same only_a
	expect_has "several symbols same"
}

case_the_file_that_is_meant_has_no_such_symbol()
{
	{ function_source same 3; function_source only_a; } | file a/core.c
	{ function_source same 4; function_source only_b; } | file b/core.c
	function_source only_c | file c/other.c
	vmlinux a/core.o b/core.o c/other.o
	run 1 find vmlinux vmlinux c/other.c same only_c
	expect_has "c/other.c in vmlinux has no symbol same"
}

case_the_only_symbol_must_be_of_that_file()
{
	two_cores
	run 0 find vmlinux vmlinux a/core.c only_a
	expect_has "only_a,0"
	run 1 find vmlinux vmlinux a/other.c only_a
	expect_has "the only symbol only_a of vmlinux comes from core.c"
	run 1 find vmlinux vmlinux a/core.c call_same_3
	expect_has "call_same_3 is not static"
	run 1 find vmlinux vmlinux a/core.c nothing
	expect_has "vmlinux has no symbol nothing"
}

case_without_file_symbols_only_the_only_one_is_sure()
{
	two_cores
	strip --strip-debug vmlinux
	objcopy --wildcard --strip-symbol='core.c' vmlinux
	run 0 find vmlinux vmlinux a/core.c only_a
	run 1 find vmlinux vmlinux a/core.c same only_a
	expect_has "does not say from which files"
}

case_a_stripped_vmlinux_is_an_error()
{
	two_cores
	strip vmlinux
	run 1 find vmlinux vmlinux a/core.c only_a
	expect_has "klp: vmlinux: has no symbol table"
}

# ---- Modules ------------------------------------------------------------------------------

# Of two files; "same" of the second one has the lower address in its section.
a_module()
{
	two_cores
	{ function_source only_b 8; function_source same 5; } | file b/core.c
	objcopy --rename-section .text=.text.other a/core.o
	ld -r -o foo.ko b/core.o a/core.o
}

case_a_module_counts_in_the_order_of_its_file()
{
	local first

	a_module
	first=$(readelf -sW foo.ko | awk '$8 ~ /^only_|^same$/ { print $8 }' | head -2 | xargs)
	[ "$first" = "only_b same" ] || fail "unexpected order $first"
	run 0 find vmlinux -m foo.ko foo a/core.c same only_a
	expect_has "foo same,2 0 "
	expect_has " .text.other"
	run 0 find vmlinux -m foo.ko foo b/core.c same only_b
	expect_has "foo same,1 0x"
	run 0 find vmlinux -m foo.ko foo a/core.c only_a
	expect_has "foo only_a,0 "
}

case_a_module_that_is_not_there()
{
	a_module
	run 1 find vmlinux -m foo.ko bar a/core.c same only_a
	expect_has "module bar has not been built"
}

case_a_compressed_module()
{
	a_module
	xz foo.ko
	run 0 find vmlinux -m foo.ko.xz foo a/core.c same only_a
	expect_has "foo same,2 0 "
	expect_not "no bytes"
}

case_init_code_of_a_module_makes_positions_useless()
{
	{
		echo 'static int __attribute__((section(".init.text"), noinline)) same(int a) { return a * 3; }'
		echo 'int __attribute__((section(".init.text"))) first(int a) { return same(a); }'
	} | file a/one.c
	function_source same 5 | file b/two.c
	vmlinux a/one.o
	ld -r -o foo.ko a/one.o b/two.o
	run 1 find vmlinux -m foo.ko foo b/two.c same
	expect_has "init part of module foo has a symbol same, too"
	run 1 find vmlinux -m foo.ko foo a/one.c same
	expect_has "in the init part of module foo"
	ld -r -o foo.ko b/two.o a/one.o
	run 0 find vmlinux -m foo.ko foo b/two.c same
	expect_has "foo same,1"
}

# ---- Exports, build-ids -------------------------------------------------------------------------

case_exports()
{
	two_cores
	printf '0x%08x\t%s\t%s\tEXPORT_SYMBOL%s\t%s\n' 1 in_it vmlinux '' '' 2 in_a_module drivers/foo/foo-bar _GPL NS > symvers
	run 0 find vmlinux -s symvers in_it
	expect_has "vmlinux"
	run 0 find vmlinux -s symvers in_a_module
	expect_has "foo_bar"
	run 0 find vmlinux -s symvers only_a
	expect_has "not exported"
	printf 'broken\nbroken too\t\n\n\t\t' > symvers
	run 0 find vmlinux -s symvers only_a
	run 1 find vmlinux -s nothing only_a
	expect_has "No such file"
}

case_build_ids()
{
	two_cores
	run 0 find vmlinux only_a
	expect_has "$(readelf -nW vmlinux | sed -n 's/.*Build ID: //p')"
	ld -o vmlinux -Ttext=0xffffffff81000000 -e 0 --build-id=none a/core.o b/core.o
	run 0 find vmlinux only_a
	expect_has "no build-id"
}

# ---- Broken files -----------------------------------------------------------------------------------

case_what_is_no_vmlinux_is_an_error()
{
	two_cores
	run 1 find a/core.o vmlinux a/core.c only_a
	expect_has "klp: a/core.o: is not a linked kernel"
	echo text > text
	run 1 find text vmlinux a/core.c only_a
	expect_has "klp: text: "
	run 1 find nothing vmlinux a/core.c only_a
	expect_has "klp: nothing: No such file"
}

case_a_file_cut_short_is_an_error_or_works()
{
	local size whole

	two_cores
	whole=$(stat -c %s vmlinux)
	for ((size = 0; size < whole; size += 331)); do
		head -c $size vmlinux > part
		OUT=$("$BIN/find" part vmlinux a/core.c same only_a 2>&1)
		case $?:$OUT in
		0:vmlinux*|1:same:*|1:*"klp: part: "*) ;;
		*) fail "at $size: $OUT" ;;
		esac
	done
}

# As distributions have them: what runs is stripped, the rest is in a file beside it.
case_a_stripped_module_is_told_by_its_debug_information()
{
	echo 'int main;' | file c.c
	vmlinux c.o
	{ function_source same 3; function_source only_a; } | file a/core.c
	{ function_source same 5; function_source only_b; } | file b/core.c
	ld -r --build-id=sha1 -o mod.ko a/core.o b/core.o
	objcopy --only-keep-debug mod.ko mod.debug
	run 0 find vmlinux -m mod.ko mod b/core.c same only_b
	expect_has "mod same,2 "
	strip -g mod.ko
	readelf -sW mod.ko | grep -q ' FILE ' && fail "strip -g leaves the names of files"
	run 1 find vmlinux -m mod.ko mod b/core.c same only_b
	expect_has "debug package"
	run 0 find vmlinux -m mod.ko -d mod.debug mod b/core.c same only_b
	expect_has "mod same,2 "
	run 0 find vmlinux -m mod.ko -d mod.debug mod a/core.c same only_a
	expect_has "mod same,1 "
	ld -r --build-id=sha1 -o other.ko b/core.o a/core.o
	run 1 find vmlinux -m mod.ko -d other.ko mod b/core.c same only_b
}

# A function with users of every kind, each of its own
used_function()
{
	file a.c <<-'END'
	int gone(int a) { return a * 3; }
	END
	file b.c <<-'END'
	int gone(int);
	int calls(int a) { return gone(a) + 1; }
	int jumps(int a) { return gone(a + 1); }
	int never(int a) { return a; }
	int (*takes(void))(int) { return gone; }
	int (*pointer)(int) = gone;
	int (*const constant)(int) = gone;
	__attribute__((section(".init.text"))) int boots(int a) { return gone(a) + 1; }
	END
	gcc -O2 -w -ffreestanding -mcmodel=kernel -fno-pic -fno-asynchronous-unwind-tables -c b.c
}

# uses WHO LEFT...: WHO is told, or nobody, when the code of LEFT is left behind
uses()
{
	run 0 find vmlinux "${MODULE[@]}" -r "$OBJECT" gone gone "${@:2}"
	[ -n "$1" ] || { expect_is ""; return; }
	expect_has "removed: function gone() is removed, but $1 of the kernel uses it"
}

all_users()
{
	uses calls jumps takes pointer constant
	uses jumps calls takes pointer constant
	uses takes calls jumps pointer constant
	uses pointer calls jumps takes constant
	uses constant calls jumps takes pointer
	uses "" calls jumps takes pointer constant
}

case_users_of_a_removed_function_in_vmlinux()
{
	used_function
	vmlinux a.o b.o
	OBJECT=vmlinux
	MODULE=()
	all_users
}

case_users_of_a_removed_function_in_a_module()
{
	used_function
	echo 'int main;' | file c.c
	vmlinux c.o
	ld -r -o mod.ko a.o b.o
	OBJECT=mod
	MODULE=(-m mod.ko)
	all_users
}

run_cases "$@"
