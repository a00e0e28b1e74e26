#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which changes of types klp refuses; prints KTAP.
#
#	BIN=<directory of the test programs> tests/types.sh [CASE...]

TESTS=$(realpath "$(dirname "$0")")
# shellcheck source=/dev/null
. "$(dirname "$0")/built-lib.sh"

# before/after: C source on standard input.
before()
{
	cat > before.c
}

after()
{
	cat > after.c
}

# compare STATUS [CHANGED | +ADDED]...: with each DWARF that kernels are built with.
compare()
{
	local want=$1 dwarf first=

	shift
	for dwarf in 4 5; do
		gcc -g -gdwarf-$dwarf -O2 -w -c before.c
		gcc -g -gdwarf-$dwarf -O2 -w -c after.c
		run "$want" types before.o after.o after.c "$@"
		[ "$dwarf" = 4 ] || [ "$OUT" = "$first" ] || fail "DWARF 4 says $first, 5 $OUT"
		first=$OUT
	done
}

# What klp has objects made with, after what a configuration may want of debug information
case_reduced_and_split_debug_information_tells_all_the_same()
{
	local top flags file

	top=$(dirname "$TESTS")
	flags=$(sed -n 's/^#define DEBUG_[A-Z]*[[:space:]]*"\(.*\)"$/\1/p' "$top/tree.c" | xargs)
	[[ $flags == *" "* ]] || fail "tree.c has no flags: $flags"
	echo 'struct foo { int a; long last; };' > foo.h
	for file in before after; do
		printf '#include "foo.h"\nint get(struct foo *foo) { return foo->a; }\n' > $file.c
		[ $file = before ] || echo 'struct foo { int a; int more; long last; };' > foo.h
		# shellcheck disable=SC2086
		gcc -gsplit-dwarf -gdwarf-5 -femit-struct-debug-baseonly $flags -O2 -w -c $file.c
	done
	run 3 types before.o after.o after.c get
	expect_has "struct foo has a new member more"
}

# change OLD NEW: the source after, made from the one before
change()
{
	local text

	text=$(cat before.c)
	[ "${text/"$1"/}" != "$text" ] || fail "no $1 to change"
	echo "${text/"$1"/$2}" > after.c
}

a_struct()
{
	before <<-'END'
	struct foo { int a; int b : 3; int c : 5; long last; };
	int get(struct foo *foo) { return foo->a + foo->c + foo->last; }
	END
}

case_the_same_is_not_refused()
{
	a_struct
	cp before.c after.c
	compare 0
	expect_is ""
}

case_a_new_member_is_refused_with_its_line()
{
	a_struct
	change 'long last;' $'\nchar more;\nlong last;'
	compare 3 get
	expect_has "layout: after.c:2: struct foo has a new member more at offset 5"
}

case_a_member_that_moves_is_refused()
{
	a_struct
	change 'int a; int b : 3; int c : 5;' 'int b : 3; int c : 5; int a;'
	compare 3 get
	expect_has "struct foo has its member a at offset 4 instead of offset 0"
}

case_a_member_that_is_gone_is_refused()
{
	before <<-'END'
	struct foo { int a; int b; };
	int get(struct foo *foo) { return foo->a; }
	END
	change 'int b;' ''
	compare 3 get
	expect_has "struct foo has lost its member b"
}

case_a_bit_field_of_another_width_is_refused()
{
	a_struct
	change 'int c : 5' 'int c : 6'
	compare 3 get
	expect_has "struct foo has a member c of 6 bits instead of 5 bits"
}

case_a_bit_field_that_moves_is_refused()
{
	a_struct
	change 'int b : 3; int c : 5' 'int c : 5; int b : 3'
	compare 3 get
	expect_has "struct foo has its member b at offset 4, bit 5 instead of offset 4"
}

case_other_array_bounds_are_refused()
{
	before <<-'END'
	struct foo { int a[4]; };
	int get(struct foo *foo) { return foo->a[1]; }
	END
	change 'a[4]' 'a[8]'
	compare 3 get
	expect_has "struct foo has a member a of 32 bytes instead of 16 bytes"
}

