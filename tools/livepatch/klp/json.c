// SPDX-License-Identifier: GPL-2.0
/* JSON, by json-c.  Keys are stable: klp-json(5) documents them. */
#include <errno.h>
#include <unistd.h>

#include "manage.h"

void json_add(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		die("out of memory");
}

void json_add_text(struct json_object *to, const char *key, const char *value)
{
	json_add(to, key, value ? json_object_new_string(value) : NULL);
}

void json_add_number(struct json_object *to, const char *key, long value)
{
	json_add(to, key, value < 0 ? NULL : json_object_new_int64(value));
}

void json_add_bool(struct json_object *to, const char *key, bool value)
{
	json_add(to, key, json_object_new_boolean(value));
}

struct json_object *json_texts(const struct text_list *texts)
{
	struct json_object *array = json_object_new_array();
	const char *const *text;

	list_for_each(text, &texts->list)
		json_object_array_add(array, json_object_new_string(*text));
	return array;
}

struct json_object *json_blockers(const struct blockers *blockers)
{
	struct json_object *array = json_object_new_array(), *one;
	const struct blocker *blocker;

	list_for_each(blocker, &blockers->list) {
		one = json_object_new_object();
		json_add_number(one, "pid", blocker->pid);
		json_add_number(one, "tid", blocker->tid);
		json_add_text(one, "comm", blocker->comm);
		json_add_text(one, "side", blocker->side);
		json_add_number(one, "attempts", blocker->attempts);
		json_add_number(one, "ms", blocker->ms);
		json_add_text(one, "reason", blocker->reason);
		json_object_array_add(array, one);
	}
	return array;
}

static struct json_object *json_functions(const struct object *object)
{
	struct json_object *array = json_object_new_array(), *one;
	const struct func *func;

	list_for_each(func, &object->funcs) {
		one = json_object_new_object();
		json_add_text(one, "name", func->name);
		json_add_number(one, "position", (long)func->pos);
		json_object_array_add(array, one);
	}
	return array;
}

struct json_object *json_objects(const struct patch *patch)
{
	struct json_object *array = json_object_new_array(), *one;
	const struct object *object;

	list_for_each(object, &patch->objects) {
		one = json_object_new_object();
		json_add_text(one, "name", object->name);
		json_add_bool(one, "patched", object->patched);
		json_add(one, "functions", json_functions(object));
		json_object_array_add(array, one);
	}
	return array;
}

const char *json_text(struct json_object *from, const char *key)
{
	struct json_object *value;

	if (!json_object_is_type(from, json_type_object) ||
	    !json_object_object_get_ex(from, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return mem_strdup(json_object_get_string(value));
}

/* On one line; good until @value is released */
const char *json_string(struct json_object *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE);
}

void json_print(struct json_object *value)
{
	puts(json_string(value));
	json_object_put(value);
}

/* To a file only as a whole: who reads it sees the text before or after. */
void output(const struct options *options, const char *text)
{
	if (options->output)
		file_write(options->output, text, strlen(text));
	else
		fputs(text, stdout);
}
