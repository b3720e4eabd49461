/* SPDX-License-Identifier: MIT */
#include "shim/store/tables.h"

#include "shim/store/rebuild.h"

enum {
	CHECK_INTERVAL_MS = 4,
	PAUSE_MS = 10000,
};

void ckpt_tables_open(struct ckpt_tables *tables, struct ckpt_layout *layout,
		      struct ckpt_segments *segments, uint32_t now_ms)
{
	tables->layout = layout;
	tables->checked_ms = now_ms;
	if (ckpt_rebuild_open(&tables->all[0], layout, segments))
		return;
	tables->count = 1;
	tables->current = &tables->all[0];
}

void ckpt_tables_close(struct ckpt_tables *tables)
{
	for (int i = 0; i < CKPT_INDEX_GENERATIONS; i++)
		ckpt_index_close(&tables->all[i]);
	tables->current = NULL;
}

/* A place for one more table; NULL: this process has seen too many. */
static struct ckpt_index *keep_table(struct ckpt_tables *tables,
				     struct ckpt_index *index)
{
	uint32_t at = __atomic_fetch_add(&tables->count, 1, __ATOMIC_RELAXED);

	if (at >= CKPT_INDEX_GENERATIONS) {
		__atomic_fetch_sub(&tables->count, 1, __ATOMIC_RELAXED);
		ckpt_index_close(index);
		return NULL;
	}
	tables->all[at] = *index;
	return &tables->all[at];
}

bool ckpt_tables_follow(struct ckpt_tables *tables, struct ckpt_index *old)
{
	struct ckpt_index opened;
	struct ckpt_index *next;

	if (ckpt_tables_get(tables) != old)
		return true;
	if (ckpt_index_is_current(old, tables->layout) ||
	    ckpt_index_open(&opened, tables->layout))
		return false;
	next = keep_table(tables, &opened);
	if (!next)
		return false;
	(void)__atomic_compare_exchange_n(&tables->current, &old, next, false,
					  __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	return true;
}

struct ckpt_index *ckpt_tables_check(struct ckpt_tables *tables,
				     uint32_t now_ms)
{
	struct ckpt_index *index = ckpt_tables_get(tables);

	if (!index ||
	    now_ms - __atomic_load_n(&tables->checked_ms, __ATOMIC_RELAXED) <
		    CHECK_INTERVAL_MS)
		return index;
	__atomic_store_n(&tables->checked_ms, now_ms, __ATOMIC_RELAXED);
	/* Someone may have deleted it, and another process made a new one. */
	if (ckpt_tables_follow(tables, index) ||
	    ckpt_index_is_whole(index, tables->layout))
		return ckpt_tables_get(tables);
	__atomic_store_n(&tables->current, NULL, __ATOMIC_RELEASE);
	return NULL;
}

void ckpt_tables_grow(struct ckpt_tables *tables, struct ckpt_index *old,
		      uint64_t now_ms)
{
	uint64_t *again = &tables->grow_again_ms;
	struct ckpt_index next;
	int lock;

	if (now_ms < __atomic_load_n(again, __ATOMIC_RELAXED))
		return;
	lock = ckpt_layout_lock(tables->layout, 0);
	if (lock < 0)
		return;
	if (!ckpt_tables_follow(tables, old)) {
		__atomic_store_n(again, now_ms + PAUSE_MS, __ATOMIC_RELAXED);
		if (!ckpt_index_grow(old, tables->layout, &next)) {
			ckpt_index_close(&next);
			__atomic_store_n(again, 0, __ATOMIC_RELAXED);
			(void)ckpt_tables_follow(tables, old);
		}
	}
	ckpt_layout_unlock(lock);
}
