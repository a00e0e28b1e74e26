# SPDX-License-Identifier: GPL-2.0
#
# What manages patches, tested without a kernel.  Included by ../Makefile, which has O,
# OBJECTS, LIBS and the flags.

$(O)/fake_modules.o: tests/fake_modules.c | $(O)
	$(CC) $(KLP_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/klp-fake: $(OBJECTS) $(O)/fake_modules.o
	$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--wrap=module_insert,--wrap=module_remove -o $@ $^ $(LIBS)
