/* SPDX-License-Identifier: MIT */
#include "shim/planner/plan/tables.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shim/planentry.h"

enum { INDEX_SIZE_MIN = 256 };

struct ckpt_tables_list {
	enum ckpt_plan_section_id section;
	uint32_t first, count;
};

void ckpt_tables_init(struct ckpt_tables *tables)
{
	memset(tables, 0, sizeof(*tables));
}

void ckpt_tables_deinit(struct ckpt_tables *tables)
{
	for (int id = 0; id < CKPT_PLAN_SECTION_COUNT; id++)
		ckpt_buf_deinit(&tables->sections[id]);
	free(tables->index);
	free(tables->lists);
	memset(tables, 0, sizeof(*tables));
}

static const char *text_at(const struct ckpt_tables *tables, uint32_t off)
{
	return (const char *)tables->sections[CKPT_PLAN_STRINGS].data + off;
}

/* Where `text` is or would be in the index. */
static uint32_t *find_slot(const struct ckpt_tables *tables, const char *text)
{
	uint64_t at = ckpt_hash64(text, strlen(text));
	uint32_t *slot;

	for (;; at++) {
		slot = &tables->index[at & (tables->index_size - 1)];
		if (!*slot || !strcmp(text_at(tables, *slot - 1), text))
			return slot;
	}
}

/* Room for one more at no more than half load. */
static bool grow_index(struct ckpt_tables *tables)
{
	uint32_t old_size = tables->index_size;
	uint32_t *old = tables->index;

	if (2 * (tables->text_count + 1) <= old_size)
		return true;
	tables->index_size = old_size ? 2 * old_size : INDEX_SIZE_MIN;
	tables->index = calloc(tables->index_size, sizeof(*tables->index));
	if (!tables->index) {
		tables->index = old;
		tables->index_size = old_size;
		return false;
	}
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i])
			*find_slot(tables, text_at(tables, old[i] - 1)) =
				old[i];
	free(old);
	return true;
}

uint32_t ckpt_tables_text(struct ckpt_tables *tables, const char *text)
{
	struct ckpt_buf *strings = &tables->sections[CKPT_PLAN_STRINGS];
	uint32_t off = (uint32_t)strings->size;
	uint32_t *slot;

	if (!text)
		return CKPT_PLAN_NONE;
	if (!grow_index(tables)) {
		strings->is_failed = 1;
		return 0;
	}
	slot = find_slot(tables, text);
	if (*slot)
		return *slot - 1;
	ckpt_buf_add(strings, text, strlen(text) + 1);
	if (strings->is_failed)
		return 0;
	*slot = off + 1;
	tables->text_count++;
	return off;
}

uint32_t ckpt_tables_add(struct ckpt_tables *tables,
			 enum ckpt_plan_section_id section, const void *entry,
			 size_t size)
{
	struct ckpt_buf *buf = &tables->sections[section];
	uint32_t index = ckpt_tables_count(tables, section);

	assert(size == ckpt_plan_entry_size(section));
	ckpt_buf_add(buf, entry, size);
	return index;
}

static bool is_equal(const struct ckpt_tables *tables,
		     const struct ckpt_tables_list *a,
		     const struct ckpt_tables_list *b)
{
	const uint8_t *data = tables->sections[a->section].data;
	size_t size = ckpt_plan_entry_size(a->section);

	return a->section == b->section && a->count == b->count &&
	       !memcmp(data + a->first * size, data + b->first * size,
		       a->count * size);
}

uint32_t ckpt_tables_share(struct ckpt_tables *tables,
			   enum ckpt_plan_section_id section, uint32_t first)
{
	struct ckpt_tables_list list = {
		section, first, ckpt_tables_count(tables, section) - first};
	struct ckpt_tables_list *grown;

	if (list.count == 0 || tables->sections[section].is_failed)
		return first;
	for (size_t i = 0; i < tables->list_count; i++) {
		if (!is_equal(tables, &tables->lists[i], &list))
			continue;
		tables->sections[section].size =
			first * ckpt_plan_entry_size(section);
		return tables->lists[i].first;
	}
	grown = reallocarray(tables->lists, tables->list_count + 1,
			     sizeof(*grown));
	if (grown) {
		grown[tables->list_count++] = list;
		tables->lists = grown;
	}
	return first;
}

uint32_t ckpt_tables_bytes(struct ckpt_tables *tables, const void *data,
			   size_t size)
{
	struct ckpt_buf *strings = &tables->sections[CKPT_PLAN_STRINGS];
	uint32_t off = (uint32_t)strings->size;

	ckpt_buf_add(strings, data, size);
	ckpt_buf_add_u8(strings, 0); /* the section ends with a string */
	return ckpt_tables_share(tables, CKPT_PLAN_STRINGS, off);
}

uint32_t ckpt_tables_entry_size(enum ckpt_plan_section_id section)
{
	return ckpt_plan_entry_size(section);
}

uint32_t ckpt_tables_count(const struct ckpt_tables *tables,
			   enum ckpt_plan_section_id section)
{
	return (uint32_t)(tables->sections[section].size /
			  ckpt_plan_entry_size(section));
}

struct ckpt_tables_mark ckpt_tables_mark(const struct ckpt_tables *tables)
{
	struct ckpt_tables_mark mark;

	for (int id = 0; id < CKPT_PLAN_SECTION_COUNT; id++)
		mark.sizes[id] = tables->sections[id].size;
	return mark;
}

void ckpt_tables_rewind(struct ckpt_tables *tables,
			const struct ckpt_tables_mark *mark)
{
	size_t kept = 0;

	for (int id = 0; id < CKPT_PLAN_SECTION_COUNT; id++)
		if (id != CKPT_PLAN_STRINGS)
			tables->sections[id].size = mark->sizes[id];
	for (size_t i = 0; i < tables->list_count; i++) {
		const struct ckpt_tables_list *list = &tables->lists[i];

		if (list->first + list->count <=
		    ckpt_tables_count(tables, list->section))
			tables->lists[kept++] = *list;
	}
	tables->list_count = kept;
}

enum ckpt_status ckpt_tables_status(const struct ckpt_tables *tables)
{
	for (int id = 0; id < CKPT_PLAN_SECTION_COUNT; id++)
		if (tables->sections[id].is_failed)
			return CKPT_NOMEM;
	return CKPT_OK;
}
