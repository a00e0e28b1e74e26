// SPDX-License-Identifier: GPL-2.0
/*
 * When two types have the same layout, and what differs if not.
 *
 * Types that have names are compared by their own name elsewhere; as a part of another
 * type, the name and the size stand for them.  What is behind a pointer is no part.
 */
#include "layout.h"

#define DEPTH_MAX	64		/* no type is nested deeper, but a broken file may loop */

struct field {
	const char *name;		/* "a", "hdr.a" */
	uint64_t bit, bits;
	Dwarf_Die die;
};

struct fields {
	LIST(struct field) list;
};

/* ---- Types ------------------------------------------------------------------------ */

bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, type);
}

static bool is_wrapper(int tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

bool type_peel(Dwarf_Die *type)
{
	Dwarf_Die inner;
	int i;

	for (i = 0; i < DEPTH_MAX && is_wrapper(dwarf_tag(type)); i++) {
		if (!type_of(type, &inner))
			return false;
		*type = inner;
	}
	return !is_wrapper(dwarf_tag(type));
}

static bool is_compound(Dwarf_Die *type)
{
	return dwarf_tag(type) == DW_TAG_structure_type || dwarf_tag(type) == DW_TAG_union_type;
}

static bool is_anonymous_compound(Dwarf_Die *type)
{
	return is_compound(type) && !dwarf_diename(type);
}

static uint64_t size_of(Dwarf_Die *type)
{
	Dwarf_Word size;

	return dwarf_aggregate_size(type, &size) ? 0 : size;
}

static bool number(Dwarf_Die *die, unsigned int name, uint64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	*value = 0;
	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &word))
		return false;
	*value = word;
	return true;
}

/* ---- Members ---------------------------------------------------------------------- */

static bool next_member(Dwarf_Die *parent, Dwarf_Die *member, bool first)
{
	if (first ? dwarf_child(parent, member) : dwarf_siblingof(member, member))
		return false;
	while (dwarf_tag(member) != DW_TAG_member)
		if (dwarf_siblingof(member, member))
			return false;
	return true;
}

static uint64_t member_bits(Dwarf_Die *member)
{
	Dwarf_Die type;
	uint64_t bits;

	if (number(member, DW_AT_bit_size, &bits))
		return bits;
	return type_of(member, &type) ? 8 * size_of(&type) : 0;
}

/* DWARF 4 may count the bits of a bit field from the upper end of what holds it. */
static uint64_t member_bit(Dwarf_Die *member)
{
	uint64_t bit, bytes, holder, from_end;
	Dwarf_Die type;

	if (number(member, DW_AT_data_bit_offset, &bit))
		return bit;
	number(member, DW_AT_data_member_location, &bytes);
	if (!number(member, DW_AT_bit_offset, &from_end))
		return 8 * bytes;
	if (!number(member, DW_AT_byte_size, &holder))
		holder = type_of(member, &type) ? size_of(&type) : 0;
	return 8 * bytes + 8 * holder - from_end - member_bits(member);
}

static bool same_name(Dwarf_Die *before, Dwarf_Die *after)
{
	const char *left = dwarf_diename(before), *right = dwarf_diename(after);

	return left && right ? !strcmp(left, right) : left == right;
}

/* ---- The same? -------------------------------------------------------------------- */

static bool same(Dwarf_Die *before, Dwarf_Die *after, int depth);

static bool same_part(Dwarf_Die *before, Dwarf_Die *after, int depth)
{
	Dwarf_Die left, right;
	bool has = type_of(before, &left);

	if (has != type_of(after, &right))
		return false;
	return !has || same(&left, &right, depth + 1);
}

static bool same_members(Dwarf_Die *before, Dwarf_Die *after, int depth)
{
	Dwarf_Die left, right;
	bool more = next_member(before, &left, true), too = next_member(after, &right, true);

	while (more && too) {
		if (!same_name(&left, &right) || member_bit(&left) != member_bit(&right) ||
		    member_bits(&left) != member_bits(&right) || !same_part(&left, &right, depth))
			return false;
		more = next_member(before, &left, false);
		too = next_member(after, &right, false);
	}
	return !more && !too;
}

