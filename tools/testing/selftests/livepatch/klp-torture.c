// SPDX-License-Identifier: GPL-2.0
/*
 * klp-torture - enables, disables and turns around patches at random
 *
 *	klp-torture MODULES SEED TRANSITIONS CALLS SECONDS
 *
 * Goes on until there were that many transitions and that many calls of patched
 * functions, but no longer than that many seconds.  Tells klp_torture.ko in advance
 * what it is about to do.  Prints a line "NAME NUMBER" for each thing it counted, and
 * fails if the module saw anything that must not be, or a transition did not end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATCHES		6
#define FUNCS		7
#define HOLDABLE	4		/* the functions that are always there */
#define AT_EXIT		6		/* that of exiting tasks */
#define JUMP		0x40		/* held in what the function jumps to */
#define CONTROL		"/sys/kernel/debug/klp_torture/control"
#define HOLD		"/sys/kernel/debug/klp_torture/hold"
#define RUN		"/sys/kernel/debug/klp_torture/run"
#define SYSFS		"/sys/kernel/livepatch/klp_torture_p"
#define TOO_LONG	120		/* seconds, for anything to end */

struct counts {
	unsigned long transitions, enables, disables, replaces, reversals;
	unsigned long refused, held, stacked, comes, goes;
};

static struct counts *count;		/* shared */
static const char *modules;
static unsigned int seed;
static int holder;			/* pipe to who holds a transition up */

/* The patches that are enabled, oldest first */
static int enabled[PATCHES];
static int enabled_nr;
static unsigned int funcs_of[PATCHES + 1];

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

__attribute__((format(printf, 1, 2)))
static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("klp-torture: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	/* Callers go on until the modules are removed, and nothing is right or wrong then */
	write_file(CONTROL, "stop");
	exit(1);
}

static unsigned int any(unsigned int below)
{
	return rand_r(&seed) % below;
}

static void pause_up_to(unsigned int us)
{
	usleep(any(us + 1));
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* ---- files and modules --------------------------------------------------- */

static int memory_fails;

/*
 * For what is done to a patch, not for what this program does for itself: opening the
 * file once more might fail, too, in more ways than one.
 */
static void short_of_memory(int now_and_then)
{
	static int fd = -1;

	if (!memory_fails)
		return;
	if (fd < 0)
		fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && pwrite(fd, now_and_then ? "1" : "0", 1, 0) != 1)
		die("make-it-fail: %s", strerror(errno));
}

/* 0 if it is not there */
static int read_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? atoi(text) : 0;
}

__attribute__((format(printf, 1, 2)))
static void control(const char *format, ...)
{
	char text[32];
	va_list args;
	int err;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err = write_file(CONTROL, text);
	if (err)
		die("%s: '%s': %s", CONTROL, text, strerror(err));
}

static void tell_holder(const char *what)
{
	int err = write_file(HOLD, what);

	if (err)
		die("%s: '%s': %s", HOLD, what, strerror(err));
}

/* What the module counts under that name */
static unsigned long seen(const char *name)
{
	char word[32];
	unsigned long n, found = 0;
	FILE *f = fopen(CONTROL, "r");

	if (!f)
		die("%s: %s", CONTROL, strerror(errno));
	while (fscanf(f, "%31s %lu", word, &n) == 2)
		if (!strcmp(word, name))
			found = n;
	fclose(f);
	return found;
}

/* From memory of our own: short of memory, finit_module() logs a call trace (vmalloc()) */
static int load(const char *name, const char *params)
{
	char path[256];
	struct stat st;
	void *image;
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s.ko", modules, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, strerror(errno));
	image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	short_of_memory(1);
	/* Waiting for another module to load or go is interrupted by freezing */
	do
		err = syscall(SYS_init_module, image, st.st_size, params) ? errno : 0;
	while (err == EINTR);
	short_of_memory(0);
	munmap(image, st.st_size);
	close(fd);
	return err;
}

