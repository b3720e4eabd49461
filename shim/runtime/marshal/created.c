/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/created.h"

#include "shim/runtime/marshal/emit.h"
#include "shim/runtime/marshal/roots.h"

struct search {
	struct ckpt_call *call;
	const struct ckpt_overlap *before; /* the caller's extents */
};

static const struct ckpt_plan_clause *clause_of(const struct ckpt_call *call,
						uint32_t clause)
{
	return &call->program->clauses[clause];
}

bool ckpt_created_old_value(const struct ckpt_call *call,
			    const struct ckpt_walk_pointer *pointer,
			    uint8_t **ret)
{
	const struct ckpt_extent *holder = &call->extents[pointer->holder];

	if (!(holder->flags & CKPT_EXTENT_IS_SAVED))
		return false;
	*ret = ckpt_walk_value(call->arena->data + holder->saved +
			       (pointer->from - holder->address));
	return true;
}

/* ---- new blocks ---- */

/* Does the address lie inside an extent the caller had, or in a global? */
static bool is_callers(const struct search *search, const uint8_t *value)
{
	const struct ckpt_extent *extent;
	uint32_t number;

	if (ckpt_overlap_find(search->call, search->before, value, &number))
		return false;
	extent = &search->call->extents[number];
	return value < extent->address + ckpt_overlap_size(extent);
}

/* A second way to a block that is known: it may reach further. */
static enum ckpt_status share_block(struct ckpt_call *call, uint32_t number,
				    const struct ckpt_extent *extent)
{
	struct ckpt_extent *known = &call->extents[number];
	bool is_flat = call->program->nodes[known->node].flags & CKPT_NODE_FLAT;

	if (extent->size > known->size && (!is_flat || known->stride))
		return ckpt_call_refuse(call, CKPT_REFUSAL_OVERLAP,
					extent->clause, extent->address,
					extent->size);
	if (extent->size > known->size) {
		known->size = extent->size;
		known->row_size = extent->size;
	}
	if (extent->bound > known->bound)
		known->bound = extent->bound;
	return CKPT_OK;
}

static enum ckpt_status add_block(struct ckpt_call *call,
				  const struct ckpt_extent *extent)
{
	enum ckpt_status status;
	uint32_t number;

	status = ckpt_extents_find(call, call->pre_extent_count, extent,
				   &number);
	if (!status)
		return share_block(call, number, extent);
	if (status != CKPT_NOTFOUND)
		return status;
	return ckpt_extents_add(call, extent, &number);
}

static enum ckpt_status add_created(struct search *search, uint32_t clause,
				    const struct ckpt_walk_pointer *pointer,
				    uint8_t *value, uint16_t flags)
{
	struct ckpt_extent extent;
	enum ckpt_status status;

	status = ckpt_walk_measure(search->call, clause, pointer, value, true,
				   &extent);
	if (status)
		return status;
	extent.flags |= flags;
	return add_block(search->call, &extent);
}

/* Set before the call and still the same: what it leads to may be the block
 * of before, or a new one that the allocator put at the same place. */
static enum ckpt_status check_set(struct search *search, uint32_t clause,
				  const struct ckpt_walk_pointer *pointer,
				  const uint8_t *value)
{
	uint8_t *old;

	if (!ckpt_created_old_value(search->call, pointer, &old) ||
	    old != value)
		return CKPT_OK;
	return ckpt_call_refuse(search->call, CKPT_REFUSAL_MOVED, clause, value,
				0);
}

/* ---- blocks that may move ---- */

/* Is the extent further on in walk order? The frame's come first, then those
 * of each extent in its turn, by where their pointers stand. */
static bool is_behind(const struct ckpt_extent *extent,
		      const struct ckpt_walk_pointer *pointer)
{
	uint64_t parent = (uint64_t)extent->parent + 1;
	uint64_t holder = (uint64_t)pointer->holder + 1;

	parent = extent->parent == CKPT_PLAN_NONE ? 0 : parent;
	return parent != holder ? parent > holder
				: extent->from > pointer->from;
}

