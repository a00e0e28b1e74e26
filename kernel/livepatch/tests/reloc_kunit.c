// SPDX-License-Identifier: GPL-2.0
/*
 * Livepatch relocations: names of sections and of symbols.
 */
#include <kunit/test.h>
#include <linux/livepatch.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../reloc.h"

/* --- sections ----------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *object;		/* NULL: to be refused */
} sections[] = {
	{ ".klp.rela.vmlinux..text",		"vmlinux" },
	{ ".klp.rela.vmlinux.text",		"vmlinux" },
	{ ".klp.rela.ext4..text.unlikely",	"ext4" },
	{ ".klp.rela.ext4..data.rel.ro.local",	"ext4" },
	{ ".klp.rela.m.",			"m" },
	{ ".klp.rela.m..",			"m" },
	{ ".klp.rela.a-b_c..text",		"a-b_c" },
	{ ".klp.rela.a,b.text",			"a,b" },
	{ ".klp.rela..klp.rela.",		NULL },
	{ ".klp.rela..text",			NULL },
	{ ".klp.rela.",				NULL },
	{ ".klp.rela.vmlinux",			NULL },
	{ ".klp.rela",				NULL },
	{ ".klp.relavmlinux..text",		NULL },
	{ ".klp.rel.vmlinux..text",		NULL },
	{ "klp.rela.vmlinux..text",		NULL },
	{ " .klp.rela.vmlinux..text",		NULL },
	{ ".KLP.RELA.vmlinux..text",		NULL },
	{ ".rela.text",				NULL },
	{ ".klp.sym.vmlinux.text,0",		NULL },
	{ "",					NULL },
};

static void a_section_names_the_object_it_waits_for(struct kunit *test)
{
	char object[KLP_RELOC_OBJECT_MAX + 1];
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		ret = klp_reloc_section_object(sections[i].name, object);
		KUNIT_EXPECT_EQ_MSG(test, ret, sections[i].object ? 0 : -EINVAL, "'%s'",
				    sections[i].name);
		if (!ret && sections[i].object)
			KUNIT_EXPECT_STREQ(test, object, sections[i].object);
	}
}

/* --- symbols ------------------------------------------------------------------ */

static const struct {
	const char *name;
	const char *object;
	const char *symbol;
	unsigned long sympos;
} symbols[] = {
	{ ".klp.sym.vmlinux.printk,0",		"vmlinux", "printk", 0 },
	{ ".klp.sym.vmlinux.printk,1",		"vmlinux", "printk", 1 },
	{ ".klp.sym.ext4.ext4_attr_store,2",	"ext4", "ext4_attr_store", 2 },
	{ ".klp.sym.m.s,10",			"m", "s", 10 },
	{ ".klp.sym.m.s,007",			"m", "s", 7 },		/* not octal */
	{ ".klp.sym.m.s,4294967296",		"m", "s", 4294967296UL },
	{ ".klp.sym.m.s,18446744073709551615",	"m", "s", ULONG_MAX },
	{ ".klp.sym.vmlinux.foo.isra.0,1",	"vmlinux", "foo.isra.0", 1 },
	{ ".klp.sym.vmlinux.foo.part.0.cold,0",	"vmlinux", "foo.part.0.cold", 0 },
	{ ".klp.sym.vmlinux..LC0,0",		"vmlinux", ".LC0", 0 },
	{ ".klp.sym.vmlinux.foo.,0",		"vmlinux", "foo.", 0 },
	{ ".klp.sym.a-b_c.foo$1,0",		"a-b_c", "foo$1", 0 },
	{ ".klp.sym.klp.sym.x,3",		"klp", "sym.x", 3 },
};

static void symbol_has_object_name_and_position(struct kunit *test)
{
	struct klp_reloc_name *parts = kunit_kzalloc(test, sizeof(*parts), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, parts);
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		/* What the last one has left behind must not show through */
		memset(parts, 'x', sizeof(*parts));
		KUNIT_EXPECT_EQ_MSG(test, klp_reloc_symbol_parse(symbols[i].name, parts), 0,
				    "'%s'", symbols[i].name);
		parts->object[KLP_RELOC_OBJECT_MAX] = '\0';
		parts->symbol[KLP_RELOC_SYMBOL_MAX] = '\0';
		KUNIT_EXPECT_STREQ(test, parts->object, symbols[i].object);
		KUNIT_EXPECT_STREQ(test, parts->symbol, symbols[i].symbol);
		KUNIT_EXPECT_EQ_MSG(test, parts->sympos, symbols[i].sympos, "'%s'",
				    symbols[i].name);
	}
}

static const char * const malformed[] = {
	/* the prefix */
	"", "foo", ".klp.sym", ".klp.sym.", "klp.sym.vmlinux.foo,0", ".klp.symvmlinux.foo,0",
	".klp.rela.vmlinux.foo,0", ".KLP.SYM.vmlinux.foo,0", " .klp.sym.vmlinux.foo,0",
	".klp.tombstone.foo",
	/* the object */
	".klp.sym..foo,0", ".klp.sym.foo,0", ".klp.sym.vmlinux", ".klp.sym.vmlinux,0",
	/* the symbol */
	".klp.sym.vmlinux.", ".klp.sym.vmlinux.,0", ".klp.sym.vmlinux.foo",
	".klp.sym.vmlinux.foo 0",
	/* the position */
	".klp.sym.vmlinux.foo,", ".klp.sym.vmlinux.foo,x", ".klp.sym.vmlinux.foo,-1",
	".klp.sym.vmlinux.foo,+1", ".klp.sym.vmlinux.foo, 1", ".klp.sym.vmlinux.foo,1 ",
	".klp.sym.vmlinux.foo,1x", ".klp.sym.vmlinux.foo,0x1", ".klp.sym.vmlinux.foo,1.5",
	".klp.sym.vmlinux.foo,1,2", ".klp.sym.vmlinux.foo,,1", ".klp.sym.vmlinux.foo,1.cold",
	".klp.sym.vmlinux.foo,18446744073709551616",
	".klp.sym.vmlinux.foo,99999999999999999999999999",
};

