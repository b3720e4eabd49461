/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_record.h"
#include "shim/planner/types/cxx_name.h"

#include "shim/common/buf.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 1024, SCOPES_MAX = 32, DEPTH_MAX = 100 };

/* --- names --- */

/* Does a scope of this kind take part in the names inside it? */
static bool is_scope(uint16_t tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

/* The child of `parent` that is or contains the entry at `key`. Entries of a
 * unit stand in the order of their offsets (DWARF5 2.3). */
static struct ckpt_die find_child(struct ckpt_dies *dies,
				  struct ckpt_die parent, uint64_t key)
{
	struct ckpt_die child = ckpt_die_child(dies, parent), next;

	while (child.die) {
		next = ckpt_die_sibling(dies, child);
		if (!next.die || ckpt_die_key(dies, next) > key)
			break;
		ckpt_die_free(child);
		child = next;
	}
	return child;
}

/* Put "outer::inner::" in front, from the scopes around `die`. */
static void add_scopes(struct ckpt_dies *dies, struct ckpt_die die,
		       char text[NAME_SIZE])
{
	uint64_t key = ckpt_die_key(dies, die);
	struct ckpt_die at = ckpt_die_unit(dies, die);
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < SCOPES_MAX && at.die; i++) {
		const char *name;

		at = find_child(dies, at, key);
		if (!at.die || ckpt_die_key(dies, at) == key)
			return;
		if (!is_scope(ckpt_die_tag(dies, at)))
			continue;
		name = ckpt_die_text(dies, at, DW_AT_name);
		/* Inline namespaces (std::__cxx11) are part of the name. */
		if (!name)
			name = "(anonymous)";
		if (used + strlen(name) + 3 > NAME_SIZE)
			return;
		used += (size_t)sprintf(text + used, "%s::", name);
	}
}

const char *ckpt_dwarf_record_name(struct ckpt_dies *dies,
				   struct ckpt_types *types,
				   struct ckpt_die die, const char *tag,
				   bool is_cxx)
{
	const char *name = ckpt_die_text(dies, die, DW_AT_name);
	char text[NAME_SIZE] = "";
	size_t used;

	if (!name)
		return NULL;
	if (is_cxx)
		add_scopes(dies, die, text);
	else if (tag)
		(void)snprintf(text, sizeof(text), "%s ", tag);
	used = strlen(text);
	(void)snprintf(text + used, sizeof(text) - used, "%s", name);
	if (is_cxx)
		ckpt_cxx_name_simplify(text);
	return ckpt_types_text(types, text);
}

/* --- members --- */

/* DW_AT_data_member_location: a constant, or in old DWARF an expression that
 * adds one. False for what only running code can tell (virtual bases). */
static bool read_place(struct ckpt_dies *dies, struct ckpt_die die,
		       uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Block *block = NULL;
	Dwarf_Error error = NULL;
	struct ckpt_reader in;
	uint8_t op;
	bool is_found = false;

	*ret = 0;
	if (!ckpt_die_has(dies, die, DW_AT_data_member_location) ||
	    ckpt_die_number(dies, die, DW_AT_data_member_location, ret))
		return true;
	if (!ckpt_die_attribute(dies, die, DW_AT_data_member_location,
				&attribute))
		return false;
	if (dwarf_formblock(attribute, &block, &error) == DW_DLV_OK) {
		ckpt_reader_init(&in, block->bl_data, block->bl_len);
		is_found = !ckpt_read_u8(&in, &op) && op == DW_OP_plus_uconst &&
			   !ckpt_read_uleb(&in, ret) && !ckpt_reader_left(&in);
	}
	dwarf_dealloc_attribute(attribute);
	return is_found;
}

/* First bit of a bit-field, counted from the struct's first byte. */
static uint64_t find_bits(struct ckpt_dies *dies, struct ckpt_die die,
			  const struct ckpt_type *declared, uint64_t off,
			  uint64_t bit_size)
{
	uint64_t start, big_endian, unit = declared->size;

	if (ckpt_die_number(dies, die, DW_AT_data_bit_offset, &start))
		return start;
	/* DWARF 3, 5.6.6: counted from the most significant bit. */
	if (!ckpt_die_number(dies, die, DW_AT_bit_offset, &big_endian))
		return off * 8;
	(void)ckpt_die_number(dies, die, DW_AT_byte_size, &unit);
	return off * 8 + unit * 8 - big_endian - bit_size;
}

static enum ckpt_status read_bits(struct ckpt_dies *dies,
				  struct ckpt_types *types, struct ckpt_die die,
				  const struct ckpt_type *whole,
				  uint64_t bit_size,
				  struct ckpt_type_field *field)
{
	uint64_t start;

	if (field->type->kind != CKPT_TYPE_INT &&
	    field->type->kind != CKPT_TYPE_BOOL)
		return CKPT_BADDATA;
	start = find_bits(dies, die, field->type, field->off, bit_size);
	return ckpt_types_place_bits(types, field->type, whole->size, start,
				     bit_size, field);
}

