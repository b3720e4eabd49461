/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/cdecl.h"
#include "shim/planner/types/cdecl_parse.h"

#include <stdio.h>

static bool is_record(const struct ckpt_type *type)
{
	return type->kind == CKPT_TYPE_STRUCT ||
	       type->kind == CKPT_TYPE_UNION ||
	       type->kind == CKPT_TYPE_INCOMPLETE;
}

/* A typedef of a struct is the struct; of anything else, a type that carries
 * the new name. */
static void define_typedef(struct ckpt_cdecl *p,
			   const struct ckpt_cdecl_declared *declared)
{
	struct ckpt_type *type = declared->type, *copy;
	uint32_t alignment = declared->attributes.alignment;

	if (is_record(type) && alignment) {
		ckpt_cdecl_fail(p, "write aligned into the definition");
	} else if (is_record(type) || type->kind == CKPT_TYPE_VOID) {
		if (!type->name)
			type->name = declared->name;
		else if (!type->alias && !type->is_const)
			type->alias = declared->name;
		ckpt_types_sync(type);
		ckpt_cdecl_define(p, declared->name, type);
		return;
	}
	copy = ckpt_types_alloc(p->types, sizeof(*copy));
	if (!copy) {
		ckpt_cdecl_fail_nomem(p);
		return;
	}
	*copy = *type;
	copy->const_twin = NULL;
	copy->name = declared->name;
	if (alignment)
		copy->alignment = alignment;
	ckpt_cdecl_define(p, declared->name, copy);
}

static void set_signature(struct ckpt_cdecl *p, const struct ckpt_type *type,
			  struct ckpt_signature *ret)
{
	char name[32];
	size_t count = type->field_count;

	*ret = (struct ckpt_signature){.result = type->element,
				       .parameter_count = count,
				       .is_variadic = type->is_variadic,
				       .has_prototype = type->count,
				       .source = "a C declaration"};
	ret->parameters =
		ckpt_types_alloc(p->types, count * sizeof(*ret->parameters));
	if (!ret->parameters) {
		ckpt_cdecl_fail_nomem(p);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "arg%zu", i + 1);
		ret->parameters[i].type = type->fields[i].type;
		ret->parameters[i].name =
			*type->fields[i].name ? type->fields[i].name
					      : ckpt_types_text(p->types, name);
		if (!ret->parameters[i].name)
			ckpt_cdecl_fail_nomem(p);
	}
}

static void check_prototype(struct ckpt_cdecl *p,
			    const struct ckpt_cdecl_declared *declared)
{
	const struct ckpt_type *type = declared->type;

	if (type->kind != CKPT_TYPE_FUNCTION)
		ckpt_cdecl_fail(p, "'%s' is not a function", declared->name);
	else if (!*declared->name)
		ckpt_cdecl_fail(p, "the function has no name");
	else if (type->element->kind == CKPT_TYPE_INCOMPLETE)
		ckpt_cdecl_fail(p, "the result's type is incomplete");
	else if (ckpt_cdecl_is(p, "{"))
		ckpt_cdecl_fail(p, "a declaration has no body");
}

/* One declaration; true if it was a prototype. */
static bool read_declaration(struct ckpt_cdecl *p,
			     struct ckpt_cdecl_declared *ret)
{
	struct ckpt_cdecl_specifiers spec;

	ckpt_cdecl_read_specifiers(p, &spec);
	if (ckpt_cdecl_accept(p, ";"))
		return false;
	do {
		*ret = (struct ckpt_cdecl_declared){"", spec.type,
						    spec.attributes};
		ckpt_cdecl_read_declarator(p, spec.type, ret);
		if (!spec.is_typedef) {
			check_prototype(p, ret);
			return true;
		}
		if (!*ret->name)
			ckpt_cdecl_fail(p, "the typedef has no name");
		if (!p->status)
			define_typedef(p, ret);
	} while (ckpt_cdecl_accept(p, ","));
	ckpt_cdecl_expect(p, ";");
	return false;
}

enum ckpt_status ckpt_cdecl_parse(struct ckpt_types *types, const char *text,
				  const struct ckpt_place *place,
				  struct ckpt_signature *ret,
				  const char **ret_name, struct ckpt_err *err)
{
	struct ckpt_cdecl p;
	struct ckpt_cdecl_declared declared = {"", NULL, {0}};
	struct ckpt_signature signature = {0};
	bool is_found = false;

	ckpt_cdecl_start(&p, types, text, place, err);
	while (!p.status && !is_found && p.token.kind != CKPT_TOKEN_END)
		is_found = read_declaration(&p, &declared);
	while (ckpt_cdecl_accept(&p, ";"))
		;
	if (is_found && p.token.kind != CKPT_TOKEN_END)
		ckpt_cdecl_fail(&p, "the prototype must be the last thing");
	if (!is_found)
		ckpt_cdecl_fail(&p, "there is no prototype");
	if (!p.status)
		set_signature(&p, declared.type, &signature);
	if (p.status)
		return p.status;
	*ret = signature;
	if (ret_name)
		*ret_name = declared.name;
	return CKPT_OK;
}

/* Definitions are those that begin with a typedef or whose type is followed
 * by ";"; the type name comes last. */
static struct ckpt_type *read_last_type(struct ckpt_cdecl *p)
{
	struct ckpt_cdecl_declared declared;

	for (;;) {
		struct ckpt_token token = p->token;
		const char *next = p->next;

		if (ckpt_cdecl_is(p, "typedef")) {
			(void)read_declaration(p, &declared);
			continue;
		}
		for (int depth = 0; p->token.kind != CKPT_TOKEN_END;
		     ckpt_cdecl_next(p)) {
			depth += ckpt_cdecl_is(p, "{");
			depth -= ckpt_cdecl_is(p, "}");
			if (!depth && ckpt_cdecl_is(p, ";"))
				break;
		}
		if (!ckpt_cdecl_is(p, ";")) {
			ckpt_cdecl_seek(p, &token, next);
			return ckpt_cdecl_read_type_name(p);
		}
		ckpt_cdecl_seek(p, &token, next);
		if (read_declaration(p, &declared))
			ckpt_cdecl_fail(p, "a type was expected");
	}
}

enum ckpt_status ckpt_cdecl_type(struct ckpt_types *types, const char *text,
				 const struct ckpt_place *place,
				 struct ckpt_type **ret, struct ckpt_err *err)
{
	struct ckpt_cdecl p;
	struct ckpt_type *type;

	ckpt_cdecl_start(&p, types, text, place, err);
	type = read_last_type(&p);
	if (p.token.kind != CKPT_TOKEN_END)
		ckpt_cdecl_fail(&p, "';' or the end was expected");
	if (p.status)
		return p.status;
	*ret = type;
	return CKPT_OK;
}
