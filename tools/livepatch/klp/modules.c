// SPDX-License-Identifier: GPL-2.0
/* Module files and the running kernel's modules, by libkmod. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libkmod.h>
#include <unistd.h>

#include "manage.h"

static void __printf(6, 0) log_kmod(void *data, int priority, const char *file, int line,
				    const char *fn, const char *format, va_list args)
{
	char *text = NULL;

	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	(void)fn;
	if (vasprintf(&text, format, args) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	note("%s", text);
	free(text);
}

static struct kmod_ctx *context_new(void)
{
	static const char *const no_config[] = { NULL };
	struct kmod_ctx *ctx;

	ctx = kmod_new(sys_path("/lib/modules/%s", kernel_release()), no_config);
	if (!ctx)
		die_errno("libkmod");
	kmod_set_log_fn(ctx, log_kmod, NULL);
	return ctx;
}

/* ---- Files --------------------------------------------------------------------- */

static void take_field(struct module *module, const char *key, const char *value)
{
	struct field *field = list_add(&module->info);

	*field = (struct field){ mem_strdup(key), mem_strdup(value) };
	if (!strcmp(key, "name"))
		module->name = field->value;
	if (!strcmp(key, "livepatch"))
		module->livepatch = true;
	if (!strcmp(key, "vermagic"))
		module->release = mem_strndup(value, strcspn(value, " "));
}

/*
 * libkmod ends the program by an assertion when the header tells of a section of names that
 * is not there.  What is no ELF file may be a compressed one, which it unpacks by itself.
 */
static bool elf_header_ok(Elf *elf)
{
	GElf_Ehdr header;

	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return true;
	return gelf_getehdr(elf, &header) && header.e_shstrndx < header.e_shnum;
}

static bool is_sound(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool sound;
	Elf *elf;

	if (fd < 0)
		die_errno("%s", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	sound = elf_header_ok(elf);
	elf_end(elf);
	close(fd);
	return sound;
}

static int read_info(struct kmod_ctx *ctx, struct module *module)
{
	struct kmod_list *info = NULL, *entry;
	struct kmod_module *mod;
	int error;

	error = kmod_module_new_from_path(ctx, module->path, &mod);
	if (error)
		return error;
	error = kmod_module_get_info(mod, &info);
	kmod_list_foreach(entry, info)
		take_field(module, kmod_module_info_get_key(entry),
			   kmod_module_info_get_value(entry));
	kmod_module_info_free_list(info);
	kmod_module_unref(mod);
	return error < 0 ? error : 0;
}

void module_read(const char *path, struct module *module)
{
	struct kmod_ctx *ctx = context_new();
	int error;

	*module = (struct module){ .path = path_real(path), .release = "" };
	module->name = patch_name(path);
	error = is_sound(module->path) ? read_info(ctx, module) : -ENOEXEC;
	kmod_unref(ctx);
	if (error)
		die("%s: is no kernel module: %s", path, strerror(-error));
	module->name = patch_name(module->name);
}

const char *module_info(const struct module *module, const char *key)
{
	const struct field *field;

	list_for_each(field, &module->info) {
		if (!strcmp(field->key, key))
			return field->value;
	}
	return NULL;
}

static struct object *object_of(struct patch *patch, const char *name)
{
	struct object *object;

	list_for_each(object, &patch->objects) {
		if (!strcmp(object->name, name))
			return object;
	}
	object = list_add(&patch->objects);
	object->name = name;
	return object;
}

static void add_func(struct patch *patch, const char *value)
{
	const char *colon = strchr(value, ':'), *comma = colon ? strrchr(colon, ',') : NULL;
	struct func *func;

	if (!comma)
		return;
	func = list_add(&object_of(patch, mem_strndup(value, (size_t)(colon - value)))->funcs);
	func->name = mem_strndup(colon + 1, (size_t)(comma - colon - 1));
	func->pos = strtoul(comma + 1, NULL, 10);
}

/* "klp_func=vmlinux:cmdline_proc_show,1", which klp build writes for each function. */
void module_patch(const struct module *module, struct patch *patch)
{
	struct text_list values = { 0 };
	const struct field *field;
	const char **value;

	*patch = (struct patch){ .name = module->name, .order = -1 };
	list_for_each(field, &module->info) {
		if (!strcmp(field->key, "klp_func"))
			*list_add(&values.list) = field->value;
	}
	texts_sort(&values);
	list_for_each(value, &values.list)
		add_func(patch, *value);
}

/* ---- The running kernel -------------------------------------------------------- */

int module_insert(const struct module *module, const char *params)
{
	struct kmod_ctx *ctx = context_new();
	struct kmod_module *mod;
	int error;

	error = kmod_module_new_from_path(ctx, module->path, &mod);
	if (!error) {
		error = kmod_module_insert_module(mod, 0, params);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	return error;
}

int module_remove(const char *name)
{
	struct kmod_ctx *ctx = context_new();
	struct kmod_module *mod;
	int error;

	error = kmod_module_new_from_name(ctx, name, &mod);
	if (!error) {
		error = kmod_module_remove_module(mod, KMOD_REMOVE_NOLOG);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	return error;
}

const char *module_find(const char *name)
{
	struct kmod_ctx *ctx = context_new();
	struct kmod_list *list = NULL;
	struct kmod_module *mod;
	const char *path = NULL;

	if (!kmod_module_new_from_lookup(ctx, name, &list) && list) {
		mod = kmod_module_get_module(list);
		if (kmod_module_get_path(mod))
			path = mem_strdup(kmod_module_get_path(mod));
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return path;
}
