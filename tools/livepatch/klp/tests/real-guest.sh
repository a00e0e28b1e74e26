#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# real-guest.sh - inside the virtual machine: loads and unloads each module of /mods, and
# compares what is redirected with its list of functions.  Part of real.sh.
#
# Prints for each "ok NAME" or "bad NAME why", and "done" at the end.

enabled=/sys/kernel/tracing/enabled_functions
cd /mods || exit 1

# "vmlinux name,position" as in sysfs
in_sysfs()
{
	find "/sys/kernel/livepatch/$1" -mindepth 2 -maxdepth 2 -type d -name '*,*' -printf '%P\n' |
		sed 's|/| |' | sort
}

# ",0" stands for the only one, which is the first.
wanted() { sed 's/,0$/,1/' "$1" | sort; }

redirected() { awk '/ I / || / I$/ || / I\t/ { print $1 }' $enabled | sort; }

names() { sed 's/^[^ ]* //; s/,[0-9]*$//' "$1" | sort; }

exercise()
{
	ls -laR /proc/self /sys/kernel/livepatch
	cat /proc/*/maps /proc/*/smaps /proc/*/stat /proc/interrupts /proc/slabinfo
	mkdir -p /tmp/x/y && mount -t tmpfs none /tmp/x && mkdir /tmp/x/y && mount --bind /tmp/x/y /tmp/x/y
	seq 20000 | sort -R | split -l 3000 - /tmp/x/part
	cat /tmp/x/part* | tee /tmp/x/all | wc -c
	mv /tmp/x/all /tmp/x/y/all
	umount /tmp/x/y /tmp/x
	unshare -m -i -p -f true
	(sleep 0.01 & kill -STOP $!; kill -CONT $!; kill $!; wait)
	timeout 0.01 sleep 1
	echo exercise > /dev/kmsg
} >/dev/null 2>&1

complaints() { dmesg | grep -cE 'BUG|WARNING|Oops|Call Trace|general protection|possible recursive|inconsistent lock'; }

try()
{
	local name=$1 said
	redirected >/tmp/before
	said=$(klp load --timeout 60 "$name.ko" 2>&1) || { echo "$name load: $said"; return 1; }
	exercise
	diff <(wanted "$name.functions") <(in_sysfs "$name") >/tmp/diff ||
		{ echo "$name sysfs has others: $(tr '\n' ' ' </tmp/diff)"; return 1; }
	redirected | comm -13 /tmp/before - | diff <(names "$name.functions") - >/tmp/diff ||
		{ echo "$name ftrace has others: $(tr '\n' ' ' </tmp/diff)"; return 1; }
	said=$(klp unload --timeout 60 "$name" 2>&1) || { echo "$name unload: $said"; return 1; }
	redirected | diff /tmp/before - >/tmp/diff || { echo "$name left behind: $(tr '\n' ' ' </tmp/diff)"; return 1; }
	[ "$(complaints)" -eq "$seen" ] || { echo "$name the kernel complains"; return 1; }
	echo "$name"
}

seen=$(complaints)
for module in *.ko; do
	if said=$(try "${module%.ko}"); then
		echo "ok $said"
	else
		echo "bad $said" | tr '\n' ' '; echo
		seen=$(complaints)
		klp unload --timeout 60 "${module%.ko}" >/dev/null 2>&1
	fi
done
echo "done"
