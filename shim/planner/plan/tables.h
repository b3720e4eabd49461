/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_TABLES_H
#define CKPT_PLANNER_TABLES_H

/*
 * The sections of a plan while it grows: one buffer each, and an index of the
 * strings so that equal ones are stored once. A failed allocation shows in
 * ckpt_tables_status(), at the end. Set-up world.
 */

#include "shim/common/buf.h"
#include "shim/plan.h"

struct ckpt_tables {
	struct ckpt_buf sections[CKPT_PLAN_SECTION_COUNT];
	/* Open addressing: 1 + offset of a string; 0 = free. */
	uint32_t *index;
	uint32_t index_size; /* a power of two */
	uint32_t text_count;
	struct ckpt_tables_list *lists; /* that can be shared */
	size_t list_count;
};

void ckpt_tables_init(struct ckpt_tables *tables);
void ckpt_tables_deinit(struct ckpt_tables *tables);

/* Offset of `text` in the strings; equal texts share one. NULL → NONE. */
uint32_t ckpt_tables_text(struct ckpt_tables *tables, const char *text);

/* Offset of `size` bytes in the strings; equal ones share one. */
uint32_t ckpt_tables_bytes(struct ckpt_tables *tables, const void *data,
			   size_t size);

/* Append an entry of `size` bytes; its index. */
uint32_t ckpt_tables_add(struct ckpt_tables *tables,
			 enum ckpt_plan_section_id section, const void *entry,
			 size_t size);

/* The entries from `first` to the end are a list. If an equal one is there
 * already, they are dropped and that one's first index is returned. */
uint32_t ckpt_tables_share(struct ckpt_tables *tables,
			   enum ckpt_plan_section_id section, uint32_t first);

/* How many bytes an entry of `section` has. */
uint32_t ckpt_tables_entry_size(enum ckpt_plan_section_id section);

/* How many entries there are. */
uint32_t ckpt_tables_count(const struct ckpt_tables *tables,
			   enum ckpt_plan_section_id section);

/* Where the tables end now; and back to there, dropping what was added since
 * but its strings. Other functions' entries must not refer to what goes. */
struct ckpt_tables_mark {
	size_t sizes[CKPT_PLAN_SECTION_COUNT];
};

struct ckpt_tables_mark ckpt_tables_mark(const struct ckpt_tables *tables);
void ckpt_tables_rewind(struct ckpt_tables *tables,
			const struct ckpt_tables_mark *mark);

/* NOMEM if something could not be added. */
enum ckpt_status
ckpt_tables_status(const struct ckpt_tables *tables) CKPT_MUST_CHECK;

#endif
