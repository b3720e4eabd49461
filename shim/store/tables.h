/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_TABLES_H
#define CKPT_STORE_TABLES_H

/*
 * The index over the life of a process: the table in use, those that were
 * grown out of, and the change from one to the next. Superseded tables stay
 * mapped, since another thread may be reading.
 *
 * Hot path, lock-free; growing takes the store's lock if nobody has it.
 */

#include "shim/store/index.h"
#include "shim/store/segment.h"

/* Zero-initialise. */
struct ckpt_tables {
	struct ckpt_layout *layout;
	struct ckpt_index *current; /* NULL: none, the store has files only */
	struct ckpt_index all[CKPT_INDEX_GENERATIONS];
	uint32_t count;
	uint32_t checked_ms; /* when the current one was found whole */
	uint64_t grow_again_ms;
};

/* Open the store's index, or make it. That fails where a store cannot have
 * one. */
void ckpt_tables_open(struct ckpt_tables *tables, struct ckpt_layout *layout,
		      struct ckpt_segments *segments, uint32_t now_ms);
void ckpt_tables_close(struct ckpt_tables *tables);

static inline struct ckpt_index *
ckpt_tables_get(const struct ckpt_tables *tables)
{
	return __atomic_load_n(&tables->current, __ATOMIC_ACQUIRE);
}

/* The same, but NULL if someone cut its file short: touching it would raise
 * SIGBUS. Looked at every few milliseconds of use. */
struct ckpt_index *ckpt_tables_check(struct ckpt_tables *tables,
				     uint32_t now_ms);

/* `old` was superseded and another one has the name: use that. False: there is
 * no better one. */
bool ckpt_tables_follow(struct ckpt_tables *tables, struct ckpt_index *old);

/* Grow `old`, unless someone is at it or it failed a moment ago. */
void ckpt_tables_grow(struct ckpt_tables *tables, struct ckpt_index *old,
		      uint64_t now_ms);

#endif
