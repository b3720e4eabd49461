/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cdecl_record.h"
#include "shim/planner/types/cdecl_expr.h"
#include "shim/planner/types/cdecl_layout.h"
#include "shim/planner/types/cdecl_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS_MAX = 4096, NAME_SIZE = 200 };

static void read_attributes(struct ckpt_cdecl *p,
			    struct ckpt_cdecl_attributes *ret)
{
	ckpt_cdecl_read_attributes(p, ret, ckpt_cdecl_read_type_name);
}

struct members {
	struct ckpt_cdecl_member *items;
	size_t count, capacity;
};

static void add_member(struct ckpt_cdecl *p, struct members *members,
		       const struct ckpt_cdecl_member *member)
{
	struct ckpt_cdecl_member *items;

	if (members->count == members->capacity) {
		members->capacity = 2 * members->capacity + 16;
		items = realloc(members->items,
				members->capacity * sizeof(*items));
		if (!items || members->count > MEMBERS_MAX) {
			members->items = items ? items : members->items;
			ckpt_cdecl_fail(p, "too many members");
			return;
		}
		members->items = items;
	}
	members->items[members->count++] = *member;
}

static void check_member(struct ckpt_cdecl *p,
			 const struct ckpt_cdecl_member *member)
{
	const struct ckpt_type *type = member->type;

	if (type->kind == CKPT_TYPE_VOID || type->kind == CKPT_TYPE_FUNCTION ||
	    type->kind == CKPT_TYPE_INCOMPLETE)
		ckpt_cdecl_fail(p, "member '%s' has an incomplete type",
				member->name);
	if (!member->is_bits)
		return;
	if (type->kind != CKPT_TYPE_INT && type->kind != CKPT_TYPE_BOOL)
		ckpt_cdecl_fail(p, "bit-field '%s' is not an integer",
				member->name);
	else if (member->bit_size > type->size * 8 ||
		 (type->kind == CKPT_TYPE_BOOL && member->bit_size > 1) ||
		 (!member->bit_size && *member->name))
		ckpt_cdecl_fail(p, "width of bit-field '%s'", member->name);
	if (member->alignment)
		ckpt_cdecl_fail(p, "aligned bit-fields are not understood");
}

static void read_member(struct ckpt_cdecl *p,
			const struct ckpt_cdecl_specifiers *spec,
			struct members *members)
{
	struct ckpt_cdecl_member member = {.name = "", .type = spec->type};
	struct ckpt_cdecl_declared declared = {"", spec->type,
					       spec->attributes};

	if (!ckpt_cdecl_is(p, ":"))
		ckpt_cdecl_read_declarator(p, spec->type, &declared);
	if (ckpt_cdecl_accept(p, ":")) {
		member.is_bits = true;
		member.bit_size = (uint64_t)ckpt_cdecl_constant(
			p, ckpt_cdecl_read_type_name);
	}
	read_attributes(p, &declared.attributes);
	member.name = declared.name;
	member.type = declared.type;
	member.is_packed = declared.attributes.is_packed;
	member.alignment = declared.attributes.alignment;
	check_member(p, &member);
	if (!p->status)
		add_member(p, members, &member);
}

static void read_members(struct ckpt_cdecl *p, struct members *members)
{
	struct ckpt_cdecl_specifiers spec;
	struct ckpt_cdecl_member anonymous = {.name = ""};

	ckpt_cdecl_read_specifiers(p, &spec);
	if (ckpt_cdecl_accept(p, ";")) {
		anonymous.type = spec.type;
		anonymous.alignment = spec.attributes.alignment;
		if ((spec.type->kind == CKPT_TYPE_STRUCT ||
		     spec.type->kind == CKPT_TYPE_UNION) &&
		    !spec.type->name)
			add_member(p, members, &anonymous);
		return;
	}
	do {
		read_member(p, &spec, members);
	} while (ckpt_cdecl_accept(p, ","));
	ckpt_cdecl_expect(p, ";");
}

static void check_flexible(struct ckpt_cdecl *p, const struct members *members,
			   bool is_union)
{
	for (size_t i = 0; i + 1 < members->count && !is_union; i++)
		if (members->items[i].type->is_flexible &&
		    members->items[i].type->count == 0 &&
		    members->items[i].type->kind == CKPT_TYPE_ARRAY)
			ckpt_cdecl_fail(p,
					"'%s' has no length and is not "
					"the last member",
					members->items[i].name);
}

static void read_record_body(struct ckpt_cdecl *p, struct ckpt_type *type,
			     enum ckpt_type_kind kind,
			     struct ckpt_cdecl_attributes *attributes)
{
	struct members members = {NULL, 0, 0};
	enum ckpt_status status;

	while (!p->status && !ckpt_cdecl_is(p, "}") &&
	       p->token.kind != CKPT_TOKEN_END)
		read_members(p, &members);
	ckpt_cdecl_expect(p, "}");
	read_attributes(p, attributes);
	check_flexible(p, &members, kind == CKPT_TYPE_UNION);
	if (!p->status) {
		type->kind = kind;
		status = ckpt_cdecl_layout(p->types, type, members.items,
					   members.count, attributes->is_packed,
					   attributes->alignment);
		if (status == CKPT_NOMEM)
			ckpt_cdecl_fail_nomem(p);
		else if (status)
			ckpt_cdecl_fail(p, "the type is too large");
		ckpt_types_sync(type);
	}
	free(members.items);
}

