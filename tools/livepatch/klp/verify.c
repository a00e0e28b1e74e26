// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums of functions as they were built, without the bytes that a running kernel may
 * have rewritten.
 *
 * What it rewrites comes from its own tables (sites.c) and from where it was loaded: the
 * addresses in the instructions of vmlinux move with the kernel, those of a module are
 * its relocations.  A byte that is masked in vain makes the check a little weaker; one
 * that is missed makes a false alarm.  Where both are possible, it is masked.
 */
#include <capstone/capstone.h>

#include "arch.h"
#include "build.h"
#include "sites.h"

#define FUNCTION_MAX	(1024 * 1024)

/* Addresses around the image that count as its own: array - 5 and the like. */
#define SLACK		0x1000000

struct work {
	struct image *image;
	const struct area *area;	/* of the function */
	uint64_t address;
	const unsigned char *code;
	size_t size;
	uint64_t low, high;		/* addresses that move with the kernel */
	uint64_t percpu_end;		/* per-CPU variables are from 0 on, and do not move */
	struct verified *verified;
	const char *why;
};

/* ---- Masks ------------------------------------------------------------------------ */

/* The part of it that is in the function. */
static void add_mask(struct work *work, int64_t offset, uint64_t size)
{
	int64_t end = offset + (int64_t)size, last = (int64_t)work->size;
	struct mask *mask;

	if (offset < 0)
		offset = 0;
	if (end > last)
		end = last;
	if (offset >= end)
		return;
	mask = list_add(&work->verified->masks);
	mask->offset = (uint32_t)offset;
	mask->size = (uint16_t)(end - offset);
}

static int compare_masks(const void *a, const void *b)
{
	const struct mask *left = a, *right = b;

	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static void merge_masks(struct verified *verified)
{
	struct mask *mask, *last = verified->masks.at;
	uint32_t end;

	if (!verified->masks.nr)
		return;
	qsort(verified->masks.at, verified->masks.nr, sizeof(*mask), compare_masks);
	list_for_each(mask, &verified->masks) {
		end = mask->offset + mask->size;
		if (mask->offset > last->offset + last->size || end - last->offset > UINT16_MAX)
			*++last = *mask;
		else if (end > last->offset + last->size)
			last->size = (uint16_t)(end - last->offset);
	}
	verified->masks.nr = (size_t)(last - verified->masks.at) + 1;
}

/* ---- Instructions ----------------------------------------------------------------- */

static cs_insn *decode(const struct work *work, size_t at)
{
	const uint8_t *code = work->code + at;
	uint64_t address = work->address + at;
	size_t left = work->size - at;
	static cs_insn *insn;
	static csh handle;

	if (!handle) {
		if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) ||
		    cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON))
			die("capstone does not know x86");
		insn = cs_malloc(handle);
		if (!insn)
			die("out of memory");
	}
	if (at >= work->size || !cs_disasm_iter(handle, &code, &left, &address, insn))
		return NULL;
	return insn;
}

/* ---- What its tables say ---------------------------------------------------------- */

static size_t site_size(struct work *work, const struct site *site, size_t at)
{
	cs_insn *insn;

	if (site->size != SITE_INSN)
		return site->size;
	insn = decode(work, at);
	if (insn)
		return insn->size;
	work->why = mem_printf("what stands at +%#zx, of the table %s, is no known instruction", at,
			       site->table);
	return 0;
}

/*
 * Callers under kCFI: 14 bytes before the call that compare the hash, rewritten by
 * FineIBT and when hashes are randomised.  They start with mov $hash, %r10d.
 */
static void mask_cfi_caller(struct work *work, const struct site *site, int64_t at)
{
	if (at >= 14 && !strcmp(site->table, ".retpoline_sites") &&
	    work->code[at - 14] == 0x41 && work->code[at - 13] == 0xba)
		add_mask(work, at - 14, 14);
}

