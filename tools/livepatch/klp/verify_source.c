// SPDX-License-Identifier: GPL-2.0
/*
 * Checksums as C source: the tables that module/klp_verify.h declares.
 *
 * Addresses are undefined symbols that already have the name of a livepatch relocation.
 */
#include "build.h"

static bool has(const struct kernel *kernel, const char *name, const char **why)
{
	struct place place;

	return kernel_find(kernel, KLP_VMLINUX, NULL, name, NULL, &place, why);
}

const char *verify_unable(const struct kernel *kernel)
{
	const char *why = NULL;

	if (!has(kernel, "__start_notes", &why) || !has(kernel, "__stop_notes", &why))
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

static void add_bytes(struct text *out, const uint8_t *from, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		text_add(out, "%s0x%02x,", i % 8 ? " " : "\n\t\t\t", from[i]);
}

static void add_code(struct text *out, const struct place *place, const char *id)
{
	text_add(out, "extern const char klp_old_%s[]\n", id);
	text_add(out, "\t__asm__(\"\\\".klp.sym.%s.%s,%lu\\\"\");\n", plain(place->object),
		 plain(place->name), place->pos);
}

static void add_masks(struct text *out, const struct verified *verified, const char *id)
{
	const struct mask *mask;

	if (!verified->masks.nr)
		return;
	text_add(out, "static const struct klp_verify_mask masks_%s[] = {", id);
	list_for_each(mask, &verified->masks)
		text_add(out, "%s{ %u, %u },", (mask - verified->masks.at) % 6 ? " " : "\n\t",
			 mask->offset, mask->size);
	text_add(out, "\n};\n");
}

static void add_func(struct text *out, const struct verified *verified, const char *id)
{
	text_add(out, "\t{\n\t\t.name = \"%s\",\n\t\t.pos = %lu,\n\t\t.code = klp_old_%s,\n"
		 "\t\t.size = %llu,\n\t\t.sum = {", plain(verified->place.name),
		 verified->place.pos, id, (unsigned long long)verified->place.size);
	add_bytes(out, verified->sum, sizeof(verified->sum));
	text_add(out, "\n\t\t},\n");
	if (verified->masks.nr)
		text_add(out, "\t\t.masks = masks_%s,\n\t\t.nr_masks = %zu,\n", id,
			 verified->masks.nr);
	text_add(out, "\t},\n");
}

/* Return: how many bytes it has. */
static size_t add_build_id(struct text *out, const char *hex, size_t object)
{
	size_t i;

	text_add(out, "static const u8 build_id_%zu[] = {", object);
	for (i = 0; hex[i] && hex[i + 1]; i += 2)
		text_add(out, "%s0x%.2s,", i % 16 ? " " : "\n\t", hex + i);
	text_add(out, "\n};\n");
	return i / 2;
}

static void add_object(struct text *out, const char *name, const char *build_id, size_t object)
{
	size_t size = build_id ? add_build_id(out, build_id, object) : 0;

	text_add(out, "static const struct klp_verify_object verify_%zu __klp_verify = {\n",
		 object);
	if (strcmp(name, KLP_VMLINUX))
		text_add(out, "\t.name = \"%s\",\n", plain(name));
	if (build_id)
		text_add(out, "\t.build_id = build_id_%zu,\n\t.size = %zu,\n", object, size);
	text_add(out, "\t.funcs = verify_funcs_%zu,\n", object);
	text_add(out, "\t.nr_funcs = ARRAY_SIZE(verify_funcs_%zu),\n};\n", object);
}

void verify_source(struct text *out, const struct kernel *kernel, const struct verified *verified,
		   size_t nr, size_t object)
{
	const char **id = mem_array(nr, sizeof(*id));
	size_t i;

	for (i = 0; i < nr; i++) {
		id[i] = mem_printf("%zu_%zu", object, i);
		add_code(out, &verified[i].place, id[i]);
		add_masks(out, &verified[i], id[i]);
	}
	text_add(out, "\nstatic const struct klp_verify_func verify_funcs_%zu[] = {\n", object);
	for (i = 0; i < nr; i++)
		add_func(out, &verified[i], id[i]);
	text_add(out, "};\n\n");
	add_object(out, verified->place.object,
		   kernel_build_id(kernel, verified->place.object), object);
}
