/* SPDX-License-Identifier: MIT */
#include "tools/why.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/payload.h"
#include "tools/fptext_x86_64.h"
#include "tools/recordtext.h"

enum ckpt_status ckpt_why_components(const void *payload, size_t size,
				     struct ckpt_reader *ret)
{
	struct ckpt_payload_header header;
	struct ckpt_reader reader;
	const void *data;

	ckpt_reader_init(&reader, payload, size);
	if (ckpt_read_copy(&reader, &header, sizeof(header)) ||
	    header.magic != CKPT_PAYLOAD_MAGIC ||
	    header.version != CKPT_PAYLOAD_VERSION ||
	    ckpt_read_bytes(&reader, header.effects_size, &data) ||
	    ckpt_read_bytes(&reader, header.random_size, &data) ||
	    ckpt_read_bytes(&reader, header.components_size, &data))
		return CKPT_BADDATA;
	if (!header.components_size)
		return CKPT_NOTFOUND;
	ckpt_reader_init(ret, data, header.components_size);
	return CKPT_OK;
}

/* The next one that is part of the key. */
static enum ckpt_status next_component(struct ckpt_reader *reader,
				       struct ckpt_component *ret)
{
	enum ckpt_status status;

	do
		status = ckpt_component_next(reader, ret);
	while (!status && ret->form == CKPT_COMPONENT_EXTENT);
	return status;
}

static enum ckpt_status count_components(struct ckpt_reader reader,
					 size_t *ret_count)
{
	struct ckpt_component component;
	enum ckpt_status status;

	*ret_count = 0;
	while (!(status = next_component(&reader, &component)))
		(*ret_count)++;
	return status == CKPT_NOTFOUND ? CKPT_OK : status;
}

enum ckpt_status ckpt_why_list_read(const struct ckpt_reader *components,
				    struct ckpt_why_list *ret)
{
	struct ckpt_reader reader = *components;
	struct ckpt_why_list list = {.count = 0};
	enum ckpt_status status;

	status = count_components(reader, &list.count);
	if (status)
		return status;
	list.items = calloc(list.count + 1, sizeof(*list.items));
	if (!list.items)
		return CKPT_NOMEM;
	for (size_t i = 0; i < list.count && !status; i++)
		status = next_component(&reader, &list.items[i]);
	if (status)
		ckpt_why_list_deinit(&list);
	else
		*ret = list;
	return status;
}

