/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/compiler.h"

#include <string.h>

/* The way a user would write the path. */
static void written_path(const char *path, char *text, size_t size)
{
	size_t used = 0;

	for (; *path && used + 3 < size; path++) {
		if (!strncmp(path, "[].", 3)) {
			text[used++] = '-';
			text[used++] = '>';
			path += 2;
		} else {
			text[used++] = *path;
		}
	}
	text[used] = 0;
}

/* The pointer to the virtual functions of an object: GCC and Clang call it
 * _vptr.CLASS and _vptr$CLASS. */
static bool is_virtual_table(const char *path)
{
	const char *member = strrchr(path, '>');

	return member && !strncmp(member + 1, "_vptr", 5);
}

static const char *likely_clause(const struct ckpt_type *pointer,
				 const char *path)
{
	const struct ckpt_type *element = pointer->element;

	if (is_virtual_table(path) || element->kind == CKPT_TYPE_FUNCTION)
		return "code";
	if (element->kind == CKPT_TYPE_INT && element->size == 1 &&
	    element->is_const)
		return "string\" or \"[COUNT]";
	if (!element->size)
		return "bytes SIZE";
	if (element->kind == CKPT_TYPE_STRUCT)
		return "one\" or \"[COUNT]";
	return "[COUNT]";
}

void ckpt_missing_note(struct ckpt_compiler *compiler,
		       const struct ckpt_type *pointer, const char *path)
{
	char type[128];
	char text[256];

	ckpt_type_text(pointer, type, sizeof(type));
	written_path(path, text, sizeof(text));
	ckpt_buf_format(&compiler->missing,
			"%s`%s` (%s) has no contract: add \"%s\" = \"%s\" "
			"to [function.memory]",
			compiler->missing.size ? "\n" : "", text, type, text,
			likely_clause(pointer, text));
}
