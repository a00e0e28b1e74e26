/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The admin's half of klp: load, watch, keep.
 *
 *	manage.c	the table of verbs
 *	options.c	command lines
 *	sysfs.c		how patches stand, from /sys
 *	tasks.c		who blocks, and how many have moved
 *	modules.c	module files, inserting and removing, by libkmod
 *	build_id.c	whether what runs is what a patch was made against
 *	kmsg.c		what the kernel said meanwhile
 *	wait.c		waits for a transition
 *	reach.c		from the state a patch is in to the one that is wanted
 *	load.c		load, unload, enable, disable
 *	status.c	list, status; metrics.c: status --prometheus
 *	force.c		blockers, force
 *	info.c		info
 *	check.c		check; preflight.c: the core's report; foresee.c: without it
 *	store.c		what is kept under /var/lib/livepatch: install, uninstall
 *	guard.c		which patches the machine did not survive
 *	boot.c		boot
 *	history.c	history
 *	json.c		JSON by json-c
 */
#ifndef KLP_MANAGE_H
#define KLP_MANAGE_H

#include <json-c/json.h>

#include "klp.h"
#include "util.h"

#define ANOTHER_LOADED	"another patch of that name is loaded: unload it first"

#define BIT(n)	(1U << (n))

/* ---- Verbs (manage.c, options.c) ----------------------------------------------- */

/* How a patch stands.  A disabled one is a module that does nothing any more. */
enum patch_state {
	PATCH_ABSENT,
	PATCH_DISABLED,
	PATCH_ENABLING,
	PATCH_ENABLED,
	PATCH_DISABLING,
	NR_PATCH_STATES,
};

#define PATCH_ANY	(BIT(NR_PATCH_STATES) - 1)
#define PATCH_PRESENT	(PATCH_ANY & ~BIT(PATCH_ABSENT))
#define PATCH_MOVING	(BIT(PATCH_ENABLING) | BIT(PATCH_DISABLING))
#define PATCH_AS_IT_IS	NR_PATCH_STATES		/* a verb that only looks */

struct verb {
	const char *name;
	const char *args;		/* as in the usage */
	const char *help;
	const char *options;		/* letters of options.c's table */
	unsigned int needs;		/* BIT(state) of every state that it can begin in */
	enum patch_state reaches;
};

extern const struct verb manage_verbs[];	/* ends with a row without a name */
const struct verb *manage_verb(const char *name);

/* In the order of the words that options.c takes */
enum on_timeout {
	ON_TIMEOUT_REVERT,	/* turn the transition round: time is up */
	ON_TIMEOUT_KEEP,	/* let it go on: that is fine */
	ON_TIMEOUT_FAIL,	/* let it go on: time is up */
};

struct options {
	bool json, yes, watch, prometheus, installed, stack;
	bool survived, reset;
	unsigned int timeout;		/* seconds; 0: none */
	unsigned int on_timeout;	/* enum on_timeout */
	unsigned int on_interrupt;	/* the same, without the last one */
	unsigned int survive;		/* seconds */
	unsigned int lines;		/* 0: all */
	const char *release;		/* NULL: of the running kernel, or the file's */
	const char *output;		/* NULL: standard output */
	int nr;				/* what is left on the command line */
	char **args;
};

/* Ends the program after --help, and if @argv does not fit the verb. */
void options_read(struct options *options, const struct verb *verb, int argc, char **argv,
		  int least, int most);

/* ---- /sys (sysfs.c) ------------------------------------------------------------ */

/* Every path of the running system is made here: tests have theirs under $KLP_ROOT. */
char *sys_path(const char *fmt, ...) __printf(1, 2);
char *sys_read(const char *path);			/* NULL: cannot be read, see errno */
int sys_write(const char *path, const char *value);	/* Return: 0 or -errno */
long sys_number(const char *path, long otherwise);

struct text_list {
	LIST(const char *) list;
};

void texts_sort(struct text_list *texts);
void dir_list(const char *path, struct text_list *names);	/* sorted */

struct func {
	const char *name;
	unsigned long pos;
};

struct object {
	const char *name;
	bool patched;
	LIST(struct func) funcs;
};

struct patch {
	const char *name;
	enum patch_state state;
	bool replace, forced;
	long order;			/* -1: not told by this kernel */
	LIST(struct object) objects;
};

struct patches {
	LIST(struct patch) list;
};

const char *patch_name(const char *text);	/* of a file or a module, with underscores */
const char *patch_state_name(enum patch_state state);
enum patch_state patch_state(const char *name);
void patch_read(const char *name, struct patch *patch);
void patches_read(struct patches *patches);	/* enabled or in transition, oldest first */
const char *patch_moving(void);			/* which one is in transition, or NULL */
bool patch_has(const struct patch *patch, const char *function);

void need_livepatch(void);	/* ends the program on a kernel without */
bool core_tells(void);		/* the core has blockers, stats, poll(), preflight */
const char *kernel_release(void);
const char *boot_id(void);

/* ---- Tasks (tasks.c) ----------------------------------------------------------- */

struct blocker {
	int pid, tid;
	const char *comm, *side, *reason;
	long attempts, ms;		/* -1: not told by this kernel */
};

struct blockers {
	LIST(struct blocker) list;
	unsigned long more;		/* there was no room for */
	const char *why_not;		/* they could not be read, or NULL */
};

