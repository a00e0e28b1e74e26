// SPDX-License-Identifier: GPL-2.0
/* What only x86-64 knows: instructions, relocations, how a function can be traced. */
#include <capstone/capstone.h>

#include "arch.h"

bool arch_machine(const GElf_Ehdr *ehdr)
{
	return ehdr->e_machine == EM_X86_64;
}

uint16_t arch_elf_machine(void)
{
	return EM_X86_64;
}

static csh disassembler(void)
{
	static csh handle;

	if (handle)
		return handle;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
		die("capstone: cannot decode x86-64");
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	return handle;
}

static bool is_prefix(unsigned char byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 ||
	       (byte & 0xf0) == 0x40;
}

/* Of what follows the opcode: ModRM, SIB, displacement */
static size_t size_of_operand(const unsigned char *at, size_t left)
{
	unsigned char mode, rm;
	size_t size = 1;

	if (left < 2)
		return size;
	mode = at[0] >> 6;
	rm = at[0] & 7;
	if (mode == 3)
		return size;
	if (rm == 4) {
		size++;
		if (!mode && (at[1] & 7) == 5)
			size += 4;
	}
	return size + (mode == 1 ? 1 : mode == 2 || (!mode && rm == 5) ? 4 : 0);
}

/*
 * Instructions of the kernel that capstone does not know: serialize, lkgs, ud1, wrussq,
 * tpause, ...  None of these has an immediate or is a branch; their size is all we need.
 */
static unsigned int size_of_unknown(const unsigned char *at, size_t left)
{
	static const unsigned char known[] = { 0x00, 0x01, 0x09, 0x1c, 0x1e, 0xae, 0xb9, 0xff };
	size_t i = 0;

	while (i < left && i < 4 && is_prefix(at[i]))
		i++;
	if (left - i < 3 || at[i] != 0x0f)
		return 0;
	if (at[i + 1] == 0x38 && at[i + 2] >= 0xf0)
		i += 3;
	else if (memchr(known, at[i + 1], sizeof(known)))
		i += 2;
	else
		return 0;
	if (at[i - 1] != 0x09)	/* wbnoinvd has no operand */
		i += size_of_operand(at + i, left - i);
	return i <= left ? (unsigned int)i : 0;
}

static bool is_direct_branch(const cs_insn *raw)
{
	const cs_detail *detail = raw->detail;

	if (detail->x86.op_count != 1 || detail->x86.operands[0].type != X86_OP_IMM)
		return false;
	for (unsigned int i = 0; i < detail->groups_count; i++) {
		if (detail->groups[i] == CS_GRP_JUMP || detail->groups[i] == CS_GRP_CALL ||
		    detail->groups[i] == X86_GRP_BRANCH_RELATIVE)
			return true;
	}
	return false;
}

/* An address that a register is added to may be of something else than it points to. */
static unsigned int indexed_field(const cs_x86 *x86)
{
	for (unsigned int i = 0; i < x86->op_count; i++) {
		const x86_op_mem *mem = &x86->operands[i].mem;

		if (x86->operands[i].type != X86_OP_MEM)
			continue;
		if (mem->index != X86_REG_INVALID ||
		    (mem->base != X86_REG_INVALID && mem->base != X86_REG_RIP))
			return x86->encoding.disp_offset;
	}
	return 0;
}

bool arch_decode(const unsigned char *at, size_t left, struct insn *insn)
{
	static cs_insn *raw;
	const uint8_t *code = at;
	uint64_t address = 0;
	size_t size = left;

	memset(insn, 0, sizeof(*insn));
	if (!raw)
		raw = cs_malloc(disassembler());
	if (!raw)
		die("out of memory");
	if (!cs_disasm_iter(disassembler(), &code, &size, &address, raw)) {
		insn->size = size_of_unknown(at, left);
		return insn->size;
	}
	insn->size = raw->size;
	insn->indexed = indexed_field(&raw->detail->x86);
	if (!is_direct_branch(raw))
		return true;
	insn->field_size = raw->detail->x86.encoding.imm_size;
	insn->field = raw->detail->x86.encoding.imm_offset;
	insn->distance = raw->detail->x86.operands[0].imm - raw->size;
	if (insn->field + insn->field_size > insn->size)
		insn->field_size = 0;
	return true;
}

size_t arch_reloc_size(uint32_t type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		return 4;
	case R_X86_64_16:
	case R_X86_64_PC16:
		return 2;
	case R_X86_64_8:
	case R_X86_64_PC8:
		return 1;
	default:
		return 0;
	}
}

bool arch_reloc_relative(uint32_t type)
{
	return type == R_X86_64_PC64 || type == R_X86_64_PC32 || type == R_X86_64_PLT32 ||
	       type == R_X86_64_PC16 || type == R_X86_64_PC8;
}

/* The assembler gives this type to branches, and to nothing else in a kernel. */
bool arch_reloc_call(uint32_t type)
{
	return type == R_X86_64_PLT32;
}

uint32_t arch_reloc_branch(unsigned int field_size)
{
	return field_size == 4 ? R_X86_64_PLT32 : field_size == 2 ? R_X86_64_PC16 : R_X86_64_PC8;
}

uint32_t arch_reloc_address(void)
{
	return R_X86_64_64;
}

static uint32_t plain_type(uint32_t type)
{
	return type == R_X86_64_PLT32 ? R_X86_64_PC32 : type;
}

bool arch_relocs_same(uint32_t before, uint32_t after)
{
	return plain_type(before) == plain_type(after);
}

/* Offset of the call's distance, where a traceable function calls __fentry__; else 0. */
uint64_t arch_trace_call(const unsigned char *at, size_t size)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t i = 0;

	if (size >= sizeof(endbr64) && !memcmp(at, endbr64, sizeof(endbr64)))
		i = sizeof(endbr64);
	return size >= i + 5 && at[i] == 0xe8 ? i + 1 : 0;
}

/*
 * arch_load_constant() - what the kernel fixes up once becomes a load of the variable
 * @at: of the 8-byte constant; on return, where the load refers to the variable
 *
 *	movabs $0x0123456789abcdef,%reg		mov variable(%rip),%reg; nop
 *
 * A module's constants are not fixed up; the load has the same size and the same effect.
 */
bool arch_load_constant(unsigned char *data, uint64_t size, uint64_t *at, uint32_t *type)
{
	static const unsigned char nop[] = { 0x0f, 0x1f, 0x00 };
	unsigned char *code;
	unsigned char high, reg;

	if (*at < 2 || *at > size || size - *at < 8)
		return false;
	code = data + *at - 2;
	if ((code[0] & 0xfe) != 0x48 || (code[1] & 0xf8) != 0xb8)
		return false;
	high = code[0] & 1;
	reg = code[1] & 7;
	code[0] = (unsigned char)(0x48 | high << 2);
	code[1] = 0x8b;
	code[2] = (unsigned char)(reg << 3 | 5);
	memset(code + 3, 0, 4);
	memcpy(code + 7, nop, sizeof(nop));
	*at += 1;
	*type = R_X86_64_PC32;
	return true;
}
