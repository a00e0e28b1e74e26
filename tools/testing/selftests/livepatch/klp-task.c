// SPDX-License-Identifier: GPL-2.0
/*
 * klp-task - tasks for the livepatch selftests
 *
 *	klp-task threads N	N sleeping threads
 *	klp-task forks N	N processes that fork, and wait for, children
 *	klp-task spawns N	N threads that create, and join, threads
 *	klp-task execs N	N processes that execute themselves over and over
 *	klp-task exit NAME	a thread called NAME ends at once
 *	klp-task writers N FILE TEXT	N threads that write TEXT to FILE, once
 *	klp-task inherit FILE	children must not read less than their parent did
 *
 * All print "ready" once they are at work and run until they are killed.
 * "inherit" ends on SIGTERM, prints how often it looked and fails if a child
 * saw less.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "klp-task: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void wait_forever(void)
{
	for (;;)
		pause();
}

/* The children of a killed parent end with it. */
static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void *sleeping(void *unused)
{
	wait_forever();
	return NULL;
}

static void *ending(void *unused)
{
	return NULL;
}

static void *spawning(void *unused)
{
	pthread_t thread;

	for (;;) {
		/* Short of memory or pids: the others go on. */
		if (!pthread_create(&thread, NULL, ending, NULL))
			pthread_join(thread, NULL);
	}
	return NULL;
}

static void *ending_as(void *name)
{
	prctl(PR_SET_NAME, name);
	return NULL;
}

static void *writing(void *file_and_text)
{
	char **arg = file_and_text;
	int fd = open(arg[0], O_RDWR);

	if (fd < 0 || write(fd, arg[1], strlen(arg[1])) < 0)
		perror(arg[0]);
	return NULL;
}

static void start_threads(int n, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	while (n-- > 0) {
		errno = pthread_create(&thread, &attr, fn, arg);
		if (errno)
			die("pthread_create");
		pthread_detach(thread);
	}
}

static void fork_loop(void)
{
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void start_processes(int n, void (*fn)(void))
{
	while (n-- > 0) {
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			end_with_parent();
			fn();
		}
	}
}

static void exec_self(void)
{
	execl("/proc/self/exe", "klp-task", "again", NULL);
	die("exec");
}

/* ---- inherit ------------------------------------------------------------- */

/* SIGTERM is blocked, and looked for. */
static int told_to_stop(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGTERM);
}

/* What the target's function returns in this task. */
static int value(const char *file)
{
	char text[16] = "";
	int fd = open(file, O_RDWR);

	if (fd < 0 || write(fd, "value", 5) != 5 ||
	    read(fd, text, sizeof(text) - 1) < 1)
		die(file);
	close(fd);
	return atoi(text);
}

static int inherit(const char *file)
{
	unsigned long looked = 0, wrong = 0;
	int before, status;
	sigset_t term;
	pid_t pid;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	ready();
	while (!told_to_stop()) {
		before = value(file);
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid)
			_exit(value(file) < before);
		if (waitpid(pid, &status, 0) == pid) {
			looked++;
			if (status)
				wrong++;
		}
	}
	printf("%lu children, %lu wrong\n", looked, wrong);
	return wrong || !looked;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *arg = argc > 2 ? argv[2] : "";

	if (!strcmp(what, "again"))
		exec_self();
	if (!*arg) {
		fprintf(stderr, "usage: klp-task WHAT N|NAME|FILE\n");
		return 2;
	}
	if (!strcmp(what, "inherit"))
		return inherit(arg);

	if (!strcmp(what, "threads"))
		start_threads(atoi(arg), sleeping, NULL);
	else if (!strcmp(what, "spawns"))
		start_threads(atoi(arg), spawning, NULL);
	else if (!strcmp(what, "exit"))
		start_threads(1, ending_as, (void *)arg);
	else if (!strcmp(what, "writers") && argc == 5)
		start_threads(atoi(arg), writing, argv + 3);
	else if (!strcmp(what, "forks"))
		start_processes(atoi(arg), fork_loop);
	else if (!strcmp(what, "execs"))
		start_processes(atoi(arg), exec_self);
	else
		die(what);
	ready();
	wait_forever();
	return 0;
}