/* The block that stood at this pointer before the call, or NULL. */
static struct ckpt_extent *find_own(struct ckpt_call *call,
				    const struct ckpt_walk_pointer *pointer)
{
	uint32_t low = 1;
	uint32_t high = call->pre_extent_count;
	struct ckpt_extent *own;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (is_behind(&call->extents[middle], pointer))
			high = middle;
		else
			low = middle + 1;
	}
	own = &call->extents[low - 1];
	return low > 1 && own->parent == pointer->holder &&
			       own->from == pointer->from &&
			       ckpt_owner_is_moving(own->owner)
		       ? own
		       : NULL;
}

struct wanted {
	const struct ckpt_call *call;
	const struct ckpt_extent *now;
};

/* From one allocator, whether the contract saw it before the call or not. */
static bool is_same_owner(uint8_t moving, uint8_t owner)
{
	switch (owner) {
	case CKPT_OWNER_MALLOC:
		return moving == CKPT_OWNER_REALLOC;
	case CKPT_OWNER_NEW:
		return moving == CKPT_OWNER_RENEW;
	case CKPT_OWNER_NEW_ARRAY:
		return moving == CKPT_OWNER_RENEW_ARRAY;
	default:
		return moving == owner;
	}
}

/* A block of the caller's with the same kind of content and enough room. */
static bool is_fitting(const void *argument, const struct ckpt_extent *extent)
{
	const struct wanted *wanted = argument;
	const struct ckpt_extent *now = wanted->now;

	return ckpt_owner_is_moving(extent->owner) &&
	       is_same_owner(extent->owner, now->owner) &&
	       ckpt_extents_is_same_element(wanted->call->program, extent->node,
					    now->node) &&
	       now->size <= extent->bound && now->bound <= extent->bound;
}

static void keep_block(struct ckpt_extent *block, const struct ckpt_extent *now)
{
	if (block->size != now->size)
		block->flags &= (uint16_t) ~(CKPT_EXTENT_IS_DIGESTED |
					     CKPT_EXTENT_IS_SAVED);
	block->size = now->size;
	block->row_size = now->size;
	block->flags &= (uint16_t)~CKPT_EXTENT_IS_MOVING;
}

/* A block that is still the caller's is written in place, whichever pointer
 * leads to it now. */
static bool find_kept(struct search *search, const struct ckpt_extent *now)
{
	struct wanted wanted = {search->call, now};
	uint32_t number;

	if (ckpt_overlap_find_start(search->call, search->before, now->address,
				    is_fitting, &wanted, &number))
		return false;
	keep_block(&search->call->extents[number], now);
	return true;
}

static enum ckpt_status find_moved(struct search *search, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer,
				   uint8_t *value)
{
	struct ckpt_extent now;
	enum ckpt_status status;

	status = ckpt_walk_measure(search->call, clause, pointer, value, true,
				   &now);
	if (status || find_kept(search, &now))
		return status;
	return add_block(search->call, &now);
}

/* A block that nobody was seen to hold is free if its pointer leads elsewhere
 * now, or was itself in one that is. */
static enum ckpt_status find_gone(struct ckpt_call *call)
{
	for (uint32_t i = 1; i < call->pre_extent_count; i++) {
		struct ckpt_extent *extent = &call->extents[i];
		const struct ckpt_extent *holder;

		if (!(extent->flags & CKPT_EXTENT_IS_MOVING))
			continue;
		holder = extent->parent < i ? &call->extents[extent->parent]
					    : NULL;
		if (!(extent->flags & CKPT_EXTENT_IS_LEFT) &&
		    !(holder && holder->flags & CKPT_EXTENT_IS_GONE))
			return ckpt_call_refuse(call, CKPT_REFUSAL_MOVED,
						extent->clause, NULL, 0);
		extent->flags |= CKPT_EXTENT_IS_GONE;
	}
	return CKPT_OK;
}

