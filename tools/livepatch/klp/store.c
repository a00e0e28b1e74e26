// SPDX-License-Identifier: GPL-2.0
/*
 * What is kept: /var/lib/livepatch/<release>/<patch>.ko, and manifest.json that lists them
 * with their checksums, in the order in which they are loaded.
 *
 * A file counts only once the manifest names it, and both are written under other names
 * first: whenever the power goes, the manifest is right.  So what takes the place of a
 * patch of the same name is kept as <patch>-<checksum>.ko beside it, or the other way round.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "manage.h"

const char *file_sum(const char *path)
{
	struct bytes bytes;

	if (!file_try_read(path, &bytes))
		return NULL;
	return sha256_hex(bytes.at, bytes.size);
}

int store_lock(void)
{
	const char *path = sys_path(STORE_DIR "/lock");
	int fd;

	dir_make(sys_path(STORE_DIR));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX))
		die_errno("%s", path);
	return fd;
}

void store_unlock(int lock)
{
	close(lock);
}

/* ---- The manifest -------------------------------------------------------------- */

static const char *manifest_path(const struct store *store)
{
	return mem_printf("%s/manifest.json", store->dir);
}

static bool is_plain(const char *name)
{
	return name && *name && *name != '.' && !strchr(name, '/');
}

static void need_plain(const char *release)
{
	if (!is_plain(release))
		die_usage("%s: is no release of a kernel", release);
}

static bool take_row(struct store *store, struct json_object *row)
{
	const char *name = json_text(row, "name"), *file = json_text(row, "file");
	const char *sum = json_text(row, "sha256");

	if (!is_plain(name) || !is_plain(file) || !sum)
		return false;
	*list_add(&store->patches) = (struct kept){
		name, mem_printf("%s/%s", store->dir, file), sum, json_text(row, "time") };
	return true;
}

