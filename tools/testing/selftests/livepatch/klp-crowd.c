// SPDX-License-Identifier: GPL-2.0
/*
 * klp-crowd - tasks that call patched functions and do everything else tasks do
 *
 *	klp-crowd KIND FILE COUNTER [N]
 *	klp-crowd memory MEGABYTES
 *
 * KIND is one of
 *	forks	fork a child that calls too, and wait for it
 *	threads	create and join threads that call
 *	execs	execute itself after some calls
 *	signals	a child that calls gets signals, is stopped and killed
 *	traces	a child that calls is ptraced, step by step at times
 *	calls	nothing else
 *
 * FILE is debugfs klp_torture/run.  COUNTER is a file whose first eight bytes count
 * what was done.  N processes do so until they are killed.  Who locks the file
 * (flock(1)) keeps them from executing themselves meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCK_FD		100	/* kept open by exec */

static const char *file, *counter;
static unsigned long *count;
static unsigned int seed;

static void die(const char *what)
{
	fprintf(stderr, "klp-crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned int any(unsigned int below)
{
	return rand_r(&seed) % below;
}

static void counted(void)
{
	__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

static void map_counter(void)
{
	int fd = open(counter, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*count)))
		die(counter);
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (count == MAP_FAILED)
		die("mmap");
	close(fd);
}

static int open_file(void)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(file);
	return fd;
}

/* Short of memory: the others go on */
static void say(int fd, const char *what)
{
	if (write(fd, what, strlen(what)) < 0 && errno != EINTR && errno != ENOMEM)
		die(what);
}

/* Calls, and leaves the CPU to others for a while */
static void call(int fd)
{
	say(fd, "run");
	usleep(any(4000));
}

static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		_exit(0);
}

static pid_t child_that_calls(void)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	end_with_parent();
	fd = open_file();
	for (;;)
		call(fd);
}

/* ---- kinds --------------------------------------------------------------- */

static void forks(void)
{
	int fd = open_file(), own, i;
	pid_t pid;

	for (;;) {
		call(fd);
		say(fd, "parent");
		pid = any(8) ? fork() : vfork();
		if (!pid) {
			say(fd, "child");
			_exit(0);
		}
		if (pid > 0) {
			counted();
			waitpid(pid, NULL, 0);
		}
		/* One that lives a little, and that nobody waits for */
		if (!any(4) && !fork()) {
			if (fork())
				_exit(0);
			own = open_file();
			for (i = any(4); i >= 0; i--)
				say(own, "run");
			_exit(0);
		}
		waitpid(-1, NULL, WNOHANG);
	}
}

static void *thread(void *unused)
{
	int fd = open_file();

	say(fd, "run");
	close(fd);
	return NULL;
}

static void threads(void)
{
	pthread_t id[3];
	int i, nr;

	for (;;) {
		for (nr = 0; nr < 3; nr++)
			if (pthread_create(&id[nr], NULL, thread, NULL))
				break;
		/* Often all end at once, with the process */
		if (!any(8) && !fork()) {
			pthread_create(&id[0], NULL, thread, NULL);
			_exit(0);
		}
		for (i = 0; i < nr; i++)
			pthread_join(id[i], NULL);
		counted();
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(any(4000));
	}
}

/* Ends with close() in the program that is executed */
static void lock_counter(void)
{
	int fd = open(counter, O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, LOCK_FD) != LOCK_FD)
		die(counter);
	close(fd);
	while (flock(LOCK_FD, LOCK_SH))
		if (errno != EINTR)
			die("flock");
}

static void *thread_that_execs(void *unused)
{
	lock_counter();
	execl("/proc/self/exe", "klp-crowd", "execs", file, counter, NULL);
	die("exec");
	return NULL;
}

static void execs(void)
{
	pthread_t id;
	int fd;

	close(LOCK_FD);
	fd = open_file();
	call(fd);
	counted();
	if (!any(2) || pthread_create(&id, NULL, thread_that_execs, NULL))
		thread_that_execs(NULL);
	for (;;)
		call(fd);
}

static void nothing(int unused)
{
}

static void signals(void)
{
	struct sigaction action = { .sa_handler = nothing };
	int left;
	pid_t pid;

	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		pid = child_that_calls();
		if (pid < 0)
			continue;
		for (left = any(30); left >= 0; left--) {
			kill(pid, SIGUSR1);
			usleep(any(5000));
			if (!any(4)) {
				kill(pid, SIGSTOP);
				usleep(any(20000));
				kill(pid, SIGCONT);
			}
			counted();
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* How a tracee goes on */
static int any_request(void)
{
	switch (any(4)) {
	case 0:
		return PTRACE_SINGLESTEP;
	case 1:
		return PTRACE_SYSCALL;
	default:
		return PTRACE_CONT;
	}
}

static void trace(pid_t pid)
{
	int status, left;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return;
	for (left = any(50); left >= 0; left--) {
		usleep(any(3000));
		if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return;
		usleep(any(3000));
		if (ptrace(any_request(), pid, NULL, NULL))
			return;
		counted();
	}
}

static void traces(void)
{
	pid_t pid;

	for (;;) {
		pid = child_that_calls();
		if (pid < 0)
			continue;
		trace(pid);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void calls(void)
{
	int fd = open_file();

	for (;;) {
		call(fd);
		counted();
	}
}

/* Uses so much memory for a moment */
static void use_memory(size_t megabytes)
{
	char *memory = mmap(NULL, megabytes << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	usleep(any(200000));
}

/* ---- all of them --------------------------------------------------------- */

static const struct kind {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "forks", forks },
	{ "threads", threads },
	{ "execs", execs },
	{ "signals", signals },
	{ "traces", traces },
	{ "calls", calls },
};

static void run(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			kinds[i].run();
	die(name);
}

int main(int argc, char **argv)
{
	int n;

	if (argc == 3 && !strcmp(argv[1], "memory")) {
		use_memory(atoi(argv[2]));
		return 0;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: klp-crowd KIND FILE COUNTER [N]\n");
		return 2;
	}
	/* One that executes itself is called exe, the kernel would say */
	prctl(PR_SET_NAME, "klp-crowd");
	file = argv[2];
	counter = argv[3];
	seed = getpid();
	map_counter();
	if (argc == 4)
		run(argv[1]);
	for (n = atoi(argv[4]); n > 0; n--) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		seed = getpid();
		run(argv[1]);
	}
	for (;;)
		pause();
}
