/* SPDX-License-Identifier: MIT */
#include "tools/recordtext.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "tools/value.h"

enum {
	SHOWN_MAX = 16,	   /* elements that people are shown */
	LOOKED_MAX = 4096, /* elements looked at for these, and for JSON */
	DUMP_LINES = 8,
	DUMP_WIDTH = 16,
	WIDTH = 66, /* of a line of values */
};

/* ---- one element -------------------------------------------------------- */
/* While the leaves of an element are told. */
struct element {
	const struct ckpt_recorded_value *value;
	uint64_t start; /* of the element */
	struct ckpt_buf *out;
	struct ckpt_json *json; /* instead */
	bool has_path;		/* it has parts */
};

static bool is_known(const struct ckpt_recorded_value *value, uint64_t off,
		     uint64_t size)
{
	if (off > value->count || size > value->count - off)
		return false;
	for (uint64_t i = 0; value->is_known && i < size; i++)
		if (!value->is_known[off + i])
			return false;
	return true;
}

static void add_leaf_value(struct ckpt_buf *out,
			   const struct ckpt_typecode *type,
			   const uint8_t *bytes)
{
	static const uint8_t null[8];

	if (type->kind == CKPT_TYPECODE_POINTER && !memcmp(bytes, null, 8))
		ckpt_buf_add_text(out, "NULL");
	else
		ckpt_value_text(out, type, bytes);
}

/* Pointers among inputs are not kept; they are told by what they lead to. */
static bool is_told(const struct element *element,
		    const struct ckpt_value_leaf *leaf)
{
	return is_known(element->value, element->start + leaf->off,
			leaf->type.size) &&
	       !(leaf->type.kind == CKPT_TYPECODE_POINTER &&
		 !element->value->is_known);
}

static bool tell_leaf(void *argument, const struct ckpt_value_leaf *leaf)
{
	const struct element *element = argument;
	const uint8_t *bytes =
		element->value->bytes + element->start + leaf->off;
	const char *path = leaf->path + (leaf->path[0] == '.');
	struct ckpt_buf text = {.size = 0};

	if (!is_told(element, leaf))
		return true;
	if (!element->json) {
		if (element->out->size)
			ckpt_buf_add_text(element->out, ", ");
		if (*path)
			ckpt_buf_format(element->out, "%s = ", path);
		add_leaf_value(element->out, &leaf->type, bytes);
		return element->out->size < 4096;
	}
	add_leaf_value(&text, &leaf->type, bytes);
	ckpt_buf_add_u8(&text, '\0');
	if (!ckpt_buf_status(&text))
		ckpt_json_string(element->json, element->has_path ? path : NULL,
				 (const char *)text.data);
	ckpt_buf_deinit(&text);
	return true;
}

static bool tell_element(const struct ckpt_recorded_value *value,
			 uint64_t index, struct ckpt_buf *out)
{
	struct element element = {
		.value = value,
		.start = index * value->element_size,
		.out = out,
	};

	out->size = 0;
	if (ckpt_value_leaves(value->type, value->type_size, tell_leaf,
			      &element))
		return false;
	ckpt_buf_add_u8(out, '\0');
	return !ckpt_buf_status(out);
}

/* ---- what there is ------------------------------------------------------ */
static bool read_type(const struct ckpt_recorded_value *value,
		      struct ckpt_typecode *ret)
{
	struct ckpt_reader reader;

	ckpt_reader_init(&reader, value->type, value->type_size);
	return value->type_size && value->element_size &&
	       !ckpt_typecode_next(&reader, ret);
}

static uint64_t count_elements(const struct ckpt_recorded_value *value)
{
	return value->element_size ? value->size / value->element_size : 0;
}

/* Those that there are, as many as are looked at. */
static uint64_t count_there(const struct ckpt_recorded_value *value)
{
	uint64_t count =
		value->element_size ? value->count / value->element_size : 0;

	return count < LOOKED_MAX ? count : LOOKED_MAX;
}

/* "double[100]", "struct point", "40 bytes" */
static void add_type_name(struct ckpt_buf *out,
			  const struct ckpt_recorded_value *value)
{
	uint64_t count = count_elements(value);
	struct ckpt_typecode type;

	if (!read_type(value, &type) || !type.name_size) {
		ckpt_buf_format(out, "%" PRIu64 " bytes", value->size);
		return;
	}
	ckpt_buf_add(out, type.name, type.name_size);
	if (count != 1)
		ckpt_buf_format(out, "[%" PRIu64 "]", count);
}

static bool is_text(const struct ckpt_recorded_value *value)
{
	struct ckpt_typecode type;

	return value->count > 1 && read_type(value, &type) &&
	       ckpt_value_is_char(&type);
}