static bool next_bound(Dwarf_Die *array, Dwarf_Die *bound, bool first)
{
	if (first ? dwarf_child(array, bound) : dwarf_siblingof(bound, bound))
		return false;
	while (dwarf_tag(bound) != DW_TAG_subrange_type)
		if (dwarf_siblingof(bound, bound))
			return false;
	return true;
}

/* Elements of one dimension, plus 1; 0: as many as there are. */
static uint64_t elements(Dwarf_Die *bound)
{
	uint64_t value;

	if (number(bound, DW_AT_count, &value))
		return value + 1;
	return number(bound, DW_AT_upper_bound, &value) ? value + 2 : 0;
}

static bool same_array(Dwarf_Die *before, Dwarf_Die *after, int depth)
{
	Dwarf_Die left, right;
	bool more = next_bound(before, &left, true), too = next_bound(after, &right, true);

	while (more && too) {
		if (elements(&left) != elements(&right))
			return false;
		more = next_bound(before, &left, false);
		too = next_bound(after, &right, false);
	}
	return !more && !too && same_part(before, after, depth);
}

static bool same_compound(Dwarf_Die *before, Dwarf_Die *after, int depth)
{
	if (dwarf_tag(before) != dwarf_tag(after) || size_of(before) != size_of(after))
		return false;
	if (depth && dwarf_diename(before) && dwarf_diename(after))
		return same_name(before, after);
	return same_members(before, after, depth);
}

static bool same(Dwarf_Die *before, Dwarf_Die *after, int depth)
{
	Dwarf_Die left = *before, right = *after;
	bool has = type_peel(&left);

	if (has != type_peel(&right))
		return false;
	if (!has || depth > DEPTH_MAX)
		return !has;
	if (is_compound(&left) || is_compound(&right))
		return same_compound(&left, &right, depth);
	if (dwarf_tag(&left) == DW_TAG_array_type && dwarf_tag(&right) == DW_TAG_array_type)
		return same_array(&left, &right, depth);
	/* numbers, enumerations, pointers: what holds the bits */
	return size_of(&left) == size_of(&right);
}

bool layout_same(Dwarf_Die *before, Dwarf_Die *after)
{
	/* a typedef of a type that has a name: the name stands for it */
	return same(before, after, dwarf_tag(before) == DW_TAG_typedef);
}

/* ---- What differs ----------------------------------------------------------------- */

static void flatten(struct fields *fields, Dwarf_Die *parent, const char *prefix, uint64_t base,
		    int depth)
{
	Dwarf_Die member, type;
	struct field *field;
	const char *name;
	bool more;

	for (more = next_member(parent, &member, true); more && depth < DEPTH_MAX;
	     more = next_member(parent, &member, false)) {
		name = dwarf_diename(&member);
		name = name ? mem_printf("%s%s", prefix, name) : NULL;
		if (type_of(&member, &type) && type_peel(&type) && is_anonymous_compound(&type)) {
			flatten(fields, &type, name ? mem_printf("%s.", name) : prefix,
				base + member_bit(&member), depth + 1);
			continue;
		}
		field = list_add(&fields->list);
		field->name = name ? name : "(unnamed)";
		field->bit = base + member_bit(&member);
		field->bits = member_bits(&member);
		field->die = member;
	}
}

static struct fields fields_of(Dwarf_Die *type)
{
	struct fields fields = { 0 };
	Dwarf_Die inner = *type;

	if (type_peel(&inner) && is_compound(&inner))
		flatten(&fields, &inner, "", 0, 0);
	return fields;
}

static struct field *field_called(struct fields *fields, const char *name)
{
	struct field *field;

	list_for_each(field, &fields->list)
		if (!strcmp(field->name, name))
			return field;
	return NULL;
}

static char *where(uint64_t bit)
{
	return bit % 8 ? mem_printf("offset %llu, bit %llu", (unsigned long long)bit / 8,
				    (unsigned long long)bit % 8) :
			 mem_printf("offset %llu", (unsigned long long)bit / 8);
}

static char *how_large(uint64_t bits)
{
	return bits % 8 ? mem_printf("%llu bits", (unsigned long long)bits) :
			  mem_printf("%llu bytes", (unsigned long long)bits / 8);
}