/* ---- pointers ---- */

static enum ckpt_status find_static(struct search *search, uint32_t clause,
				    const struct ckpt_walk_pointer *pointer,
				    uint8_t *value)
{
	uint32_t global;

	if (!ckpt_roots_find_global(search->call, value, &global) &&
	    is_callers(search, value))
		return CKPT_OK;
	return add_created(search, clause, pointer, value,
			   CKPT_EXTENT_IS_STATIC);
}

static bool is_any_moving(const void *argument,
			  const struct ckpt_extent *extent)
{
	(void)argument;
	return ckpt_owner_is_moving(extent->owner);
}

/* Did a block that may have been freed begin here? */
static bool was_moving(const struct search *search, const uint8_t *value)
{
	uint32_t number;

	return !ckpt_overlap_find_start(search->call, search->before, value,
					is_any_moving, NULL, &number);
}

static enum ckpt_status find_allocated(struct search *search, uint32_t clause,
				       const struct ckpt_walk_pointer *pointer,
				       uint8_t *value)
{
	enum ckpt_status status;

	if (was_moving(search, value))
		return find_moved(search, clause, pointer, value);
	if (is_callers(search, value))
		return CKPT_OK;
	status = check_set(search, clause, pointer, value);
	return status ? status : add_created(search, clause, pointer, value, 0);
}

static enum ckpt_status find_target(void *argument, uint32_t node,
				    const struct ckpt_walk_pointer *pointer)
{
	struct search *search = argument;
	uint8_t *value = ckpt_walk_value(pointer->from);
	struct ckpt_extent *own = find_own(search->call, pointer);
	enum ckpt_status status;
	uint32_t alternative;
	uint32_t clause;

	if (own)
		own->flags |= CKPT_EXTENT_IS_LEFT;
	if (!value)
		return CKPT_OK;
	status = ckpt_walk_choose(search->call, node, pointer, &clause,
				  &alternative);
	if (status)
		return status;
	switch (clause_of(search->call, clause)->owner) {
	case CKPT_OWNER_REALLOC:
	case CKPT_OWNER_RENEW:
	case CKPT_OWNER_RENEW_ARRAY:
		return find_moved(search, clause, pointer, value);
	case CKPT_OWNER_STATIC:
		return find_static(search, clause, pointer, value);
	case CKPT_OWNER_MALLOC:
	case CKPT_OWNER_CUSTOM:
	case CKPT_OWNER_NEW:
	case CKPT_OWNER_NEW_ARRAY:
		return find_allocated(search, clause, pointer, value);
	default:
		return CKPT_OK;
	}
}

/* What has to be looked at still: not a block that may have been freed. */
static bool is_open(const struct ckpt_extent *extent)
{
	return ckpt_extent_is_captured(extent) &&
	       !(extent->flags &
		 (CKPT_EXTENT_IS_VISITED | CKPT_EXTENT_IS_MOVING));
}

/* One round over the table, which grows meanwhile. */
static enum ckpt_status visit_all(struct search *search, bool *ret_is_done)
{
	struct ckpt_call *call = search->call;
	enum ckpt_status status = CKPT_OK;

	*ret_is_done = true;
	for (uint32_t i = 0; !status && i < call->extent_count; i++) {
		if (!is_open(&call->extents[i]))
			continue;
		*ret_is_done = false;
		call->extents[i].flags |= CKPT_EXTENT_IS_VISITED;
		status = ckpt_emit_pointers(call, i, find_target, search);
	}
	return status;
}

enum ckpt_status ckpt_created_find(struct ckpt_call *call,
				   const struct ckpt_overlap *before)
{
	struct search search = {.call = call, .before = before};
	enum ckpt_status status = CKPT_OK;
	bool is_done = false;

	/* A block is opened when its holder is found, which may be late. */
	while (!status && !is_done)
		status = visit_all(&search, &is_done);
	return status ? status : find_gone(call);
}
