// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols: the n-th of a name, and the names of a function's pieces.
 */
#include <kunit/test.h>
#include <linux/livepatch.h>
#include <linux/slab.h>

#include "../live.h"
#include "../symbol.h"

/* --- a module's table --------------------------------------------------------- */

/*
 * In the order of the symbol table.  Addresses come in another one, so that a
 * position cannot be mistaken for a rank by address.
 */
static const struct {
	const char *name;
	unsigned long addr;
} table[] = {
	{ "twice",	0x9000 },
	{ "once",	0x5000 },
	{ "thrice",	0x2000 },
	{ "thrice.cold", 0x7000 },
	{ "twice",	0x1000 },
	{ "thrice",	0x8000 },
	{ "twicex",	0x4000 },
	{ "alias",	0x5000 },
	{ "thrice",	0x3000 },
	{ "Once",	0x6000 },
	{ "\xc3\xa9t\xc3\xa9", 0xa000 },	/* bytes are unsigned to strcmp() */
};

static const struct {
	const char *name;
	unsigned long sympos;
	int ret;
	unsigned long addr;
} finds[] = {
	/* the only one */
	{ "once",	0, 0,		0x5000 },
	{ "Once",	0, 0,		0x6000 },
	{ "alias",	0, 0,		0x5000 },
	{ "twicex",	0, 0,		0x4000 },
	{ "thrice.cold", 0, 0,		0x7000 },
	{ "\xc3\xa9t\xc3\xa9", 0, 0,	0xa000 },
	{ "once",	1, 0,		0x5000 },
	/* one of several */
	{ "twice",	0, -ENOTUNIQ },
	{ "thrice",	0, -ENOTUNIQ },
	{ "twice",	1, 0,		0x9000 },
	{ "twice",	2, 0,		0x1000 },
	{ "thrice",	1, 0,		0x2000 },
	{ "thrice",	2, 0,		0x8000 },
	{ "thrice",	3, 0,		0x3000 },
	/* too far */
	{ "once",	2, -ERANGE },
	{ "twice",	3, -ERANGE },
	{ "thrice",	4, -ERANGE },
	{ "thrice",	ULONG_MAX, -ERANGE },
	/* not there: before all, behind all, between, shorter, longer */
	{ "",		0, -ENOENT },
	{ "A",		0, -ENOENT },
	{ "\xff",	0, -ENOENT },
	{ "pair",	0, -ENOENT },
	{ "twic",	0, -ENOENT },
	{ "twicexx",	0, -ENOENT },
	{ "thrice.",	0, -ENOENT },
	{ "ONCE",	0, -ENOENT },
	{ "pair",	1, -ENOENT },
	{ "pair",	ULONG_MAX, -ENOENT },
};

static void symtab_forget(void *tab)
{
	klp_symtab_clear(tab);
}

static struct klp_symtab *symtab_create(struct kunit *test, unsigned int nr)
{
	struct klp_symtab *tab = kunit_kzalloc(test, sizeof(*tab), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tab);
	tab->sym = kvcalloc(nr, sizeof(*tab->sym), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tab->sym);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, symtab_forget, tab), 0);
	return tab;
}

static void symtab_add(struct klp_symtab *tab, const char *name, unsigned long addr)
{
	tab->sym[tab->nr++] = (struct klp_symbol){ .name = name, .addr = addr };
}

static struct klp_symtab *table_create(struct kunit *test)
{
	struct klp_symtab *tab = symtab_create(test, ARRAY_SIZE(table));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		symtab_add(tab, table[i].name, table[i].addr);
	KUNIT_ASSERT_EQ(test, klp_symtab_index(tab), 0);
	return tab;
}