static void mask_sites(struct work *work)
{
	size_t area = work->image->module ? (size_t)(work->area - work->image->areas) : 0;
	const struct sites *sites = image_sites(work->image);
	const struct site *site, *last;
	uint64_t end = work->address + work->size;
	int64_t at;

	if (sites->why)
		work->why = sites->why;
	last = sites->list.at + sites->list.nr;
	for (site = sites_from(sites, area, work->address);
	     site < last && site->area == area && site->address < end; site++) {
		at = (int64_t)(site->address - work->address);
		if (at < 0) {
			add_mask(work, at, site->size);
			continue;
		}
		add_mask(work, at, site_size(work, site, (size_t)at));
		mask_cfi_caller(work, site, at);
	}
}

/* ---- Addresses in vmlinux --------------------------------------------------------- */

static uint32_t get32(const unsigned char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* The upper half is all ones, and stays so: the kernel moves within 1 GB. */
static bool is_kernel_address(const struct work *work, uint32_t value)
{
	return value >= (uint32_t)work->low && value < (uint32_t)work->high;
}

static bool is_small(uint32_t value)
{
	return (int32_t)value == (int8_t)value;
}

/* What is at a fixed address has another distance once the kernel has moved. */
static bool is_percpu_distance(const struct work *work, uint64_t next, uint32_t value)
{
	uint64_t target = next + (uint64_t)(int64_t)(int32_t)value;

	return target + SLACK < work->percpu_end + 2 * SLACK;
}

static void mask_displacement(struct work *work, const cs_insn *insn, size_t at)
{
	const cs_x86 *x86 = &insn->detail->x86;
	size_t offset = x86->encoding.disp_offset;
	uint8_t mod = x86->modrm >> 6;
	bool relative = (x86->modrm & 0xc7) == 0x05;
	uint32_t value;

	if (!offset || offset + 4 > insn->size || mod == 1)
		return;
	value = get32(insn->bytes + offset);
	if (relative ? is_percpu_distance(work, insn->address + insn->size, value) :
		       is_kernel_address(work, value) || (mod == 2 && is_small(value)))
		add_mask(work, (int64_t)(at + offset), 4);
}

/*
 * An address less a constant, like kaslr_offset() or __pa_symbol(), can have any value, but
 * the assembler did not know it: it took the long encoding where a short one would have
 * done.
 */
static bool is_long_for(const cs_insn *insn, uint32_t value)
{
	const cs_x86 *x86 = &insn->detail->x86;
	uint8_t opcode = x86->opcode[0];

	if (opcode == 0xc7)		/* mov; to a register, only negative values need it */
		return (x86->rex & 0x08) && x86->modrm >> 6 == 3 && (int32_t)value >= 0;
	if (opcode == 0x81 || opcode == 0x69 || opcode == 0x68)
		return is_small(value);
	return opcode < 0x40 && (opcode & 7) == 5 && is_small(value);
}

static void mask_immediate(struct work *work, const cs_insn *insn, size_t at)
{
	size_t offset = insn->detail->x86.encoding.imm_offset;
	uint32_t value, upper;

	if (!offset || offset + 4 > insn->size)
		return;
	value = get32(insn->bytes + offset);
	if (offset + 8 <= insn->size) {
		upper = get32(insn->bytes + offset + 4);
		if (!upper || upper == UINT32_MAX)	/* movabs of what mov could do */
			add_mask(work, (int64_t)(at + offset), 8);
	} else if (is_kernel_address(work, value) || is_long_for(insn, value)) {
		add_mask(work, (int64_t)(at + offset), 4);
	}
}

static void mask_insn(struct work *work, const cs_insn *insn, size_t at)
{
	mask_displacement(work, insn, at);
	mask_immediate(work, insn, at);
}

/* capstone takes ud1 for shorter than it is. */
static bool is_known(const cs_insn *insn)
{
	return insn && insn->id != X86_INS_UD2B;
}

static void mask_anything(struct work *work, size_t at)
{
	uint32_t value = get32(work->code + at);
	size_t immediate;

	if (is_kernel_address(work, value))
		add_mask(work, (int64_t)at, 4);
	for (immediate = 0; immediate <= 4; immediate++)
		if (is_percpu_distance(work, work->address + at + 4 + immediate, value))
			add_mask(work, (int64_t)at, 4);
}

/*
 * Behind an instruction that capstone does not know, like rmpadjust, it is not known where
 * one starts: take each byte for a start, and for a part of an address.
 */
static void mask_unknown(struct work *work, size_t at)
{
	cs_insn *insn;

	for (; at < work->size; at++) {
		if (work->size - at >= 4)
			mask_anything(work, at);
		insn = decode(work, at);
		if (is_known(insn))
			mask_insn(work, insn, at);
	}
}

static void mask_addresses(struct work *work)
{
	cs_insn *insn;
	size_t at;

	for (at = 0; at < work->size; at += insn->size) {
		insn = decode(work, at);
		if (!is_known(insn)) {
			mask_unknown(work, at);
			return;
		}
		mask_insn(work, insn, at);
	}
}

/* What vmlinux occupies at high addresses, and per-CPU variables at low ones. */
static void find_bounds(struct work *work)
{
	const struct area *area;
	size_t i;

	work->low = UINT64_MAX;
	for (i = 1; i < work->image->nr_areas; i++) {
		area = &work->image->areas[i];
		if (!(area->flags & SHF_ALLOC) || !area->size)
			continue;
		if (area->address >> 63) {
			work->low = area->address < work->low ? area->address : work->low;
			work->high = area->address + area->size > work->high ?
				     area->address + area->size : work->high;
		} else if (area->address + area->size > work->percpu_end) {
			work->percpu_end = area->address + area->size;
		}
	}
	work->low -= SLACK;
	work->high += SLACK;
}

/* ---- Addresses in modules --------------------------------------------------------- */

static void mask_reloc(const struct reloc *reloc, void *arg)
{
	struct work *work = arg;
	size_t size = arch_reloc_size(reloc->type);
	int64_t at = (int64_t)(reloc->offset - work->address);

	if (reloc->type == R_X86_64_NONE || at < -8 || at >= (int64_t)work->size)
		return;
	if (!size)
		work->why = mem_printf("its relocation of type %u at +%#llx is not known",
				       reloc->type, (long long)at);
	add_mask(work, at, size);
}

/* ---- One function ----------------------------------------------------------------- */

static void mask_entry(struct work *work)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	if (work->size >= sizeof(endbr64) && !memcmp(work->code, endbr64, sizeof(endbr64)))
		add_mask(work, 0, sizeof(endbr64));
}

