// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps the numbers of lines.
 *
 * A line that a diff adds moves all that follows, and every __LINE__ below it: WARN(),
 * lockdep's classes, dynamic debug.  Functions that nobody meant to change would differ.
 * A #line directive after each hunk puts the numbers back.  It is written only where a
 * reader of C without a preprocessor can be sure to be at the top level of the file:
 * never within a macro's arguments, a comment, a string, or a line that is continued.
 */
#include <ctype.h>

#include "source.h"

/* After line @new of the changed file, numbers are those of @old and up. */
struct shift {
	unsigned long old, new;
};

struct shifts {
	LIST(struct shift) list;
};

/* One #if that is open: what its branches do to the depth of braces */
struct branch {
	long start;		/* before the #if */
	long first;		/* after its first branch, which is taken for all */
	bool is_first;
};

struct lexer {
	long depth;		/* of braces, brackets and parentheses */
	bool comment;
	char quote;		/* within a string or character constant, what ends it */
	bool lost;		/* nothing is sure any more */
	char last;		/* last character that means something; 0 at the start */
	bool continued;		/* the line before ended with a backslash */
	bool directive;		/* within #... */
	bool branch_left;	/* an #else or #endif ended code that a #line was put into */
	size_t placed_in;	/* how many #if were open around the last #line */
	LIST(struct branch) branches;
};

/* ---- What diff(1) prints -------------------------------------------------------------- */

static unsigned long number(const char **at)
{
	char *end;
	unsigned long value = strtoul(*at, &end, 10);

	*at = end;
	return value;
}

/* "5a6,7", "12,14c12,15", "8d7"; other lines show the text. */
static bool read_change(const char *at, struct shift *shift)
{
	char kind;

	if (!isdigit((unsigned char)*at))
		return false;
	shift->old = number(&at);
	if (*at == ',' && at++)
		shift->old = number(&at);
	kind = *at;
	if (!kind || !strchr("acd", kind))
		return false;
	at++;
	shift->new = number(&at);
	if (*at == ',' && at++)
		shift->new = number(&at);
	return *at == '\n' || !*at;
}

/* Only where the distance between the numbers changes. */
static void read_changes(struct shifts *shifts, const char *changes)
{
	struct shift shift, before = { 0 };

	for (; *changes; changes += *changes == '\n') {
		if (read_change(changes, &shift)) {
			if (shift.new - shift.old != before.new - before.old)
				*list_add(&shifts->list) = shift;
			before = shift;
		}
		changes += strcspn(changes, "\n");
	}
}

/* ---- Where the top level is ----------------------------------------------------------- */

static void enter_branch(struct lexer *lexer)
{
	*list_add(&lexer->branches) = (struct branch){
		.start = lexer->depth, .first = lexer->depth, .is_first = true,
	};
}

static void next_branch(struct lexer *lexer)
{
	struct branch *branch;

	if (!lexer->branches.nr) {
		lexer->lost = true;
		return;
	}
	branch = &lexer->branches.at[lexer->branches.nr - 1];
	if (branch->is_first)
		branch->first = lexer->depth;
	branch->is_first = false;
	lexer->depth = branch->start;
}

static void leave_branch(struct lexer *lexer)
{
	next_branch(lexer);
	if (lexer->lost)
		return;
	lexer->branches.nr--;
	lexer->depth = lexer->branches.at[lexer->branches.nr].first;
}

static bool is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return str_starts(text, word) && !isalnum((unsigned char)text[length]) &&
	       text[length] != '_';
}

static void see_directive(struct lexer *lexer, const char *text)
{
	size_t open = lexer->branches.nr;

	text += strspn(text, " \t");
	if (is_word(text, "if") || is_word(text, "ifdef") || is_word(text, "ifndef")) {
		enter_branch(lexer);
		return;
	}
	if (is_word(text, "else") || is_word(text, "elif"))
		next_branch(lexer);
	else if (is_word(text, "endif"))
		leave_branch(lexer);
	else if (is_word(text, "line"))
		lexer->lost = true;
	else
		return;
	/* The #line may be in code that is not compiled. */
	if (lexer->placed_in >= open)
		lexer->branch_left = true;
}

static const char *see_quoted(struct lexer *lexer, const char *at)
{
	if (*at == '\\' && at[1] && at[1] != '\n')
		return at + 2;
	if (*at == lexer->quote)
		lexer->quote = 0;
	return at + 1;
}

