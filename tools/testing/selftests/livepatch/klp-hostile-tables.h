/* SPDX-License-Identifier: GPL-2.0 */
/* Declarations as they should not be, in the words of klp_test_patch_00. */
#ifndef KLP_HOSTILE_TABLES_H
#define KLP_HOSTILE_TABLES_H

#include "klp-hostile-random.h"

static const char *const table_objects[] = {
	"vmlinux", "=vmlinux", TARGET, "klp_test_absent", "", ".", "..", "a/b", "a!b", "enabled",
	"klp_test_patch_00", "%s%n", "#55", "#56", "#900",
};

static const char *const table_functions[] = {
	"cmdline_proc_show", "version_proc_show", "tgt_fn_00", "tgt_fn_01", "tgt_untraced",
	"tgt_secret_nr", "jiffies", "-", "", "a/b", "%s%n", "#511", "#512", "#900",
	"klp_test_none",
};

static const char *const table_positions[] = {
	"", "", "", "@0", "@1", "@2", "@4294967296", "@18446744073709551615",
};

static const char *const table_news[] = {
	"", "", "", "", "=value", "=null", "=data", "=init",
};

static const char *const table_states[] = {
	"", "", "", "1:1", "1:1,1:2", "1:1,1:1,1:1", "0:0", "18446744073709551615:4294967295",
};

#define PICK(array)	((array)[below(NR(array))])

/* Functions that tasks run get none but replacements of their own kind. */
static void add_function(char *buf)
{
	const char *name = PICK(table_functions), *new = PICK(table_news);
	char text[16384];

	if (strstr(name, "_show") && !strcmp(new, "=value"))
		new = "";
	sprintf(buf, "%s%s%s", spelled(name, text), PICK(table_positions), new);
}

static size_t add_object(char *buf)
{
	const char *name = below(2) ? "vmlinux" : PICK(table_objects);
	unsigned int nr = below(5);
	char text[16384];
	size_t len;

	len = sprintf(buf, "%s:", spelled(name, text));
	if (!nr)
		return len + sprintf(buf + len, below(3) ? "" : "null");
	while (nr--) {
		add_function(text);
		len += sprintf(buf + len, "%s%s", buf[len - 1] == ':' ? "" : ",", text);
	}
	return len;
}

/* A longer one is refused before the patch is asked. */
#define OBJECTS_MAX	1024

static size_t random_objects(char *buf)
{
	unsigned int nr = 1 + below(3);
	size_t len = 0;

	while (nr--) {
		len += add_object(buf + len);
		if (nr)
			buf[len++] = ';';
	}
	return len;
}

static const char *random_table(void)
{
	static const char *const omitted[] = { "", "", "", "", "", "", "patch", "mod", "objs" };
	static char buf[1 << 18];
	size_t len, start = sprintf(buf, "objs=");

	do
		len = random_objects(buf + start);
	while (len > OBJECTS_MAX);
	sprintf(buf + start + len, " states=%s omit=%s replace=%u again=%u", PICK(table_states),
		PICK(omitted), below(2), !below(8));
	return buf;
}

#endif