static const char *field_difference(struct field *left, struct field *right)
{
	if (!left)
		return mem_printf("has a new member %s at %s", right->name, where(right->bit));
	if (!right)
		return mem_printf("has lost its member %s", left->name);
	if (left->bit != right->bit)
		return mem_printf("has its member %s at %s instead of %s", left->name,
				  where(right->bit), where(left->bit));
	if (left->bits != right->bits)
		return mem_printf("has a member %s of %s instead of %s", left->name,
				  how_large(right->bits), how_large(left->bits));
	if (!same_part(&left->die, &right->die, 0))
		return mem_printf("has a member %s of another type", left->name);
	return NULL;
}

static unsigned int line_of(Dwarf_Die *die)
{
	int line = 0;

	return dwarf_decl_line(die, &line) || line < 0 ? 0 : (unsigned int)line;
}

/* The members that are new explain more than those that moved for them. */
static const char *new_member(struct fields *left, struct fields *right, unsigned int *line)
{
	struct field *field;

	list_for_each(field, &right->list) {
		if (field_called(left, field->name))
			continue;
		*line = line_of(&field->die);
		return field_difference(NULL, field);
	}
	return NULL;
}

static const char *changed_member(struct fields *left, struct fields *right, unsigned int *line)
{
	struct field *field, *other;
	const char *text;

	list_for_each(field, &left->list) {
		other = field_called(right, field->name);
		text = field_difference(field, other);
		if (!text)
			continue;
		*line = other ? line_of(&other->die) : *line;
		return text;
	}
	return NULL;
}

const char *layout_difference(Dwarf_Die *before, Dwarf_Die *after, unsigned int *line)
{
	struct fields left = fields_of(before), right = fields_of(after);
	const char *text;

	*line = line_of(after);
	text = new_member(&left, &right, line);
	if (!text)
		text = changed_member(&left, &right, line);
	if (!text && size_of(before) != size_of(after))
		text = mem_printf("has %llu bytes instead of %llu",
				  (unsigned long long)size_of(after),
				  (unsigned long long)size_of(before));
	return text ? text : "has another layout";
}

/* Spare room that gets a name is a new member, in objects that never set it. */
static bool is_spare(const char *name)
{
	static const char *const words[] = { "pad", "reserved", "rsvd", "unused", "spare", "hole" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

static bool is_renamed(struct fields *left, struct fields *right, size_t i)
{
	struct field *from = &left->list.at[i], *to = &right->list.at[i];

	return !field_called(left, to->name) && !field_called(right, from->name) &&
	       !is_spare(from->name);
}

bool layout_only_renamed(Dwarf_Die *before, Dwarf_Die *after)
{
	struct fields left = fields_of(before), right = fields_of(after);
	struct field *from, *to;
	size_t i;

	if (left.list.nr != right.list.nr || size_of(before) != size_of(after) || !left.list.nr)
		return false;
	for (i = 0; i < left.list.nr; i++) {
		from = &left.list.at[i];
		to = &right.list.at[i];
		if (strcmp(from->name, to->name) && !is_renamed(&left, &right, i))
			return false;
		if (field_difference(from, to))
			return false;
	}
	return true;
}

/* ---- Parts ------------------------------------------------------------------------ */

/* Each name on the way from a member to what it is made of. */
static bool part_differs(Dwarf_Die *die, bool (*differs)(Dwarf_Die *part, void *arg), void *arg,
			 int depth)
{
	Dwarf_Die type = *die;
	bool more;

	if (depth > DEPTH_MAX)
		return false;
	if (depth && dwarf_diename(&type) && differs(&type, arg))
		return true;
	if (is_wrapper(dwarf_tag(&type)) || dwarf_tag(&type) == DW_TAG_array_type ||
	    dwarf_tag(&type) == DW_TAG_member)
		return type_of(&type, &type) && part_differs(&type, differs, arg, depth + 1);
	if (!is_compound(&type) || (depth && dwarf_diename(&type)))
		return false;
	for (more = next_member(die, &type, true); more; more = next_member(die, &type, false))
		if (part_differs(&type, differs, arg, depth + 1))
			return true;
	return false;
}

bool layout_has_part(Dwarf_Die *die, bool (*differs)(Dwarf_Die *part, void *arg), void *arg)
{
	return part_differs(die, differs, arg, 0);
}