static void see_character(struct lexer *lexer, char c)
{
	if (strchr("{[(", c))
		lexer->depth++;
	if (strchr("}])", c) && --lexer->depth < 0)
		lexer->lost = true;
	if (!isspace((unsigned char)c))
		lexer->last = c;
}

static const char *see_comment(struct lexer *lexer, const char *at)
{
	if (*at != '*' || at[1] != '/')
		return at + 1;
	lexer->comment = false;
	return at + 2;
}

static const char *see_code(struct lexer *lexer, const char *at)
{
	if (*at == '/' && at[1] == '*') {
		lexer->comment = true;
		return at + 2;
	}
	if (*at == '/' && at[1] == '/')
		return at + strcspn(at, "\n");
	if (*at == '"' || *at == '\'') {
		if (!lexer->directive)
			lexer->last = *at;
		lexer->quote = *at;
		return at + 1;
	}
	/* The braces of a macro are not those of the file. */
	if (!lexer->directive)
		see_character(lexer, *at);
	return at + 1;
}

/* Return: the start of the next line. */
static const char *see_line(struct lexer *lexer, const char *at)
{
	const char *start = at + strspn(at, " \t");
	const char *end = strchrnul(at, '\n');

	/* Constants end with their line; text that is not compiled has single quotes. */
	if (!lexer->continued)
		lexer->quote = 0;
	if (!lexer->continued)
		lexer->directive = !lexer->comment && *start == '#';
	if (lexer->directive && !lexer->continued) {
		see_directive(lexer, start + 1);
		lexer->last = lexer->depth ? lexer->last : ';';
	}
	lexer->continued = end > at && (end[-1] == '\\' || (end[-1] == '\r' && end - at > 1 &&
							     end[-2] == '\\'));
	while (at < end) {
		if (lexer->comment)
			at = see_comment(lexer, at);
		else if (lexer->quote)
			at = see_quoted(lexer, at);
		else
			at = see_code(lexer, at);
	}
	return *end ? end + 1 : end;
}

/* Between two lines: is this the top level, with nothing begun? */
static bool is_top(const struct lexer *lexer)
{
	return !lexer->lost && !lexer->comment && !lexer->continued && !lexer->depth &&
	       (!lexer->last || strchr(";}", lexer->last));
}

/* ---- Writing -------------------------------------------------------------------------- */

struct place_state {
	const struct shifts *shifts;
	size_t next;		/* shift that was not reached yet */
	const struct shift *pending, *current;
};

/* Line @line has been seen: is there a shift to be told after it? It holds from its end on. */
static void reach(struct place_state *state, struct lexer *lexer, unsigned long line)
{
	while (state->next < state->shifts->list.nr &&
	       state->shifts->list.at[state->next].new <= line)
		state->pending = state->current = &state->shifts->list.at[state->next++];
	if (lexer->branch_left && state->current)
		state->pending = state->current;
	lexer->branch_left = false;
}

bool lines_place(const char *changes, const char *after, struct text *out)
{
	struct shifts shifts = { 0 };
	struct place_state state = { .shifts = &shifts };
	struct lexer lexer = { 0 };
	unsigned long line = 0;
	const char *next;
	bool placed = false;

	read_changes(&shifts, changes);
	while (*after) {
		next = see_line(&lexer, after);
		text_add_bytes(out, after, (size_t)(next - after));
		after = next;
		line++;
		reach(&state, &lexer, line);
		if (!state.pending || !is_top(&lexer) || !*after || next[-1] != '\n')
			continue;
		text_add(out, "#line %lu\n", line + 1 - state.pending->new + state.pending->old);
		lexer.placed_in = lexer.branches.nr;
		state.pending = NULL;
		placed = true;
	}
	return placed;
}

bool lines_keep(const char *before, const char *after)
{
	struct text changes = { 0 }, out = { 0 };
	struct run how = {
		.argv = (const char *[]){ "diff", "-a", before, after, NULL },
		.output = &changes,
	};
	struct bytes bytes;

	if (!str_ends(after, ".c") && !str_ends(after, ".h"))
		return false;
	if (run(&how) != 1 || !changes.at)
		return false;
	bytes = file_read(after);
	if (memchr(bytes.at, 0, bytes.size) ||
	    !lines_place(changes.at, (const char *)bytes.at, &out))
		return false;
	file_write(after, out.at, out.size);
	return true;
}
