/* SPDX-License-Identifier: GPL-2.0 */
/* What only the architecture knows (x86.c): instructions, relocations, how code is traced. */
#ifndef KLP_ARCH_H
#define KLP_ARCH_H

#include <gelf.h>

#include "util.h"

struct insn {
	unsigned int size;
	unsigned int field, field_size;	/* of a direct branch: where its distance is */
	int64_t distance;		/* from the end of the instruction */
	unsigned int indexed;		/* where there is an address that a register is added to */
};

bool arch_machine(const GElf_Ehdr *ehdr);
uint16_t arch_elf_machine(void);
bool arch_decode(const unsigned char *at, size_t left, struct insn *insn);
size_t arch_reloc_size(uint32_t type);		/* 0: not known */
bool arch_reloc_relative(uint32_t type);
bool arch_reloc_call(uint32_t type);
uint32_t arch_reloc_branch(unsigned int field_size);
uint32_t arch_reloc_address(void);		/* of an 8-byte pointer */
bool arch_relocs_same(uint32_t before, uint32_t after);
uint64_t arch_trace_call(const unsigned char *at, size_t size);
bool arch_load_constant(unsigned char *data, uint64_t size, uint64_t *at, uint32_t *type);

#endif
