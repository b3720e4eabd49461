/* SPDX-License-Identifier: MIT */
#include "tools/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 256, STEPS_MAX = 1 << 14 };

/* ---- leaves ------------------------------------------------------------- */
struct walk {
	bool (*visit)(void *argument, const struct ckpt_value_leaf *leaf);
	void *argument;
	char path[PATH_SIZE];
	size_t steps_left; /* a type may claim any number of elements */
	bool is_done;	   /* the visitor wants no more */
	bool is_silent;
};

static enum ckpt_status walk_type(struct walk *walk, struct ckpt_reader *reader,
				  uint64_t off, unsigned depth);

static void visit_leaf(struct walk *walk, const struct ckpt_typecode *type,
		       uint64_t off)
{
	struct ckpt_value_leaf leaf = {walk->path, *type, off};

	if (!walk->is_silent && !walk->is_done)
		walk->is_done = !walk->visit(walk->argument, &leaf);
}

/* The name without qualifiers is `name`. */
static bool is_named(const struct ckpt_typecode *type, const char *name)
{
	static const char *const qualifiers[] = {"const ", "volatile "};
	const char *own = type->name;
	size_t size = type->name_size;

	for (size_t i = 0; i < 2; i++) {
		size_t length = strlen(qualifiers[i]);

		if (size <= length || memcmp(own, qualifiers[i], length) != 0)
			continue;
		own += length;
		size -= length;
	}
	return size == strlen(name) && !memcmp(own, name, size);
}

bool ckpt_value_is_char(const struct ckpt_typecode *type)
{
	return type->kind == CKPT_TYPECODE_BYTES && type->size == 1 &&
	       is_named(type, "char");
}

static enum ckpt_status walk_elements(struct walk *walk,
				      struct ckpt_reader *reader,
				      const struct ckpt_typecode *type,
				      uint64_t off, unsigned depth)
{
	const struct ckpt_reader start = *reader;
	bool is_silent = walk->is_silent;
	size_t length = strlen(walk->path);
	enum ckpt_status status;

	for (uint32_t i = 0; i < type->count && !walk->is_done && !is_silent;
	     i++) {
		*reader = start;
		(void)snprintf(walk->path + length, PATH_SIZE - length, "[%u]",
			       i);
		status = walk_type(walk, reader,
				   off + (uint64_t)i * type->stride, depth);
		walk->path[length] = '\0';
		if (status)
			return status;
	}
	/* To get behind it, also if there was none. */
	*reader = start;
	walk->is_silent = true;
	status = walk_type(walk, reader, off, depth);
	walk->is_silent = is_silent;
	return status;
}

static enum ckpt_status walk_array(struct walk *walk,
				   struct ckpt_reader *reader,
				   const struct ckpt_typecode *type,
				   uint64_t off, unsigned depth)
{
	struct ckpt_reader ahead = *reader;
	struct ckpt_typecode element;
	enum ckpt_status status = ckpt_typecode_next(&ahead, &element);

	if (status || !ckpt_value_is_char(&element))
		return status ? status
			      : walk_elements(walk, reader, type, off, depth);
	*reader = ahead;
	element.size = type->count;
	visit_leaf(walk, &element, off);
	return CKPT_OK;
}

static enum ckpt_status walk_fields(struct walk *walk,
				    struct ckpt_reader *reader, uint32_t count,
				    uint64_t off, unsigned depth)
{
	size_t length = strlen(walk->path);
	enum ckpt_status status = CKPT_OK;

	for (uint32_t i = 0; i < count && !status; i++) {
		struct ckpt_typecode_field field;

		status = ckpt_typecode_field(reader, &field);
		if (status)
			return status;
		if (field.name_size)
			(void)snprintf(walk->path + length, PATH_SIZE - length,
				       ".%.*s", field.name_size, field.name);
		status = walk_type(walk, reader, off + field.off, depth);
		walk->path[length] = '\0';
	}
	return status;
}

static enum ckpt_status walk_type(struct walk *walk, struct ckpt_reader *reader,
				  uint64_t off, unsigned depth)
{
	struct ckpt_typecode type;
	enum ckpt_status status = ckpt_typecode_next(reader, &type);

	if (status || depth > CKPT_TYPECODE_DEPTH_MAX || !walk->steps_left--)
		return CKPT_BADDATA;
	if (type.kind == CKPT_TYPECODE_STRUCT)
		return walk_fields(walk, reader, type.count, off, depth + 1);
	if (type.kind == CKPT_TYPECODE_ARRAY)
		return walk_array(walk, reader, &type, off, depth + 1);
	if (type.kind != CKPT_TYPECODE_SKIPPED)
		visit_leaf(walk, &type, off);
	return CKPT_OK;
}

