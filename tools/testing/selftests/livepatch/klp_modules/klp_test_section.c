// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for one of its own sections by name, and for one that it lacks.
 */
#include <linux/livepatch.h>
#include <linux/module.h>

/* Weak: older cores do not have it. */
extern void *klp_find_section_by_name(const struct module *mod, const char *name,
				      size_t *sec_size) __weak;

static const unsigned long marks[3] __used __section(".rodata.klp_test_marks") = {
	17, 18, 19
};

static struct klp_object objs[] = { { } };

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static void look_for(const char *name)
{
	size_t size = 12345;
	unsigned long *p;

	p = klp_find_section_by_name(THIS_MODULE, name, &size);
	pr_info("%s: section %s: %s, size %zu, first %lu\n", THIS_MODULE->name,
		name, p == marks ? "mine" : p ? "other" : "none", size,
		p ? *p : 0);
}

static int __init section_init(void)
{
	if (!klp_find_section_by_name) {
		pr_info("%s: no klp_find_section_by_name\n", THIS_MODULE->name);
		return -EOPNOTSUPP;
	}
	look_for(".rodata.klp_test_marks");
	look_for(".rodata.klp_test_none");

	return klp_enable_patch(&patch);
}

static void __exit section_exit(void)
{
	look_for(".rodata.klp_test_marks");
}

module_init(section_init);
module_exit(section_exit);
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Livepatch test: sections found by name");
MODULE_LICENSE("GPL");
