# SPDX-License-Identifier: GPL-2.0
#
# Diffs, and livepatch relocations, tested on small files.  Included by ../Makefile.

check-made:
	tests/source.sh
	tests/link.sh

.PHONY: check-made
