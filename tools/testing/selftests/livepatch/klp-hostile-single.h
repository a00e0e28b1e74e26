/* SPDX-License-Identifier: GPL-2.0 */
/* One thing wrong at a time: every field, with every odd value, and every odd name. */
#ifndef KLP_HOSTILE_SINGLE_H
#define KLP_HOSTILE_SINGLE_H

/* ---- all single edits ---- */

static void attempt_edit(const char *kind)
{
	if (!good_again())
		attempt(kind, ANY);
}

static void edit_header(unsigned int sec, unsigned int field)
{
	unsigned int v, nr = field == SH_INFO ? NR_TARGETS : NR_VALUES;

	for (v = 0; v < nr; v++) {
		if (!begin(every))
			continue;
		set_header(&img, sec, field, field == SH_INFO ? v : odd_values[v]);
		attempt_edit("section header");
	}
}

static void edit_headers(void)
{
	unsigned int i, field;

	for (i = 0; i < good.nr_relas; i++)
		for (field = 0; field < NR_SH_FIELDS; field++)
			edit_header(good.rela[i], field);
}

/* The last one: those before it may have been written by then. */
static void edit_rela(unsigned int sec, unsigned int field)
{
	unsigned int v, last = count_relas(&good, sec) - 1;

	for (v = 0; v < NR_VALUES + 30; v++) {
		if (!begin(every))
			continue;
		set_rela(relas(&img, sec) + last, field,
			 v < NR_VALUES ? odd_values[v] : v - NR_VALUES);
		attempt_edit("relocation");
	}
}

static void edit_relas(void)
{
	unsigned int i, field;

	for (i = 0; i < good.nr_relas; i++)
		for (field = 0; field < NR_R_FIELDS; field++)
			edit_rela(good.rela[i], field);
}

static void edit_symbols(void)
{
	unsigned int i, field, v;

	for (i = 0; i < good.nr_syms; i++)
		for (field = 0; field < NR_ST_FIELDS; field++)
			for (v = 0; v < NR_VALUES; v++) {
				if (!begin(every))
					continue;
				set_symbol(&img, good.sym[i], field, odd_values[v]);
				attempt_edit("symbol");
			}
}

#define NR_NAMES	(NR(symbol_names) + NR(positions) + NR(frames))

static void edit_symbol_names(unsigned int sym, unsigned int object)
{
	unsigned int name;

	for (name = 0; name < NR_NAMES; name++) {
		if (!begin(every * 4))
			continue;
		name_symbol(&img, sym, frames[name % 11 ? 0 : name % NR(frames)], object, name,
			    name % 3 ? 0 : name);
		attempt_edit("symbol name");
	}
}

static void edit_section_names(unsigned int sec, unsigned int object)
{
	unsigned int frame;

	for (frame = 0; frame < NR(frames); frame++) {
		if (!begin(every))
			continue;
		name_section(&img, sec, frames[frame], object);
		attempt_edit("section name");
	}
}

static void edit_names(void)
{
	unsigned int i, object;

	for (object = 0; object < NR(object_names); object++) {
		for (i = 0; i < good.nr_syms; i++)
			edit_symbol_names(good.sym[i], object);
		for (i = 0; i < good.nr_relas; i++)
			edit_section_names(good.rela[i], object);
	}
}

/* ---- single edits that must be refused ---- */

static unsigned int rela_of(const char *object, const char *sec)
{
	char name[128];

	snprintf(name, sizeof(name), ".klp.rela.%s.%s", object, sec);
	return find_section(&img, name);
}

static void at_end(unsigned int rel, unsigned int nth)
{
	relas(&img, rel)->r_offset = 64 - nth;
}

static void over_symbols(unsigned int rel, unsigned int nth)
{
	section(&img, rel)->sh_info = odd_target(&img, nth ? 3 : 8);
	relas(&img, rel)->r_offset = 0;
}

