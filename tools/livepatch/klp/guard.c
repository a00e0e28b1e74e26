// SPDX-License-Identifier: GPL-2.0
/*
 * Which patches the machine did not survive: /var/lib/livepatch/guard.json.
 *
 *	boot	the boot in which patches were loaded, until it has survived them
 *	loaded	checksums of those
 *	crashes	how many boots in a row each of them did not survive
 *
 * "loaded" is on disk before the module is inserted.  A boot survives by lasting long
 * enough, or by an orderly shutdown; livepatch-survived.service sees to both.  So when the
 * next boot finds "loaded" of another boot, the machine went down of one of them, or of
 * bad luck.  It takes two such boots to condemn a patch.  Checksums, not names: a mended
 * patch of the same name starts afresh.
 */
#include <unistd.h>

#include "manage.h"

struct guard {
	struct json_object *root, *loaded, *crashes;
	int lock;
};

static const char *guard_path(void)
{
	return sys_path(STORE_DIR "/guard.json");
}

/* ---- The file ------------------------------------------------------------------ */

static struct json_object *member(struct json_object *root, const char *key, json_type type)
{
	struct json_object *value;

	if (json_object_object_get_ex(root, key, &value) && json_object_is_type(value, type))
		return value;
	value = type == json_type_array ? json_object_new_array() : json_object_new_object();
	json_add(root, key, value);
	return value;
}

static void guard_read(struct guard *guard)
{
	const char *text = sys_read(guard_path());

	guard->root = text ? json_tokener_parse(text) : NULL;
	if (text && !json_object_is_type(guard->root, json_type_object))
		warn("%s: is damaged, and begun anew", guard_path());
	if (!json_object_is_type(guard->root, json_type_object)) {
		json_object_put(guard->root);
		guard->root = json_object_new_object();
	}
	guard->loaded = member(guard->root, "loaded", json_type_array);
	guard->crashes = member(guard->root, "crashes", json_type_object);
}

static void guard_write(const struct guard *guard)
{
	const char *text = json_object_to_json_string_ext(guard->root, JSON_C_TO_STRING_PRETTY);

	file_write(guard_path(), mem_printf("%s\n", text), strlen(text) + 1);
}

static void loaded_clear(struct guard *guard)
{
	json_add(guard->root, "loaded", json_object_new_array());
	guard->loaded = member(guard->root, "loaded", json_type_array);
}

static const char *loaded_at(const struct guard *guard, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(guard->loaded, i)) ?: "";
}

/* ---- Counting ------------------------------------------------------------------ */

static int crashes_of(const struct guard *guard, const char *sum)
{
	struct json_object *value;

	if (!json_object_object_get_ex(guard->crashes, sum, &value))
		return 0;
	return json_object_get_int(value);
}

static void count(struct guard *guard)
{
	size_t i, nr = json_object_array_length(guard->loaded);
	const char *sum;

	for (i = 0; i < nr; i++) {
		sum = loaded_at(guard, i);
		json_add_number(guard->crashes, sum, crashes_of(guard, sum) + 1L);
	}
	loaded_clear(guard);
}

/* As it is on disk now: --survived may have run since.  Nobody else has it meanwhile. */
static void guard_open(struct guard *guard)
{
	const char *boot;

	guard->lock = store_lock();
	guard_read(guard);
	boot = json_text(guard->root, "boot");
	if (!boot || strcmp(boot, boot_id()))
		count(guard);
	json_add_text(guard->root, "boot", boot_id());
}

static void guard_save(struct guard *guard)
{
	guard_write(guard);
	json_object_put(guard->root);
	store_unlock(guard->lock);
}

int guard_crashes(const struct kept *kept)
{
	struct guard guard;
	int nr;

	guard_open(&guard);
	nr = crashes_of(&guard, kept->sum);
	guard_save(&guard);
	return nr;
}

/* Once for each boot: it is boots that are counted. */
static void forget(struct guard *guard, const struct kept *kept)
{
	size_t i = json_object_array_length(guard->loaded);

	while (i--) {
		if (!strcmp(loaded_at(guard, i), kept->sum))
			json_object_array_del_idx(guard->loaded, i, 1);
	}
}

void guard_loading(const struct kept *kept)
{
	struct guard guard;

	guard_open(&guard);
	forget(&guard, kept);
	json_object_array_add(guard.loaded, json_object_new_string(kept->sum));
	guard_save(&guard);
}

/* It did not come to be loaded, so nobody can die of it. */
void guard_failed(const struct kept *kept)
{
	struct guard guard;

	guard_open(&guard);
	forget(&guard, kept);
	guard_save(&guard);
}

/* What was loaded in this boot is cleared of what was counted before. */
void guard_survived(void)
{
	struct guard guard;
	size_t i;

	if (!file_exists(guard_path()))
		return;
	guard_open(&guard);
	for (i = 0; i < json_object_array_length(guard.loaded); i++)
		json_object_object_del(guard.crashes, loaded_at(&guard, i));
	loaded_clear(&guard);
	guard_save(&guard);
}

void guard_reset(void)
{
	int lock = store_lock();

	path_remove(guard_path());
	store_unlock(lock);
}
