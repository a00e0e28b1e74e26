// SPDX-License-Identifier: GPL-2.0
/* klp link: livepatch relocations for a module that was written as source. */
#include "build_options.h"
#include "klp.h"
#include "link.h"

static char *find_module(const char *name, void *arg)
{
	return target_module(arg, name, path_dir(((struct target *)arg)->build));
}

/* Only if the kernel is told: the names alone are enough to link. */
static const struct kernel *open_kernel(const struct build_options *options)
{
	const struct wanted *wanted = &options->wanted;
	struct target *target = mem_alloc(sizeof(*target));

	if (!wanted->build)
		return NULL;
	target->build = path_real(wanted->build);
	target->release = "";
	target->modules = wanted->modules;
	target->symvers = mem_printf("%s/Module.symvers", target->build);
	target->vmlinux = wanted->vmlinux ?: mem_printf("%s/vmlinux", target->build);
	return kernel_open(target->vmlinux, target->symvers, find_module, target);
}

int cmd_link(int argc, char **argv)
{
	struct build_options options;

	link_options_read(&options, argc, argv);
	link_file(options.diffs[0], options.output ?: options.diffs[0], NULL, 0,
		  open_kernel(&options));
	return KLP_EXIT_OK;
}
