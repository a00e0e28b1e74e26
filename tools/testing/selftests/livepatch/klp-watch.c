// SPDX-License-Identifier: GPL-2.0
/*
 * klp-watch - wait for what the kernel tells by itself
 *
 *	klp-watch file FILE		what FILE reads, at first and whenever
 *					poll(2) says that it has changed
 *	klp-watch until FILE VALUE	until FILE reads VALUE or is gone, by poll(2)
 *					alone; FILE may be the number of an open one
 *	klp-watch uevents		uevents, one on each line
 *
 * "until" fails after 30 seconds without a word from the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "klp-watch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_file(const char *name)
{
	int fd = name[strspn(name, "0123456789")] ? open(name, O_RDONLY) : atoi(name);

	if (fd < 0)
		die(name);
	return fd;
}

/* The first line; "gone" when the file has been removed */
static const char *value(int fd)
{
	static char text[64];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		return "gone";
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* Returns what happened, 0 for nothing in that time. */
static int changed(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI | POLLERR };

	if (poll(&p, 1, ms) < 0)
		die("poll");
	return p.revents;
}

static void say(const char *text, const char *more)
{
	printf("%s%s\n", text, more);
	fflush(stdout);
}

static void watch_file(const char *name)
{
	int fd = open_file(name);
	const char *text = value(fd);

	say(text, "");
	while (strcmp(text, "gone")) {
		int what = changed(fd, -1);

		text = value(fd);
		what &= POLLPRI | POLLERR;
		say(text, what == (POLLPRI | POLLERR) ? "" : " without");
	}
}

static int watch_until(const char *name, const char *want)
{
	int fd = open_file(name);

	const char *text = value(fd);

	while (strcmp(text, want) && strcmp(text, "gone")) {
		if (!changed(fd, 30000)) {
			fprintf(stderr, "klp-watch: %s: not a word, and it reads %s\n",
				name, value(fd));
			return 1;
		}
		text = value(fd);
	}
	return 0;
}

static void watch_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	char text[4096];
	ssize_t len, i;

	if (fd < 0 || bind(fd, (void *)&addr, sizeof(addr)))
		die("netlink");
	say("ready", "");
	while ((len = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
		for (i = 0; i < len; i++)
			if (!text[i])
				text[i] = ' ';
		text[len] = '\0';
		say(text, "");
	}
	die("recv");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "file") && argc == 3)
		watch_file(argv[2]);
	else if (!strcmp(what, "until") && argc == 4)
		return watch_until(argv[2], argv[3]);
	else if (!strcmp(what, "uevents") && argc == 2)
		watch_uevents();
	else
		fprintf(stderr, "usage: klp-watch file FILE | until FILE VALUE | uevents\n");
	return 2;
}
