/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/type.h"

#include <stdio.h>
#include <string.h>

/*
 * C spelling, inside out: the declarator grows around a name (`(*f[2])(int)`)
 * until a type that is a plain word is reached.
 */
struct spelling {
	char *text; /* room for `size` bytes, always terminated */
	size_t size;
};

static void prepend(struct spelling *s, const char *piece)
{
	size_t length = strlen(s->text), more = strlen(piece);

	if (length + more + 1 > s->size)
		return;
	memmove(s->text + more, s->text, length + 1);
	memcpy(s->text, piece, more);
}

static void append(struct spelling *s, const char *piece)
{
	size_t length = strlen(s->text);

	if (length + strlen(piece) + 1 <= s->size)
		(void)strcpy(s->text + length, piece);
}

static void spell(const struct ckpt_type *type, struct spelling *s, int depth);

static void spell_pointer(const struct ckpt_type *type, struct spelling *s,
			  int depth)
{
	const struct ckpt_type *to = type->element;
	bool is_outer = to && (to->kind == CKPT_TYPE_ARRAY ||
			       to->kind == CKPT_TYPE_FUNCTION);

	if (type->is_const)
		prepend(s, *s->text ? "const " : "const");
	prepend(s, type->is_reference ? "&" : "*");
	if (is_outer && !to->name) {
		prepend(s, "(");
		append(s, ")");
	}
	if (to)
		spell(to, s, depth + 1);
	else
		prepend(s, "void ");
}

static void spell_array(const struct ckpt_type *type, struct spelling *s,
			int depth)
{
	char count[32] = "[]";

	if (!type->is_flexible)
		(void)snprintf(count, sizeof(count), "[%llu]",
			       (unsigned long long)type->count);
	append(s, count);
	spell(type->element, s, depth + 1);
}

static void spell_function(const struct ckpt_type *type, struct spelling *s,
			   int depth)
{
	char part[256];

	append(s, "(");
	for (size_t i = 0; i < type->field_count; i++) {
		struct spelling inner = {part, sizeof(part)};

		part[0] = '\0';
		spell(type->fields[i].type, &inner, depth + 4);
		append(s, i ? ", " : "");
		append(s, part);
	}
	if (type->is_variadic)
		append(s, type->field_count ? ", ..." : "...");
	else if (!type->field_count)
		append(s, "void");
	append(s, ")");
	if (type->element)
		spell(type->element, s, depth + 1);
}

static void spell_word(const struct ckpt_type *type, struct spelling *s)
{
	const char *name = type->name;

	if (!name)
		name = type->kind == CKPT_TYPE_VOID	? "void"
		       : type->kind == CKPT_TYPE_STRUCT ? "struct (unnamed)"
		       : type->kind == CKPT_TYPE_UNION	? "union (unnamed)"
							: "(unnamed)";
	if (*s->text)
		prepend(s, " ");
	prepend(s, name);
	if (type->is_const)
		prepend(s, "const ");
}

static void spell(const struct ckpt_type *type, struct spelling *s, int depth)
{
	if (type->name || depth > 16) {
		spell_word(type, s);
		return;
	}
	switch (type->kind) {
	case CKPT_TYPE_POINTER:
		spell_pointer(type, s, depth);
		break;
	case CKPT_TYPE_ARRAY:
		spell_array(type, s, depth);
		break;
	case CKPT_TYPE_FUNCTION:
		spell_function(type, s, depth);
		break;
	default:
		spell_word(type, s);
	}
}

void ckpt_type_text(const struct ckpt_type *type, char *text, size_t size)
{
	struct spelling s = {text, size};

	if (!size)
		return;
	*text = '\0';
	spell(type, &s, 0);
}
