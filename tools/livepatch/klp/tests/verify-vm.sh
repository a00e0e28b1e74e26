#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tests/verify-vm.sh TREE [KO...]
#
# Boots the built kernel TREE in QEMU and checks every function of its vmlinux that can be
# traced, or every one of the last module KO (loaded in that order), in the states that
# rewrite code: after boot, traced, with static keys on, with probes in function bodies.
# Not one may differ.  Prints KTAP; needs $BIN/masks.
#
# Kernels: linux linux-distro
#
# VMLINUX=FILE: the unstripped vmlinux, HEADERS=DIR: what modules are built with, BOOT=DIR:
# the tree to boot, if they are not TREE; VM=FILE: another scripts/vm; CMDLINE: more of it.

set -eu
top=$(cd "$(dirname "$0")/../../../.." && pwd)
tree=$(realpath "$1")
shift
kos=("$@")
vmlinux=${VMLINUX:-$tree/vmlinux}
bin=$(realpath "${BIN:?the directory of the test programs}")
work=$(mktemp -d)
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT

states="after_boot function_tracer graph_tracer events kprobes optimised_kprobes one_cpu"

build()
{
	cp "$top"/tools/livepatch/klp/tests/verify-vm/{Kbuild,all.c} \
	   "$top"/tools/livepatch/klp/module/klp_verify.[ch] "$work"
	"$bin/masks" -c "$vmlinux" ${kos:+-m "${kos[-1]}"} -a | sed '/^extern const char klp_old_/{N;d}' > "$work/tables.c"
	make -C "${HEADERS:-$tree}" ARCH=x86_64 M="$work" CONFIG_DEBUG_INFO_BTF_MODULES= modules > "$work/log" 2>&1 ||
		{ tail -30 "$work/log"; exit 1; }
	strip --strip-debug "$work/klp_verify_all.ko"
}

# Modules may come compressed; those of other kernels than ours are named with dashes, too.
insert()
{
	local ko

	echo base=0
	for ko in "${kos[@]}"; do
		ko=$(basename "$ko")
		echo "insmod $ko"
		echo "base=\$(cat /sys/module/$(echo "${ko%%.*}" | tr - _)/sections/.text)"
	done
}

# Runs in the guest.  An initcall that fails is how the module leaves; its lines are what counts.
guest()
{
	insert
	cat <<-'END'
	t=/sys/kernel/tracing
	check()
	{
		echo "state $1" > /dev/kmsg
		insmod klp_verify_all.ko base=$base 2> /dev/null
	}
	# probes [OFFSET...]: in the bodies of functions that are short of nothing
	probes()
	{
		local f n=0
		echo 0 > /proc/sys/debug/kprobes-optimization 2> /dev/null
		for f in kernel_clone vfs_read vfs_write do_sys_openat2 schedule ksys_read __x64_sys_getpid \
			do_exit wake_up_new_task copy_process; do
			for ((o = 5; o < 60; o++)); do
				echo "p:k$n $f+$o" >> $t/kprobe_events 2> /dev/null && n=$((n + 1))
			done
		done
		for ((i = 0; i < n; i++)); do
			echo 1 > $t/events/kprobes/k$i/enable
		done
		echo "$n probes" > /dev/kmsg
	}
	check after_boot
	echo function > $t/current_tracer; check function_tracer
	echo function_graph > $t/current_tracer; check graph_tracer
	echo nop > $t/current_tracer
	echo 1 > $t/events/enable; check events
	echo 0 > $t/events/enable
	probes; check kprobes
	echo 1 > /proc/sys/debug/kprobes-optimization; sleep 2
	grep -c OPTIMIZED /sys/kernel/debug/kprobes/list > /dev/kmsg
	check optimised_kprobes
	echo 0 > $t/events/kprobes/enable
	dmesg --color=never
	END
}

# boot CPUS COMMAND: lock prefixes go when there is but one CPU at boot.
boot()
{
	local ko files=()

	for ko in "${kos[@]}"; do
		files+=(-f "$ko")
	done
	"${VM:-$top/scripts/vm}" -k "${BOOT:-$tree}" -c "$1" -m 1536M -T 900 ${CMDLINE:+-a "$CMDLINE"} \
		-f "$work/klp_verify_all.ko" -f "$work/guest.sh" "${files[@]}" -- "$2" >> "$work/out" 2>&1 ||
		{ tail -40 "$work/out"; exit 1; }
}

build
guest > "$work/guest.sh"
boot 2 'bash guest.sh'
{
	insert
	echo 'echo state one_cpu > /dev/kmsg; insmod klp_verify_all.ko base=$base 2> /dev/null'
	echo 'dmesg --color=never'
} > "$work/guest.sh"
boot 1 'bash guest.sh'

echo "TAP version 13"
echo "1..$(wc -w <<< "$states")"
n=0 failed=0
for state in $states; do
	n=$((n + 1))
	sed -n "/state $state\r*$/,/state /p" "$work/out" > "$work/state"
	if grep -q ' 0 of [1-9][0-9]* functions differ' "$work/state" && ! grep -q FAIL "$work/state" &&
	   grep -q 'another sum: -8' "$work/state" && grep -q 'no address: -8' "$work/state" &&
	   grep -q ' build-id: 0' "$work/state" && grep -q 'another build-id: -8' "$work/state"; then
		echo "ok $n $state"
	else
		echo "not ok $n $state"
		failed=1
	fi
	grep -E 'FAIL|differ,|probes$|build-id|another' "$work/state" | sed 's/^/# /'
done
exit $failed
