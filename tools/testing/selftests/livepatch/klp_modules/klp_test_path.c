// SPDX-License-Identifier: GPL-2.0
/*
 * A patch for any functions of the kernel, named by the parameter "funcs", whatever
 * their arguments: each new version counts the call and goes on in the body of the
 * original, behind the place that ftrace has made into a call or jump.
 *
 * It gets there by a jump, and leaves nothing on the stack; or, with "framed", by a
 * call, and then its own frame is under that of the body.  "hits" tells the counts.
 *
 * With "hold" the patch has holder_wait() of klp_test_holder too, and a transition
 * waits for that.
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/linkage.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/static_call.h>
#include <linux/sysfs.h>

#define PATHS	16

static char *funcs[PATHS];
static int nr_funcs;
module_param_array(funcs, charp, &nr_funcs, 0444);
MODULE_PARM_DESC(funcs, "functions of the kernel to replace");

static bool framed;
module_param(framed, bool, 0444);
MODULE_PARM_DESC(framed, "call the body of the original, do not jump to it");

static bool hold;
module_param(hold, bool, 0444);
MODULE_PARM_DESC(hold, "replace holder_wait() of klp_test_holder as well");

#ifdef CONFIG_X86_64

#include <asm/ibt.h>

/* No function has this type: nothing here knows what the originals take. */
typedef void (klp_path_fn)(void);

/* Counted where RCU does not watch, too: by an instruction, not by a function. */
static unsigned long klp_path_hits[PATHS + 1] __used;

/*
 * Static calls reach an address that is known at run time by direct jumps, which
 * neither want an endbr there nor need a register.
 */