/* "struct NAME" with the type it has now; makes an incomplete one. */
static struct ckpt_type *find_tag(struct ckpt_cdecl *p, const char *tag,
				  const char *name)
{
	char *text = ckpt_types_alloc(p->types, strlen(tag) + strlen(name) + 2);
	struct ckpt_type *type;

	if (!text)
		return ckpt_cdecl_or_int(p, NULL);
	(void)sprintf(text, "%s %s", tag, name);
	type = ckpt_types_find(p->types, text);
	if (type)
		return type;
	type = ckpt_cdecl_or_int(
		p, ckpt_types_new(p->types, CKPT_TYPE_INCOMPLETE, text, 0, 1));
	ckpt_cdecl_define(p, text, type);
	return type;
}

struct ckpt_type *ckpt_cdecl_read_record(struct ckpt_cdecl *p)
{
	bool is_union = ckpt_cdecl_is(p, "union");
	enum ckpt_type_kind kind =
		is_union ? CKPT_TYPE_UNION : CKPT_TYPE_STRUCT;
	struct ckpt_cdecl_attributes attributes = {0};
	struct ckpt_type *type = NULL, *known = NULL;

	ckpt_cdecl_next(p);
	read_attributes(p, &attributes);
	if (p->token.kind == CKPT_TOKEN_NAME) {
		known = find_tag(p, is_union ? "union" : "struct",
				 ckpt_cdecl_name(p));
		ckpt_cdecl_next(p);
	}
	if (!ckpt_cdecl_accept(p, "{")) {
		if (!known)
			ckpt_cdecl_fail(p, "'{' was expected");
		return ckpt_cdecl_or_int(p, known);
	}
	type = known;
	if (!known || known->kind != CKPT_TYPE_INCOMPLETE)
		type = ckpt_cdecl_or_int(
			p, ckpt_types_new(p->types, CKPT_TYPE_INCOMPLETE,
					  known ? known->name : NULL, 0, 1));
	read_record_body(p, type, kind, &attributes);
	if (known && known != type && !p->status) {
		ckpt_cdecl_define(p, known->name, type);
		return known;
	}
	return type;
}

static void read_enumerator(struct ckpt_cdecl *p, int64_t value,
			    struct ckpt_cdecl_constant **ret)
{
	struct ckpt_cdecl_constant *constant;

	if (p->token.kind != CKPT_TOKEN_NAME) {
		ckpt_cdecl_fail(p, "the name of a constant was expected");
		return;
	}
	constant = ckpt_types_alloc(p->types, sizeof(*constant));
	if (!constant) {
		ckpt_cdecl_fail_nomem(p);
		return;
	}
	constant->name = ckpt_cdecl_name(p);
	ckpt_cdecl_next(p);
	if (ckpt_cdecl_accept(p, "="))
		value = ckpt_cdecl_constant(p, ckpt_cdecl_read_type_name);
	constant->value = value;
	constant->next = p->constants;
	p->constants = constant;
	*ret = constant;
}

/* psABI 3.1.2: int or unsigned int if the values fit, else 8 bytes; with
 * packed, the smallest integer that holds them. */
static void set_enum_size(struct ckpt_type *type, int64_t low, int64_t high,
			  bool is_packed)
{
	uint32_t size = is_packed ? 1 : 4;

	type->is_signed = low < 0;
	for (; size < 8; size *= 2) {
		unsigned int bits = size * 8 - type->is_signed;

		if (high < (int64_t)1 << bits && low >= -((int64_t)1 << bits))
			break;
	}
	type->size = size;
	type->value_size = size;
	type->alignment = size;
}

static void read_enumerators(struct ckpt_cdecl *p, struct ckpt_type *type,
			     struct ckpt_cdecl_attributes attributes)
{
	struct ckpt_cdecl_constant *constant = NULL;
	int64_t low = 0, high = 0;

	while (!p->status && !ckpt_cdecl_is(p, "}")) {
		read_enumerator(
			p,
			constant ? (int64_t)((uint64_t)constant->value + 1) : 0,
			&constant);
		if (constant && constant->value < low)
			low = constant->value;
		if (constant && constant->value > high)
			high = constant->value;
		if (!ckpt_cdecl_accept(p, ","))
			break;
	}
	ckpt_cdecl_expect(p, "}");
	read_attributes(p, &attributes);
	set_enum_size(type, low, high, attributes.is_packed);
}

struct ckpt_type *ckpt_cdecl_read_enum(struct ckpt_cdecl *p)
{
	struct ckpt_type *type;
	struct ckpt_cdecl_attributes attributes = {0};
	char name[NAME_SIZE] = "";

	ckpt_cdecl_next(p);
	read_attributes(p, &attributes);
	if (p->token.kind == CKPT_TOKEN_NAME) {
		if (p->token.size > sizeof(name) - 8)
			ckpt_cdecl_fail(p, "this name is too long");
		(void)snprintf(name, sizeof(name), "enum %.*s",
			       (int)p->token.size, p->token.text);
		ckpt_cdecl_next(p);
	}
	type = ckpt_cdecl_or_int(
		p, ckpt_types_new(p->types, CKPT_TYPE_INT, NULL, 4, 4));
	type->is_enum = true;
	if (ckpt_cdecl_accept(p, "{")) {
		read_enumerators(p, type, attributes);
		if (!*name)
			return type;
		type->name = ckpt_types_text(p->types, name);
		ckpt_cdecl_define(p, name, type);
	}
	type = *name ? ckpt_types_find(p->types, name) : NULL;
	if (!type) {
		ckpt_cdecl_fail(p, "this enumeration is not defined here");
		return ckpt_cdecl_or_int(p, NULL);
	}
	return type;
}
