# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# klp-bpf-lib.sh - attach a BPF program to a function, count its runs, detach it.

ATTACH=$KLP_DIR/klp-bpf-attach
BPF_JOB=

# need_bpf [klp_skip_all]: skips the case, or the script
need_bpf()
{
	local skip=${1:-klp_skip}

	[ -e /sys/kernel/btf/vmlinux ] ||
		$skip "the kernel has no BTF type information"
	[ -x "$ATTACH" ] ||
		$skip "klp-bpf-attach was not built: libbpf is missing"
}

# bpf_attach fentry|fexit|both FUNCTION [MODULE]: until bpf_detach.
bpf_attach()
{
	local pipe=$KLP_TMP/bpf.$RANDOM said=

	mkfifo "$pipe.in" "$pipe.out"
	exec {BPF_IN}<> "$pipe.in" {BPF_OUT}<> "$pipe.out"
	bg bpf_job "$pipe" "$@"
	BPF_JOB=$BG_PID
	read -r -t 30 said <&"$BPF_OUT" || :
	expect_eq "attaching" attached "$said"
}

bpf_job()
{
	local pipe=$1

	shift
	exec "$ATTACH" "$@" < "$pipe.in" > "$pipe.out" 2>&1
}

bpf_runs()
{
	local n=

	echo >&"$BPF_IN"
	read -r -t 30 n <&"$BPF_OUT"
	echo "$n"
}

bpf_detach()
{
	kill "$BPF_JOB"
	wait "$BPF_JOB" || :
	BPF_JOB=
}