static bool has_parts(const struct ckpt_recorded_value *value)
{
	struct ckpt_typecode type;

	return read_type(value, &type) && (type.kind == CKPT_TYPECODE_STRUCT ||
					   type.kind == CKPT_TYPECODE_ARRAY);
}

/* ---- for people --------------------------------------------------------- */
static void dump(FILE *file, const struct ckpt_recorded_value *value)
{
	uint64_t shown = value->count < DUMP_LINES * DUMP_WIDTH
				 ? value->count
				 : DUMP_LINES * DUMP_WIDTH;

	for (uint64_t at = 0; at < shown; at += DUMP_WIDTH) {
		uint64_t end = at + DUMP_WIDTH;

		fprintf(file, "      %06" PRIx64 " ", at);
		for (uint64_t i = at; i < end; i++) {
			if (i >= shown)
				fputs("   ", file);
			else if (is_known(value, i, 1))
				fprintf(file, " %02x", value->bytes[i]);
			else
				fputs(" ..", file);
		}
		fputs("  ", file);
		for (uint64_t i = at; i < end && i < shown; i++)
			putc(isprint(value->bytes[i]) ? value->bytes[i] : '.',
			     file);
		putc('\n', file);
	}
	if (shown < value->size)
		fprintf(file, "      and %" PRIu64 " more bytes\n",
			value->size - shown);
}

static void print_text(FILE *file, const struct ckpt_recorded_value *value)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf out = {.size = 0};
	uint64_t size = value->count;

	if (size && !value->bytes[size - 1])
		size--;
	if (size > 4 * WIDTH)
		size = 4 * WIDTH;
	ckpt_value_quote(&out, value->bytes, size);
	ckpt_buf_add_u8(&out, '\0');
	if (ckpt_buf_status(&out))
		return;
	fprintf(file, "      %s%s\n", (const char *)out.data,
		size + 1 < value->size ? " …" : "");
}

/* Numbers on as few lines as they fit; elements with parts a line each. */
static void print_elements(FILE *file, const struct ckpt_recorded_value *value)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf out = {.size = 0};
	uint64_t count = count_elements(value), there = count_there(value);
	uint64_t told = 0;
	bool is_lines = has_parts(value);
	size_t column = 0;

	for (uint64_t i = 0; i < there && told < SHOWN_MAX; i++) {
		if (!tell_element(value, i, &out))
			break;
		if (out.size <= 1)
			continue;
		if (!column || is_lines || column + out.size > WIDTH)
			column = (size_t)(fprintf(file, column ? "\n      "
							       : "      ") > 0);
		if (is_lines && count > 1)
			fprintf(file, "[%" PRIu64 "] ", i);
		column +=
			(size_t)fprintf(file, "%s%s", (const char *)out.data,
					is_lines || i + 1 == count ? "" : ", ");
		told++;
	}
	if (told == SHOWN_MAX || there < count)
		fprintf(file, "%s…", column ? "" : "      ");
	if (column)
		putc('\n', file);
}

static void print_value(FILE *file, const struct ckpt_recorded_value *value)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf name = {.size = 0};
	struct ckpt_typecode type;

	add_type_name(&name, value);
	ckpt_buf_add_u8(&name, '\0');
	fprintf(file, "  %s%s: %s\n",
		value->kind == CKPT_COMPONENT_GLOBAL ? "global " : "",
		value->path, ckpt_buf_status(&name) ? "" : (char *)name.data);
	if (value->kind == CKPT_COMPONENT_SECRET)
		fputs("      secret\n", file);
	else if (is_text(value))
		print_text(file, value);
	else if (read_type(value, &type))
		print_elements(file, value);
	else
		dump(file, value);
}

void ckpt_recordtext_print(FILE *file, const char *title,
			   const struct ckpt_recorded *recorded)
{
	if (recorded->count || recorded->is_cut)
		fprintf(file, "%s\n", title);
	for (size_t i = 0; i < recorded->count; i++)
		print_value(file, &recorded->values[i]);
	if (recorded->is_cut)
		fputs("  and more\n", file);
}

void ckpt_recordtext_brief(const struct ckpt_recorded_value *value,
			   struct ckpt_buf *out)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};
	uint64_t count = count_there(value);

	if (is_text(value)) {
		ckpt_value_quote(
			out, value->bytes,
			strnlen((const char *)value->bytes, value->count));
		return;
	}
	for (uint64_t i = 0; i < count && tell_element(value, i, &text); i++)
		ckpt_buf_format(out, "%s%s", i ? ", " : "",
				(const char *)text.data);
}

