/* SPDX-License-Identifier: GPL-2.0 */
/* Types of one object before and after, in DWARF: types.c, layout.c, typeuse.c. */
#ifndef KLP_LAYOUT_H
#define KLP_LAYOUT_H

#include <dwarf.h>
#include <elfutils/libdw.h>

#include "util.h"

/* A named type, or an enumerator. */
struct type {
	const char *kind, *name;	/* "struct", "foo"; "enumerator", "FOO" */
	const char *function;		/* inside of it; or "" */
	Dwarf_Die die;
	Dwarf_Die parent;		/* of an enumerator: the enumeration */
};

/* A DIE that has a type, for "who uses this type?" */
struct use {
	Dwarf_Off type;
	Dwarf_Die die;
	size_t function;		/* index of the one it is in; 0: none */
};

/* A function, and where its code is: itself, and what it was inlined into. */
struct function {
	const char *name;
	Dwarf_Off die;
	bool has_code;
};

struct inlined {
	Dwarf_Off origin;		/* the function that was inlined */
	size_t into;			/* index of the function that has the code */
};

struct unit_types {
	LIST(struct type) types;	/* sorted by name, kind, function, place */
	LIST(struct use) uses;
	LIST(struct function) functions;	/* the first is none */
	LIST(struct inlined) inlined;
};

/* ---- layout.c --------------------------------------------------------------------- */

/* The type behind typedefs, const and volatile; false for void. */
bool type_of(Dwarf_Die *die, Dwarf_Die *type);
bool type_peel(Dwarf_Die *type);

/* Whether code made for one understands data made for the other. */
bool layout_same(Dwarf_Die *before, Dwarf_Die *after);

/* Members of the same place and type have other names, and nothing else differs. */
bool layout_only_renamed(Dwarf_Die *before, Dwarf_Die *after);

/* What differs, to follow the name of the type; @line of the declaration that is the cause. */
const char *layout_difference(Dwarf_Die *before, Dwarf_Die *after, unsigned int *line);

/* Whether a type that is named and in @differ is part of this one, by value. */
bool layout_has_part(Dwarf_Die *die, bool (*differs)(Dwarf_Die *part, void *arg), void *arg);

/* ---- typeuse.c -------------------------------------------------------------------- */

/* Whether all that has this type is a local variable of a function that @replaced accepts. */
bool type_is_private(const struct unit_types *unit, const struct type *type,
		     bool (*replaced)(const char *function, void *arg), void *arg);

#endif