void ckpt_why_list_deinit(struct ckpt_why_list *list)
{
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

static bool is_same_path(const struct ckpt_component *a,
			 const struct ckpt_component *b)
{
	return a->kind == b->kind && a->path_size == b->path_size &&
	       !memcmp(a->path, b->path, a->path_size);
}

/* Components of one function come in one order: look on from `from` first. */
static const struct ckpt_component *find(const struct ckpt_why_list *list,
					 const struct ckpt_component *like,
					 size_t *from)
{
	for (size_t i = 0; i < list->count; i++) {
		size_t at = (*from + i) % list->count;

		if (is_same_path(&list->items[at], like)) {
			*from = at + 1;
			return &list->items[at];
		}
	}
	return NULL;
}

static bool is_equal(const struct ckpt_component *a,
		     const struct ckpt_component *b)
{
	return a->form == b->form && a->size == b->size &&
	       a->data_size == b->data_size &&
	       !memcmp(a->data, b->data, a->data_size);
}

/* What a component is about, without its path. */
static const char *const kind_texts[] = {
	[CKPT_COMPONENT_MORE] = "more inputs than are kept",
	[CKPT_COMPONENT_PROGRAM] = "types or contract",
	[CKPT_COMPONENT_CODE] =
		"code: the function, one it calls, or a constant of them",
	[CKPT_COMPONENT_FP] = "floating-point control",
	[CKPT_COMPONENT_AROUND] = "environment",
	[CKPT_COMPONENT_PRE] = "value before the call",
	[CKPT_COMPONENT_PARAMETER] = "argument",
	[CKPT_COMPONENT_GLOBAL] = "global",
};

void ckpt_why_name(const struct ckpt_component *c, struct ckpt_buf *out)
{
	if ((c->kind == CKPT_COMPONENT_PARAMETER ||
	     c->kind == CKPT_COMPONENT_AROUND) &&
	    c->path_size)
		ckpt_buf_add(out, c->path, c->path_size);
	else if (c->path_size)
		ckpt_buf_format(out, "%s: %.*s", kind_texts[c->kind],
				c->path_size, c->path);
	else
		ckpt_buf_add_text(out, kind_texts[c->kind]);
}

/* What bytes are as an integer, if they can be one. */
static void add_value(struct ckpt_buf *out, const uint8_t *data, uint32_t size)
{
	uint64_t value = 0;

	if (size > sizeof(value)) {
		ckpt_buf_add_text(out, "0x");
		for (uint32_t i = size; i > 0; i--)
			ckpt_buf_format(out, "%02x", data[i - 1]);
		return;
	}
	memcpy(&value, data, size);
	if (value < 1u << 31)
		ckpt_buf_format(out, "%" PRIu64, value);
	else
		ckpt_buf_format(out, "0x%" PRIx64, value);
}

/* A TYPED component as what tells values takes it. */
static struct ckpt_recorded_value value_of(const struct ckpt_component *c)
{
	return (struct ckpt_recorded_value){
		.kind = c->kind,
		.element_size = c->element_size,
		.size = c->size,
		.count = c->data_size,
		.bytes = (uint8_t *)(uintptr_t)c->data,
		.type = c->type,
		.type_size = c->type_size,
	};
}

/* A value that stands there as it is. */
static bool is_number(const struct ckpt_component *c)
{
	return c->form == CKPT_COMPONENT_INLINE &&
	       c->kind != CKPT_COMPONENT_FP && c->data_size &&
	       c->data_size <= 8 &&
	       (!c->element_size || c->element_size == c->data_size);
}

void ckpt_why_content(const struct ckpt_component *c, struct ckpt_buf *out)
{
	if (c->kind == CKPT_COMPONENT_MORE)
		return;
	if (c->form == CKPT_COMPONENT_TYPED) {
		const struct ckpt_recorded_value value = value_of(c);

		ckpt_recordtext_brief(&value, out);
		return;
	}
	if (is_number(c)) {
		add_value(out, c->data, c->data_size);
		return;
	}
	ckpt_buf_format(out, "%" PRIu64 " bytes, ", c->size);
	if (c->form == CKPT_COMPONENT_BLOCKS) {
		ckpt_buf_format(out, "digests of %u blocks", c->block_count);
		return;
	}
	if (c->form == CKPT_COMPONENT_DIGEST ||
	    c->kind == CKPT_COMPONENT_PROGRAM ||
	    c->kind == CKPT_COMPONENT_CODE || c->kind == CKPT_COMPONENT_AROUND)
		ckpt_buf_add_text(out, "digest ");
	for (uint32_t i = 0; i < c->data_size; i++)
		ckpt_buf_format(out, "%02x", c->data[i]);
}

/* The first element that differs: "[2]: 4, was 3". */
static void add_element(struct ckpt_buf *out, const struct ckpt_component *mine,
			const struct ckpt_component *other)
{
	uint32_t size = mine->data_size, step = mine->element_size;
	uint32_t at = 0;

	if (step && step < size && !(size % step)) {
		while (!memcmp(mine->data + at, other->data + at, step))
			at += step;
		ckpt_buf_format(out, "[%u]", at / step);
		size = step;
	}
	ckpt_buf_add_text(out, ": ");
	add_value(out, mine->data + at, size);
	ckpt_buf_add_text(out, ", was ");
	add_value(out, other->data + at, size);
}

/* "[12..63]": the elements of the blocks that differ. */
static void add_ranges(struct ckpt_buf *out, const struct ckpt_component *a,
		       const struct ckpt_component *b)
{
	uint64_t per_block =
		a->element_size ? a->block_size / a->element_size : 0;
	uint64_t count = a->element_size ? a->size / a->element_size : 0;
	const char *separator = "[";

	for (uint32_t i = 0; i < a->block_count && per_block; i++) {
		uint32_t first = i;

		while (i < a->block_count &&
		       memcmp(a->data + 8 * i, b->data + 8 * i, 8) != 0)
			i++;
		if (i == first)
			continue;
		ckpt_buf_format(
			out, "%s%" PRIu64 "..%" PRIu64, separator,
			first * per_block,
			(i * per_block < count ? i * per_block : count) - 1);
		separator = ", ";
	}
	ckpt_buf_add_text(out, *separator == ',' ? "]: differs" : ": differs");
}

static bool describe_fp(struct ckpt_buf *out, const struct ckpt_component *mine,
			const struct ckpt_component *other)
{
	uint32_t control[2];

	if (mine->kind != CKPT_COMPONENT_FP ||
	    mine->data_size != sizeof(control[0]) ||
	    other->data_size != sizeof(control[0]))
		return false;
	memcpy(&control[0], mine->data, sizeof(control[0]));
	memcpy(&control[1], other->data, sizeof(control[1]));
	return ckpt_fptext_compare(control[0], control[1], out);
}

static const struct ckpt_recorded_value *
find_input(const struct ckpt_recorded *inputs, const struct ckpt_component *c)
{
	for (size_t i = 0; i < inputs->count; i++)
		if (inputs->values[i].kind == c->kind &&
		    strlen(inputs->values[i].path) == c->path_size &&
		    !memcmp(inputs->values[i].path, c->path, c->path_size))
			return &inputs->values[i];
	return NULL;
}

/* The very values, where they were kept. */
static bool describe_input(struct ckpt_buf *out,
			   const struct ckpt_component *mine,
			   const struct ckpt_component *other,
			   const struct ckpt_why_more *more)
{
	const struct ckpt_recorded_value *my_value, *other_value;
	size_t before = out->size;

	if (mine->size != other->size)
		return false;
	my_value = find_input(&more->mine, mine);
	other_value = find_input(&more->other, mine);
	if (!my_value || !other_value)
		return false;
	ckpt_why_name(mine, out);
	if (ckpt_recordtext_compare(my_value, other_value, out)) {
		ckpt_buf_add_u8(out, '\n');
		return true;
	}
	out->size = before;
	return false;
}

/* Small values stand in the entries themselves. */
static bool describe_typed(struct ckpt_buf *out,
			   const struct ckpt_component *mine,
			   const struct ckpt_component *other)
{
	const struct ckpt_recorded_value my_value = value_of(mine);
	const struct ckpt_recorded_value other_value = value_of(other);
	size_t before = out->size;

	if (mine->form != CKPT_COMPONENT_TYPED ||
	    other->form != CKPT_COMPONENT_TYPED || mine->size != other->size)
		return false;
	ckpt_why_name(mine, out);
	if (ckpt_recordtext_compare(&my_value, &other_value, out)) {
		ckpt_buf_add_u8(out, '\n');
		return true;
	}
	out->size = before;
	return false;
}

static void describe(struct ckpt_buf *out, const struct ckpt_component *mine,
		     const struct ckpt_component *other,
		     const struct ckpt_why_more *more)
{
	if (mine->kind == CKPT_COMPONENT_CODE && more->code && *more->code) {
		ckpt_buf_add_text(out, more->code);
		return;
	}
	if (describe_fp(out, mine, other) || describe_typed(out, mine, other) ||
	    describe_input(out, mine, other, more))
		return;
	ckpt_why_name(mine, out);
	if (mine->size != other->size) {
		ckpt_buf_format(out, ": %" PRIu64 " bytes, were %" PRIu64,
				mine->size, other->size);
	} else if (mine->form == CKPT_COMPONENT_INLINE &&
		   mine->data_size == other->data_size &&
		   other->form == CKPT_COMPONENT_INLINE &&
		   mine->kind != CKPT_COMPONENT_PROGRAM &&
		   mine->kind != CKPT_COMPONENT_CODE &&
		   mine->kind != CKPT_COMPONENT_AROUND) {
		add_element(out, mine, other);
	} else if (mine->form == CKPT_COMPONENT_BLOCKS &&
		   other->form == CKPT_COMPONENT_BLOCKS &&
		   mine->block_count == other->block_count) {
		add_ranges(out, mine, other);
	} else {
		ckpt_buf_add_text(out, ": differs");
	}
	ckpt_buf_add_u8(out, '\n');
}

/* What only the other has is told by number: its names are not ours. */
static size_t count_gone(const struct ckpt_why_list *other, size_t matched)
{
	return other->count > matched ? other->count - matched : 0;
}

size_t ckpt_why_count(const struct ckpt_why_list *mine,
		      const struct ckpt_why_list *other, size_t limit)
{
	size_t from = 0, matched = 0, differing = 0;

	for (size_t i = 0; i < mine->count && differing <= limit; i++) {
		const struct ckpt_component *c = &mine->items[i];
		const struct ckpt_component *d = find(other, c, &from);

		matched += d != NULL;
		differing += !d || !is_equal(c, d);
	}
	if (differing > limit)
		return differing;
	return differing + count_gone(other, matched);
}

void ckpt_why_describe(const struct ckpt_why_list *mine,
		       const struct ckpt_why_list *other,
		       const struct ckpt_why_more *more, struct ckpt_buf *out)
{
	size_t from = 0, matched = 0, gone;

	for (size_t i = 0; i < mine->count; i++) {
		const struct ckpt_component *c = &mine->items[i];
		const struct ckpt_component *d = find(other, c, &from);

		matched += d != NULL;
		if (d && is_equal(c, d))
			continue;
		if (d) {
			describe(out, c, d, more);
		} else {
			ckpt_why_name(c, out);
			ckpt_buf_add_text(out, ": was not there\n");
		}
	}
	gone = count_gone(other, matched);
	if (gone)
		ckpt_buf_format(out, "%zu %s gone\n", gone,
				gone == 1 ? "input is" : "inputs are");
}
