// SPDX-License-Identifier: GPL-2.0
/*
 * A patch for one function, "object:function", that brings a table of checksums.
 *
 * Its sum is made here, from the function as it is now, and told in the log, so that
 * the next load can bring one that was made earlier, by the parameter "made".  Of
 * the function count the bytes behind the call of ftrace, up to the first jump or
 * return: return thunks move.  "wrong" makes some part of the table wrong.
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <crypto/sha2.h>

#include "klp_test_verify.h"

#define CALL_SIZE	5

static char *function = "vmlinux:cmdline_proc_show";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "object:function to replace");

static char *wrong = "";
module_param(wrong, charp, 0444);
MODULE_PARM_DESC(wrong, "what is wrong with the table, see set_wrong()");

static char *made = "";
module_param(made, charp, 0444);
MODULE_PARM_DESC(made, "what an earlier load has told");

static char *build_id = "";
module_param(build_id, charp, 0444);
MODULE_PARM_DESC(build_id, "GNU build-id of the object, in hexadecimal digits");

static char text[128];
static char long_name[2048];
static u8 id[32];
static struct verify_mask masks[2];
static struct verify_func verified;

/* The first one is of no interest to the core: the patch has no such object. */
static struct verify_object table[2] __used __aligned(8) __section(".klp.verify.1");

static int new_value(void)
{
	return 1;
}

static int new_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", THIS_MODULE->name);
	return 0;
}

static struct klp_func funcs[2];

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

/* kallsyms is not for modules; but kprobes knows where a function is. */
static int find_function(const char *name, const u8 **code, unsigned long *size)
{
	struct kprobe probe = { .symbol_name = name };
	char symbol[KSYM_SYMBOL_LEN], *plus;
	unsigned long offset;
	int ret;

	ret = register_kprobe(&probe);
	if (ret)
		return ret;
	*code = (const u8 *)probe.addr;
	unregister_kprobe(&probe);

	sprint_symbol(symbol, (unsigned long)*code);
	plus = strrchr(symbol, '+');
	if (!plus || sscanf(plus, "+%li/%li", &offset, size) != 2)
		return -ENOENT;
	*code -= offset;
	return 0;
}

static u32 begin_of(const u8 *code)
{
	static const u8 endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	return memcmp(code, endbr64, sizeof(endbr64)) ? CALL_SIZE :
							CALL_SIZE + sizeof(endbr64);
}

static u32 end_of(const u8 *code, u32 begin, u32 size)
{
	u32 end = begin;

	while (end < size && code[end] != 0xe9 && code[end] != 0xc3)
		end++;
	return end;
}

static int make_sum(const char *name)
{
	unsigned long size;
	const u8 *code;
	u8 *copy;
	int ret;

	ret = find_function(name, &code, &size);
	if (ret)
		return ret;
	copy = kmemdup(code, size, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	verified.size = size;
	masks[0].size = begin_of(copy);
	masks[1].offset = end_of(copy, masks[0].size, size);
	masks[1].size = size - masks[1].offset;
	memset(copy, 0, masks[0].size);
	memset(copy + masks[1].offset, 0, masks[1].size);
	sha256(copy, size, verified.sum);
	kfree(copy);
	return 0;
}

/* "made": size, begin, end, sum. */
static int read_sum(void)
{
	char sum[2 * SHA256_DIGEST_SIZE + 1];

	if (sscanf(made, "%u-%u-%u-%64s", &verified.size, &masks[0].size,
		   &masks[1].offset, sum) != 4)
		return -EINVAL;
	masks[1].size = verified.size - masks[1].offset;
	return hex2bin(verified.sum, sum, sizeof(verified.sum));
}

static void set_wrong(struct verify_object *object)
{
	if (!strcmp(wrong, "sum"))
		verified.sum[31] ^= 1;
	if (!strcmp(wrong, "no-mask"))
		masks[0].size = 0;
	if (!strcmp(wrong, "mask"))
		masks[1].size++;
	if (!strcmp(wrong, "mask-wraps"))
		masks[1].size = -masks[1].offset;
	if (!strcmp(wrong, "size"))
		verified.size++;
	if (!strcmp(wrong, "name"))
		verified.name = "klp_test_none";
	if (!strcmp(wrong, "position"))
		verified.pos = 2;
	if (!strcmp(wrong, "object-pointer"))
		table[0].name = (const char *)&jiffies;
	if (!strcmp(wrong, "functions-pointer"))
		object->funcs = (const void *)&jiffies;
	if (!strcmp(wrong, "functions-number"))
		object->nr_funcs = U32_MAX;
	if (!strcmp(wrong, "name-pointer"))
		verified.name = (const char *)&jiffies;
	if (!strcmp(wrong, "name-length"))
		verified.name = memset(long_name, 'x', sizeof(long_name) - 1);
	if (!strcmp(wrong, "masks-pointer"))
		verified.masks = (const void *)&jiffies;
	if (!strcmp(wrong, "masks-number"))
		verified.nr_masks = U32_MAX;
	if (!strcmp(wrong, "build-id"))
		id[object->size - 1] ^= 1;
	if (!strcmp(wrong, "build-id-pointer"))
		object->build_id = (const u8 *)&jiffies;
	/* Not wrong */
	if (!strcmp(wrong, "no-position"))
		verified.pos = 0;
	if (!strcmp(wrong, "no-function"))
		object->nr_funcs = 0;
}

static int set_table(const char *object, const char *name)
{
	int ret;

	ret = *made ? read_sum() : make_sum(name);
	if (ret)
		return ret;
	pr_info("%s: made=%u-%u-%u-%*phN\n", THIS_MODULE->name, verified.size,
		masks[0].size, masks[1].offset, SHA256_DIGEST_SIZE, verified.sum);

	verified.name = name;
	verified.pos = 1;
	verified.masks = masks;
	verified.nr_masks = ARRAY_SIZE(masks);
	table[0].name = "klp_test_other";
	table[1].name = object;
	table[1].funcs = &verified;
	table[1].nr_funcs = 1;
	if (*build_id) {
		table[1].build_id = id;
		table[1].size = strlen(build_id) / 2;
		ret = table[1].size > sizeof(id) ? -EINVAL :
		      hex2bin(id, build_id, table[1].size);
	}
	set_wrong(&table[1]);
	return ret;
}

static int __init verify_init(void)
{
	char *name = text, *object;
	int ret;

	strscpy(text, function, sizeof(text));
	object = strsep(&name, ":");
	if (!name)
		return -EINVAL;
	if (!strcmp(object, "vmlinux"))
		object = NULL;
	objs[0].name = object;
	funcs[0].old_name = name;
	funcs[0].new_func = object ? (void *)new_value : (void *)new_show;

	ret = set_table(object, name);
	if (ret)
		return ret;
	ret = klp_enable_patch(&patch);
	pr_info("%s: enable returned %d\n", THIS_MODULE->name, ret);
	return ret;
}

static void __exit verify_exit(void)
{
}

module_init(verify_init);
module_exit(verify_exit);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch test: a patch with checksums of what it replaces");
MODULE_LICENSE("GPL");
