// SPDX-License-Identifier: GPL-2.0
/*
 * Checks all functions of vmlinux that can be traced, with the code that patch modules
 * check their own with.  None may differ, whatever the kernel has done to itself.
 *
 * This is no patch module: what livepatch relocations would do is done by kallsyms, which
 * kprobes finds.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/types.h>

#define TEST_ENOUGH	20	/* functions that differ: another kernel, or a broken mask */

unsigned long (*test_recover)(kprobe_opcode_t *buf, unsigned long addr);

#define recover_probed_instruction(buf, addr) (*test_recover)(buf, addr)
#define __start_notes (*test_start_notes)
#define __stop_notes (*test_stop_notes)
#include "klp_verify.c"

const u8 (*test_start_notes)[], (*test_stop_notes)[];

/* tables.c: all functions, and where _text was built to be */
extern const struct klp_verify_object *verify_all;
extern const unsigned long klp_verify_built_text;

static unsigned long base;
module_param(base, ulong, 0);
MODULE_PARM_DESC(base, "where .text of the module is whose functions are to be checked");

static unsigned long (*test_lookup)(const char *name);

static int test_find_symbols(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	/* with IBT, a probe of an entry stands after the endbr64 */
	test_lookup = (void *)probe.addr;
	if (IS_ENABLED(CONFIG_X86_KERNEL_IBT) && *(u32 *)((u8 *)probe.addr - 4) == 0xfa1e0ff3)
		test_lookup = (void *)probe.addr - 4;
	unregister_kprobe(&probe);
	test_recover = (void *)test_lookup("recover_probed_instruction");
	test_start_notes = (void *)test_lookup("__start_notes");
	test_stop_notes = (void *)test_lookup("__stop_notes");
	return test_recover && test_start_notes && test_stop_notes ? 0 : -ENOENT;
}

static void test_all(long moved)
{
	unsigned int i, differ = 0;
	struct klp_verify_func func;

	for (i = 0; i < verify_all->nr_funcs && differ < TEST_ENOUGH; i++) {
		func = verify_all->funcs[i];
		func.code += moved;
		if (klp_verify_func(&func)) {
			differ++;
			pr_err("FAIL: %s differs\n", func.name);
		}
		cond_resched();
	}
	pr_info("%u of %u functions differ, the kernel moved by %#lx\n", differ, i, moved);
}

/* What the check is for: other code, which no mask covers. */
static void test_other(long moved)
{
	struct klp_verify_func func = verify_all->funcs[0];

	func.code += moved;
	func.sum[7] ^= 1;
	pr_info("another sum: %d\n", klp_verify_func(&func));
	func.code = NULL;
	pr_info("no address: %d\n", klp_verify_func(&func));
}

static int __init test_init(void)
{
	struct klp_verify_object build = *verify_all;
	long moved;
	int ret;

	ret = test_find_symbols();
	if (ret)
		return ret;
	build.nr_funcs = 0;
	pr_info("build-id: %d\n", base ? 0 : klp_verify(&build, NULL));
	build.build_id = build.build_id + 1;
	build.size--;
	pr_info("another build-id: %d\n", klp_verify(&build, NULL));
	moved = (base ?: test_lookup("_text")) - klp_verify_built_text;
	test_other(moved);
	test_all(moved);
	return -EAGAIN;		/* to be loaded again */
}

module_init(test_init);
MODULE_DESCRIPTION("Test of klp's checks of what is patched");
MODULE_LICENSE("GPL");
