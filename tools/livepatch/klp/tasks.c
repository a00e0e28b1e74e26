// SPDX-License-Identifier: GPL-2.0
/*
 * Who blocks a transition, and how many tasks have moved.
 *
 * Our core tells both.  Elsewhere /proc/<pid>/task/<tid> has the side of each task, and its
 * stack, from which the reason is guessed: in doubt it is the innermost frame.
 */
#include <errno.h>

#include "manage.h"

/* ---- What the core tells ------------------------------------------------------- */

static const char *column(char **line)
{
	const char *text = strsep(line, "\t");

	return text ? mem_strdup(text) : NULL;
}

/* A line of "blockers", or of a preflight's report. */
bool blocker_parse(char *line, struct blocker *blocker)
{
	const char *at[7];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		at[i] = column(&line);
		if (!at[i])
			return false;
	}
	*blocker = (struct blocker){
		.pid = atoi(at[0]), .tid = atoi(at[1]), .comm = at[2], .side = at[3],
		.attempts = atol(at[4]), .ms = atol(at[5]), .reason = at[6],
	};
	return true;
}

static void parse_blockers(char *text, struct blockers *blockers)
{
	struct blocker blocker;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "... %lu more", &blockers->more) == 1)
			return;
		if (blocker_parse(line, &blocker))
			*list_add(&blockers->list) = blocker;
	}
}

/* ---- What /proc tells ---------------------------------------------------------- */

struct task {
	int pid, tid;
	const char *dir;
};

static void each_task(void (*see)(const struct task *task, void *arg), void *arg)
{
	struct text_list pids = { 0 }, tids;
	const char **pid, **tid;
	struct task task;

	dir_list(sys_path("/proc"), &pids);
	list_for_each(pid, &pids.list) {
		if (**pid < '1' || **pid > '9')
			continue;
		tids = (struct text_list){ 0 };
		dir_list(sys_path("/proc/%s/task", *pid), &tids);
		list_for_each(tid, &tids.list) {
			task.pid = atoi(*pid);
			task.tid = atoi(*tid);
			task.dir = sys_path("/proc/%s/task/%s", *pid, *tid);
			see(&task, arg);
		}
	}
}

static bool on_side(const struct task *task, long side)
{
	return sys_number(mem_printf("%s/patch_state", task->dir), -1) == side;
}

/* The state letter comes after the name, which may hold anything. */
static bool is_running(const struct task *task)
{
	const char *stat = sys_read(mem_printf("%s/stat", task->dir));
	const char *end = stat ? strrchr(stat, ')') : NULL;

	return end && end[1] == ' ' && end[2] == 'R';
}

/* Takes "[<0>] name+0x1/0x2 [module]" apart. */
static bool frame_parse(const char *line, char *name, char *module)
{
	int got = sscanf(line, "[<%*[^>]>] %511[^+ ]%*[^ ] [%55[^]]]", name, module);

	if (got == 1)
		*module = '\0';
	return got >= 1;
}

/*
 * The first frame of a function that the patch replaces, or of code that it brought.
 * Return: why the task would stay, or NULL; *@innermost: the name of the first frame
 */
static const char *stack_reason(const struct patch *patch, char *stack, const char **innermost)
{
	char name[512], module[56], *line;

	*innermost = NULL;
	while ((line = strsep(&stack, "\n"))) {
		if (!frame_parse(line, name, module))
			continue;
		if (!*innermost)
			*innermost = mem_strdup(name);
		if (!strcmp(module, patch->name) || patch_has(patch, name))
			return mem_printf("in %s of %s", name, patch->name);
	}
	return NULL;
}

static const char *reason_of(const struct patch *patch, const struct task *task)
{
	char *stack = sys_read(mem_printf("%s/stack", task->dir));
	const char *reason, *innermost;

	if (is_running(task))
		return "running";
	if (!stack)
		return mem_printf("its stack cannot be read: %s", strerror(errno));
	reason = stack_reason(patch, stack, &innermost);
	if (reason)
		return reason;
	return innermost ? mem_printf("at %s", innermost) : "nothing any more";
}

/* A task may call itself anything; escaped as our core does it. */
static const char *name_of(const struct task *task)
{
	const char *comm = sys_read(mem_printf("%s/comm", task->dir)) ?: "?";
	struct text text = { 0 };

	text_add(&text, "%s", "");
	for (; *comm; comm++) {
		if (*comm < ' ' || *comm > '~' || *comm == '\\')
			text_add(&text, "\\%03o", (unsigned char)*comm);
		else
			text_add_bytes(&text, comm, 1);
	}
	return text.at;
}

