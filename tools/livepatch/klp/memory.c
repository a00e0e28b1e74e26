// SPDX-License-Identifier: GPL-2.0
/*
 * Memory, lists, growing text and names.
 *
 * A run of klp is short: what it takes, it keeps until the end.  Every block is on one
 * list, so that a loop that waits for hours can give back what a round of it took.
 */
#include <json-c/linkhash.h>
#include <stdarg.h>

#include "util.h"

struct block {
	struct block *older;
	size_t number;
	max_align_t data[];
};

static struct block *newest;

size_t mem_mark(void)
{
	return newest ? newest->number : 0;
}

void mem_release(size_t mark)
{
	struct block *block;

	while (newest && newest->number > mark) {
		block = newest;
		newest = block->older;
		free(block);
	}
}

static void release_all(void)
{
	mem_release(0);
}

void *mem_alloc(size_t size)
{
	struct block *block;

	if (size > SIZE_MAX - sizeof(*block))
		die("out of memory: %zu bytes", size);
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		die("out of memory: %zu bytes", size);
	if (!newest && atexit(release_all))
		die("out of memory");
	block->older = newest;
	block->number = mem_mark() + 1;
	newest = block;
	return block->data;
}

void *mem_array(size_t nr, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(nr, size, &total))
		die("out of memory: %zu times %zu bytes", nr, size);
	return mem_alloc(total);
}

void *mem_copy(const void *from, size_t size)
{
	void *copy = mem_alloc(size);

	if (size)
		memcpy(copy, from, size);
	return copy;
}

char *mem_strndup(const char *text, size_t size)
{
	size_t length = strnlen(text, size);
	char *copy = mem_alloc(length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_copy(text, strlen(text) + 1);
}

static char *mem_vprintf(const char *fmt, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (length < 0)
		die("%s: cannot be printed", fmt);
	text = mem_alloc((size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, fmt, args);
	return text;
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	return text;
}

void *mem_grow(void *old, size_t *room, size_t size)
{
	size_t before = *room;
	void *grown;

	*room = before ? before * 2 : 8;
	grown = mem_array(*room, size);
	if (before)
		memcpy(grown, old, before * size);
	return grown;
}

/* ---- Text ------------------------------------------------------------------------- */

void text_add_bytes(struct text *text, const void *from, size_t size)
{
	char *grown;

	if (text->room - text->size <= size) {
		text->room = (text->room + size) * 2 + 64;
		grown = mem_alloc(text->room);
		if (text->size)
			memcpy(grown, text->at, text->size);
		text->at = grown;
	}
	if (size)
		memcpy(text->at + text->size, from, size);
	text->size += size;
	text->at[text->size] = '\0';
}

void text_add(struct text *text, const char *fmt, ...)
{
	va_list args;
	char *more;

	va_start(args, fmt);
	more = mem_vprintf(fmt, args);
	va_end(args);
	text_add_bytes(text, more, strlen(more));
}

bool str_starts(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

bool str_ends(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && !strcmp(text + length - wanted, end);
}

/* ---- Names, over json-c's hash table -------------------------------------------------- */

struct names {
	struct lh_table *table;
	struct names *older;
};

static struct names *all_names;

static void names_free_all(void)
{
	struct names *names;

	while (all_names) {
		names = all_names;
		all_names = names->older;
		lh_table_free(names->table);
		free(names);
	}
}

struct names *names_new(void)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		die("out of memory");
	names->table = lh_kchar_table_new(64, NULL);
	if (!names->table || (!all_names && atexit(names_free_all)))
		die("out of memory");
	names->older = all_names;
	all_names = names;
	return names;
}

void names_set(struct names *names, const char *name, void *value)
{
	struct lh_entry *entry = lh_table_lookup_entry(names->table, name);

	if (entry)
		lh_entry_set_val(entry, value);
	else if (lh_table_insert(names->table, name, value))
		die("out of memory");
}

void *names_get(const struct names *names, const char *name)
{
	void *value = NULL;

	lh_table_lookup_ex(names->table, name, &value);
	return value;
}
