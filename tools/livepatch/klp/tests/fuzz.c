// SPDX-License-Identifier: GPL-2.0
/*
 * Broken input, made by libFuzzer; built and run by tests/fuzz.sh.
 *
 * KLP_FUZZ says what the input is: "object", an object file that is compared with the one
 * of $KLP_FUZZ_OTHER, in both roles; "link", a module; "diff", a diff of the source;
 * "lines", a file of C and what diff(1) says of it, with a zero byte between them.
 *
 * klp ends at the first thing that is wrong; here it goes on with the next input instead,
 * and gives back the memory.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <unistd.h>

#include "../memory.c"

int unused_main(int argc, char **argv);

#define main unused_main
#include "diff.c"
#undef main

#include "../link.h"
#include "../object.h"
#include "../source.h"
#include "../target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
struct bytes __wrap_file_read(const char *path);
struct bytes __real_file_read(const char *path);
Elf *__wrap_elf_memory(char *image, size_t size);
Elf *__real_elf_memory(char *image, size_t size);
int __wrap_elf_end(Elf *elf);
int __real_elf_end(Elf *elf);
_Noreturn void __wrap_exit(int status);
_Noreturn void __real_exit(int status);

static const char INPUT[] = "input";

static struct bytes input;
static Elf *opened;		/* one at a time */
static bool running;
static jmp_buf ended;

void __wrap_exit(int status)
{
	if (!running)
		__real_exit(status);
	longjmp(ended, 1);
}

void die_refused(const char *fmt, ...)
{
	(void)fmt;
	exit(KLP_EXIT_REFUSED);
}

/* libdw is not what is tested; and what it would find is for messages only. */
const char *source_line(const char *path, const char *name, unsigned int *line)
{
	(void)path;
	(void)name;
	*line = 0;
	return NULL;
}

bool source_same(const char *before, const char *after, const char *name)
{
	(void)before;
	(void)after;
	(void)name;
	return true;
}

struct bytes __wrap_file_read(const char *path)
{
	struct bytes copy;

	if (path != INPUT)
		return __real_file_read(path);
	copy.at = mem_alloc(input.size + 1);
	copy.size = input.size;
	if (input.size)
		memcpy(copy.at, input.at, input.size);
	return copy;
}

Elf *__wrap_elf_memory(char *image, size_t size)
{
	opened = __real_elf_memory(image, size);
	return opened;
}

int __wrap_elf_end(Elf *elf)
{
	if (elf == opened)
		opened = NULL;
	return __real_elf_end(elf);
}

static void compare(const char *before, const char *after)
{
	struct diff diff = {
		.before = before, .after = after, .source = "fuzz.c", .object = KLP_VMLINUX,
		.out = mem_printf("%s/out.o", getenv("KLP_FUZZ_DIR")), .index = 7,
	};

	diff_object(&diff);
}

static void link_input(bool reverse)
{
	struct reference references[] = {
		{ "lost_one", { "vmlinux", "lost_one", 1, 0, 0, NULL }, "vmlinux" },
		{ "mod_one", { "other", "mod_one", 2, 0, 0, NULL }, "other" },
		{ "exp_printk", { "other", "exp_printk", 0, 0, 0, NULL }, "other" },
	};

	link_file(INPUT, mem_printf("%s/out.ko", getenv("KLP_FUZZ_DIR")), references,
		  ARRAY_SIZE(references), reverse ? NULL : (const struct kernel *)&input);
}

static void read_diff(void)
{
	struct sources sources = { 0 };

	source_read(&sources, INPUT);
}

static void place_lines(void)
{
	struct bytes copy = __wrap_file_read(INPUT);
	const char *text = (const char *)copy.at;
	size_t first = strlen(text);
	struct text out = { 0 };

	if (first < copy.size)
		lines_place(text + first + 1, text, &out);
}

static void try(bool reverse)
{
	const char *what = getenv("KLP_FUZZ"), *other = getenv("KLP_FUZZ_OTHER");
	unsigned int first = (unsigned int)open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t mark;

	mem_alloc(1);		/* stays, so that the list is never empty */
	mark = mem_mark();
	running = true;
	if (setjmp(ended))
		; /* it ended, as it should with broken input */
	else if (!strcmp(what, "object"))
		compare(reverse ? INPUT : other, reverse ? other : INPUT);
	else if (!strcmp(what, "link"))
		link_input(reverse);
	else if (!strcmp(what, "lines"))
		place_lines();
	else
		read_diff();
	running = false;
	elf_end(opened);
	opened = NULL;
	mem_release(mark);
	names_free_all();
	close_range(first, ~0U, 0);	/* it may have ended with a file open */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *what = getenv("KLP_FUZZ");

	input.at = (unsigned char *)data;
	input.size = size;
	try(false);
	if (!strcmp(what, "object") || !strcmp(what, "link"))
		try(true);
	return 0;
}