/* ---- JSON --------------------------------------------------------------- */
static void put_element(struct ckpt_json *json,
			const struct ckpt_recorded_value *value, uint64_t index)
{
	struct element element = {
		.value = value,
		.start = index * value->element_size,
		.json = json,
		.has_path = has_parts(value),
	};

	if (element.has_path)
		ckpt_json_begin_object(json, NULL);
	if (ckpt_value_leaves(value->type, value->type_size, tell_leaf,
			      &element))
		ckpt_json_string(json, element.has_path ? "" : NULL, NULL);
	if (element.has_path)
		ckpt_json_end_object(json);
}

static void put_bytes(struct ckpt_json *json,
		      const struct ckpt_recorded_value *value)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};

	for (uint64_t i = 0; i < value->count && i < LOOKED_MAX; i++)
		ckpt_buf_format(&text, "%02x", value->bytes[i]);
	ckpt_buf_add_u8(&text, '\0');
	if (!ckpt_buf_status(&text))
		ckpt_json_string(json, "hex", (const char *)text.data);
}

static void put_value(struct ckpt_json *json,
		      const struct ckpt_recorded_value *value)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf name = {.size = 0};
	uint64_t count = count_there(value);
	struct ckpt_typecode type;

	add_type_name(&name, value);
	ckpt_buf_add_u8(&name, '\0');
	ckpt_json_begin_object(json, NULL);
	ckpt_json_string(json, "path", value->path);
	ckpt_json_string(json, "type",
			 ckpt_buf_status(&name) ? NULL : (char *)name.data);
	ckpt_json_uint(json, "size", value->size);
	ckpt_json_bool(json, "global", value->kind == CKPT_COMPONENT_GLOBAL);
	ckpt_json_bool(json, "secret", value->kind == CKPT_COMPONENT_SECRET);
	if (value->kind != CKPT_COMPONENT_SECRET && read_type(value, &type)) {
		ckpt_json_begin_array(json, "values");
		for (uint64_t i = 0; i < count; i++)
			put_element(json, value, i);
		ckpt_json_end_array(json);
	} else if (value->kind != CKPT_COMPONENT_SECRET) {
		put_bytes(json, value);
	}
	ckpt_json_end_object(json);
}

void ckpt_recordtext_json(struct ckpt_json *json, const char *key,
			  const struct ckpt_recorded *recorded)
{
	if (!recorded) {
		ckpt_json_string(json, key, NULL);
		return;
	}
	ckpt_json_begin_array(json, key);
	for (size_t i = 0; i < recorded->count; i++)
		put_value(json, &recorded->values[i]);
	ckpt_json_end_array(json);
}

/* ---- comparing ---------------------------------------------------------- */
struct comparison {
	const struct ckpt_recorded_value *mine, *other;
	uint64_t start;
	const char *index; /* "[3]", or "" */
	struct ckpt_buf *out;
	bool is_found;
};

static bool compare_leaf(void *argument, const struct ckpt_value_leaf *leaf)
{
	struct comparison *c = argument;
	uint64_t off = c->start + leaf->off;

	if (!is_known(c->mine, off, leaf->type.size) ||
	    !is_known(c->other, off, leaf->type.size) ||
	    !memcmp(c->mine->bytes + off, c->other->bytes + off,
		    leaf->type.size))
		return true;
	c->is_found = true;
	ckpt_buf_format(c->out, "%s%s: ", c->index, leaf->path);
	ckpt_value_text(c->out, &leaf->type, c->mine->bytes + off);
	ckpt_buf_add_text(c->out, ", was ");
	ckpt_value_text(c->out, &leaf->type, c->other->bytes + off);
	return false;
}

/* The first byte that differs, or the shorter size. */
static uint64_t first_difference(const struct ckpt_recorded_value *a,
				 const struct ckpt_recorded_value *b)
{
	uint64_t size = a->count < b->count ? a->count : b->count, at = 0;

	while (at < size && a->bytes[at] == b->bytes[at])
		at++;
	return at;
}

bool ckpt_recordtext_compare(const struct ckpt_recorded_value *mine,
			     const struct ckpt_recorded_value *other,
			     struct ckpt_buf *out)
{
	uint64_t at = first_difference(mine, other);
	char index[24] = "";
	struct comparison c = {mine, other, .index = index, .out = out};
	struct ckpt_typecode type;

	if (at >= mine->count || at >= other->count || !read_type(mine, &type))
		return false;
	at /= mine->element_size;
	c.start = at * mine->element_size;
	if (count_elements(mine) > 1)
		snprintf(index, sizeof(index), "[%" PRIu64 "]", at);
	return !ckpt_value_leaves(mine->type, mine->type_size, compare_leaf,
				  &c) &&
	       c.is_found;
}
