/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_type.h"
#include "shim/planner/signature/dwarf_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 100, ENTRIES_MAX = 1 << 19, FIELDS_MAX = 1024 };

/* A type entry that was met: an open-addressing table by key of the entry. */
struct entry {
	uint64_t key;
	struct ckpt_type *type;
};

/* A record whose members are still to be read. */
struct pending {
	struct ckpt_die die;
	struct ckpt_type *type;
};

struct ckpt_dwarf_types {
	struct ckpt_dies *dies;
	struct ckpt_types *types;
	bool is_cxx;
	int depth;
	struct entry *entries;
	size_t entry_count, slot_count;
	struct pending *pending;
	size_t pending_count, pending_capacity, pending_done;
};

struct ckpt_dwarf_types *ckpt_dwarf_types_create(struct ckpt_dies *dies,
						 struct ckpt_types *types,
						 bool is_cxx)
{
	struct ckpt_dwarf_types *t = ckpt_types_alloc(types, sizeof(*t));

	if (!t)
		return NULL;
	t->dies = dies;
	t->types = types;
	t->is_cxx = is_cxx;
	t->slot_count = 4096;
	t->entries = calloc(t->slot_count, sizeof(*t->entries));
	return t->entries ? t : NULL;
}

/* Memory is out: nothing better can be done in the child. */
static void *or_die(const void *p)
{
	if (!p)
		_exit(CKPT_NOMEM);
	return (void *)p;
}

static struct entry *find_entry(struct ckpt_dwarf_types *t, uint64_t key)
{
	size_t slot = (key * 0x9e3779b97f4a7c15u >> 20) % t->slot_count;

	while (t->entries[slot].type && t->entries[slot].key != key)
		slot = (slot + 1) % t->slot_count;
	return &t->entries[slot];
}

static void add_entry(struct ckpt_dwarf_types *t, uint64_t key,
		      struct ckpt_type *type)
{
	struct entry *old = t->entries;
	size_t count = t->slot_count;

	if (t->entry_count * 2 >= t->slot_count) {
		t->slot_count *= 4;
		t->entries = or_die(calloc(t->slot_count, sizeof(*t->entries)));
		for (size_t i = 0; i < count; i++)
			if (old[i].type)
				*find_entry(t, old[i].key) = old[i];
		free(old);
	}
	if (++t->entry_count > ENTRIES_MAX)
		ckpt_dies_fail(t->dies, "too many types", NULL);
	*find_entry(t, key) = (struct entry){key, type};
}

static struct ckpt_type *make(struct ckpt_dwarf_types *t,
			      enum ckpt_type_kind kind, const char *name,
			      uint64_t size)
{
	return or_die(ckpt_types_new(
		t->types, kind, name, size,
		size && size <= 16 ? 1u << __builtin_ctzll(size) : 1));
}

static const char *copy_text(struct ckpt_dwarf_types *t, const char *text)
{
	return text ? or_die(ckpt_types_text(t->types, text)) : NULL;
}

/* What C does not have. It keeps its size, so that a struct that has such a
 * member can still be laid out. */
static struct ckpt_type *make_other(struct ckpt_dwarf_types *t,
				    struct ckpt_die die, const char *what)
{
	char text[300];
	const char *name = ckpt_die_text(t->dies, die, DW_AT_name);
	uint64_t size = 0;

	(void)ckpt_die_number(t->dies, die, DW_AT_byte_size, &size);
	(void)snprintf(text, sizeof(text), "%s%s%s", what, name ? " " : "",
		       name ? name : "");
	return make(t, CKPT_TYPE_OTHER, copy_text(t, text), size);
}

/* --- base types (5.1) --- */

static bool contains(const char *text, const char *part)
{
	return text && strstr(text, part);
}

/* x87 and IEEE quad both have 16 bytes; the name tells them apart. */
static uint32_t get_float_bytes(const char *name, uint64_t size)
{
	bool is_quad = contains(name, "128") || contains(name, "kind=16");

	return size == 16 && !is_quad ? 10 : (uint32_t)size;
}

static struct ckpt_type *make_float(struct ckpt_dwarf_types *t,
				    const char *name, uint64_t size)
{
	struct ckpt_type *type = make(t, CKPT_TYPE_FLOAT, name, size);

	type->value_size = get_float_bytes(name, size);
	type->is_signed = true;
	return type;
}

static struct ckpt_type *make_complex(struct ckpt_dwarf_types *t,
				      const char *name, uint64_t size)
{
	struct ckpt_type *type = make(t, CKPT_TYPE_COMPLEX, name, size);

	type->element = make_float(t, NULL, size / 2);
	type->element->name = size == 8	   ? "float"
			      : size == 16 ? "double"
					   : "long double";
	type->element->value_size = get_float_bytes(name, size / 2);
	if (size == 32 && type->element->value_size == 16)
		type->element->name = "_Float128";
	type->alignment = type->element->alignment;
	type->count = 2;
	return type;
}

