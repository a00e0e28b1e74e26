# SPDX-License-Identifier: GPL-2.0
#
# make install: program, manual pages, completion, units.  Included by Makefile, which has
# O and PREFIX.

UNITDIR ?= $(PREFIX)/lib/systemd/system
COMPDIR ?= $(PREFIX)/share/bash-completion/completions

install: all
	install -D -m 755 $(O)/klp $(DESTDIR)$(PREFIX)/sbin/klp
	install -D -m 644 klp.bash-completion $(DESTDIR)$(COMPDIR)/klp
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/sbin/klp|$(PREFIX)/sbin/klp|' livepatch.service > $(DESTDIR)$(UNITDIR)/livepatch.service
	sed 's|/usr/sbin/klp|$(PREFIX)/sbin/klp|' livepatch-survived.service > $(DESTDIR)$(UNITDIR)/livepatch-survived.service
	$(MAKE) -C man install O=$(abspath $(O))/man PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

.PHONY: install