static void unload(const char *name)
{
	double end = now() + TOO_LONG;

	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno != EAGAIN && errno != EINTR)
			die("cannot unload %s: %s", name, strerror(errno));
		if (now() > end)
			die("%s has users for ever", name);
		usleep(500);
	}
}

static char *patch_file(int patch, const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), SYSFS "%d/%s", patch, file);
	return path;
}

static int set_enabled(int patch, int on)
{
	int err;

	short_of_memory(1);
	err = write_file(patch_file(patch, "enabled"), on ? "1" : "0");
	short_of_memory(0);
	return err;
}

static void patch_unload(int patch)
{
	char name[32];

	snprintf(name, sizeof(name), "klp_torture_p%d", patch);
	unload(name);
}

/* ---- others -------------------------------------------------------------- */

static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* A task that nobody waits for is on no list while it is held at its end */
static void hold_exiting(void)
{
	if (fork())
		return;
	prctl(PR_SET_NAME, "klp-crowd-hold");
	_exit(0);
}

/* Sleeps in the functions whose numbers come from the pipe, until told otherwise */
static void hold(int pipe)
{
	int fd = open(RUN, O_RDWR);
	char func, text[16];

	signal(SIGCHLD, SIG_IGN);
	while (read(pipe, &func, 1) == 1) {
		if (func == AT_EXIT) {
			hold_exiting();
			continue;
		}
		snprintf(text, sizeof(text), "%s %d", func & JUMP ? "jump" : "hold",
			 func & ~JUMP);
		if (write(fd, text, strlen(text)) < 0)
			_exit(1);
	}
	_exit(0);
}

static void start_holder(void)
{
	int fd[2];

	if (pipe(fd))
		die("pipe: %s", strerror(errno));
	if (!fork()) {
		end_with_parent();
		close(fd[1]);
		hold(fd[0]);
	}
	close(fd[0]);
	holder = fd[1];
}

static int told_to_stop;

static void stop(int unused)
{
	told_to_stop = 1;
}

/* A module with functions that patches replace comes and goes */
static void come_and_go(void)
{
	double took = 0.1, begin;

	while (!told_to_stop) {
		pause_up_to(took * 4000000);
		begin = now();
		if (load("klp_torture_t1", ""))
			continue;
		__atomic_add_fetch(&count->comes, 1, __ATOMIC_RELAXED);
		took = now() - begin;
		pause_up_to(took * 4000000);
		begin = now();
		tell_holder("close");
		unload("klp_torture_t1");
		__atomic_add_fetch(&count->goes, 1, __ATOMIC_RELAXED);
		took = now() - begin;
	}
	_exit(0);
}

static pid_t start_coming(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGTERM, stop);
	seed++;
	come_and_go();
	return 0;
}

static void stop_coming(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	if (status)
		die("the module that comes and goes: status %x", status);
}

/* ---- transitions --------------------------------------------------------- */

static int in_transition(int patch)
{
	return read_number(patch_file(patch, "transition"));
}

static void show_blockers(int patch)
{
	char line[256];
	FILE *f = fopen(patch_file(patch, "blockers"), "r");

	while (f && fgets(line, sizeof(line), f))
		fprintf(stderr, "klp-torture: in the way: %s", line);
}

/* True if it ended in time */
static int wait_for_end(int patch, double seconds)
{
	struct pollfd p = { .events = POLLPRI };
	double end = now() + seconds;
	char c;

	p.fd = open(patch_file(patch, "transition"), O_RDONLY);
	if (p.fd < 0)
		return 1;
	while (pread(p.fd, &c, 1, 0) == 1 && c == '1') {
		if (now() > end) {
			close(p.fd);
			return 0;
		}
		poll(&p, 1, 10);
	}
	close(p.fd);
	return 1;
}

/* Does any patch replace the function that exiting tasks run? Only then they are held */
static int can_hold_exiting(unsigned int funcs)
{
	int i;

	for (i = 0; i < enabled_nr; i++)
		if (funcs & funcs_of[enabled[i]] & 1 << AT_EXIT)
			return 1;
	return 0;
}

