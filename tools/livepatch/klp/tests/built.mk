# SPDX-License-Identifier: GPL-2.0
#
# What klp knows of built kernels, tested on small programs.  Included by ../Makefile,
# which has O, LIBS and the flags.

BUILT_COMMON := $(addprefix $(O)/,memory.o message.o file.o run.o)
BUILT_IMAGE := $(addprefix $(O)/,image.o symbols.o origin.o)

$(O)/test-%.o: tests/%.c | $(O)
	$(CC) $(KLP_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/find: $(O)/test-find.o $(O)/removed.o $(O)/sites.o $(BUILT_IMAGE) $(BUILT_COMMON)
$(O)/masks: $(O)/test-masks.o $(O)/sites.o $(O)/verify.o $(O)/verify_source.o $(O)/x86.o $(BUILT_IMAGE) $(BUILT_COMMON)
$(O)/types: $(O)/test-types.o $(O)/types.o $(O)/layout.o $(O)/typeuse.o $(BUILT_COMMON)
$(O)/find $(O)/masks $(O)/types:
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Needs a built kernel, KERNEL=DIR, and QEMU: a minute.
check-verify: $(O)/masks
	BIN=$(O) tests/verify-vm.sh $(KERNEL)

.PHONY: check-verify