static bool is_inside(const struct ckpt_type *whole,
		      const struct ckpt_type_field *field)
{
	const struct ckpt_type *type = field->type;

	if (type->kind == CKPT_TYPE_VOID || type->kind == CKPT_TYPE_FUNCTION ||
	    type->kind == CKPT_TYPE_INCOMPLETE)
		return false;
	return type->size <= whole->size &&
	       field->off <= whole->size - type->size;
}

/* One DW_TAG_member or DW_TAG_inheritance; false if it cannot be placed. */
static bool read_field(struct ckpt_dies *dies, struct ckpt_types *types,
		       struct ckpt_dwarf_types *t, struct ckpt_die die,
		       struct ckpt_type *whole, struct ckpt_type_field *field)
{
	const char *name = ckpt_die_text(dies, die, DW_AT_name);
	uint64_t bit_size;

	field->is_base = ckpt_die_tag(dies, die) == DW_TAG_inheritance;
	field->name = ckpt_types_text(types, name ? name : "");
	field->type = ckpt_dwarf_types_of(t, die);
	if (!field->name || !read_place(dies, die, &field->off))
		return false;
	if (ckpt_die_number(dies, die, DW_AT_bit_size, &bit_size))
		return !read_bits(dies, types, die, whole, bit_size, field);
	return is_inside(whole, field);
}

static bool is_field(struct ckpt_dies *dies, struct ckpt_die die)
{
	uint16_t tag = ckpt_die_tag(dies, die);

	/* A static member is declared here and lives elsewhere. */
	return tag == DW_TAG_inheritance ||
	       (tag == DW_TAG_member &&
		!ckpt_die_flag(dies, die, DW_AT_declaration) &&
		!ckpt_die_flag(dies, die, DW_AT_external));
}

/* What C does not have, from a member that nothing here describes. */
static void give_up(struct ckpt_type *type)
{
	type->kind = CKPT_TYPE_OTHER;
	type->field_count = 0;
	if (!type->name)
		type->name = "type with members at unknown places";
}

/* A member function that makes a class non-trivial for the purposes of calls
 * (Itanium C++ ABI 3.1.1): a destructor or a copy or move constructor that a
 * person wrote, or anything virtual. */
static bool is_nontrivial_function(struct ckpt_dies *dies, struct ckpt_die die,
				   const char *class_name)
{
	const char *name = ckpt_die_text(dies, die, DW_AT_name);
	uint64_t value = 0;

	if (ckpt_die_number(dies, die, DW_AT_virtuality, &value) && value)
		return true;
	if (!name || ckpt_die_flag(dies, die, DW_AT_artificial) ||
	    ckpt_die_has(dies, die, DW_AT_defaulted))
		return false;
	/* Constructors that are no copy are taken for one: too strict is a
	 * refusal, never a wrong place. */
	return *name == '~' || (class_name && strcmp(name, class_name) == 0);
}

/* DW_AT_calling_convention (DWARF5 5.7.1.1) tells; else look. */
static void read_triviality(struct ckpt_dies *dies, struct ckpt_die die,
			    struct ckpt_type *type)
{
	const char *name = ckpt_die_text(dies, die, DW_AT_name);
	struct ckpt_die child;
	uint64_t convention = 0;

	if (ckpt_die_number(dies, die, DW_AT_calling_convention, &convention)) {
		type->is_nontrivial = convention != DW_CC_pass_by_value;
		return;
	}
	for (child = ckpt_die_child(dies, die); child.die;
	     child = ckpt_die_sibling(dies, child))
		if (ckpt_die_tag(dies, child) == DW_TAG_subprogram &&
		    is_nontrivial_function(dies, child, name))
			type->is_nontrivial = true;
}

/* Do members of a struct overlap? Then some place is wrong (as clang's are for
 * packed bit-fields as wide as their type). Bases may: what derives from one
 * may use its padding. */
static bool has_overlap(const struct ckpt_type *type)
{
	uint64_t end = 0;

	for (size_t i = 0; i < type->field_count; i++) {
		const struct ckpt_type_field *field = &type->fields[i];
		uint64_t start = field->off * 8 + field->bit_off;
		uint64_t size = field->bit_size ? field->bit_size
						: field->type->size * 8;

		if (field->is_base || (field->type->size == 1 &&
				       field->type->kind == CKPT_TYPE_STRUCT))
			continue;
		if (start < end)
			return true;
		end = start + size;
	}
	return false;
}

void ckpt_dwarf_record_read(struct ckpt_dies *dies, struct ckpt_types *types,
			    struct ckpt_dwarf_types *t, struct ckpt_die die,
			    struct ckpt_type *type)
{
	struct ckpt_die child;
	size_t count = 0;

