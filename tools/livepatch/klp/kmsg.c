// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel said about livepatch while klp was at it: the errno of a module that
 * was refused says little, the log says which function and why.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "manage.h"

#define LINES_MOST	20

/* Return: -1 where it cannot be read; then nothing will be told. */
int kmsg_open(void)
{
	int fd = open(sys_path("/dev/kmsg"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0)
		note("/dev/kmsg: %s", strerror(errno));
	return fd;
}

/* "6,339,5140900,-;text", perhaps with lines of details after it */
static void take(char *record, const char *about, struct text_list *lines)
{
	char *text = strchr(record, ';');

	if (!text)
		return;
	text++;
	text[strcspn(text, "\n")] = '\0';
	if (!strstr(text, "livepatch: ") && !strstr(text, about))
		return;
	if (lines->list.nr < LINES_MOST)
		*list_add(&lines->list) = mem_strdup(text);
}

/* One record with each read(); EPIPE: some were lost, go on with the next. */
void kmsg_read(int fd, const char *about, struct text_list *lines)
{
	char record[8192];
	ssize_t got;

	while (fd >= 0) {
		got = read(fd, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE)
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		take(record, about, lines);
	}
}
