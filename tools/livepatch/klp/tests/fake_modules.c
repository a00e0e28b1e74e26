// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for the kernel's half of loading modules: programs "insert" and "remove" under
 * $KLP_ROOT, which exit with the errno.  Linked by --wrap, so klp itself knows nothing of
 * it.  The builder may not be linked in at all.
 */
#include "../manage.h"

int __wrap_module_insert(const struct module *module, const char *params);
int __wrap_module_remove(const char *name);

static int call(const char *program, const char *first, const char *second, const char *third)
{
	const char *const argv[] = { sys_path("/%s", program), first, second, third, NULL };

	return -run(&(struct run){ .argv = argv });
}

int __wrap_module_insert(const struct module *module, const char *params)
{
	return call("insert", module->name, module->path, params);
}

int __wrap_module_remove(const char *name)
{
	return call("remove", name, NULL, NULL);
}

int __attribute__((weak)) cmd_build(int argc, char **argv)
{
	return argc && argv ? KLP_EXIT_FAILED : KLP_EXIT_USAGE;
}

int __attribute__((weak)) cmd_link(int argc, char **argv)
{
	return argc && argv ? KLP_EXIT_FAILED : KLP_EXIT_USAGE;
}
