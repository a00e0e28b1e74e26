// SPDX-License-Identifier: GPL-2.0
/* klp link: livepatch relocations for a module that was written as source. */
#include <unistd.h>

#include "build.h"
#include "build_options.h"
#include "klp.h"

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

static char unfinished[4096];

static void remove_unfinished(void)
{
	unlink(unfinished);
}

/* What cannot be linked leaves nothing behind that looks like a module. */
static const char *work_copy(const char *module, const char *output)
{
	struct bytes bytes = file_read(module);

	if (snprintf(unfinished, sizeof(unfinished), "%s.%d.linked", output, getpid()) >=
	    (int)sizeof(unfinished))
		die("%s: the path is too long", output);
	if (atexit(remove_unfinished))
		die("out of memory");
	file_write(unfinished, bytes.at, bytes.size);
	return unfinished;
}

int cmd_link(int argc, char **argv)
{
	const char *output, *work;
	struct build_options options;
	const struct kernel *kernel;

	link_options_read(&options, argc, argv);
	kernel = open_kernel(&options);
	output = options.output ?: options.diffs[0];
	work = work_copy(options.diffs[0], output);
	link_module(work, NULL, 0, kernel);
	if (rename(work, output))
		die_errno("%s", output);
	return KLP_EXIT_OK;
}