static bool take_rows(struct store *store, struct json_object *root)
{
	struct json_object *rows;
	size_t i;

	if (!root || !json_object_object_get_ex(root, "patches", &rows) ||
	    !json_object_is_type(rows, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(rows); i++) {
		if (!take_row(store, json_object_array_get_idx(rows, i)))
			return false;
	}
	return true;
}

static void parse(struct store *store, const char *text)
{
	struct json_object *root = json_tokener_parse(text);
	bool good = take_rows(store, root);

	json_object_put(root);
	if (!good)
		die("%s: is damaged: remove it and install the patches anew",
		    manifest_path(store));
}

void store_read(struct store *store, const char *release)
{
	const char *text;

	need_plain(release);
	*store = (struct store){ .release = release, .dir = sys_path(STORE_DIR "/%s", release) };
	text = sys_read(manifest_path(store));
	if (text)
		parse(store, text);
	else if (errno != ENOENT)
		die_errno("%s", manifest_path(store));
}

const struct kept *store_find(const struct store *store, const char *name)
{
	const struct kept *kept;

	list_for_each(kept, &store->patches) {
		if (!strcmp(kept->name, name))
			return kept;
	}
	return NULL;
}

static struct json_object *manifest_row(const struct kept *kept)
{
	struct json_object *row = json_object_new_object();

	json_add_text(row, "name", kept->name);
	json_add_text(row, "file", path_base(kept->path));
	json_add_text(row, "sha256", kept->sum);
	json_add_text(row, "time", kept->time);
	return row;
}

static void store_write(const struct store *store)
{
	struct json_object *root = json_object_new_object(), *rows = json_object_new_array();
	const struct kept *kept;
	const char *text;

	list_for_each(kept, &store->patches)
		json_object_array_add(rows, manifest_row(kept));
	json_add_text(root, "release", store->release);
	json_add(root, "patches", rows);
	text = mem_printf("%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY));
	file_write(manifest_path(store), text, strlen(text));
	json_object_put(root);
}

bool kept_intact(const struct kept *kept, const char **why)
{
	const char *sum = file_sum(kept->path);

	if (!sum)
		*why = mem_printf("cannot be read: %s", strerror(errno));
	else if (strcmp(sum, kept->sum))
		*why = "is not what was installed: its checksum differs";
	else
		return true;
	return false;
}

/* ---- install ------------------------------------------------------------------- */

static void log_it(const char *verb, const struct options *options, const struct module *module,
		   const char *name)
{
	struct job job = {
		.verb = manage_verb(verb), .options = options, .name = name, .module = module,
		.state = patch_state(name),
	};

	history_add(&job);
}

_Noreturn static void refuse_module(const struct module *module, const char *why)
{
	warn("%s: %s", module->path, why);
	exit(KLP_EXIT_REFUSED);
}

static const char *release_for(const struct module *module, const struct options *options)
{
	if (options->release)
		need_plain(options->release);
	if (!module->livepatch)
		refuse_module(module, "is no livepatch module");
	if (options->release && *module->release && strcmp(options->release, module->release))
		refuse_module(module, mem_printf("was built for %s", module->release));
	if (options->release)
		return options->release;
	return *module->release ? module->release : kernel_release();
}

static struct kept *slot_for(struct store *store, const char *name)
{
	struct kept *kept = (struct kept *)store_find(store, name);

	return kept ?: list_add(&store->patches);
}

/* The old file stays whole until the manifest names the new one: never under its name. */
static const char *path_for(const struct store *store, const struct kept *old,
			    const struct module *module, const char *sum)
{
	const char *end = strstr(path_base(module->path), ".ko") ?: ".ko";
	const char *path = mem_printf("%s/%s%s", store->dir, module->name, end);

	if (!old->path)
		return path;
	if (!strcmp(old->sum, sum))
		return old->path;
	if (strcmp(old->path, path))
		return path;
	return mem_printf("%s/%s-%.12s%s", store->dir, module->name, sum, end);
}

static void remove_file(const char *path)
{
	if (unlink(path) && errno != ENOENT)
		warn("%s: cannot be removed: %s", path, strerror(errno));
}

static void keep(struct store *store, const struct module *module, struct kept *kept)
{
	struct bytes bytes = file_read(module->path);
	const char *sum = sha256_hex(bytes.at, bytes.size), *old = kept->path;

	*kept = (struct kept){ module->name, path_for(store, kept, module, sum), sum, time_text() };
	file_write(kept->path, bytes.at, bytes.size);
	store_write(store);
	if (old && strcmp(old, kept->path))
		remove_file(old);
}

static struct json_object *install_one(const char *path, const struct options *options)
{
	struct json_object *row = json_object_new_object();
	struct module module;
	struct store store;
	struct kept *kept;

	module_read(path, &module);
	store_read(&store, release_for(&module, options));
	dir_make(store.dir);
	kept = slot_for(&store, module.name);
	keep(&store, &module, kept);
	log_it("install", options, &module, module.name);
	json_add_text(row, "patch", module.name);
	json_add_text(row, "release", store.release);
	json_add_text(row, "file", kept->path);
	json_add_text(row, "sha256", kept->sum);
	if (!options->json)
		printf("%s: is loaded at boot of %s from now on\n", module.name, store.release);
	return row;
}

/* One row for each, as an array; nothing when it was told in words. */
static void end_rows(const struct options *options, struct json_object *rows)
{
	if (options->json)
		json_print(rows);
	else
		json_object_put(rows);
}

int cmd_install(int argc, char **argv)
{
	struct json_object *rows = json_object_new_array();
	struct options options;
	int i, lock;

	options_read(&options, manage_verb("install"), argc, argv, 1, -1);
	lock = store_lock();
	for (i = 0; i < options.nr; i++)
		json_object_array_add(rows, install_one(options.args[i], &options));
	store_unlock(lock);
	end_rows(&options, rows);
	return KLP_EXIT_OK;
}

/* ---- uninstall ----------------------------------------------------------------- */

static void forget(struct store *store, const struct kept *kept)
{
	size_t index = (size_t)(kept - store->patches.at);
	const char *path = kept->path;

	store->patches.nr--;
	memmove(store->patches.at + index, store->patches.at + index + 1,
		(store->patches.nr - index) * sizeof(*kept));
	store_write(store);
	remove_file(path);
}

static struct json_object *uninstall_one(const char *text, const struct options *options)
{
	struct json_object *row = json_object_new_object();
	const char *name = patch_name(text);
	const struct kept *kept;
	struct store store;

	store_read(&store, options->release ?: kernel_release());
	kept = store_find(&store, name);
	if (!kept)
		die("uninstall: %s: is not installed for %s", name, store.release);
	json_add_text(row, "patch", name);
	json_add_text(row, "release", store.release);
	json_add_text(row, "file", kept->path);
	json_add_text(row, "sha256", kept->sum);
	forget(&store, kept);
	log_it("uninstall", options, NULL, name);
	if (!options->json)
		printf("%s: is not loaded at boot of %s any more\n", name, store.release);
	return row;
}

int cmd_uninstall(int argc, char **argv)
{
	struct json_object *rows = json_object_new_array();
	struct options options;
	int i, lock;

	options_read(&options, manage_verb("uninstall"), argc, argv, 1, -1);
	lock = store_lock();
	for (i = 0; i < options.nr; i++)
		json_object_array_add(rows, uninstall_one(options.args[i], &options));
	store_unlock(lock);
	end_rows(&options, rows);
	return KLP_EXIT_OK;
}
