// SPDX-License-Identifier: GPL-2.0
/* Runs other programs: never by a shell, so nothing in a name is special. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

extern char **environ;

static void check(int error, const char *what)
{
	if (!error)
		return;
	errno = error;
	die_errno("%s", what);
}

static const char *command_line(const struct run *run)
{
	struct text text = { 0 };
	const char *const *arg;

	for (arg = run->argv; *arg; arg++)
		text_add(&text, "%s%s", arg == run->argv ? "" : " ", *arg);
	return text.at;
}

static bool is_read(const struct run *run)
{
	return run->output || run->line;
}

/* Its output comes to us, goes to the log, or is ours. */
static void set_files(posix_spawn_file_actions_t *files, const struct run *run, const int pipes[2])
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND;
	static const char nothing[] = "/dev/null";

	if (run->quiet_input)
		check(posix_spawn_file_actions_addopen(files, 0, nothing, O_RDONLY, 0), nothing);
	if (is_read(run))
		check(posix_spawn_file_actions_adddup2(files, pipes[1], 1), "pipe");
	else if (run->log)
		check(posix_spawn_file_actions_addopen(files, 1, run->log, flags, 0644), run->log);
	if (run->log && run->output)
		check(posix_spawn_file_actions_addopen(files, 2, run->log, flags, 0644), run->log);
	else if (run->log || run->line)
		check(posix_spawn_file_actions_adddup2(files, 1, 2), "pipe");
	if (run->dir)
		check(posix_spawn_file_actions_addchdir_np(files, run->dir), run->dir);
}

static void tell_lines(const struct run *run, struct text *pending, FILE *log)
{
	char *line = pending->at, *end;

	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		if (log)
			fprintf(log, "%s\n", line);
		if (run->line)
			run->line(line, run->arg);
		line = end + 1;
	}
	pending->size -= (size_t)(line - pending->at);
	memmove(pending->at, line, pending->size + 1);
}

static void read_output(const struct run *run, int fd)
{
	FILE *log = run->log && !run->output ? fopen(run->log, "ae") : NULL;
	struct text pending = { 0 };
	char part[4096];
	ssize_t got;

	while ((got = read(fd, part, sizeof(part))) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		text_add_bytes(run->output ? run->output : &pending, part, (size_t)got);
		if (!run->output)
			tell_lines(run, &pending, log);
	}
	if (pending.size) {
		text_add(&pending, "\n");
		tell_lines(run, &pending, log);
	}
	if (log)
		fclose(log);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			die_errno("waiting for a program");
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run(const struct run *run)
{
	posix_spawn_file_actions_t files;
	int pipes[2] = { -1, -1 }, error;
	pid_t pid;

	note("%s%s%s", run->dir ? run->dir : "", run->dir ? ": " : "", command_line(run));
	fflush(NULL);
	if (is_read(run) && pipe2(pipes, O_CLOEXEC))
		die_errno("pipe");
	check(posix_spawn_file_actions_init(&files), "posix_spawn");
	set_files(&files, run, pipes);
	error = posix_spawnp(&pid, run->argv[0], &files, NULL, (char *const *)run->argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (is_read(run))
		close(pipes[1]);
	if (!error && is_read(run))
		read_output(run, pipes[0]);
	if (is_read(run))
		close(pipes[0]);
	return error ? 127 : wait_for(pid);
}