static bool is_float_size(uint64_t size)
{
	return size == 2 || size == 4 || size == 8 || size == 16;
}

static struct ckpt_type *make_base(struct ckpt_dwarf_types *t,
				   struct ckpt_die die)
{
	const char *name =
		copy_text(t, ckpt_die_text(t->dies, die, DW_AT_name));
	uint64_t size = 0, encoding = 0;
	struct ckpt_type *type;

	(void)ckpt_die_number(t->dies, die, DW_AT_byte_size, &size);
	(void)ckpt_die_number(t->dies, die, DW_AT_encoding, &encoding);
	if (encoding == DW_ATE_float && is_float_size(size))
		return make_float(t, name, size);
	if (encoding == DW_ATE_complex_float && is_float_size(size / 2) &&
	    size > 4)
		return make_complex(t, name, size);
	if (size != 1 && size != 2 && size != 4 && size != 8 && size != 16)
		return make_other(t, die, "base type");
	if (encoding == DW_ATE_boolean && size == 1)
		return make(t, CKPT_TYPE_BOOL, name, size);
	type = make(t, CKPT_TYPE_INT, name, size);
	type->is_signed =
		encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
	if (encoding == DW_ATE_unsigned || encoding == DW_ATE_unsigned_char ||
	    encoding == DW_ATE_UTF || encoding == DW_ATE_boolean ||
	    type->is_signed)
		return type;
	return make_other(t, die, "base type");
}

/* --- enumerations (5.7) --- */

static bool has_negative(struct ckpt_dwarf_types *t, struct ckpt_die die)
{
	struct ckpt_die child = ckpt_die_child(t->dies, die), next;
	bool result = false;

	while (child.die) {
		Dwarf_Attribute attribute;
		Dwarf_Half form = 0;
		Dwarf_Error error = NULL;
		uint64_t value = 0;

		if (ckpt_die_attribute(t->dies, child, DW_AT_const_value,
				       &attribute)) {
			(void)dwarf_whatform(attribute, &form, &error);
			(void)ckpt_die_number(t->dies, child, DW_AT_const_value,
					      &value);
			dwarf_dealloc_attribute(attribute);
		}
		if ((form == DW_FORM_sdata || form == DW_FORM_implicit_const) &&
		    (int64_t)value < 0)
			result = true;
		next = ckpt_die_sibling(t->dies, child);
		ckpt_die_free(child);
		child = next;
	}
	return result;
}

static struct ckpt_type *make_enum(struct ckpt_dwarf_types *t,
				   struct ckpt_die die)
{
	struct ckpt_die base = ckpt_die_reference(t->dies, die, DW_AT_type);
	struct ckpt_type *type;
	uint64_t size = 4;

	(void)ckpt_die_number(t->dies, die, DW_AT_byte_size, &size);
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return make_other(t, die, "enumeration");
	type = make(t, CKPT_TYPE_INT,
		    ckpt_dwarf_record_name(t->dies, t->types, die, "enum",
					   t->is_cxx),
		    size);
	type->is_enum = true;
	type->is_signed = base.die ? ckpt_dwarf_types_get(t, base)->is_signed
				   : has_negative(t, die);
	return type;
}

/* --- arrays and vectors (5.5) --- */

/* Elements of one dimension; false if that is not a constant. */
static bool read_dimension(struct ckpt_dwarf_types *t, struct ckpt_die die,
			   uint64_t *ret, bool *ret_open)
{
	uint64_t low = 0, high;

	(void)ckpt_die_number(t->dies, die, DW_AT_lower_bound, &low);
	*ret = 0;
	*ret_open = false;
	if (ckpt_die_number(t->dies, die, DW_AT_count, ret))
		return true;
	if (ckpt_die_number(t->dies, die, DW_AT_upper_bound, &high)) {
		/* gcc writes -1 in four bytes for an array of length 0. */
		*ret = high == UINT32_MAX ? 0 : high - low + 1;
		return true;
	}
	*ret_open = true;
	return !ckpt_die_has(t->dies, die, DW_AT_count) &&
	       !ckpt_die_has(t->dies, die, DW_AT_upper_bound);
}

static struct ckpt_type *make_vector(struct ckpt_dwarf_types *t,
				     struct ckpt_die die,
				     struct ckpt_type *element, uint64_t count)
{
	struct ckpt_type *type;
	uint64_t size = element->size * count;

	if ((element->kind != CKPT_TYPE_INT &&
	     element->kind != CKPT_TYPE_FLOAT) ||
	    count > 64 || !size || size > 64 || (size & (size - 1)))
		return make_other(t, die, "vector type");
	type = make(t, CKPT_TYPE_VECTOR, NULL, size);
	type->alignment = (uint32_t)size;
	type->element = element;
	type->count = count;
	return type;
}

