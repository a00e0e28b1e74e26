// SPDX-License-Identifier: GPL-2.0
/* What changed, but cannot be changed in a running kernel: the reason, and a way out. */
#include "object.h"

static bool is_told(const struct refusals *refusals, const struct refusal *refusal)
{
	const struct refusal *other;

	list_for_each(other, &refusals->list) {
		if (!strcmp(other->class, refusal->class) && !strcmp(other->what, refusal->what) &&
		    !strcmp(other->why, refusal->why))
			return true;
	}
	return false;
}

void refuse_unit(struct work *work, const struct unit *unit, const char *class,
		 const char *why, const char *advice)
{
	struct refusal refusal = { .class = class, .why = why, .advice = advice };

	refusal.what = mem_printf("%s %s%s", unit->code ? "function" : "variable", unit->name,
				  unit->code ? "()" : "");
	if (is_told(&work->diff->refusals, &refusal))
		return;
	refusal.file = source_line(work->after->path, unit->name, &refusal.line);
	if (!refusal.file || refusal.file[0] == '/')
		refusal.file = work->diff->source;
	refuse(&work->diff->refusals, &refusal);
}

#define IS_NOINSTR	"changed, and runs where nothing may be traced (noinstr)"
#define NOT_TRACED	"changed, and has no call to __fentry__: notrace, or built without ftrace"

static void refuse_notrace(struct work *work, const struct unit *unit)
{
	bool noinstr = str_starts(unit->section->name, ".noinstr") ||
		       str_starts(unit->section->name, ".entry");

	refuse_unit(work, unit, "notrace", noinstr ? IS_NOINSTR : NOT_TRACED,
		    "change the functions that call it instead: let them call a new function");
}

static void refuse_function(struct work *work, struct unit *unit)
{
	const struct outside *original;

	if (unit_init(unit) || unit_init(unit->twin)) {
		refuse_unit(work, unit, "init",
			    "changed, and is __init code: it ran when the kernel booted, and is gone",
			    "leave it as it is; mend what it did in a callback, if need be");
		return;
	}
	if (!unit_traceable(unit->twin)) {
		refuse_notrace(work, unit);
		return;
	}
	original = outside_unit(work, unit);
	if (!original->known && !original->exported)
		refuse_unit(work, unit, "symbol",
			    mem_printf("changed, but the kernel's is not to be found: it %s",
				       original->why ? original->why : "is not there"),
			    "check that the source and the configuration are those of this kernel");
}

static const char *data_advice(const struct unit *unit)
{
	if (unit_writable(unit))
		return "leave it; set the value in a callback, or use a new variable";
	if (unit_lent(unit))
		return "leave it; change the functions it points to, or those that use it";
	return "leave it; add a constant, and change the functions that use the old one";
}

static void refuse_data(struct work *work, const struct unit *unit)
{
	if (unit_init(unit)) {
		refuse_unit(work, unit, "init", "changed, and is __initdata: gone after boot",
			    "leave it as it is; change from a callback what the kernel made of it");
		return;
	}
	refuse_unit(work, unit, "data", unit_size(unit) != unit_size(unit->twin) ?
		    "has another size: the running kernel keeps the old one" :
		    "has another initial value: the running kernel keeps what it has now",
		    data_advice(unit));
}

static bool for_boot_only(const struct section *section)
{
	static const char *const usual[] = {
		".data", ".bss", ".rodata", ".text", "__dyndbg", "alloc_tags", ".init.data",
		".init.rodata", ".init.text", ".exit.", ".ref.", ".sched.text", ".noinstr.text",
		".cpuidle.text", ".kprobes.text", ".irqentry.text", ".softirqentry.text",
		".spinlock.text", ".entry.text", ".meminit.", ".altinstr", "__tracepoints_strings",
	};

	if (section->flags & SHF_EXECINSTR)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		if (str_starts(section->name, usual[i]))
			return false;
	}
	return true;
}

/* Registered by its section: in a module that comes later nobody looks there. */
static void refuse_new(struct work *work, const struct unit *unit)
{
	if (for_boot_only(unit->section) && unit->symbol && !str_starts(unit->name, "__UNIQUE_ID_"))
		refuse_unit(work, unit, "register",
			    mem_printf("is new in section %s, which is read at boot only",
				       unit->section->name),
			    "do without it, or register it from a callback (KLP_POST_PATCH_CALLBACK)");
}

static uint64_t unit_offset_after(const struct unit *unit, const struct reloc *reloc)
{
	return reloc->offset - unit->origin + arch_reloc_size(reloc->type);
}

