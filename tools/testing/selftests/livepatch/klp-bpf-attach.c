// SPDX-License-Identifier: GPL-2.0
/*
 * klp-bpf-attach - attach empty BPF programs to a kernel function or tracepoint
 *
 *	klp-bpf-attach fentry|fexit|both FUNCTION [MODULE]
 *	klp-bpf-attach raw_tp TRACEPOINT
 *
 * Prints "attached"; then prints, for each line it reads, how often the programs
 * ran.  They are detached when the input ends or the process does.
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

static int progs[2];
static int progs_nr;

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

/* return 0; */
static const struct bpf_insn insns[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int load(enum bpf_attach_type type, const char *function,
		const char *module)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = type,
		    .attach_btf_id = function_id(function, module),
		    .attach_btf_obj_fd = module ? module_btf(module) : 0);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "klp_test", "GPL", insns,
			       ARRAY_SIZE(insns), &opts);

	if (fd < 0)
		die("load", errno);
	return fd;
}

static void attach(enum bpf_attach_type type, const char *function,
		   const char *module)
{
	int prog = load(type, function, module);

	if (bpf_raw_tracepoint_open(NULL, prog) < 0)
		die("attach", errno);
	progs[progs_nr++] = prog;
}

static void attach_tracepoint(const char *name)
{
	int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "klp_test",
				 "GPL", insns, ARRAY_SIZE(insns), NULL);

	if (prog < 0 || bpf_raw_tracepoint_open(name, prog) < 0)
		die(name, errno);
	progs[progs_nr++] = prog;
}

static unsigned long long runs(void)
{
	unsigned long long sum = 0;
	struct bpf_prog_info info;
	__u32 len;
	int i;

	for (i = 0; i < progs_nr; i++) {
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (bpf_obj_get_info_by_fd(progs[i], &info, &len))
			die("program information", errno);
		sum += info.run_cnt;
	}
	return sum;
}

int main(int argc, char **argv)
{
	const char *kind, *function, *module;
	char line[64];

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: klp-bpf-attach fentry|fexit|both|raw_tp NAME [MODULE]\n");
		return 2;
	}
	kind = argv[1];
	function = argv[2];
	module = argv[3];
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		die("statistics", errno);
	if (!strcmp(kind, "raw_tp"))
		attach_tracepoint(function);
	else if (strcmp(kind, "fexit"))
		attach(BPF_TRACE_FENTRY, function, module);
	if (!strcmp(kind, "fexit") || !strcmp(kind, "both"))
		attach(BPF_TRACE_FEXIT, function, module);

	puts("attached");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("%llu\n", runs());
		fflush(stdout);
	}
	return 0;
}