static unsigned int any_func(unsigned int funcs)
{
	unsigned int func;

	if (can_hold_exiting(funcs) && any(2))
		return AT_EXIT;
	do
		func = any(HOLDABLE);
	while (!(funcs & 1 << func));
	return func | (any(4) ? JUMP : 0);
}

/* Most often in what the transition is about, so that it cannot end */
static int hold_up(unsigned int funcs)
{
	char func;
	double end = now() + 5;

	if (!any(3) || !(funcs & ((1 << HOLDABLE) - 1)))
		return 0;
	func = any_func(funcs);
	tell_holder("hold");
	if (write(holder, &func, 1) != 1)
		die("the holder: %s", strerror(errno));
	while (!read_number(HOLD)) {
		if (now() > end) {
			/* no memory for a task, or it has gone on */
			tell_holder("release");
			return 0;
		}
		usleep(200);
	}
	count->held++;
	return func == AT_EXIT ? AT_EXIT : 1 + !!(func & JUMP);
}

static void let_go(int held)
{
	if (!held)
		return;
	tell_holder("release");
	while (read_number(HOLD))
		usleep(200);
}

/*
 * Turns the transition around, or begins the opposite one if it has just ended.  For
 * the module these are the same, unless the patch replaces all others.
 */
static void turn(int patch, int *goal)
{
	control("turn");
	if (set_enabled(patch, !*goal))
		return;		/* it has just gone, or memory was short */
	*goal = !*goal;
	control("turned");
	count->reversals++;
}

static void turn_around(int patch, int goal, int held, int replaces)
{
	int turns = any(3) ? 0 : 1 + any(3);

	/* Only who is held in what is replaced keeps it from ending before */
	if (replaces)
		turns = turns && held == 1;
	while (turns--) {
		pause_up_to(15000);
		if (!replaces && !in_transition(patch) && any(2))
			break;
		turn(patch, &goal);
	}
}

/*
 * Which side everybody is on, when the transition is over.  Who holds it up is let go
 * after a while in which most end: it must not end before, where he is in the way, and
 * he will say so.
 */
static int settled(int patch, int held)
{
	static double usual = 0.05;
	double begin = now();
	int side;

	pause_up_to(any(4) ? 5000 : 50000);
	if (held && !wait_for_end(patch, 2 * usual))
		let_go(held);
	if (!wait_for_end(patch, TOO_LONG)) {
		show_blockers(patch);
		die("the transition of patch %d does not end", patch);
	}
	if (!held)
		usual = (9 * usual + (now() - begin)) / 10;
	side = read_number(patch_file(patch, "enabled"));
	control("done %d", side);
	let_go(held);
	count->transitions++;
	return side;
}

static int find_enabled(int patch)
{
	int i;

	for (i = 0; i < enabled_nr; i++)
		if (enabled[i] == patch)
			return i;
	return -1;
}

static void forget(int patch)
{
	int i = find_enabled(patch);

	memmove(enabled + i, enabled + i + 1, (--enabled_nr - i) * sizeof(*enabled));
	patch_unload(patch);
}

static unsigned int any_funcs(void)
{
	unsigned int funcs;

	do {
		funcs = any(1 << FUNCS);
		if (any(2))
			funcs &= ~(1 << (FUNCS - 1));
	} while (!funcs);
	return funcs;
}

/*
 * Where memory fails, a module's BTF may seem to have a cycle: btf_check_all_metas() does
 * not look at what btf_add_type() returns, and a type that is left out shifts the others.
 */
static int short_of(int err)
{
	return err == ENOMEM || (memory_fails && err == ELOOP);
}

