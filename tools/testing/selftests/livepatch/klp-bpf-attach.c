// SPDX-License-Identifier: GPL-2.0
/*
 * klp-bpf-attach - attach an empty BPF program to a kernel function
 *
 *	klp-bpf-attach fentry|fexit FUNCTION [MODULE]
 *
 * Prints "attached"; then prints, for each line it reads, how often the program
 * ran.  The program is detached when the input ends or the process does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static void die(const char *what, int err)
{
	fprintf(stderr, "klp-bpf-attach: %s: %s\n", what, strerror(err));
	exit(1);
}

/* The file descriptor of a module's type information. */
static int module_btf(const char *module)
{
	struct bpf_btf_info info;
	__u32 id = 0, len;
	char name[64];
	int fd;

	while (!bpf_btf_get_next_id(id, &id)) {
		fd = bpf_btf_get_fd_by_id(id);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		info.name = (unsigned long)name;
		info.name_len = sizeof(name);
		len = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) &&
		    !strcmp(name, module))
			return fd;
		close(fd);
	}
	die(module, ENOENT);
	return -1;
}

static int function_id(const char *function, const char *module)
{
	struct btf *vmlinux = btf__load_vmlinux_btf(), *btf = vmlinux;
	int id;

	if (!vmlinux)
		die("types of the kernel", errno);
	if (module) {
		btf = btf__load_module_btf(module, vmlinux);
		if (!btf)
			die(module, errno);
	}
	id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	if (id < 0)
		die(function, -id);
	return id;
}

static int load(const char *kind, const char *function, const char *module)
{
	/* return 0; */
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = strcmp(kind, "fexit") ?
			BPF_TRACE_FENTRY : BPF_TRACE_FEXIT,
		    .attach_btf_id = function_id(function, module),
		    .attach_btf_obj_fd = module ? module_btf(module) : 0);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "klp_test", "GPL", insns,
			       ARRAY_SIZE(insns), &opts);

	if (fd < 0)
		die("load", errno);
	return fd;
}

static unsigned long long runs(int prog)
{
	struct bpf_prog_info info = { };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog, &info, &len))
		die("program information", errno);
	return info.run_cnt;
}

int main(int argc, char **argv)
{
	char line[64];
	int prog;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: klp-bpf-attach fentry|fexit FUNCTION [MODULE]\n");
		return 2;
	}
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		die("statistics", errno);
	prog = load(argv[1], argv[2], argc > 3 ? argv[3] : NULL);
	if (bpf_raw_tracepoint_open(NULL, prog) < 0)
		die("attach", errno);

	puts("attached");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%llu\n", runs(prog));
		fflush(stdout);
	}
	return 0;
}
