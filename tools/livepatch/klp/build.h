/* SPDX-License-Identifier: GPL-2.0 */
/*
 * klp build: from a diff of the source to a patch module.
 *
 *	tree.c		scratch trees: the source before and after, kept and reused
 *	source.c	the diffs: what they touch, applied exactly, #line kept in step
 *	depend.c	which objects depend on a changed file
 *	compile.c	objects before and after
 *	diff.c		the steps from here to emit.c, for one object
 *	object.c	an object file as sections, symbols and relocations
 *	unit.c		cut into functions and data
 *	refer.c		what the relocations mean
 *	match.c		which unit before is which one after
 *	align.c		what a function refers to, before and after, side by side
 *	compare.c	what changed, by meaning
 *	special.c	the sections that describe code: alternatives, jump labels, ...
 *	refuse.c	what cannot be done safely
 *	removed.c	what is gone, and still used
 *	line.c		where it is declared, for messages
 *	select.c	what has to come along
 *	outside.c	what is referred to in the running kernel
 *	emit.c, write.c	the object of the patch module
 *	x86.c		what only x86 knows
 *	symbols.c	what is in the kernel: exports, positions
 *	types.c		layout of types, from DWARF
 *	verify.c	checksums of what is patched
 *	module.c	source of the module, and how kbuild makes it
 *	link.c		livepatch relocations (also klp link)
 *	build.c		the command
 */
#ifndef KLP_BUILD_H
#define KLP_BUILD_H

#include "util.h"

#define KLP_VMLINUX	"vmlinux"

/* ---- What is refused, and told to the author ---------------------------------------- */

struct refusal {
	const char *class;	/* one word of refuse.h's table: "data", "layout", "init", ... */
	const char *file;	/* "mm/slub.c", or NULL */
	unsigned int line;	/* 0 if not known */
	const char *what;	/* "struct page_pool", "function foo_init()" */
	const char *why;	/* "is initialised data that changed" */
	const char *advice;	/* what the author can do instead */
};

struct refusals {
	LIST(struct refusal) list;
};

void refuse(struct refusals *refusals, const struct refusal *refusal);

/* ---- The kernel that is to be patched (symbols.c) ------------------------------------ */

struct kernel;

/**
 * kernel_open() - what symbols a built kernel has
 * @vmlinux: with its symbol table; DWARF is used where it has some
 * @symvers: Module.symvers of the same build
 * @module_path: finds the .ko of a module by name (with underscores) or returns NULL
 *
 * Nothing of the modules is read before it is needed.
 */
struct kernel *kernel_open(const char *vmlinux, const char *symvers,
			   char *(*module_path)(const char *name, void *arg), void *arg);

/*
 * Where the debug information of a module is, by the callback's @arg: the files that run are
 * stripped, and then do not tell which source file a symbol comes from.
 */
void kernel_set_debug(struct kernel *kernel, char *(*debug_path)(const char *name, void *arg));

/* What the modules of another Module.symvers export, too */
void kernel_add_exports(struct kernel *kernel, const char *symvers);

const char *kernel_build_id(const struct kernel *kernel, const char *object);	/* hex, or NULL */

/* The object that exports @name ("vmlinux" or a module), or NULL. */
const char *kernel_export(const struct kernel *kernel, const char *name);

/* The namespace that modules have to import to use it, or NULL. */
const char *kernel_export_namespace(const struct kernel *kernel, const char *name);

struct place {
	const char *object;	/* "vmlinux" or a module */
	const char *name;	/* as in kallsyms */
	unsigned long pos;	/* 0 if the only one, else the n-th of that name */
	uint64_t address;	/* in vmlinux; in a module, offset in its section */
	uint64_t size;
	const char *section;	/* in the object's ELF file */
};

/**
 * kernel_find() - where a symbol of an object file is in the built kernel
 * @object: "vmlinux" or a module
 * @source: file that defines it, as in the tree: "fs/proc/meminfo.c"; NULL for a global one
 * @name: as in the object file
 * @near: names of the other local symbols of that object file, to tell files of the same
 *	  name apart; ends with NULL; or NULL
 * @place: where it is
 * @why: set when it is not found or cannot be told from another one
 *
 * Return: whether @place was found.
 */