static void sum_up(struct work *work)
{
	unsigned char *code = mem_copy(work->code, work->size);
	const struct mask *mask;

	list_for_each(mask, &work->verified->masks)
		memset(code + mask->offset, 0, mask->size);
	sha256(code, work->size, work->verified->sum);
}

static const char *unfit(const struct work *work, const struct place *place)
{
	if (!place->size)
		return "its size is not known";
	if (place->size > FUNCTION_MAX)
		return "it is larger than any function";
	if (!work->code)
		return "the built file does not have its code: " TAKE_INSTALLED;
	if (!work->area || !(work->area->flags & SHF_EXECINSTR))
		return "it is not code";
	if (str_starts(work->area->name, ".init"))
		return "it is gone once the kernel has started";
	return NULL;
}

static void mask_all(struct work *work)
{
	mask_entry(work);
	mask_sites(work);
	if (work->image->module) {
		image_relocs(work->image, work->area, mask_reloc, work);
	} else {
		find_bounds(work);
		mask_addresses(work);
	}
	merge_masks(work->verified);
}

bool verify_function(const struct kernel *kernel, const struct place *place,
		     struct verified *verified, const char **why)
{
	struct work work = { .verified = verified };

	memset(verified, 0, sizeof(*verified));
	verified->place = *place;
	work.image = kernel_image(kernel, place->object);
	work.code = kernel_bytes(kernel, place);
	if (work.code)
		work.area = work.image->module ? image_area(work.image, place->section) :
						 image_area_at(work.image, place->address);
	work.address = place->address;
	work.size = place->size;
	work.why = unfit(&work, place);
	if (!work.why)
		mask_all(&work);
	if (work.why) {
		*why = work.why;
		return false;
	}
	sum_up(&work);
	return true;
}