enum ckpt_status ckpt_value_leaves(
	const void *type, size_t size,
	bool (*visit)(void *argument, const struct ckpt_value_leaf *leaf),
	void *argument)
{
	struct walk walk = {
		.visit = visit,
		.argument = argument,
		.steps_left = STEPS_MAX,
	};
	struct ckpt_reader reader;

	ckpt_reader_init(&reader, type, size);
	return walk_type(&walk, &reader, 0, 0);
}

/* ---- values ------------------------------------------------------------- */
static bool has_word(const struct ckpt_typecode *type, const char *word)
{
	return memmem(type->name, type->name_size, word, strlen(word)) != NULL;
}

/* With as many digits as tell it from its neighbours. */
static void add_double(struct ckpt_buf *out, double value, int digits_max)
{
	char text[40];

	for (int digits = 6; digits <= digits_max; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (digits_max == 17 ? strtod(text, NULL) == value
				     : strtof(text, NULL) == (float)value)
			break;
	}
	ckpt_buf_add_text(out, text);
}

static bool add_float(struct ckpt_buf *out, const struct ckpt_typecode *type,
		      const uint8_t *bytes)
{
	long double extended = 0;
	double value;
	float single;

	if (is_named(type, "double") && type->size == sizeof(value)) {
		memcpy(&value, bytes, sizeof(value));
		add_double(out, value, 17);
	} else if (is_named(type, "float") && type->size == sizeof(single)) {
		memcpy(&single, bytes, sizeof(single));
		add_double(out, (double)single, 9);
	} else if (is_named(type, "long double") &&
		   type->size <= sizeof(extended)) {
		memcpy(&extended, bytes, type->size);
		ckpt_buf_format(out, "%.21Lg", extended);
	} else {
		return false;
	}
	return true;
}

static void add_integer(struct ckpt_buf *out, const struct ckpt_typecode *type,
			uint64_t word, unsigned bits)
{
	uint64_t sign = (uint64_t)1 << (bits - 1);

	if (has_word(type, "bool") || has_word(type, "Bool"))
		ckpt_buf_add_text(out, word ? "true" : "false");
	else if (has_word(type, "unsigned") || !(word & sign))
		ckpt_buf_format(out, "%" PRIu64, word);
	else
		ckpt_buf_format(out, "-%" PRIu64, (~word & (sign - 1)) + 1);
}

static void add_hex(struct ckpt_buf *out, const uint8_t *bytes, uint32_t size)
{
	ckpt_buf_add_text(out, "0x");
	for (uint32_t i = size; i > 0; i--)
		ckpt_buf_format(out, "%02x", bytes[i - 1]);
}

void ckpt_value_quote(struct ckpt_buf *out, const uint8_t *bytes, size_t size)
{
	ckpt_buf_add_u8(out, '"');
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			ckpt_buf_format(out, "\\%c", bytes[i]);
		else if (bytes[i] == '\n')
			ckpt_buf_add_text(out, "\\n");
		else if (bytes[i] >= 32 && bytes[i] < 127)
			ckpt_buf_add_u8(out, bytes[i]);
		else
			ckpt_buf_format(out, "\\%03o", bytes[i]);
	}
	ckpt_buf_add_u8(out, '"');
}

void ckpt_value_text(struct ckpt_buf *out, const struct ckpt_typecode *type,
		     const uint8_t *bytes)
{
	uint64_t word = 0;

	if (type->kind == CKPT_TYPECODE_POINTER) {
		ckpt_buf_add_text(out, "pointer");
	} else if (is_named(type, "char") && type->size != 1) {
		ckpt_value_quote(out, bytes,
				 strnlen((const char *)bytes, type->size));
	} else if (add_float(out, type, bytes)) {
		return;
	} else if (!type->size || type->size > sizeof(word)) {
		add_hex(out, bytes, type->size);
	} else {
		memcpy(&word, bytes, type->size);
		if (type->kind == CKPT_TYPECODE_BITS && type->bit_size < 64)
			word = word >> type->bit_off &
			       (((uint64_t)1 << type->bit_size) - 1);
		add_integer(out, type, word,
			    type->kind == CKPT_TYPECODE_BITS ? type->bit_size
							     : 8 * type->size);
	}
}