bool kernel_find(const struct kernel *kernel, const char *object, const char *source,
		 const char *name, const char *const *near, struct place *place, const char **why);

/* Bytes of the built object at @place, its size long; NULL if it has none. */
const unsigned char *kernel_bytes(const struct kernel *kernel, const struct place *place);

/* ---- One object before and after (object.c ... emit.c) ------------------------------- */

/* A function that the module replaces. */
struct change {
	struct place place;
	const char *alias;	/* global symbol of the new code in the emitted object */
	const char *source;	/* "fs/proc/meminfo.c" */
	unsigned int line;
	const char *why;	/* "changed", "calls inlined foo()", ... */
};

/* A symbol of the running kernel that the module refers to, not exported to it. */
struct reference {
	const char *symbol;	/* its name in the emitted object */
	struct place place;	/* of what it stands for */
	const char *object;	/* whose code refers to it */
};

/* A callback, a state or the like that macros of livepatch_helpers.h declared. */
struct declaration {
	const char *object;
	const char *kind;	/* "state", or which callback: "pre_patch", ... */
	const char *alias;	/* global symbol of the function or datum */
};

/* A global function that is not there any more after the diff. */
struct removed {
	const char *name, *object, *source;
};

struct gone {
	LIST(struct removed) removed;
	LIST(const char *) left;	/* functions whose original nobody enters any more */
};

struct diff {
	/* in */
	const char *before, *after;	/* object files, one section per function and datum */
	const char *source;		/* "fs/proc/meminfo.c" */
	const char *object;		/* where it is linked into: "vmlinux" or a module */
	const char *out;		/* the object to write */
	unsigned int index;		/* of this object in the patch: makes aliases unique */
	const struct kernel *kernel;
	/* New global symbols; end with NULL, or are NULL */
	const char *const *wanted;	/* of this object, that others of the patch use: include */
	const char *const *beside;	/* of others, that this one uses: leave plain, undefined */
	/* out */
	LIST(struct change) changes;
	LIST(struct reference) references;
	LIST(struct declaration) declarations;
	LIST(const char *) added;	/* functions and data that are new, to tell the author */
	struct gone *gone;		/* added to, unless NULL */
	struct refusals refusals;
};

/**
 * diff_object() - compare two builds of one source file, write what the patch needs
 *
 * With refusals, or if nothing changed that matters, no object is written.
 *
 * Return: whether an object was written.
 */
bool diff_object(struct diff *diff);

/* Functions that are removed, but not from all that use them (removed.c). */
void removed_check(const struct kernel *kernel, const struct gone *gone,
		   struct refusals *refusals);

/* Types whose layout changed and that code beyond @diff->changes can reach (types.c). */
void types_compare(struct diff *diff);

/* ---- Livepatch relocations (link.c) --------------------------------------------------- */

/**
 * link_module() - turn references into livepatch relocations
 * @path: the module, rewritten in place when all went well
 * @references: which undefined symbols stand for what; symbols that are called
 *		".klp.sym.<object>.<name>,<position>" already need no entry
 * @kernel: to see which undefined symbols are exported, and to find those that objtool
 *	    made; NULL: only names count
 */
void link_module(const char *path, const struct reference *references, size_t nr,
		 const struct kernel *kernel);

/* ---- Checksums of what is patched (verify.c) ------------------------------------------ */

struct mask {
	uint32_t offset;	/* from the start of the function */
	uint16_t size;		/* bytes that the running kernel may have rewritten */
};

struct verified {
	struct place place;
	uint8_t sum[32];	/* SHA-256 of the bytes, masked ones as 0 */
	LIST(struct mask) masks;
};

/* Return: false with @why, if it cannot be told what the running kernel rewrites there. */
bool verify_function(const struct kernel *kernel, const struct place *place,
		     struct verified *verified, const char **why);

/* Why modules for @kernel cannot check what they patch, or NULL. */
const char *verify_unable(const struct kernel *kernel);

/*
 * The tables of module/klp_verify.h as C source: verify_<@object>, a struct
 * klp_verify_object, of @nr (not 0) functions of one object.
 */
void verify_source(struct text *out, const struct kernel *kernel, const struct verified *verified,
		   size_t nr, size_t object);

#endif
