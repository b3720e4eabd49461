/* SPDX-License-Identifier: MIT */
#include "tools/suggest.h"

#include <stdio.h>
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

/* A place that a path leads to, and the struct it is in, if it is in one. */
struct place {
	const struct ckpt_type *type;
	const struct ckpt_type *parent;
	size_t parent_size; /* bytes of the path that lead to the parent */
};

/* "npoints", "num_points" of "points". */
static bool counts(const char *integer, const char *pointer)
{
	size_t size = strlen(integer), tail = strlen(pointer);

	return integer[0] == 'n' && size > tail &&
	       !strcmp(integer + size - tail, pointer);
}

/* An integer beside the pointer that sounds like its length. */
static const char *find_sibling(const struct ckpt_type *parent,
				const char *pointer)
{
	for (size_t i = 0; parent && i < parent->field_count; i++)
		if (parent->fields[i].type->kind == CKPT_TYPE_INT &&
		    counts(parent->fields[i].name, pointer))
			return parent->fields[i].name;
	for (size_t i = 0; parent && i < parent->field_count; i++) {
		const struct ckpt_type_field *field = &parent->fields[i];

		if (field->type->kind == CKPT_TYPE_INT &&
		    sounds_like_length(field->name))
			return field->name;
	}
	return NULL;
}

static void suggest_place(const char *path, const struct place *place,
			  struct ckpt_buf *out)
{
	const struct ckpt_type *target = place->type->element;
	const char *length =
		find_sibling(place->parent, path + place->parent_size);
	const char *direction = target->is_const ? "" : "inout ";

	ckpt_buf_format(out, "# \"%s\" = \"", path);
	if (target->kind == CKPT_TYPE_FUNCTION)
		ckpt_buf_add_text(out, "code\"");
	else if (is_character(target))
		ckpt_buf_format(out, "%sstring\"", direction);
	else if (length)
		ckpt_buf_format(out, "%s%s%.*s%s%s\"", direction,
				target->size ? "[" : "bytes ",
				(int)place->parent_size, path, length,
				target->size ? "]" : "");
	else if (target->size)
		ckpt_buf_format(out, "%sone\"", direction);
	else
		ckpt_buf_format(out, "%sbytes SIZE\"   # or: as TYPE",
				direction);
	ckpt_buf_add_u8(out, '\n');
}

/* What the pointers at the other end of a pointer are likely to be: those of a
 * struct, or the elements of an array of pointers. */
static void suggest_inside(const char *name, const struct ckpt_type *target,
			   bool is_array, struct ckpt_buf *out)
{
	struct place place = {.type = target, .parent = NULL};
	char path[256];

	if (target->kind == CKPT_TYPE_POINTER) {
		snprintf(path, sizeof(path), is_array ? "%s[]" : "*%s", name);
		suggest_place(path, &place, out);
	}
	for (size_t i = 0;
	     target->kind == CKPT_TYPE_STRUCT && i < target->field_count; i++) {
		const struct ckpt_type_field *field = &target->fields[i];

		if (field->type->kind != CKPT_TYPE_POINTER || !field->name[0])
			continue;
		snprintf(path, sizeof(path), "%s->%s", name, field->name);
		place = (struct place){.type = field->type,
				       .parent = target,
				       .parent_size = strlen(name) + 2};
		suggest_place(path, &place, out);
	}
}

bool ckpt_suggest_is_type(const struct ckpt_type *type, const char *name)
{
	const char *own = type->name ? type->name : "";

	return !strcmp(own, name) ||
	       (!strncmp(own, "struct ", 7) && !strcmp(own + 7, name)) ||
	       (type->alias && !strcmp(type->alias, name));
}

static bool is_described(const struct ckpt_config *config,
			 const struct ckpt_type *type)
{
	for (size_t i = 0; i < config->type_count; i++)
		if (ckpt_suggest_is_type(type, config->types[i].name))
			return true;
	return false;
}

/* "n * size" of (void *base, size_t n, size_t size): an array whose elements
 * are as large as the caller says. NULL: it is not like that. */
static const char *find_product(const struct ckpt_signature *signature,
				size_t pointer, char *text, size_t size)
{
	const struct ckpt_parameter *p = &signature->parameters[pointer];

	if (pointer + 2 >= signature->parameter_count || !is_integer(&p[1]) ||
	    !is_integer(&p[2]) ||
	    (!strcasestr(p[1].name, "size") && !strcasestr(p[2].name, "size")))
		return NULL;
	snprintf(text, size, "%s * %s", p[1].name, p[2].name);
	return text;
}

static void suggest_void(const struct ckpt_signature *signature, size_t index,
			 const char *direction, struct ckpt_buf *out)
{
	char text[256];
	const char *bytes = find_product(signature, index, text, sizeof(text));

	if (!bytes)
		bytes = find_length(signature, index);
	ckpt_buf_format(out,
			"# \"%s\" = \"%sbytes %s\"   # void: how many bytes, "
			"or: as TYPE\n",
			signature->parameters[index].name, direction,
			bytes ? bytes : "SIZE");
}

/* A length that stands elsewhere is hardly that of a text. */
static bool is_text(const struct ckpt_signature *signature, size_t index)
{
	const struct ckpt_parameter *p = &signature->parameters[index];

	return is_character(p->type->element) && p->type->element->is_const &&
	       !(index + 1 < signature->parameter_count && is_integer(&p[1]));
}