case_array_bounds_of_the_same_size_are_refused()
{
	echo 'struct foo { int a[4][2]; }; int get(struct foo *foo) { return foo->a[1][1]; }' > before.c
	echo 'struct foo { int a[2][4]; }; int get(struct foo *foo) { return foo->a[1][1]; }' > after.c
	compare 3 get
	expect_has "struct foo has a member a of another type"
}

case_a_struct_without_a_name_counts_where_it_is()
{
	before <<-'END'
	struct foo { int a; union { struct { char x, y; } pair; short both; }; };
	int get(struct foo *foo) { return foo->pair.y; }
	END
	change 'char x, y' 'char y, x'
	compare 3 get
	expect_has "struct foo has its member pair.x at offset 5 instead of offset 4"
}

case_the_struct_inside_is_told_not_those_around_it()
{
	before <<-'END'
	struct in { int a; };
	struct out { struct in in[2]; };
	typedef struct { struct out out; } around;
	int get(struct in *in, struct out *out, around *a) { return in->a + out->in[1].a + a->out.in[0].a; }
	END
	change 'int a; };' 'long a; };'
	compare 3 get
	expect_has "struct in has a member a of 8 bytes instead of 4 bytes"
	expect_not "struct out"
	expect_not "around"
}

case_behind_a_pointer_nothing_counts()
{
	before <<-'END'
	struct in;
	struct foo { struct in *in; int (*fn)(int); };
	int get(struct foo *foo) { return foo->fn(1); }
	END
	change 'int (*fn)(int)' 'long (*fn)(char)'
	compare 0 get
}

case_a_typedef_of_another_size_is_refused()
{
	before <<-'END'
	typedef int id_t;
	struct foo { id_t id; };
	int get(struct foo *foo) { return foo->id; }
	END
	change 'typedef int' 'typedef long'
	compare 3 get
	expect_has "typedef id_t has 8 bytes instead of 4"
	expect_not "struct foo"
}

case_a_typedef_of_a_struct_without_a_name_is_refused()
{
	before <<-'END'
	typedef struct { int a, b; } foo_t;
	int get(foo_t *foo) { return foo->b; }
	END
	change 'int a, b' 'int b, a'
	compare 3 get
	expect_has "typedef foo_t has its member a at offset 4 instead of offset 0"
}

case_a_new_type_is_fine()
{
	a_struct
	{ cat before.c; echo 'struct neu { int a; } it; typedef struct neu neu_t; enum e { E } e; neu_t *n;'; } > after.c
	compare 0 get
}

case_a_type_that_was_only_declared_is_fine()
{
	before <<-'END'
	struct foo; void use(struct foo *);
	int get(struct foo *foo) { use(foo); return 0; }
	END
	change 'struct foo;' 'struct foo { int a; };'
	compare 0 get
}

an_enum()
{
	before <<-'END'
	enum color { RED, GREEN, COLORS };
	int get(enum color color) { return color == GREEN ? COLORS : RED; }
	END
}

case_an_enumerator_that_changes_is_refused_once()
{
	an_enum
	change 'RED,' 'BLUE, RED,'
	compare 3 get
	expect_has "after.c:1: enumerator "
	expect_has " instead of "
	[ "$(wc -l <<< "$OUT")" -eq 1 ] || fail "told more than once: $OUT"
}

case_an_enumerator_of_an_enum_without_a_name_is_refused()
{
	before <<-'END'
	enum { LIMIT = 4 };
	int get(int a) { return a + LIMIT; }
	END
	change 'LIMIT = 4' 'LIMIT = 5'
	compare 3 get
	expect_has "enumerator LIMIT is 5 instead of 4"
}

case_a_new_enumerator_after_all_is_fine()
{
	an_enum
	change 'COLORS }' 'COLORS, BLUE }'
	compare 0 get
}

case_a_member_with_another_name_is_fine()
{
	a_struct
	sed 's/last/final/g' before.c > after.c
	compare 0 get
}

case_members_that_swap_names_are_refused()
{
	echo 'struct foo { int a, b; }; int get(struct foo *foo) { return foo->a; }' > before.c
	echo 'struct foo { int b, a; }; int get(struct foo *foo) { return foo->a; }' > after.c
	compare 3 get
	expect_has "struct foo has its member a at offset 4 instead of offset 0"
}