static void add_blocker(const struct task *task, const char *side, const char *reason,
			struct blockers *blockers)
{
	*list_add(&blockers->list) = (struct blocker){
		.pid = task->pid, .tid = task->tid, .attempts = -1, .ms = -1, .side = side,
		.comm = name_of(task), .reason = reason,
	};
}

struct seeing {
	const struct patch *patch;
	struct blockers *blockers;
	struct moved *moved;
	long target;
};

static void see_blocker(const struct task *task, void *arg)
{
	const struct seeing *seeing = arg;

	if (!on_side(task, !seeing->target))
		return;
	add_blocker(task, seeing->target ? "unpatched" : "patched",
		    reason_of(seeing->patch, task), seeing->blockers);
}

static void see_inside(const struct task *task, void *arg)
{
	const struct seeing *seeing = arg;
	char *stack = sys_read(mem_printf("%s/stack", task->dir));
	const char *reason, *innermost;

	reason = stack ? stack_reason(seeing->patch, stack, &innermost) : NULL;
	if (reason)
		add_blocker(task, "unpatched", reason, seeing->blockers);
}

static void see_side(const struct task *task, void *arg)
{
	struct seeing *seeing = arg;

	if (on_side(task, seeing->target))
		seeing->moved->moved++;
	else if (on_side(task, !seeing->target))
		seeing->moved->left++;
}

/* ---- Either -------------------------------------------------------------------- */

static long target_of(const struct patch *patch)
{
	return patch->state == PATCH_ENABLING || patch->state == PATCH_ENABLED;
}

void blockers_read(const struct patch *patch, struct blockers *blockers)
{
	struct seeing seeing = { patch, blockers, NULL, target_of(patch) };
	const char *path = sys_path("/sys/kernel/livepatch/%s/blockers", patch->name);
	char *text = sys_read(path);

	*blockers = (struct blockers){ 0 };
	if (text)
		parse_blockers(text, blockers);
	else if (file_exists(path))
		blockers->why_not = mem_printf("%s: %s", path, strerror(errno));
	else if (BIT(patch->state) & PATCH_MOVING)
		each_task(see_blocker, &seeing);
}

/* Who is in functions of a patch that is not loaded. */
void tasks_in(const struct patch *patch, struct blockers *blockers)
{
	struct seeing seeing = { patch, blockers, NULL, 1 };

	each_task(see_inside, &seeing);
}

static bool is_way(const char *name)
{
	static const char *const others[] = { "passes", "elapsed_us", "hold_us" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!strcmp(name, others[i]))
			return false;
	}
	return true;
}

static void count_stats(char *text, struct moved *moved)
{
	unsigned long value;
	char name[32], *line;

	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "%31s %lu", name, &value) == 2 && is_way(name))
			moved->moved += value;
	}
}

void tasks_count(const struct patch *patch, struct moved *moved)
{
	struct seeing seeing = { patch, NULL, moved, target_of(patch) };
	char *stats = sys_read(sys_path("/sys/kernel/livepatch/%s/stats", patch->name));
	struct blockers blockers;

	*moved = (struct moved){ 0 };
	if (!stats) {
		each_task(see_side, &seeing);
		return;
	}
	count_stats(stats, moved);
	blockers_read(patch, &blockers);
	moved->left = blockers.list.nr + blockers.more;
}

/* ---- For people ---------------------------------------------------------------- */

static const char *since(long ms)
{
	return ms < 0 ? "-" : mem_printf("%ld.%ld s", ms / 1000, ms % 1000 / 100);
}

static void print_stack(FILE *out, const struct blocker *blocker)
{
	char *text = sys_read(sys_path("/proc/%d/task/%d/stack", blocker->pid, blocker->tid));
	char *line;

	while (text && (line = strsep(&text, "\n"))) {
		if (*line)
			fprintf(out, "\t%s\n", line);
	}
}

void blockers_print(FILE *out, const struct blockers *blockers, bool stack)
{
	const struct blocker *blocker;

	if (blockers->why_not)
		warn("%s", blockers->why_not);
	if (blockers->list.nr)
		fprintf(out, "%7s %7s  %-16s %9s  %s\n", "PID", "TID", "NAME", "SINCE", "WHY");
	list_for_each(blocker, &blockers->list) {
		fprintf(out, "%7d %7d  %-16s %9s  %s\n", blocker->pid, blocker->tid,
			blocker->comm, since(blocker->ms), blocker->reason);
		if (stack)
			print_stack(out, blocker);
	}
	if (blockers->more)
		fprintf(out, "and %lu more\n", blockers->more);
}