static void suggest_pointer(const struct ckpt_signature *signature,
			    const struct ckpt_config *config, size_t index,
			    struct ckpt_buf *out)
{
	const struct ckpt_parameter *p = &signature->parameters[index];
	const struct ckpt_type *target = p->type->element;
	const char *length = find_length(signature, index);
	const char *direction = target->is_const ? "" : "inout ";
	bool is_array = length && target->kind != CKPT_TYPE_STRUCT;

	if (target->kind == CKPT_TYPE_FUNCTION) {
		ckpt_buf_format(out, "# \"%s\" = \"code\"\n", p->name);
	} else if (target->kind == CKPT_TYPE_VOID) {
		suggest_void(signature, index, direction, out);
	} else if (target->kind == CKPT_TYPE_INCOMPLETE) {
		ckpt_buf_format(out,
				"# \"%s\" = \"as TYPE\"   # %s is not defined "
				"anywhere\n",
				p->name,
				target->name ? target->name : "its type");
	} else if (is_text(signature, index)) {
		ckpt_buf_format(out, "# \"%s\" = \"string\"\n", p->name);
	} else if (is_array) {
		ckpt_buf_format(out, "# \"%s\" = \"%s[%s]\"\n", p->name,
				direction, length);
	} else {
		ckpt_buf_format(out, "# \"%s\" = \"%sone\"\n", p->name,
				direction);
	}
	if (!is_described(config, target))
		suggest_inside(p->name, target, is_array, out);
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
			   const struct ckpt_config *config,
			   struct ckpt_buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < signature->parameter_count; i++) {
		if (signature->parameters[i].type->kind != CKPT_TYPE_POINTER)
			continue;
		suggest_pointer(signature, config, i, out);
		count++;
	}
	if (signature->result->kind == CKPT_TYPE_POINTER) {
		suggest_result(signature->result, out);
		count++;
	}
	return count;
}

/* ---- what a refusal names ---- */

static const struct ckpt_type *find_root(const struct ckpt_signature *signature,
					 const char *name, size_t size)
{
	for (size_t i = 0; i < signature->parameter_count; i++) {
		const struct ckpt_parameter *p = &signature->parameters[i];

		if (strlen(p->name) == size && !strncmp(p->name, name, size))
			return p->type;
	}
	return size == 6 && !strncmp(name, "return", 6) ? signature->result
							: NULL;
}

static const struct ckpt_type *find_field(const struct ckpt_type *type,
					  const char *name, size_t size)
{
	for (size_t i = 0; type && i < type->field_count; i++)
		if (strlen(type->fields[i].name) == size &&
		    !strncmp(type->fields[i].name, name, size))
			return type->fields[i].type;
	return NULL;
}

/* One step of a path behind its root: "->name", ".name" or "[]". The bytes it
 * has; 0: that is no step. */
static size_t take_step(struct place *place, const char *path, const char *at)
{
	static const char *const ends = "-.[";
	bool is_arrow = !strncmp(at, "->", 2);
	size_t head = is_arrow ? 2 : 1, size = strcspn(at + head, ends);

	if (!strncmp(at, "[]", 2)) {
		place->type = place->type->element;
		return 2;
	}
	if (!is_arrow && *at != '.')
		return 0;
	place->parent = is_arrow ? place->type->element : place->type;
	place->parent_size = (size_t)(at - path) + head;
	place->type = find_field(place->parent, at + head, size);
	return head + size;
}

/* "m->rows", "*p", "return->sv[]". False: it is more than that. */
static bool find_place(const struct ckpt_signature *signature, const char *path,
		       struct place *ret)
{
	size_t stars = strspn(path, "*");
	const char *name = path + stars;
	size_t size = strcspn(name, "-.[");
	struct place place = {.type = find_root(signature, name, size)};
	const char *at = name + size;

	for (; stars && place.type; stars--)
		place.type = place.type->element;
	while (place.type && *at) {
		size_t step = take_step(&place, path, at);

		if (!step)
			return false;
		at += step;
	}
	*ret = place;
	return place.type && place.type->kind == CKPT_TYPE_POINTER;
}

static bool suggest_path(const struct ckpt_signature *signature,
			 const struct ckpt_config *config, const char *path,
			 struct ckpt_buf *out)
{
	struct place place;

	for (size_t i = 0; i < signature->parameter_count; i++)
		if (!strcmp(signature->parameters[i].name, path) &&
		    signature->parameters[i].type->kind == CKPT_TYPE_POINTER) {
			suggest_pointer(signature, config, i, out);
			return true;
		}
	if (!strcmp(path, "return") &&
	    signature->result->kind == CKPT_TYPE_POINTER) {
		suggest_result(signature->result, out);
		return true;
	}
	if (!find_place(signature, path, &place))
		return false;
	suggest_place(path, &place, out);
	return true;
}

/* Lines "`path` (type) has no contract: …". */
size_t ckpt_suggest_missing(const struct ckpt_signature *signature,
			    const struct ckpt_config *config,
			    const char *refusal, struct ckpt_buf *out)
{
	size_t count = 0;

	for (; refusal && *refusal;
	     refusal += strcspn(refusal, "\n"), refusal += *refusal == '\n') {
		const char *end =
			refusal[0] == '`' ? strchr(refusal + 1, '`') : NULL;
		const char *said = strstr(refusal, ") has no contract: add ");
		char path[256];

		if (!end || !said || said > strchrnul(refusal, '\n') ||
		    end - refusal > (long)sizeof(path))
			continue;
		memcpy(path, refusal + 1, (size_t)(end - refusal) - 1);
		path[end - refusal - 1] = '\0';
		count += suggest_path(signature, config, path, out);
	}
	return count;
}