/* How many bytes of the kernel's function are not those of ours; objtool changed some. */
static uint64_t differing_bytes(const struct unit *unit, const unsigned char *kernels)
{
	const unsigned char *ours = unit->section->data + unit->origin;
	const struct reloc *reloc = unit_relocs(unit), *end = reloc + unit->nr;
	uint64_t nr = 0;

	for (uint64_t i = 0; i < unit_size(unit); i++) {
		while (reloc < end && unit_offset_after(unit, reloc) <= i)
			reloc++;
		if (reloc < end && reloc->offset - unit->origin <= i)
			continue;
		nr += ours[i] != kernels[i];
	}
	return nr;
}

/* A __weak function of which the kernel has another one: this one is not even linked. */
bool unit_overridden(struct work *work, const struct unit *before)
{
	const unsigned char *bytes;
	struct place place = { 0 };
	const char *why;

	if (!before->symbol || before->symbol->bind != STB_WEAK || !before->section->data ||
	    !kernel_find(work->diff->kernel, work->diff->object, NULL, before->name, work->near,
			 &place, &why))
		return false;
	if (place.size && place.size != unit_size(before))
		return true;
	bytes = place.size ? kernel_bytes(work->diff->kernel, &place) : NULL;
	return bytes && differing_bytes(before, bytes) > unit_size(before) / 8;
}

/* An __init function that only calls what changed; whoever else calls that is replaced. */
static bool has_run(struct work *work, const struct unit *unit)
{
	return unit_init(unit) && unit_init(unit->twin) &&
	       source_same(work->before->path, work->after->path, unit->name);
}

static void refuse_units(struct work *work)
{
	struct unit **at;

	list_for_each(at, &work->after->units) {
		struct unit *unit = *at;

		if (!unit->twin)
			refuse_new(work, unit);
		if (!unit->changed || unit->copied || unit->parent || !unit->twin)
			continue;
		if ((unit_exit(unit) && !strcmp(work->diff->object, KLP_VMLINUX)) ||
		    (unit->code && (unit_overridden(work, unit->twin) || has_run(work, unit))))
			unit->changed = false;	/* code that is not even linked, or is gone */
		else if (unit->code)
			refuse_function(work, unit);
		else
			refuse_data(work, unit);
	}
}

static struct section *section_called(const struct object *object, const char *name)
{
	for (size_t i = 1; i < object->nr_sections; i++) {
		if (!strcmp(object->sections[i].name, name))
			return &object->sections[i];
	}
	return NULL;
}

static const char *target_name(const struct reloc *reloc)
{
	return reloc->unit ? reloc->unit->stem : reloc->symbol->name;
}

static bool refers_to(const struct section *section, const char *name)
{
	const struct reloc *reloc;

	list_for_each(reloc, &section->relocs) {
		if (!strcmp(target_name(reloc), name))
			return true;
	}
	return false;
}

static void refuse_entry(struct work *work, const struct section *section,
			 const struct reloc *reloc, const char *how)
{
	bool export = str_starts(section->name, ".export") || str_starts(section->name, "___k");
	const char *name = target_name(reloc);
	struct refusal refusal = {
		.class = export ? "export" : "register",
		.file = work->diff->source,
		.what = mem_printf("%s of %s", export ? "export" : section->name, name),
		.why = mem_printf("is %s: it is read at boot, or when a module is loaded", how),
		.advice = export ? "leave exports as they are" :
			  "leave it as it is; use a callback (KLP_PRE_PATCH_CALLBACK) to do it now",
	};

	refuse(&work->diff->refusals, &refusal);
}

static void refuse_more(struct work *work, const struct section *section,
			const struct section *other, const char *how)
{
	const struct reloc *reloc;

	list_for_each(reloc, &section->relocs) {
		if (!other || !refers_to(other, target_name(reloc)))
			refuse_entry(work, section, reloc, how);
	}
}

static bool is_registry(const struct section *section, bool export)
{
	return section->role == ROLE_REGISTRY &&
	       (!export || str_starts(section->name, ".export"));
}

/* The same exports, but one for another namespace, or for GPL modules only */
static bool has_other_contents(const struct section *section, const struct section *other)
{
	return other && is_registry(section, true) && section->relocs.nr &&
	       other->relocs.nr == section->relocs.nr && other->size == section->size &&
	       memcmp(other->data, section->data, section->size);
}

static void refuse_registries(struct work *work)
{
	struct object *before = work->before, *after = work->after;
	const struct section *section, *other;

	for (size_t i = 1; i < after->nr_sections; i++) {
		section = &after->sections[i];
		if (!is_registry(section, false))
			continue;
		other = section_called(before, section->name);
		refuse_more(work, section, other, "new");
		if (has_other_contents(section, other))
			refuse_entry(work, section, section->relocs.at,
				     "changed, or one near it is");
	}
	for (size_t i = 1; i < before->nr_sections; i++) {
		section = &before->sections[i];
		if (is_registry(section, true))
			refuse_more(work, section, section_called(after, section->name), "gone");
	}
}

void refuse_changes(struct work *work)
{
	refuse_units(work);
	refuse_registries(work);
}