case_padding_that_gets_a_name_is_refused()
{
	echo 'struct foo { int a; int __pad; }; int get(struct foo *foo) { return foo->a; }' > before.c
	echo 'struct foo { int a; int flags; }; int get(struct foo *foo) { return foo->a; }' > after.c
	compare 3 get
	expect_has "struct foo has a new member flags at offset 4"
}

a_local()
{
	before <<-'END'
	struct foo { int a; int b; };
	void use(void *);
	int get(int x) { struct foo foo = { x, 1 }; use(&foo); return foo.b; }
	int put(int x) { return x; }
	END
	sed 's/int b;/long b;/' before.c > after.c
}

case_a_local_variable_of_a_replaced_function_may_change()
{
	a_local
	compare 0 get
	compare 0 get.isra.0
	compare 0 +get
}

case_a_local_variable_of_another_function_may_not()
{
	a_local
	compare 3 put
	expect_has "struct foo"
	compare 3 gett
}

case_a_local_array_and_typedef_of_it_may_change()
{
	before <<-'END'
	typedef struct { int a; int b; } foo_t;
	void use(void *);
	int get(int x) { const foo_t foo[2] = { { x, 1 } }; use((void *)foo); return foo[1].b; }
	END
	change 'int b;' 'long b;'
	compare 0 get
	compare 3
}

case_a_parameter_may_not_change()
{
	before <<-'END'
	struct foo { int a; int b; };
	int get(struct foo foo) { return foo.b; }
	END
	change 'int b;' 'long b;'
	compare 3 get
}

case_a_static_variable_may_not_change()
{
	before <<-'END'
	struct foo { int a; int b; };
	int get(int x) { static struct foo foo; foo.a += x; return foo.a + foo.b++; }
	END
	change 'int b;' 'long b;'
	compare 3 get
}

case_a_pointer_may_not_change()
{
	a_local
	sed -i 's/&foo/(struct foo *)\&foo/; s/void use(void/void use(struct foo/' before.c
	sed 's/int b;/long b;/' before.c > after.c
	compare 3 get
}

case_a_cast_may_not_change()
{
	before <<-'END'
	struct foo { int a; int b; };
	int get(void *p) { return ((struct foo *)p)->b; }
	END
	change 'int b;' 'long b;'
	compare 3 get
	expect_has "struct foo"
}

case_a_function_inlined_into_others_is_where_they_are()
{
	before <<-'END'
	struct foo { int a; int b; };
	void use(void *);
	static inline __attribute__((always_inline)) int in(int x) { struct foo f = { x, 1 }; use(&f); return f.b; }
	int one(int x) { return in(x); }
	int two(int x) { return in(x + 1); }
	END
	change 'int b;' 'long b;'
	compare 0 one two
	compare 3 one
}

case_a_struct_inside_a_function_is_its_own()
{
	before <<-'END'
	void use(void *);
	int one(int x) { struct foo { int a; } f = { x }; use(&f); return f.a; }
	int two(int x) { struct foo { int a; int b; } f = { x }; use(&f); return f.b; }
	END
	change 'int b;' 'long b;'
	compare 0 two
	compare 3 one
	expect_has "struct foo of two()"
}

case_a_new_function_with_its_own_struct_is_fine()
{
	before <<-'END'
	void use(void *);
	int one(int x) { struct foo { int a; } f = { x }; use(&f); return f.a; }
	END
	{
		echo 'void use(void *);'
		echo 'int zero(int x) { static struct foo { long b; } f = { 1 }; use(&f); return f.b; }'
		tail -n +2 before.c
	} > after.c
	compare 0
}

case_no_debug_information_is_an_error()
{
	echo 'int a;' > before.c
	gcc -c before.c
	run 1 types before.o before.o before.c
	expect_has "before.o: has no debug information"
}

case_a_broken_file_is_an_error()
{
	local size

	a_struct
	gcc -g -c before.c -o whole.o
	for size in 0 10 64 300 700 1000 1500; do
		head -c $size whole.o > part.o
		run 1 types part.o part.o before.c
		expect_has "klp: part.o: "
	done
}

run_cases "$@"
