// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums as C source: the tables that module/verify-target.h declares.
 *
 * Addresses are undefined symbols that already have the name of a livepatch relocation.
 */
#include "build.h"

static bool has(const struct kernel *kernel, const char *name, const char **why)
{
	struct place place;

	return kernel_find(kernel, KLP_VMLINUX, NULL, name, NULL, &place, why);
}

/*
 * What module/verify-target.c needs of the kernel.  x86 has sha256() built in wherever it
 * supports AMD's processors.
 */
const char *verify_unable(const struct kernel *kernel)
{
	const char *exporter = kernel_export(kernel, "sha256"), *why = NULL;

	if (!exporter || strcmp(exporter, KLP_VMLINUX))
		return "the kernel does not export sha256() (CONFIG_CRYPTO_LIB_SHA256=y)";
	if (!has(kernel, "__start_notes", &why))
		return why;
	if (has(kernel, "get_kprobe", &why) && !has(kernel, "recover_probed_instruction", &why))
		return why;
	return NULL;
}

/* What goes between quotes in C source. */
static const char *plain(const char *name)
{
	const char *at;

	for (at = name; *at; at++)
		if (!(*at >= 'a' && *at <= 'z') && !(*at >= 'A' && *at <= 'Z') &&
		    !(*at >= '0' && *at <= '9') && !strchr("_.$", *at))
			die("%s: is no name of a symbol", name);
	return name;
}

static bool is_vmlinux(const char *object)
{
	return !strcmp(object, KLP_VMLINUX);
}

static void add_bytes(struct text *out, const uint8_t *from, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		text_add(out, "%s0x%02x,", i % 8 ? " " : "\n\t\t", from[i]);
}

static void add_address(struct text *out, const struct verified *verified, size_t i)
{
	const struct place *place = &verified->place;

	text_add(out, "extern const u8 klp_verify_at_%zu[] "
		 "__asm__(\"\\\".klp.sym.%s.%s,%lu\\\"\");\n",
		 i, plain(place->object), plain(place->name), place->pos);
}

static void add_masks(struct text *out, const struct verified *verified, size_t i)
{
	const struct mask *mask;

	if (!verified->masks.nr)
		return;
	text_add(out, "static const struct klp_verify_mask klp_verify_masks_%zu[] = {\n", i);
	list_for_each(mask, &verified->masks)
		text_add(out, "\t{ %u, %u },\n", mask->offset, mask->size);
	text_add(out, "};\n");
}

static void add_object_name(struct text *out, const char *field, const char *object)
{
	if (!is_vmlinux(object))
		text_add(out, "\t\t.%s = \"%s\",\n", field, plain(object));
}

static void add_func(struct text *out, const struct verified *verified, size_t i)
{
	text_add(out, "\t{\n");
	add_object_name(out, "object", verified->place.object);
	text_add(out, "\t\t.name = \"%s\",\n\t\t.pos = %lu,\n", plain(verified->place.name),
		 verified->place.pos);
	text_add(out, "\t\t.address = klp_verify_at_%zu,\n\t\t.size = %llu,\n", i,
		 (unsigned long long)verified->place.size);
	if (verified->masks.nr)
		text_add(out, "\t\t.masks = klp_verify_masks_%zu,\n\t\t.nr_masks = %zu,\n", i,
			 verified->masks.nr);
	text_add(out, "\t\t.sum = {");
	add_bytes(out, verified->sum, sizeof(verified->sum));
	text_add(out, "\n\t\t},\n\t},\n");
}

/* ---- Objects ---------------------------------------------------------------------- */

static bool is_first_of_object(const struct verified *verified, size_t i)
{
	size_t before;

	for (before = 0; before < i; before++)
		if (!strcmp(verified[before].place.object, verified[i].place.object))
			return false;
	return true;
}

static size_t add_id(struct text *out, const char *id, size_t nr)
{
	size_t i;

	text_add(out, "static const u8 klp_verify_id_%zu[] = {", nr);
	for (i = 0; id[i] && id[i + 1]; i += 2)
		text_add(out, " 0x%.2s,", id + i);
	text_add(out, " };\n");
	return i / 2;
}

static void add_objects(struct text *out, const struct kernel *kernel,
			const struct verified *verified, size_t nr)
{
	struct text entries = { 0 };
	size_t i, found = 0;
	const char *id;

	for (i = 0; i < nr; i++) {
		id = is_first_of_object(verified, i) ?
		     kernel_build_id(kernel, verified[i].place.object) : NULL;
		if (!id)
			continue;
		text_add(&entries, "\t{\n\t\t.size = %zu,\n\t\t.id = klp_verify_id_%zu,\n",
			 add_id(out, id, found), found);
		add_object_name(&entries, "name", verified[i].place.object);
		text_add(&entries, "\t},\n");
		found++;
	}
	text_add(out, "\nconst struct klp_verify_object klp_verify_objects[] "
		 "__klp_verify_objects = {\n%s};\nconst unsigned int klp_verify_nr_objects = %zu;\n",
		 found ? entries.at : "\t{ },\n", found);
}

void verify_source(struct text *out, const struct kernel *kernel, const struct verified *verified,
		   size_t nr)
{
	size_t i;

	text_add(out, "#include \"verify-target.h\"\n\n");
	for (i = 0; i < nr; i++)
		add_address(out, &verified[i], i);
	text_add(out, "\n");
	for (i = 0; i < nr; i++)
		add_masks(out, &verified[i], i);
	text_add(out, "\nconst struct klp_verify_func klp_verify_funcs[] __klp_verify_funcs = {\n");
	for (i = 0; i < nr; i++)
		add_func(out, &verified[i], i);
	text_add(out, "%s};\nconst unsigned int klp_verify_nr_funcs = %zu;\n\n",
		 nr ? "" : "\t{ },\n", nr);
	add_objects(out, kernel, verified, nr);
}
