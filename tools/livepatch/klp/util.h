/* SPDX-License-Identifier: GPL-2.0 */
/* What every part of klp uses: messages, memory, files, programs. */
#ifndef KLP_UTIL_H
#define KLP_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(f, a)	__attribute__((format(printf, f, a)))

/* What klp ends with; klp(1) documents them. */
enum klp_exit {
	KLP_EXIT_OK = 0,
	KLP_EXIT_FAILED = 1,		/* it could not be done */
	KLP_EXIT_USAGE = 2,		/* the command line is wrong */
	KLP_EXIT_REFUSED = 3,		/* it must not be done: not safe, or does not fit */
	KLP_EXIT_TIMEOUT = 4,		/* the transition did not complete in time */
};

/* Each prints "klp: ..." and a newline on standard error; die() ends with KLP_EXIT_FAILED. */
_Noreturn void die(const char *fmt, ...) __printf(1, 2);
_Noreturn void die_errno(const char *fmt, ...) __printf(1, 2);
_Noreturn void die_usage(const char *fmt, ...) __printf(1, 2);
void warn(const char *fmt, ...) __printf(1, 2);

/*
 * Memory is never NULL, zeroed, and given back at the end of the program, or where a
 * loop that runs for long says so: everything since mem_mark().
 */
void *mem_alloc(size_t size);
void *mem_array(size_t nr, size_t size);
void *mem_copy(const void *from, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t size);
char *mem_printf(const char *fmt, ...) __printf(1, 2);
size_t mem_mark(void);
void mem_release(size_t mark);

/* A growing array: declare it with LIST(type) name; zeroed, it is empty. */
#define LIST(type)	struct { type *at; size_t nr, room; }
#define list_add(list)								\
	((list)->nr == (list)->room ?						\
	 (void)((list)->at = mem_grow((list)->at, &(list)->room, sizeof(*(list)->at))) : (void)0, \
	 &(list)->at[(list)->nr++])
#define list_for_each(item, list)						\
	for ((item) = (list)->at; (item) < (list)->at + (list)->nr; (item)++)

void *mem_grow(void *old, size_t *room, size_t size);

/* Text that grows */
struct text {
	char *at;			/* never NULL after text_add() */
	size_t size, room;
};

void text_add(struct text *text, const char *fmt, ...) __printf(2, 3);
void text_add_bytes(struct text *text, const void *from, size_t size);

bool str_starts(const char *text, const char *start);
bool str_ends(const char *text, const char *end);

/* A name to a pointer; the name must stay where it is. */
struct names;
struct names *names_new(void);
void names_set(struct names *names, const char *name, void *value);
void *names_get(const struct names *names, const char *name);

/* Files.  Those without "try" end the program when they fail, naming the path. */
struct bytes {
	unsigned char *at;		/* with a zero after the last byte */
	size_t size;
};

struct bytes file_read(const char *path);
bool file_try_read(const char *path, struct bytes *bytes);	/* false: see errno */
void file_write(const char *path, const void *from, size_t size);	/* all or nothing */
void file_copy(const char *from, const char *to);		/* keeps the time stamp */
bool file_exists(const char *path);
bool dir_exists(const char *path);
void dir_make(const char *path);				/* with its parents */
void path_remove(const char *path);				/* a whole tree; may be absent */
const char *path_base(const char *path);
char *path_dir(const char *path);
char *path_real(const char *path);

/* Programs */
struct run {
	const char *const *argv;
	const char *dir;		/* where to run it, or NULL */
	const char *log;		/* where its output goes (appended), or NULL */
	struct text *output;		/* where its standard output goes instead, or NULL */
	void (*line)(const char *line, void *arg);	/* told each line of output, or NULL */
	void *arg;
	bool quiet_input;		/* standard input is /dev/null unless set */
};

/* Return: the exit status; 128 + signal; 127 when there is no such program. */
int run(const struct run *run);

/* Progress on a terminal, nothing in a pipe. */
void progress(const char *fmt, ...) __printf(1, 2);	/* replaces the line before */
void progress_end(void);
extern bool verbose;		/* -v: what is run, and why, on standard error */
void note(const char *fmt, ...) __printf(1, 2);		/* printed if verbose */

/* SHA-256, in hexadecimal: 64 digits */
void sha256(const void *from, size_t size, uint8_t sum[32]);
char *sha256_hex(const void *from, size_t size);

#endif
