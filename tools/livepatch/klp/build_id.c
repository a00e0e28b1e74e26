// SPDX-License-Identifier: GPL-2.0
/*
 * Is what runs the build that a patch was made against?  klp build writes
 * "klp_build_id=<object>:<hex>" for each object, and the running kernel shows its notes.
 */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <unistd.h>

#include "manage.h"
#include "target.h"

#define NOTE_ALIGN(n)	(((size_t)(n) + 3) & ~(size_t)3)

static const char *hex(const unsigned char *from, size_t size)
{
	struct text text = { 0 };
	size_t i;

	text_add(&text, "%s", "");
	for (i = 0; i < size; i++)
		text_add(&text, "%02x", from[i]);
	return text.at;
}

/* The note of type NT_GNU_BUILD_ID and owner "GNU" in @notes, or NULL */
static const char *find_note(const struct bytes *notes)
{
	size_t at = 0, name, data;
	Elf64_Nhdr note;

	while (notes->size - at >= sizeof(note)) {
		memcpy(&note, notes->at + at, sizeof(note));
		name = at + sizeof(note);
		if (note.n_namesz > notes->size - name || note.n_descsz > notes->size - name)
			return NULL;
		data = name + NOTE_ALIGN(note.n_namesz);
		if (data + note.n_descsz > notes->size)
			return NULL;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    !memcmp(notes->at + name, "GNU", sizeof("GNU")))
			return hex(notes->at + data, note.n_descsz);
		at = data + NOTE_ALIGN(note.n_descsz);
		if (at > notes->size)
			return NULL;
	}
	return NULL;
}

/* Return: NULL if it does not run, or has none */
static const char *running_id(const char *object)
{
	const char *path = sys_path("/sys/module/%s/notes/.note.gnu.build-id", object);
	struct bytes notes;

	if (!strcmp(object, "vmlinux"))
		path = sys_path("/sys/kernel/notes");
	return file_try_read(path, &notes) ? find_note(&notes) : NULL;
}

const char *file_build_id(const char *path)
{
	const char *id = NULL;
	const void *bits;
	ssize_t size;
	Elf *elf;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	size = elf ? dwelf_elf_gnu_build_id(elf, &bits) : -1;
	if (size > 0)
		id = hex(bits, (size_t)size);
	elf_end(elf);
	close(fd);
	return id;
}

static bool is_other(const struct field *field, const char **object)
{
	const char *colon = strchr(field->value, ':'), *running;

	if (strcmp(field->key, "klp_build_id") || !colon)
		return false;
	*object = mem_strndup(field->value, (size_t)(colon - field->value));
	running = running_id(*object);
	return running && strcmp(running, colon + 1);
}

/* What is loaded under its name was made otherwise, as far as build-ids tell. */
bool module_is_another(const struct module *module)
{
	const char *running = running_id(module->name), *own = file_build_id(module->path);

	return running && own && strcmp(running, own);
}

const char *module_other_build(const struct module *module)
{
	const struct field *field;
	const char *object;

	list_for_each(field, &module->info) {
		if (is_other(field, &object))
			return object;
	}
	return NULL;
}