struct moved {
	unsigned long moved, left;
};

bool blocker_parse(char *line, struct blocker *blocker);
void blockers_read(const struct patch *patch, struct blockers *blockers);
void blockers_print(FILE *out, const struct blockers *blockers, bool stack);
void tasks_in(const struct patch *patch, struct blockers *blockers);
void tasks_count(const struct patch *patch, struct moved *moved);

/* ---- Modules (modules.c, kmsg.c) ----------------------------------------------- */

struct field {
	const char *key, *value;
};

struct module {
	const char *path, *name;
	const char *release;		/* that it was built for, "" if it does not say */
	bool livepatch;
	LIST(struct field) info;
};

void module_read(const char *path, struct module *module);
const char *module_info(const struct module *module, const char *key);	/* or NULL */
void module_patch(const struct module *module, struct patch *patch);	/* what it replaces */
/* An object that runs in another build than the patch was made against, or NULL (build_id.c) */
const char *module_other_build(const struct module *module);
bool module_is_another(const struct module *module);	/* than the loaded one of that name */
int module_insert(const struct module *module, const char *params);	/* Return: 0 or -errno */
int module_remove(const char *name);
const char *module_find(const char *name);	/* path in /lib/modules, or NULL */

int kmsg_open(void);
void kmsg_read(int fd, const char *about, struct text_list *lines);

/* ---- Waiting (wait.c) ---------------------------------------------------------- */

enum waited {
	WAIT_OVER,
	WAIT_TIMEOUT,
	WAIT_SIGNAL,
};

struct wait {
	uint64_t begin, end;		/* in now_ms(); end 0: never */
	const char *doing;		/* "enabling" */
	bool quiet;
};

uint64_t now_ms(void);
void signals_catch(void);
int signal_caught(void);		/* since it was last cleared; 0: none */
void signal_clear(void);
enum waited wait_ms(const struct wait *wait, unsigned int ms);
enum waited wait_transition(const struct wait *wait, const char *name);

/* ---- Jobs (reach.c) ------------------------------------------------------------ */

enum outcome {
	OUTCOME_OK,
	OUTCOME_FAILED,
	OUTCOME_REFUSED,		/* does not fit */
	OUTCOME_LEFT,			/* not complete in time, goes on */
	OUTCOME_REVERTED,		/* not complete in time, turned round */
	OUTCOME_INTERRUPTED,
};

struct job {
	const struct verb *verb;
	const struct options *options;
	const char *name;
	const struct module *module;	/* NULL: not known */
	const char *params;
	/* out */
	enum outcome outcome;
	enum patch_state state;
	uint64_t ms;
	const char *error;
	int signal;
	struct text_list kernel_log;
	struct blockers blockers;
	/* reach.c's own */
	struct wait wait;
	unsigned int done;
	bool quick;			/* nothing was to be done */
};

void reach(struct job *job);
int job_exit(const struct job *job);
int job_end(const struct job *job);	/* tells the user and the history; Return: exit status */
const char *outcome_name(enum outcome outcome);

/* FILE|NAME of the command line: a file, or what is installed or in /lib/modules (load.c). */
struct module *module_named(const char *text);		/* NULL: there is none */
struct module *module_to_load(const char *text);	/* one that fits, or ends the program */
char *params_join(char **args, int nr);

/* ---- Kept on disk (store.c, guard.c, history.c, boot.c) ------------------------ */

struct kept {
	const char *name, *path, *sum, *time;	/* path: in the store */
};

struct store {
	const char *release, *dir;
	LIST(struct kept) patches;	/* in the order in which they are loaded */
};

#define STORE_DIR	"/var/lib/livepatch"

void store_read(struct store *store, const char *release);
const struct kept *store_find(const struct store *store, const char *name);
bool kept_intact(const struct kept *kept, const char **why);
int store_lock(void);			/* of all that is under /var/lib/livepatch */
void store_unlock(int lock);
const char *file_sum(const char *path);	/* SHA-256, or NULL */

int guard_crashes(const struct kept *kept);	/* boots in a row that did not survive it */
void guard_loading(const struct kept *kept);
void guard_failed(const struct kept *kept);
void guard_survived(void);
void guard_reset(void);

void history_add(const struct job *job);
const char *time_text(void);		/* now, as history has it */
const char *history_file_of(const char *name);
int load_installed(const struct verb *verb, const struct options *options, bool guarded);

/* ---- JSON (json.c) ------------------------------------------------------------- */

void json_add(struct json_object *to, const char *key, struct json_object *value);
void json_add_text(struct json_object *to, const char *key, const char *value);	/* NULL: null */
void json_add_number(struct json_object *to, const char *key, long value);	/* < 0: null */
void json_add_bool(struct json_object *to, const char *key, bool value);
struct json_object *json_blockers(const struct blockers *blockers);
struct json_object *json_objects(const struct patch *patch);
struct json_object *json_texts(const struct text_list *texts);
const char *json_text(struct json_object *from, const char *key);		/* or NULL */
const char *json_string(struct json_object *value);
void json_print(struct json_object *value);		/* and releases it */
void output(const struct options *options, const char *text);

const char *metrics_text(const struct patches *patches);	/* metrics.c */

#endif