/* The relocation before it changes the one behind it, which has been looked at by then. */
static void over_itself(unsigned int rel, unsigned int nth)
{
	section(&img, rel)->sh_info = nth ? rel : good.rela[0];
	relas(&img, rel)[0].r_offset = 24;
	relas(&img, rel)[1].r_offset = 0;
}

static void no_such_symbol(unsigned int rel, unsigned int nth)
{
	set_rela(relas(&img, rel), R_SYMBOL, nth ? count_symbols(&img) + nth - 1 : 0);
}

/* The first one is good, and has been written when the second one fails. */
static void bad_second(unsigned int rel, unsigned int nth)
{
	static const uint32_t kinds[] = { 255, 3, R_X86_64_32, R_X86_64_COPY };

	set_rela(relas(&img, rel) + 1, R_KIND, kinds[nth]);
}

static void overlapping(unsigned int rel, unsigned int nth)
{
	relas(&img, rel)[1].r_offset = relas(&img, rel)[0].r_offset + nth;
}

static void twice(unsigned int rel, unsigned int nth)
{
	char name[128];

	*section(&img, good.rela[nth]) = *section(&img, rel);
	snprintf(name, sizeof(name), "%s.again", section_name(&img, rel));
	rename_section(&img, good.rela[nth], name);
}

/* The loader counts in 32 bits: the section has no room at all. */
static void huge_target(unsigned int rel, unsigned int nth)
{
	Elf64_Shdr *sec = section(&img, section(&img, rel)->sh_info);

	sec->sh_type = SHT_NOBITS;
	sec->sh_size = 1ull << (32 + nth);
	relas(&img, rel)->r_offset = 0x10000000ull << nth;
}

static void without_tag(unsigned int rel, unsigned int nth)
{
	replace_text(&img, "livepatch=Y", nth ? "livepatcx=Y" : "xivepatch=Y");
}

static void not_kept(unsigned int rel, unsigned int nth)
{
	if (nth)
		section(&img, rel)->sh_type = SHT_REL;
	else
		section(&img, rel)->sh_flags &= ~(uint64_t)SHF_ALLOC;
}

static void unterminated(unsigned int rel, unsigned int nth)
{
	unterminate(&img, nth ? names_of_sections(&img) : names_of_symbols(&img),
		    nth ? img.new_section_name : img.new_symbol_name);
	if (!nth)
		symbol(&img, ELF64_R_SYM(relas(&img, rel)->r_info))->st_name =
			names_of_symbols(&img)->sh_size - 1;
}

static const struct planned_edit {
	const char *kind;
	void (*edit)(unsigned int rel, unsigned int nth);
	unsigned int nr;
	bool once;	/* the section does not matter */
} refused_edits[] = {
	{ "offset at the end", at_end, 8 },
	{ "symbols relocated", over_symbols, 2 },
	{ "relocations relocated", over_itself, 2 },
	{ "symbol out of range", no_such_symbol, 3 },
	{ "second one bad", bad_second, 4 },
	{ "overlapping", overlapping, 5 },
	{ "section twice", twice, 2 },
	{ "huge target", huge_target, 4 },
	{ "no livepatch tag", without_tag, 2 },
	{ "section not kept", not_kept, 2 },
	{ "no terminating NUL", unterminated, 2 },
};

static void edit_as_planned(const struct planned_edit *e, const char *object, enum want want)
{
	unsigned int nth;

	for (nth = 0; nth < e->nr; nth++) {
		cases++;
		if (only && cases != only)
			continue;
		copy_image(&img, &good);
		e->edit(rela_of(object, ".data.hostile"), nth);
		attempt(e->kind, want);
	}
}

/* Each with and without the target. */
static void edit_planned(const struct planned_edit *edits, unsigned int nr, enum want want)
{
	const struct planned_edit *e;

	for (e = edits; e < edits + nr; e++) {
		edit_as_planned(e, "vmlinux", want);
		if (!e->once)
			edit_as_planned(e, TARGET, want);
	}
}

#endif