static void malformed_symbol_is_refused(struct kunit *test)
{
	struct klp_reloc_name *parts = kunit_kzalloc(test, sizeof(*parts), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, parts);
	for (i = 0; i < ARRAY_SIZE(malformed); i++)
		KUNIT_EXPECT_EQ_MSG(test, klp_reloc_symbol_parse(malformed[i], parts), -EINVAL,
				    "'%s'", malformed[i]);
}

/* --- lengths ------------------------------------------------------------------ */

/* The limits of the ELF format, whatever the constants say */
#define OBJECT_MAX	55
#define SYMBOL_MAX	511

/* As long a name as anybody wants: "%.*s" takes what it needs */
static char *long_name(struct kunit *test)
{
	char *name = kunit_kzalloc(test, 4096, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, name);
	memset(name, 'n', 4095);
	return name;
}

/* The buffer ends where it must: with a guard byte, and KASAN's redzone, behind */
static void longest_object_of_a_section_fits(struct kunit *test)
{
	char *object = kunit_kmalloc(test, OBJECT_MAX + 2, GFP_KERNEL);
	char *full = kunit_kmalloc(test, 8192, GFP_KERNEL);
	char *name = long_name(test);
	int len, ret;

	KUNIT_ASSERT_NOT_NULL(test, object);
	KUNIT_ASSERT_NOT_NULL(test, full);
	for (len = 1; len < 4096; len = len < 70 ? len + 1 : len * 2) {
		sprintf(full, ".klp.rela.%.*s.text", len, name);
		memset(object, '#', OBJECT_MAX + 2);

		ret = klp_reloc_section_object(full, object);
		KUNIT_EXPECT_EQ_MSG(test, ret, len <= OBJECT_MAX ? 0 : -EINVAL, "%d", len);
		if (!ret)
			KUNIT_EXPECT_EQ(test, strlen(object), len);
		KUNIT_EXPECT_EQ(test, object[OBJECT_MAX + 1], '#');
	}
}

static const struct {
	int object;
	int symbol;
	int ret;
} lengths[] = {
	{ 1,		  1,		  0 },
	{ OBJECT_MAX - 1, 1,		  0 },
	{ OBJECT_MAX,	  1,		  0 },
	{ OBJECT_MAX + 1, 1,		  -EINVAL },
	{ OBJECT_MAX + 2, 1,		  -EINVAL },
	{ 4000,		  1,		  -EINVAL },
	{ 1,		  SYMBOL_MAX - 1, 0 },
	{ 1,		  SYMBOL_MAX,	  0 },
	{ 1,		  SYMBOL_MAX + 1, -EINVAL },
	{ 1,		  SYMBOL_MAX + 2, -EINVAL },
	{ 1,		  4000,		  -EINVAL },
	{ OBJECT_MAX,	  SYMBOL_MAX,	  0 },
	{ OBJECT_MAX + 1, SYMBOL_MAX + 1, -EINVAL },
};

static void longest_names_of_a_symbol_fit(struct kunit *test)
{
	struct klp_reloc_name *parts = kunit_kzalloc(test, sizeof(*parts), GFP_KERNEL);
	char *full = kunit_kmalloc(test, 8192, GFP_KERNEL);
	char *name = long_name(test);
	int i, ret;

	KUNIT_ASSERT_NOT_NULL(test, parts);
	KUNIT_ASSERT_NOT_NULL(test, full);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		sprintf(full, ".klp.sym.%.*s.%.*s,1", lengths[i].object, name,
			lengths[i].symbol, name);
		memset(parts, '#', sizeof(*parts));

		ret = klp_reloc_symbol_parse(full, parts);
		KUNIT_EXPECT_EQ_MSG(test, ret, lengths[i].ret, "%d.%d", lengths[i].object,
				    lengths[i].symbol);
		if (ret)
			continue;
		KUNIT_EXPECT_EQ(test, strnlen(parts->object, sizeof(parts->object)),
				lengths[i].object);
		KUNIT_EXPECT_EQ(test, strnlen(parts->symbol, sizeof(parts->symbol)),
				lengths[i].symbol);
		KUNIT_EXPECT_EQ(test, parts->sympos, 1);
	}
}

/* ------------------------------------------------------------------------------ */

static struct kunit_case reloc_cases[] = {
	KUNIT_CASE(a_section_names_the_object_it_waits_for),
	KUNIT_CASE(symbol_has_object_name_and_position),
	KUNIT_CASE(malformed_symbol_is_refused),
	KUNIT_CASE(longest_object_of_a_section_fits),
	KUNIT_CASE(longest_names_of_a_symbol_fit),
	{}
};

static struct kunit_suite reloc_suite = {
	.name = "livepatch_reloc",
	.test_cases = reloc_cases,
};

kunit_test_suite(reloc_suite);