/* Neither in the order of addresses, nor all in the text */
static void a_function_reaches_to_the_next_symbol_of_the_text(struct kunit *test)
{
	struct klp_symtab *tab = symtab_create(test, 6);

	tab->base = 0x8000000000001000UL;
	tab->size = 0x100;
	symtab_add(tab, "last", tab->base + 0xf0);
	symtab_add(tab, "second", tab->base + 0x20);
	symtab_add(tab, "data before", tab->base - 0x10);
	symtab_add(tab, "first", tab->base);
	symtab_add(tab, "alias of second", tab->base + 0x20);
	symtab_add(tab, "data behind", tab->base + 0x100);
	KUNIT_ASSERT_EQ(test, klp_symtab_index(tab), 0);

	KUNIT_EXPECT_EQ(test, klp_symtab_size(tab, tab->base), 0x20);
	KUNIT_EXPECT_EQ(test, klp_symtab_size(tab, tab->base + 0x20), 0xd0);
	KUNIT_EXPECT_EQ(test, klp_symtab_size(tab, tab->base + 0x21), 0xcf);
	KUNIT_EXPECT_EQ(test, klp_symtab_size(tab, tab->base + 0xf0), 0x10);
	KUNIT_EXPECT_EQ(test, klp_symtab_size(tab, tab->base - 0x10), 0);
	KUNIT_EXPECT_EQ(test, klp_symtab_size(tab, tab->base + 0x100), 0);
}

static void position_counts_from_1_in_the_order_of_the_symbol_table(struct kunit *test)
{
	struct klp_symtab *tab = table_create(test);
	unsigned long addr;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(finds); i++) {
		addr = 0x123;
		ret = klp_symtab_find(tab, finds[i].name, finds[i].sympos, &addr);
		KUNIT_EXPECT_EQ_MSG(test, ret, finds[i].ret, "%s,%lu", finds[i].name,
				    finds[i].sympos);
		KUNIT_EXPECT_EQ_MSG(test, addr, finds[i].ret ? 0x123 : finds[i].addr,
				    "%s,%lu", finds[i].name, finds[i].sympos);
	}
}

static void nothing_is_found_in_an_empty_table(struct kunit *test)
{
	struct klp_symtab *tab = symtab_create(test, 0);
	unsigned long addr;

	KUNIT_ASSERT_EQ(test, klp_symtab_index(tab), 0);
	KUNIT_EXPECT_EQ(test, klp_symtab_find(tab, "once", 0, &addr), -ENOENT);
	KUNIT_EXPECT_EQ(test, klp_symtab_find(tab, "once", 1, &addr), -ENOENT);
	KUNIT_EXPECT_EQ(test, klp_symtab_find(tab, "", 0, &addr), -ENOENT);
	KUNIT_EXPECT_EQ(test, klp_symtab_size(tab, 0x1000), 0);
}

#define MANY	1000

static void many_of_one_name_are_told_apart(struct kunit *test)
{
	struct klp_symtab *tab = symtab_create(test, MANY + 2);
	unsigned long addr;
	unsigned int i;

	symtab_add(tab, "a", 0x10);
	for (i = 1; i <= MANY; i++)
		symtab_add(tab, "same", 0x1000 + (i * 7919) % 10007);
	symtab_add(tab, "z", 0x20);
	KUNIT_ASSERT_EQ(test, klp_symtab_index(tab), 0);

	for (i = 1; i <= MANY; i++) {
		KUNIT_ASSERT_EQ(test, klp_symtab_find(tab, "same", i, &addr), 0);
		KUNIT_EXPECT_EQ(test, addr, 0x1000 + (i * 7919) % 10007);
	}
	KUNIT_EXPECT_EQ(test, klp_symtab_find(tab, "same", MANY + 1, &addr), -ERANGE);
	KUNIT_EXPECT_EQ(test, klp_symtab_find(tab, "same", 0, &addr), -ENOTUNIQ);
	KUNIT_EXPECT_EQ(test, klp_symtab_find(tab, "a", 0, &addr), 0);
	KUNIT_EXPECT_EQ(test, addr, 0x10);
	KUNIT_EXPECT_EQ(test, klp_symtab_find(tab, "z", 0, &addr), 0);
	KUNIT_EXPECT_EQ(test, addr, 0x20);
}

/* --- pieces of a function ----------------------------------------------------- */

