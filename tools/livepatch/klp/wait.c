// SPDX-License-Identifier: GPL-2.0
/*
 * Waits for a transition, and shows how it goes.
 *
 * Our core wakes poll() on "transition".  On other kernels poll() ends by its time limit
 * only, which is short then.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "manage.h"

#define TICK_MS		100	/* where nobody wakes us */
#define SHOW_MS		250	/* between two looks at the tasks */
#define LONG_MS		5000

static volatile sig_atomic_t caught;
static sigset_t outside;	/* what is blocked but while waiting is not */

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- Signals: taken while waiting, and nowhere else ---------------------------- */

static void on_signal(int number)
{
	caught = number;
}

void signals_catch(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal }, before;
	sigset_t ours;
	size_t i;

	sigemptyset(&ours);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		sigaction(numbers[i], NULL, &before);
		if (before.sa_handler == SIG_IGN)	/* nohup, or in the background */
			continue;
		sigaction(numbers[i], &action, NULL);
		sigaddset(&ours, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &ours, &outside);
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		sigdelset(&outside, numbers[i]);
}

int signal_caught(void)
{
	return caught;
}

void signal_clear(void)
{
	caught = 0;
}

/* ---- The line of progress ------------------------------------------------------ */

static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

static const char *bar(const struct moved *moved)
{
	unsigned long all = moved->moved + moved->left, i, full, width = columns() / 8;
	struct text text = { 0 };

	full = all ? moved->moved * width / all : 0;
	for (i = 0; i < width; i++)
		text_add(&text, "%s", i < full ? "#" : ".");
	return text.at;
}

static const char *names_of(const struct blockers *blockers)
{
	const struct blocker *blocker;
	struct text text = { 0 };

	text_add(&text, "%s", "");
	list_for_each(blocker, &blockers->list)
		text_add(&text, "%s %s[%d] %s", text.size ? "," : ":", blocker->comm,
			 blocker->tid, blocker->reason);
	return text.at;
}

static void show(const struct wait *wait, const char *name)
{
	struct blockers blockers;
	struct moved moved;
	struct patch patch;
	const char *line;

	patch_read(name, &patch);
	tasks_count(&patch, &moved);
	blockers_read(&patch, &blockers);
	line = mem_printf("%s %s [%s] %lu/%lu tasks, %.1f s%s", wait->doing, name, bar(&moved),
			  moved.moved, moved.moved + moved.left,
			  (double)(now_ms() - wait->begin) / 1000, names_of(&blockers));
	progress("%.*s", (int)columns() - 1, line);
}

/* Looking at many tasks takes time: not more than a tenth of it. */
static void show_at_times(const struct wait *wait, const char *name, uint64_t *next)
{
	uint64_t begin = now_ms(), took;
	size_t mark = mem_mark();

	if (wait->quiet || !isatty(STDERR_FILENO) || begin < *next)
		return;
	show(wait, name);
	mem_release(mark);
	took = now_ms() - begin;
	*next = now_ms() + (took * 10 > SHOW_MS ? took * 10 : SHOW_MS);
}

/* ---- Waiting ------------------------------------------------------------------- */

static enum waited wait_for(const struct wait *wait, struct pollfd *file, unsigned int ms)
{
	uint64_t now = now_ms(), end = now + ms;
	struct timespec limit;

	if (caught)
		return WAIT_SIGNAL;
	if (wait->end && now >= wait->end)
		return WAIT_TIMEOUT;
	if (wait->end && end > wait->end)
		end = wait->end;
	limit.tv_sec = (time_t)((end - now) / 1000);
	limit.tv_nsec = (long)((end - now) % 1000) * 1000000;
	if (ppoll(file, file ? 1 : 0, &limit, &outside) < 0 && errno != EINTR)
		die_errno("poll");
	return caught ? WAIT_SIGNAL : WAIT_OVER;
}

enum waited wait_ms(const struct wait *wait, unsigned int ms)
{
	return wait_for(wait, NULL, ms);
}

static unsigned int tick(const struct wait *wait)
{
	if (!core_tells())
		return TICK_MS;
	return wait->quiet || !isatty(STDERR_FILENO) ? LONG_MS : SHOW_MS;
}

/* It cannot be read any more when the patch has gone. */
static bool in_transition(int fd)
{
	char text[2];

	return pread(fd, text, sizeof(text), 0) > 0 && *text == '1';
}

/* Return: WAIT_OVER when @name is in no transition (any more). */
enum waited wait_transition(const struct wait *wait, const char *name)
{
	struct pollfd file = { .events = POLLPRI };
	enum waited waited = WAIT_OVER;
	unsigned int ms = tick(wait);
	uint64_t next = now_ms() + SHOW_MS;

	file.fd = open(sys_path("/sys/kernel/livepatch/%s/transition", name), O_RDONLY | O_CLOEXEC);
	if (file.fd < 0)
		return WAIT_OVER;
	while (waited == WAIT_OVER && in_transition(file.fd)) {
		show_at_times(wait, name, &next);
		waited = wait_for(wait, &file, ms);
	}
	close(file.fd);
	progress_end();
	return waited;
}