#define KLP_PATH(nr)							\
	DEFINE_STATIC_CALL_NULL(klp_path_body_##nr, klp_path_fn);	\
	void klp_path_jump_##nr(void);					\
	void klp_path_call_##nr(void);					\
	asm("	.pushsection	.text, \"ax\", @progbits\n"		\
	    "	.globl	klp_path_jump_" #nr "\n"			\
	    "	.type	klp_path_jump_" #nr ", @function\n"		\
	    "klp_path_jump_" #nr ":\n"					\
		ASM_ENDBR						\
	    "	lock incq klp_path_hits+8*" #nr "(%rip)\n"		\
	    "	jmp	" STATIC_CALL_TRAMP_STR(klp_path_body_##nr) "\n" \
	    "	int3\n"							\
	    "	.size	klp_path_jump_" #nr ", .-klp_path_jump_" #nr "\n" \
	    "	.globl	klp_path_call_" #nr "\n"			\
	    "	.type	klp_path_call_" #nr ", @function\n"		\
	    "klp_path_call_" #nr ":\n"					\
		ASM_ENDBR						\
	    "	pushq	%rbp\n"						\
	    "	movq	%rsp, %rbp\n"					\
	    "	lock incq klp_path_hits+8*" #nr "(%rip)\n"		\
	    "	call	" STATIC_CALL_TRAMP_STR(klp_path_body_##nr) "\n" \
	    "	popq	%rbp\n"						\
		ASM_RET							\
	    "	.size	klp_path_call_" #nr ", .-klp_path_call_" #nr "\n" \
	    "	.popsection\n")

KLP_PATH(0); KLP_PATH(1); KLP_PATH(2); KLP_PATH(3);
KLP_PATH(4); KLP_PATH(5); KLP_PATH(6); KLP_PATH(7);
KLP_PATH(8); KLP_PATH(9); KLP_PATH(10); KLP_PATH(11);
KLP_PATH(12); KLP_PATH(13); KLP_PATH(14); KLP_PATH(15);
KLP_PATH(16);	/* that of holder_wait() */

#define KLP_PATH_ENTRY(nr)						\
	{								\
		.key = &STATIC_CALL_KEY(klp_path_body_##nr),		\
		.tramp = STATIC_CALL_TRAMP_ADDR(klp_path_body_##nr),	\
		.jump = klp_path_jump_##nr,				\
		.call = klp_path_call_##nr,				\
	}

static const struct klp_path {
	struct static_call_key *key;
	void *tramp;
	klp_path_fn *jump;
	klp_path_fn *call;
} klp_paths[PATHS + 1] = {
	KLP_PATH_ENTRY(0), KLP_PATH_ENTRY(1), KLP_PATH_ENTRY(2),
	KLP_PATH_ENTRY(3), KLP_PATH_ENTRY(4), KLP_PATH_ENTRY(5),
	KLP_PATH_ENTRY(6), KLP_PATH_ENTRY(7), KLP_PATH_ENTRY(8),
	KLP_PATH_ENTRY(9), KLP_PATH_ENTRY(10), KLP_PATH_ENTRY(11),
	KLP_PATH_ENTRY(12), KLP_PATH_ENTRY(13), KLP_PATH_ENTRY(14),
	KLP_PATH_ENTRY(15), KLP_PATH_ENTRY(16),
};

static int hits_get(char *buf, const struct kernel_param *kp)
{
	int i, len = 0;

	for (i = 0; i < nr_funcs; i++)
		len += sysfs_emit_at(buf, len, "%s %lu\n", funcs[i],
				     READ_ONCE(klp_path_hits[i]));
	return len;
}

static const struct kernel_param_ops hits_ops = { .get = hits_get };
module_param_cb(hits, &hits_ops, NULL, 0444);
MODULE_PARM_DESC(hits, "functions, and how often each new version was called");

/* Not exported; a probe is told the address. */
static unsigned long (*klp_path_lookup)(const char *name);

static int klp_path_find_lookup(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret;

	ret = register_kprobe(&kp);
	if (ret)
		return ret;
	klp_path_lookup = (void *)kp.addr;
	unregister_kprobe(&kp);
	return 0;
}

/* Behind the call of ftrace, which only an endbr may precede */
static void *klp_path_body(const char *name)
{
	unsigned long addr = klp_path_lookup(name);

	if (!addr)
		return NULL;
	if (is_endbr(*(u32 *)addr))
		addr += 4;
	return (void *)addr + MCOUNT_INSN_SIZE;
}

static int klp_path_set(int nr, const char *name, struct klp_func *func)
{
	const struct klp_path *path = &klp_paths[nr];
	void *body = klp_path_body(name);

	if (!body)
		return -ENOENT;
	__static_call_update(path->key, path->tramp, body);
	func->old_name = name;
	func->new_func = framed ? path->call : path->jump;
	return 0;
}

static struct klp_func klp_path_funcs[PATHS + 1];
static struct klp_func klp_path_holder_funcs[2];

static struct klp_object klp_path_objs[3] = {
	{ .funcs = klp_path_funcs },
};

static struct klp_patch klp_path_patch = {
	.mod = THIS_MODULE,
	.objs = klp_path_objs,
};

static int klp_path_set_holder(void)
{
	klp_path_objs[1].name = "klp_test_holder";
	klp_path_objs[1].funcs = klp_path_holder_funcs;
	return klp_path_set(PATHS, "holder_wait", klp_path_holder_funcs);
}

static int __init klp_path_init(void)
{
	int i, ret;

	ret = klp_path_find_lookup();
	for (i = 0; !ret && i < nr_funcs; i++)
		ret = klp_path_set(i, funcs[i], &klp_path_funcs[i]);
	if (!ret && hold)
		ret = klp_path_set_holder();
	return ret ?: klp_enable_patch(&klp_path_patch);
}

#else

static int __init klp_path_init(void)
{
	return -EOPNOTSUPP;
}

#endif

static void __exit klp_path_exit(void)
{
}

module_init(klp_path_init);
module_exit(klp_path_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Livepatch selftest: new versions that go on in the originals");
MODULE_INFO(livepatch, "Y");