static void enable(int patch)
{
	unsigned int funcs = any_funcs(), replaces = !any(5);
	char name[32], params[48];
	int held = hold_up(funcs), err;

	snprintf(name, sizeof(name), "klp_torture_p%d", patch);
	snprintf(params, sizeof(params), "funcs=%u replace=%u", funcs, replaces);
	control("enable %d %x %u", patch, funcs, replaces);
	err = load(name, params);
	if (err) {
		let_go(held);
		control("done 0");
		count->refused++;
		if (!short_of(err))
			die("%s: %s: %s", name, params, strerror(err));
		return;
	}
	turn_around(patch, 1, held, replaces);
	if (!settled(patch, held)) {
		patch_unload(patch);
		return;
	}
	count->enables++;
	count->stacked += enabled_nr > 0;
	count->replaces += replaces;
	while (replaces && enabled_nr)
		forget(enabled[0]);
	enabled[enabled_nr++] = patch;
	funcs_of[patch] = funcs;
}

/* What no newer patch replaces, too: these of its functions run */
static unsigned int running_funcs(int patch)
{
	unsigned int funcs = funcs_of[patch];
	int i;

	for (i = find_enabled(patch) + 1; i < enabled_nr; i++)
		funcs &= ~funcs_of[enabled[i]];
	return funcs;
}

static void disable(int patch)
{
	int held = hold_up(running_funcs(patch)), err;

	control("disable %d", patch);
	err = set_enabled(patch, 0);
	if (err) {
		let_go(held);
		control("done 1");
		count->refused++;
		if (err != ENOMEM)
			die("disabling patch %d: %s", patch, strerror(err));
		return;
	}
	turn_around(patch, 0, held, 0);
	if (settled(patch, held))
		return;
	forget(patch);
	count->disables++;
}

static int any_free(void)
{
	int patch;

	do
		patch = 1 + any(PATCHES);
	while (find_enabled(patch) >= 0);
	return patch;
}

static void transition(void)
{
	if (enabled_nr < 2 || (enabled_nr < 5 && any(2)))
		enable(any_free());
	else
		disable(enabled[any(2) ? 0 : any(enabled_nr)]);	/* the oldest: others stay */
	if (!any(4))
		pause_up_to(200000);	/* sites settle */
}

/* ---- the end ------------------------------------------------------------- */

static unsigned long violations(void)
{
	return seen("stale") + seen("nested") + seen("back") + seen("gone") +
	       seen("side") + seen("inside");
}

static void report(double seconds, unsigned long calls, unsigned long differing)
{
	printf("seconds %.0f\n"
	       "transitions %lu\nenabled %lu\ndisabled %lu\nreplaced %lu\n"
	       "reversed %lu\nstacked %lu\nheld-up %lu\nrefused %lu\n"
	       "modules-came %lu\nmodules-went %lu\n"
	       "calls %lu\ncalls-where-sides-differ %lu\n"
	       "stale %lu\nnested %lu\nback %lu\ngone %lu\nside %lu\ninside %lu\n",
	       seconds, count->transitions, count->enables, count->disables,
	       count->replaces, count->reversals, count->stacked, count->held,
	       count->refused, count->comes, count->goes, calls,
	       differing, seen("stale"), seen("nested"), seen("back"),
	       seen("gone"), seen("side"), seen("inside"));
}

int main(int argc, char **argv)
{
	unsigned long calls, differing;
	double begin = now();
	pid_t coming;

	if (argc != 6) {
		fprintf(stderr, "usage: klp-torture MODULES SEED TRANSITIONS CALLS SECONDS\n");
		return 2;
	}
	modules = argv[1];
	seed = atoi(argv[2]);
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	calls = seen("calls");		/* of runs before this one */
	differing = seen("differing");
	start_holder();
	coming = start_coming();

	while ((count->transitions < strtoul(argv[3], NULL, 0) ||
		seen("calls") - calls < strtoul(argv[4], NULL, 0)) &&
	       now() - begin < atoi(argv[5]) && !violations()) {
		memory_fails = !any(2);
		transition();
	}
	memory_fails = 0;
	while (enabled_nr)
		disable(enabled[any(enabled_nr)]);
	stop_coming(coming);
	report(now() - begin, seen("calls") - calls, seen("differing") - differing);
	return violations() != 0;
}