static const struct {
	const char *name;
	const char *func;
	bool piece;
} names[] = {
	{ "foo.cold",			"foo",		   true },
	{ "foo.cold.12",		"foo",		   true },
	{ "foo.part.0",			"foo",		   true },
	{ "foo.part.12",		"foo",		   true },
	{ "foo.part.0.cold",		"foo",		   true },
	{ "foo.part.0.cold",		"foo.part.0",	   true },
	{ "foo.isra.0.cold",		"foo.isra.0",	   true },
	{ "foo.constprop.0.part.0",	"foo.constprop.0", true },
	{ "foo",			"foo",		   false },
	{ "foo.",			"foo",		   false },
	{ "foo_bar",			"foo",		   false },
	{ "foobar.cold",		"foo",		   false },
	{ "foo_cold",			"foo",		   false },
	{ "foocold",			"foo",		   false },
	{ "foo.constprop.0",		"foo",		   false },
	{ "foo.constprop.0.cold",	"foo",		   false },
	{ "foo.isra.0",			"foo",		   false },
	{ "foo.isra.0.cold",		"foo",		   false },
	{ "foo.llvm.123",		"foo",		   false },
	{ "foo.part",			"foo",		   false },
	{ "foo.col",			"foo",		   false },
	{ "bar.cold",			"foo",		   false },
	{ "Foo.part.0",			"foo",		   false },
	{ "fo.cold",			"foo",		   false },
	{ "foo",			"foo.cold",	   false },
	{ "foo.cold",			"foo.cold",	   false },
	{ "__foo.cold",			"foo",		   false },
	{ "a.foo.cold",			"foo",		   false },
	{ "",				"foo",		   false },
};

static void pieces_are_told_from_other_functions(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_EQ_MSG(test, klp_piece_named(names[i].name, names[i].func),
				    names[i].piece, "'%s' of '%s'", names[i].name, names[i].func);
}

#define NAMED(name)	__asm__(name)

/*
 * What GCC would call them, had it moved them out of the first one; objtool expects the
 * first one to jump to a .cold.  Their bodies differ, or they might become one.
 */
static noinline void __used whole(int unused) NAMED("klp_kunit_whole");
static noinline void __used whole_other(int unused) NAMED("klp_kunit_whole.part.12");
static noinline void __used whole_part(int unused) NAMED("klp_kunit_whole.part.7");
static noinline void __used whole_isra(int unused) NAMED("klp_kunit_whole.isra.0");

static noinline void __used whole(int unused)
{
	asm volatile("# 1");
}

static noinline void __used whole_other(int unused)
{
	asm volatile("# 2");
}

static noinline void __used whole_part(int unused)
{
	asm volatile("# 3");
}

static noinline void __used whole_isra(int unused)
{
	asm volatile("# 4");
}

static void code_forget(void *code)
{
	klp_code_forget(code);
}

static bool has_piece(const struct klp_code *code, void (*fn)(int))
{
	const struct klp_piece *piece;

	for (piece = code->pieces; piece; piece = piece->next) {
		if (piece->start == (unsigned long)dereference_function_descriptor(fn))
			return true;
	}
	return false;
}

static void pieces_of_a_function_of_vmlinux_belong_to_it(struct kunit *test)
{
	unsigned long addr = (unsigned long)dereference_function_descriptor(whole);
	struct klp_symbols syms = KLP_SYMBOLS_INIT(syms);
	struct klp_code *code = kunit_kzalloc(test, sizeof(*code), GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, code);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, code_forget, code), 0);
	scoped_guard(klp_mutex)
		ret = klp_symbols_code(&syms, NULL, "klp_kunit_whole", addr, code);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, code->start, addr);
	KUNIT_EXPECT_TRUE(test, has_piece(code, whole_other));
	KUNIT_EXPECT_TRUE(test, has_piece(code, whole_part));
	KUNIT_EXPECT_FALSE(test, has_piece(code, whole_isra));
	KUNIT_EXPECT_FALSE(test, has_piece(code, whole));
}

/* ------------------------------------------------------------------------------ */

static struct kunit_case symbol_cases[] = {
	KUNIT_CASE(a_function_reaches_to_the_next_symbol_of_the_text),
	KUNIT_CASE(position_counts_from_1_in_the_order_of_the_symbol_table),
	KUNIT_CASE(nothing_is_found_in_an_empty_table),
	KUNIT_CASE(many_of_one_name_are_told_apart),
	KUNIT_CASE(pieces_are_told_from_other_functions),
	KUNIT_CASE(pieces_of_a_function_of_vmlinux_belong_to_it),
	{}
};

static struct kunit_suite symbol_suite = {
	.name = "livepatch_symbol",
	.test_cases = symbol_cases,
};

kunit_test_suite(symbol_suite);