	for (child = ckpt_die_child(dies, die); child.die;
	     child = ckpt_die_sibling(dies, child)) {
		count += is_field(dies, child);
		if (ckpt_die_tag(dies, child) == DW_TAG_variant_part)
			give_up(type);
	}
	read_triviality(dies, die, type);
	/* Kept here until ckpt_dwarf_record_settle(): records count nothing. */
	(void)ckpt_die_number(dies, die, DW_AT_alignment, &type->count);
	type->fields = ckpt_types_alloc(types, count * sizeof(*type->fields));
	if (!type->fields) {
		ckpt_dies_fail(dies, "out of memory", NULL);
		return;
	}
	for (child = ckpt_die_child(dies, die);
	     child.die && type->kind != CKPT_TYPE_OTHER;
	     child = ckpt_die_sibling(dies, child)) {
		if (!is_field(dies, child))
			continue;
		if (!read_field(dies, types, t, child, type,
				&type->fields[type->field_count]))
			give_up(type);
		else
			type->field_count++;
	}
	if (type->kind == CKPT_TYPE_STRUCT && has_overlap(type))
		give_up(type);
	ckpt_types_sync(type);
}

/* --- alignment --- */

static uint32_t settle(struct ckpt_type *type, int depth);

static uint32_t get_alignment(struct ckpt_type *type, int depth)
{
	if (depth > DEPTH_MAX)
		return 1;
	if (type->kind == CKPT_TYPE_ARRAY)
		type->alignment = get_alignment(type->element, depth + 1);
	if (!type->alignment)
		return settle(type, depth + 1);
	return type->alignment;
}

static bool is_consistent(const struct ckpt_type *type, uint32_t alignment)
{
	if (type->size % alignment)
		return false;
	for (size_t i = 0; i < type->field_count; i++) {
		uint32_t own = type->fields[i].type->alignment;

		if (own > alignment)
			own = alignment;
		if (own && type->fields[i].off % own)
			return false;
	}
	return true;
}

/* Debug info says nothing of `packed`: the strictest alignment that agrees
 * with size and places. */
static uint32_t settle(struct ckpt_type *type, int depth)
{
	uint64_t wanted = type->count;
	uint32_t alignment = 1;

	type->count = 0;
	type->alignment = 1; /* ends a struct that contains itself */
	for (size_t i = 0; i < type->field_count; i++) {
		uint32_t own = get_alignment(type->fields[i].type, depth);

		if (own > alignment)
			alignment = own;
		if (type->fields[i].type->is_nontrivial)
			type->is_nontrivial = true;
	}
	while (!is_consistent(type, alignment))
		alignment /= 2;
	if (wanted > alignment && wanted <= 1u << 28 &&
	    !(wanted & (wanted - 1)))
		alignment = (uint32_t)wanted;
	type->alignment = alignment;
	ckpt_types_sync(type);
	return alignment;
}

/* Classes of the standard library that are known well enough (libstdc++: a
 * pointer, a length, a buffer; three pointers; their parts; what only has its
 * members). */
static bool is_known(const struct ckpt_type *type, const char *name)
{
	static const struct {
		const char *start;
		const char *end; /* of the name */
		uint64_t size;	 /* 0: any */
	} known[] = {
		{"std::string", "std::string", 32},
		{"std::wstring", "std::wstring", 32},
		{"std::basic_string<", ">", 32},
		{"std::", "::_Alloc_hider", 8},
		{"std::vector<", ">", 24},
		{"std::_Vector_base<", ">", 24},
		{"std::_Vector_base<", ">::_Vector_impl", 24},
		{"std::_Vector_base<", ">::_Vector_impl_data", 24},
		{"std::pair<", ">", 0},
		{"std::array<", ">", 0},
	};
	size_t size = strlen(name);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t end = strlen(known[i].end);

		if (!strncmp(name, known[i].start, strlen(known[i].start)) &&
		    size >= end && !strcmp(name + size - end, known[i].end) &&
		    (!known[i].size || known[i].size == type->size))
			return true;
	}
	return false;
}

/* One that owns something has rules that its members do not tell. */
static bool is_beyond_us(const struct ckpt_type *type)
{
	const char *name = type->name ? type->name : "";

	/* Allocators are empty. */
	return type->is_nontrivial && !strncmp(name, "std::", 5) &&
	       type->size != 1 && !is_known(type, name);
}

void ckpt_dwarf_record_settle(struct ckpt_type *type)
{
	if (!type->alignment)
		(void)settle(type, 0);
	if (is_beyond_us(type)) {
		give_up(type);
		ckpt_types_sync(type);
	}
}

void ckpt_dwarf_record_align(struct ckpt_type *type)
{
	if (type->kind == CKPT_TYPE_ARRAY)
		(void)get_alignment(type, 0);
	if (!type->alignment)
		type->alignment = 1;
}
