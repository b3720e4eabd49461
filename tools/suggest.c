/* SPDX-License-Identifier: MIT */
#include "tools/suggest.h"

#include <string.h>
#include <strings.h>

static bool is_integer(const struct ckpt_parameter *parameter)
{
	return parameter->type->kind == CKPT_TYPE_INT;
}

static bool sounds_like_length(const char *name)
{
	static const char *const parts[] = {"len", "size",  "count",
					    "num", "bytes", "dim"};

	if (!strcmp(name, "n") || !strcmp(name, "l"))
		return true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strcasestr(name, parts[i]))
			return true;
	return false;
}

/* The length most often stands right behind the pointer; then, anywhere. */
static const char *find_length(const struct ckpt_signature *signature,
			       size_t pointer)
{
	const struct ckpt_parameter *p = signature->parameters;

	if (pointer + 1 < signature->parameter_count &&
	    is_integer(&p[pointer + 1]))
		return p[pointer + 1].name;
	for (size_t i = 0; i < signature->parameter_count; i++)
		if (is_integer(&p[i]) && sounds_like_length(p[i].name))
			return p[i].name;
	return NULL;
}

static bool is_character(const struct ckpt_type *type)
{
	return type->kind == CKPT_TYPE_INT && type->size == 1 && !type->is_enum;
}

static void suggest_pointer(const struct ckpt_signature *signature,
			    size_t index, struct ckpt_buf *out)
{
	const struct ckpt_parameter *p = &signature->parameters[index];
	const struct ckpt_type *target = p->type->element;
	const char *length = find_length(signature, index);
	const char *direction = target->is_const ? "" : "inout ";

	if (target->kind == CKPT_TYPE_FUNCTION)
		ckpt_buf_format(out, "# \"%s\" = \"code\"\n", p->name);
	else if (target->kind == CKPT_TYPE_VOID)
		ckpt_buf_format(out,
				"# \"%s\" = \"%sbytes %s\"   # void: how many "
				"bytes, or: as TYPE\n",
				p->name, direction, length ? length : "SIZE");
	else if (target->kind == CKPT_TYPE_INCOMPLETE)
		ckpt_buf_format(out,
				"# \"%s\" = \"as TYPE\"   # %s is not defined "
				"anywhere\n",
				p->name,
				target->name ? target->name : "its type");
	else if (is_character(target) && target->is_const && !length)
		ckpt_buf_format(out, "# \"%s\" = \"string\"\n", p->name);
	else if (target->kind == CKPT_TYPE_STRUCT || !length)
		ckpt_buf_format(out, "# \"%s\" = \"%sone\"\n", p->name,
				direction);
	else
		ckpt_buf_format(out, "# \"%s\" = \"%s[%s]\"\n", p->name,
				direction, length);
	if (target->kind == CKPT_TYPE_POINTER)
		ckpt_buf_format(out,
				"# \"*%s\" = \"one\"   # what it points at\n",
				p->name);
}

static void suggest_result(const struct ckpt_type *type, struct ckpt_buf *out)
{
	const char *extent = is_character(type->element) ? "string" : "one";

	ckpt_buf_format(out,
			"# \"return\" = \"%s malloc\"   # the caller frees it; "
			"or: %s static, alias PARAMETER\n",
			extent, extent);
}

size_t ckpt_suggest_memory(const struct ckpt_signature *signature,
			   struct ckpt_buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < signature->parameter_count; i++) {
		if (signature->parameters[i].type->kind != CKPT_TYPE_POINTER)
			continue;
		suggest_pointer(signature, i, out);
		count++;
	}
	if (signature->result->kind == CKPT_TYPE_POINTER) {
		suggest_result(signature->result, out);
		count++;
	}
	return count;
}
