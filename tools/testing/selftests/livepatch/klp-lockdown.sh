#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Kernels that are locked down, and have not been told to enforce signatures: it is the
# lockdown that refuses patches then.  All else is in klp-signed.sh.
#
# Boot with: lockdown=integrity

. "$(dirname "$0")/klp-lib.sh"
. "$(dirname "$0")/klp-build.sh"

KLP_DYNDBG=$KLP_TRACING/none	# debugfs is closed
SIGNED=$KLP_MODULES/signed

# klp_main calls it first.
klp_requires()
{
	[ -d "$SIGNED" ] || klp_skip_all "the kernel signs no modules"
	! file_is /sys/module/module/parameters/sig_enforce Y ||
		klp_skip_all "signatures are enforced"
	grep -qw lockdown=integrity /proc/cmdline || klp_skip_all "the kernel is not locked down"
}

# The signed ones, of all of klp-build.sh
mod_load()
{
	local name=$1

	shift
	insmod "$SIGNED/$name.ko" "$@"
}

case_lockdown_alone_refuses_unsigned_patches()
{
	expect_error "Operation not permitted" insmod "$KLP_MODULES/${P}00.ko"
	expect_log "Lockdown: insmod: unsigned module loading is restricted"
	expect_not mod_loaded ${P}00
	expect patch_gone ${P}00
	patch_enable ${P}00 objs=$CMDLINE value=7
	expect file_is /proc/cmdline "${P}00 7"
	patch_remove ${P}00
	expect_not grep -q klp_test /proc/cmdline
}

klp_main "$@"