/* The dimensions from `range` on: the first one is the outermost. */
static struct ckpt_type *make_dimensions(struct ckpt_dwarf_types *t,
					 struct ckpt_die array,
					 struct ckpt_die range,
					 struct ckpt_type *element, int depth)
{
	uint64_t count = 0;
	bool is_open = false;
	struct ckpt_type *type;

	while (range.die &&
	       ckpt_die_tag(t->dies, range) != DW_TAG_subrange_type)
		range = ckpt_die_sibling(t->dies, range);
	if (!range.die)
		return element;
	if (depth > DEPTH_MAX || !read_dimension(t, range, &count, &is_open))
		return make_other(t, array, "array of variable length");
	element = make_dimensions(t, array, ckpt_die_sibling(t->dies, range),
				  element, depth + 1);
	if (element->kind == CKPT_TYPE_OTHER && !element->size)
		return element;
	if (ckpt_die_flag(t->dies, array, DW_AT_GNU_vector))
		return make_vector(t, array, element, count);
	type = ckpt_types_array(t->types, element, count);
	if (!type)
		return make_other(t, array, "array of absurd size");
	type->is_flexible = is_open || !count;
	return type;
}

static struct ckpt_type *make_array(struct ckpt_dwarf_types *t,
				    struct ckpt_die die)
{
	struct ckpt_type *element = ckpt_dwarf_types_of(t, die);

	if (ckpt_die_has(t->dies, die, DW_AT_data_location) ||
	    ckpt_die_has(t->dies, die, DW_AT_byte_stride) ||
	    ckpt_die_has(t->dies, die, DW_AT_bit_stride) ||
	    ckpt_die_has(t->dies, die, DW_AT_allocated) ||
	    ckpt_die_has(t->dies, die, DW_AT_associated))
		return make_other(t, die, "array with a descriptor");
	if (element->kind == CKPT_TYPE_INCOMPLETE ||
	    element->kind == CKPT_TYPE_VOID ||
	    element->kind == CKPT_TYPE_FUNCTION)
		return make_other(t, die, "array of incomplete elements");
	return make_dimensions(t, die, ckpt_die_child(t->dies, die), element,
			       0);
}

/* --- functions (5.10), as pointees --- */

static struct ckpt_type *make_function(struct ckpt_dwarf_types *t,
				       struct ckpt_die die)
{
	struct ckpt_type *type = make(t, CKPT_TYPE_FUNCTION, NULL, 0);
	struct ckpt_die child = ckpt_die_child(t->dies, die);
	struct ckpt_type_field fields[FIELDS_MAX];
	size_t count = 0;

	memset(fields, 0, sizeof(fields));
	for (; child.die && count < FIELDS_MAX;
	     child = ckpt_die_sibling(t->dies, child)) {
		uint16_t tag = ckpt_die_tag(t->dies, child);

		if (tag == DW_TAG_unspecified_parameters)
			type->is_variadic = true;
		if (tag != DW_TAG_formal_parameter)
			continue;
		fields[count].name = "";
		fields[count++].type = ckpt_dwarf_types_of(t, child);
	}
	type->element = ckpt_dwarf_types_of(t, die);
	type->count = t->is_cxx || count > 0 ||
		      ckpt_die_flag(t->dies, die, DW_AT_prototyped);
	type->fields =
		or_die(ckpt_types_alloc(t->types, count * sizeof(*fields)));
	memcpy(type->fields, fields, count * sizeof(*fields));
	type->field_count = count;
	return type;
}

/* --- modifiers and typedefs (5.3, 5.4) --- */

static bool is_record(const struct ckpt_type *type)
{
	return type->kind == CKPT_TYPE_STRUCT ||
	       type->kind == CKPT_TYPE_UNION ||
	       type->kind == CKPT_TYPE_INCOMPLETE;
}

static struct ckpt_type *make_typedef(struct ckpt_dwarf_types *t,
				      struct ckpt_die die)
{
	struct ckpt_type *type = ckpt_dwarf_types_of(t, die), *copy;
	const char *name =
		ckpt_dwarf_record_name(t->dies, t->types, die, NULL, t->is_cxx);

	if (!name || type->kind == CKPT_TYPE_OTHER)
		return type;
	if (is_record(type)) {
		if (!type->name)
			type->name = name;
		else if (!type->alias && !type->is_const)
			type->alias = name;
		ckpt_types_sync(type);
		return type;
	}
	copy = or_die(ckpt_types_alloc(t->types, sizeof(*copy)));
	*copy = *type;
	copy->const_twin = NULL;
	copy->name = name;
	return copy;
}

