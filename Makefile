# SPDX-License-Identifier: GPL-2.0
#
# The livepatch core, written anew for Linux 6.12.  Everything made is in build/.

CONFIG ?= small
export LINUX_TARBALL LINUX

.PHONY: demo-build demo-distro help run test test-hard fuzz soak coverage kernel stock shell apply unapply series bench check check-series clean

help:		## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run:		## build, boot, patch and unpatch a running kernel
	@scripts/run

test:		## build, boot and run every test on both configurations
	@scripts/test

test-hard:	## every kind of kernel, torture, hostile modules, seeded bugs (an hour or more)
	@scripts/test-hard

fuzz:		## libFuzzer on what klp reads, two minutes each kind (ten)
	@FUZZ_SECONDS=120 scripts/test host fuzz.sh

soak:		## torture: 10,000 transitions, 100,000,000 calls (an hour and a half)
	@scripts/test-hard soak soak-full

coverage:	## which lines of the core do the tests run (45 minutes)
	@scripts/coverage

kernel:		## build our kernel in build/linux (CONFIG=small, distro, debug+release, ...)
	@scripts/deps
	@scripts/kernel linux $(CONFIG)

stock:		## build the stock kernel in build/stock, configured alike (CONFIG=)
	@scripts/deps
	@scripts/kernel stock $(CONFIG)

shell:		## a prompt inside the patched kernel, samples at hand
	@scripts/run shell

apply:		## put our core into a tree of yours (LINUX=<tree>)
	@scripts/apply "$(LINUX)"

unapply:	## put the stock core back (LINUX=<tree>)
	@scripts/apply -u "$(LINUX)"

series:		## write build/series/*.patch, mailable, against the base
	@scripts/series

bench:		## measure ours beside stock on both configurations (an hour)
	@scripts/bench -c both

check:		## static checks: W=1, sparse, checkpatch, kernel-doc, docs, rules, model
	@scripts/check

check-series:	## do series and MAINTAINERS.patch apply to every 6.12 in Debian
	@scripts/check-series

demo-build:	## make a patch of a diff with klp, load it into our kernel, unattended
	@scripts/demo-build

demo-distro:	## the same with the kernel of Debian as it is (downloads 500 MB)
	@scripts/demo-distro

clean:		## remove build/
	rm -rf build