static struct ckpt_type *make_pointer(struct ckpt_dwarf_types *t,
				      struct ckpt_die die, bool is_reference)
{
	struct ckpt_type *type = make(t, CKPT_TYPE_POINTER, NULL, 8);

	type->element = ckpt_dwarf_types_of(t, die);
	type->is_reference = is_reference;
	return type;
}

static struct ckpt_type *make_atomic(struct ckpt_dwarf_types *t,
				     struct ckpt_die die)
{
	struct ckpt_type *type = ckpt_dwarf_types_of(t, die);

	if (type->kind == CKPT_TYPE_INT || type->kind == CKPT_TYPE_BOOL ||
	    type->kind == CKPT_TYPE_POINTER)
		return type;
	return make_other(t, die, "_Atomic type");
}

/* --- records: a shell now, the members later --- */

static struct ckpt_type *make_record(struct ckpt_dwarf_types *t,
				     struct ckpt_die die, bool is_union)
{
	const char *name;
	struct ckpt_type *type;
	uint64_t size = 0;

	name = ckpt_dwarf_record_name(t->dies, t->types, die,
				      is_union ? "union" : "struct", t->is_cxx);
	if (ckpt_die_flag(t->dies, die, DW_AT_declaration))
		return make(t, CKPT_TYPE_INCOMPLETE, name, 0);
	if (!ckpt_die_number(t->dies, die, DW_AT_byte_size, &size))
		return make_other(t, die, "type without a size");
	type = make(t, is_union ? CKPT_TYPE_UNION : CKPT_TYPE_STRUCT, name,
		    size);
	type->alignment = 0; /* not completed yet */
	if (t->pending_count == t->pending_capacity) {
		t->pending_capacity = 2 * t->pending_capacity + 64;
		t->pending = or_die(realloc(
			t->pending, t->pending_capacity * sizeof(*t->pending)));
	}
	t->pending[t->pending_count++] = (struct pending){die, type};
	return type;
}

static struct ckpt_type *make_any(struct ckpt_dwarf_types *t,
				  struct ckpt_die die)
{
	switch (ckpt_die_tag(t->dies, die)) {
	case DW_TAG_base_type:
		return make_base(t, die);
	case DW_TAG_enumeration_type:
		return make_enum(t, die);
	case DW_TAG_pointer_type:
		return make_pointer(t, die, false);
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return make_pointer(t, die, true);
	case DW_TAG_const_type:
		return or_die(ckpt_types_const(t->types,
					       ckpt_dwarf_types_of(t, die)));
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_subrange_type:
		return ckpt_dwarf_types_of(t, die);
	case DW_TAG_atomic_type:
		return make_atomic(t, die);
	case DW_TAG_typedef:
		return make_typedef(t, die);
	case DW_TAG_array_type:
		return make_array(t, die);
	case DW_TAG_subroutine_type:
		return make_function(t, die);
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
		return make_record(t, die, false);
	case DW_TAG_union_type:
		return make_record(t, die, true);
	case DW_TAG_ptr_to_member_type:
		return make_other(t, die, "pointer to member");
	default:
		return make_other(t, die, "type");
	}
}

struct ckpt_type *ckpt_dwarf_types_get(struct ckpt_dwarf_types *t,
				       struct ckpt_die die)
{
	struct ckpt_type *type;
	uint64_t key;

	if (!die.die || t->dies->status)
		return or_die(ckpt_types_find(t->types, "void"));
	key = ckpt_die_key(t->dies, die);
	type = find_entry(t, key)->type;
	if (type)
		return type;
	if (++t->depth > DEPTH_MAX)
		ckpt_dies_fail(t->dies, "types nested too deeply", NULL);
	type = make_any(t, die);
	t->depth--;
	/* A record may have been entered by a typedef that names itself. */
	if (!find_entry(t, key)->type)
		add_entry(t, key, type);
	return type;
}

struct ckpt_type *ckpt_dwarf_types_of(struct ckpt_dwarf_types *t,
				      struct ckpt_die die)
{
	struct ckpt_die carrier = ckpt_die_carrier(t->dies, die, DW_AT_type);

	return ckpt_dwarf_types_get(
		t, ckpt_die_reference(t->dies, carrier, DW_AT_type));
}

void ckpt_dwarf_types_finish(struct ckpt_dwarf_types *t)
{
	while (t->pending_done < t->pending_count && !t->dies->status) {
		struct pending pending = t->pending[t->pending_done++];

		ckpt_dwarf_record_read(t->dies, t->types, t, pending.die,
				       pending.type);
	}
	for (size_t i = 0; i < t->pending_count && !t->dies->status; i++)
		ckpt_dwarf_record_settle(t->pending[i].type);
	for (size_t i = 0; i < t->slot_count; i++)
		if (t->entries[i].type)
			ckpt_dwarf_record_align(t->entries[i].type);
}
