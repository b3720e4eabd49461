/* SPDX-License-Identifier: MIT */
#include "shim/runtime/walk.h"

#include <string.h>

/* No extent of a 64-bit process is larger. */
static const __int128 SIZE_MAX_SANE = (__int128)1 << 47;

/* Fewer extents than this are searched one by one. */
enum { INDEX_FROM = 24 };

/* Measuring one extent. */
struct measure {
	struct ckpt_call *call;
	const struct ckpt_plan_clause *clause;
	struct ckpt_eval_context context;
	uint64_t step; /* bytes of an element */
	bool is_post;
	struct ckpt_extent *extent;
};

struct ckpt_eval_context
ckpt_walk_context(const struct ckpt_call *call,
		  const struct ckpt_walk_pointer *pointer)
{
	struct ckpt_eval_context context = {
		.element = pointer->element,
		.parent = CKPT_PLAN_NONE,
	};

	if (pointer->holder < call->extent_count) {
		const struct ckpt_extent *holder =
			&call->extents[pointer->holder];

		context.parent = holder->parent;
		context.from = holder->from;
	}
	return context;
}

enum ckpt_status ckpt_walk_choose(struct ckpt_call *call, uint32_t node,
				  const struct ckpt_walk_pointer *pointer,
				  uint32_t *ret_clause,
				  uint32_t *ret_alternative)
{
	const struct ckpt_plan_node *n = &call->program->nodes[node];
	struct ckpt_eval_context context = ckpt_walk_context(call, pointer);
	enum ckpt_status status;
	bool is_true;

	for (uint32_t i = 0; i < n->count; i++) {
		uint32_t clause = n->first + i;

		status = ckpt_eval_is_true(
			call, call->program->clauses[clause].condition,
			&context, &is_true);
		if (status) {
			call->refusal.clause = clause;
			return status;
		}
		if (is_true) {
			*ret_clause = clause;
			*ret_alternative = i;
			return CKPT_OK;
		}
	}
	return ckpt_call_refuse(call, CKPT_REFUSAL_NO_CLAUSE,
				n->count ? n->first : CKPT_PLAN_NONE,
				ckpt_walk_value(pointer->from), 0);
}

/* The value of a count: not negative, not absurd. In bytes. */
static enum ckpt_status eval_bytes(struct measure *m, uint32_t expr,
				   uint64_t *ret)
{
	enum ckpt_status status;
	__int128 value;

	status = ckpt_eval(m->call, expr, &m->context, &value);
	if (status)
		return status;
	if (value >= 0 && value <= SIZE_MAX_SANE &&
	    value * (__int128)m->step <= SIZE_MAX_SANE) {
		*ret = (uint64_t)value * m->step;
		return CKPT_OK;
	}
	(void)ckpt_call_refuse(m->call,
			       value < 0 ? CKPT_REFUSAL_NEGATIVE
					 : CKPT_REFUSAL_ABSURD,
			       CKPT_PLAN_NONE, m->extent->address, 0);
	m->call->refusal.value = (int64_t)value;
	m->call->refusal.expr = expr;
	return CKPT_UNSUPPORTED;
}

static enum ckpt_status measure_string(struct measure *m, uint64_t limit)
{
	struct ckpt_extent *extent = m->extent;
	uint64_t size = 0;

	while (size < limit) {
		uint64_t left = ckpt_ranges_readable(
			m->call->ranges, extent->address + size, limit - size);
		const uint8_t *end;

		if (!left)
			break;
		end = memchr(extent->address + size, 0, left);
		if (end) {
			extent->size = (uint64_t)(end + 1 - extent->address);
			return CKPT_OK;
		}
		size += left;
	}
	return ckpt_call_refuse(m->call, CKPT_REFUSAL_ENDLESS, CKPT_PLAN_NONE,
				extent->address, size);
}

static enum ckpt_status measure_until(struct measure *m, uint64_t limit)
{
	struct ckpt_extent *extent = m->extent;
	struct ckpt_eval_context context = {
		.parent = extent->parent,
		.from = extent->from,
	};
	enum ckpt_status status;
	uint64_t size = 0;
	bool is_end = false;

	while (!is_end) {
		if (size + m->step > limit ||
		    !ckpt_ranges_can_read(m->call->ranges,
					  extent->address + size, m->step))
			return ckpt_call_refuse(m->call, CKPT_REFUSAL_ENDLESS,
						CKPT_PLAN_NONE, extent->address,
						size);
		context.element = extent->address + size;
		status = ckpt_eval_is_true(m->call, m->clause->until, &context,
					   &is_end);
		if (status)
			return status;
		size += m->step;
	}
	extent->size = size;
	return CKPT_OK;
}

static enum ckpt_status measure_rows(struct measure *m)
{
	struct ckpt_extent *extent = m->extent;
	enum ckpt_status status;
	__int128 size;
	uint64_t rows;
	uint64_t stride;

	status = eval_bytes(m, m->clause->count, &rows);
	if (!status)
		status = eval_bytes(m, m->clause->length, &extent->row_size);
	if (!status)
		status = eval_bytes(m, m->clause->stride, &stride);
	if (status)
		return status;
	rows /= m->step;
	if (!rows || !extent->row_size) {
		extent->row_size = 0;
		return CKPT_OK;
	}
	size = (__int128)(rows - 1) * stride + extent->row_size;
	if (size > SIZE_MAX_SANE)
		return ckpt_call_refuse(m->call, CKPT_REFUSAL_ABSURD,
					CKPT_PLAN_NONE, extent->address, 0);
	extent->size = (uint64_t)size;
	if (rows > 1 && stride != extent->row_size) {
		/* One row repeated over itself has no stride to count by. */
		if (!stride)
			return ckpt_call_refuse(m->call, CKPT_REFUSAL_NEGATIVE,
						CKPT_PLAN_NONE, extent->address,
						0);
		extent->stride = stride;
	}
	return CKPT_OK;
}

/* From `low` on; `count` alone if there is no low. */
static enum ckpt_status measure_count(struct measure *m, uint32_t end_expr)
{
	struct ckpt_extent *extent = m->extent;
	enum ckpt_status status;
	uint64_t low = 0;
	uint64_t end;

	status = eval_bytes(m, end_expr, &end);
	if (status)
		return status;
	if (m->clause->extent == CKPT_EXTENT_SLICE) {
		status = eval_bytes(m, m->clause->low, &low);
		if (status)
			return status;
	}
	if (low > end) {
		(void)ckpt_call_refuse(m->call, CKPT_REFUSAL_NEGATIVE,
				       CKPT_PLAN_NONE, extent->address, 0);
		m->call->refusal.value =
			-(int64_t)((low - end) / (m->step ? m->step : 1));
		return CKPT_UNSUPPORTED;
	}
	extent->address += low;
	extent->size = end - low;
	return CKPT_OK;
}

/* What a clause says without looking at the memory, or by looking for its
 * end. */
static enum ckpt_status measure_extent(struct measure *m, uint64_t limit)
{
	switch (m->clause->extent) {
	case CKPT_EXTENT_STRING:
	case CKPT_EXTENT_FILE:
		return measure_string(m, limit);
	case CKPT_EXTENT_UNTIL:
		return measure_until(m, limit);
	case CKPT_EXTENT_ROWS:
		return measure_rows(m);
	case CKPT_EXTENT_GROW:
		return measure_count(m, m->is_post ? m->clause->count
						   : m->clause->low);
	default:
		return measure_count(m, m->clause->count);
	}
}

/* Does the extent's own content tell its size? */
static bool is_terminated(const struct ckpt_plan_clause *clause)
{
	return clause->extent == CKPT_EXTENT_STRING ||
	       clause->extent == CKPT_EXTENT_UNTIL;
}

/* Before the call, of what only the call will tell: `max` bounds it. What is
 * inout is read as far as it ends now, or else as far as there is room. */
static enum ckpt_status measure_bound(struct measure *m)
{
	struct ckpt_extent *extent = m->extent;
	enum ckpt_status status;
	uint64_t size = extent->size;

	status = measure_count(m, m->clause->max);
	if (status)
		return status;
	extent->bound = extent->size > size ? extent->size : size;
	if (is_terminated(m->clause))
		extent->size = size;
	return CKPT_OK;
}

static bool is_read(const struct measure *m)
{
	uint8_t direction = m->extent->direction;

	return m->is_post || direction == CKPT_DIR_IN ||
	       direction == CKPT_DIR_INOUT;
}

static enum ckpt_status measure_capacity(struct measure *m)
{
	enum ckpt_status status;
	uint64_t capacity;

	status = eval_bytes(m, m->clause->capacity, &capacity);
	if (status)
		return status;
	if (capacity > m->extent->bound)
		m->extent->bound = capacity;
	return CKPT_OK;
}

static enum ckpt_status measure_all(struct measure *m)
{
	struct ckpt_extent *extent = m->extent;
	bool is_post_count = m->clause->flags & CKPT_CLAUSE_POST_COUNT;
	bool is_later = is_post_count && !m->is_post;
	enum ckpt_status status = CKPT_OK;

	if (!is_later ||
	    (extent->direction == CKPT_DIR_INOUT && is_terminated(m->clause)))
		status = measure_extent(m, UINT64_MAX >> 1);
	if (status)
		return status;
	extent->bound = extent->size;
	if (is_later) {
		extent->flags |= CKPT_EXTENT_IS_BOUND;
		status = measure_bound(m);
	}
	if (!extent->stride)
		extent->row_size = extent->size;
	if (status)
		return status;
	if (m->is_post && m->clause->capacity != CKPT_PLAN_NONE)
		status = measure_capacity(m);
	return status;
}

static struct ckpt_extent blank_extent(const struct ckpt_plan_clause *clause,
				       uint32_t index,
				       const struct ckpt_walk_pointer *pointer,
				       uint8_t *value)
{
	return (struct ckpt_extent){
		.address = value,
		.from = pointer->from,
		.parent = pointer->holder,
		.clause = index,
		.node = clause->node,
		.direction = clause->direction,
		.owner = clause->owner,
	};
}

static enum ckpt_status check_readable(struct ckpt_call *call,
				       const struct ckpt_extent *extent)
{
	if (ckpt_ranges_can_read(call->ranges, extent->address, extent->size))
		return CKPT_OK;
	return ckpt_call_refuse(call, CKPT_REFUSAL_UNREADABLE, extent->clause,
				extent->address, extent->size);
}

enum ckpt_status ckpt_walk_measure(struct ckpt_call *call, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer,
				   uint8_t *value, bool is_post,
				   struct ckpt_extent *ret)
{
	struct measure m = {
		.call = call,
		.clause = &call->program->clauses[clause],
		.is_post = is_post,
		.extent = ret,
	};
	enum ckpt_status status;

	m.context = ckpt_walk_context(call, pointer);
	m.step = call->program->nodes[m.clause->node].stride;
	/* There is no counting of things without size (empty structs). */
	if (!m.step)
		return ckpt_call_refuse(call, CKPT_REFUSAL_LIMIT, clause, value,
					0);
	*ret = blank_extent(m.clause, clause, pointer, value);
	if (is_post)
		ret->flags = CKPT_EXTENT_IS_CREATED;
	status = measure_all(&m);
	if (status) {
		call->refusal.clause = clause;
		return status;
	}
	return is_read(&m) ? check_readable(call, ret) : CKPT_OK;
}

static enum ckpt_status settle_extent(struct measure *m)
{
	struct ckpt_extent *extent = m->extent;
	enum ckpt_status status;
	uint8_t *start = extent->address;

	/* A slice's address has moved on by `low`: go back first. */
	if (m->clause->extent == CKPT_EXTENT_SLICE)
		extent->address = ckpt_walk_value(extent->from);
	status = measure_extent(m, extent->bound);
	if (status)
		return status;
	if (extent->address != start || extent->size > extent->bound)
		return ckpt_call_refuse(m->call, CKPT_REFUSAL_BOUND,
					extent->clause, start, extent->size);
	if (!extent->stride)
		extent->row_size = extent->size;
	return CKPT_OK;
}

enum ckpt_status ckpt_walk_settle(struct ckpt_call *call, uint32_t extent)
{
	struct ckpt_extent copy = call->extents[extent];
	struct ckpt_walk_pointer pointer = {
		.from = copy.from,
		.holder = copy.parent,
	};
	struct measure m = {.call = call, .is_post = true, .extent = &copy};
	enum ckpt_status status;

	if (copy.flags & CKPT_EXTENT_IS_ROOT)
		return CKPT_OK;
	m.clause = &call->program->clauses[copy.clause];
	if (!(copy.flags & CKPT_EXTENT_IS_BOUND) && !is_terminated(m.clause))
		return check_readable(call, &copy);
	if (copy.parent != CKPT_PLAN_NONE)
		pointer.element = ckpt_eval_element(
			call, &call->extents[copy.parent], copy.from);
	m.context = ckpt_walk_context(call, &pointer);
	m.step = call->program->nodes[copy.node].stride;
	status = settle_extent(&m);
	if (!status)
		status = check_readable(call, &copy);
	if (status) {
		call->refusal.clause = copy.clause;
		return status;
	}
	if (copy.size != call->extents[extent].size)
		copy.flags &= (uint16_t) ~(CKPT_EXTENT_IS_DIGESTED |
					   CKPT_EXTENT_IS_SAVED);
	call->extents[extent] = copy;
	return CKPT_OK;
}

const char *ckpt_walk_allocator(const struct ckpt_program *program,
				const struct ckpt_plan_clause *clause)
{
	switch (clause->owner) {
	case CKPT_OWNER_CUSTOM:
		return program->strings + clause->allocator;
	case CKPT_OWNER_NEW:
		return "_ZnwmRKSt9nothrow_t";
	case CKPT_OWNER_NEW_ARRAY:
		return "_ZnamRKSt9nothrow_t";
	default:
		return clause->alignment ? "aligned_alloc" : "malloc";
	}
}

static enum ckpt_status grow_table(struct ckpt_call *call)
{
	uint32_t capacity = call->extent_capacity * 2;
	enum ckpt_status status;
	uint64_t off;

	if (capacity > CKPT_CALL_EXTENTS_MAX)
		return ckpt_call_refuse(call, CKPT_REFUSAL_LIMIT,
					CKPT_PLAN_NONE, NULL,
					call->extent_count);
	status = ckpt_call_reserve(call, capacity * sizeof(*call->extents),
				   &off);
	if (status)
		return status;
	memcpy(call->arena->data + off, call->extents,
	       call->extent_count * sizeof(*call->extents));
	call->extents = (void *)(call->arena->data + off);
	call->extents_off = off;
	call->extent_capacity = capacity;
	return CKPT_OK;
}

enum ckpt_status ckpt_walk_add(struct ckpt_call *call,
			       const struct ckpt_extent *extent, uint32_t *ret)
{
	struct ckpt_extent copy = *extent;
	enum ckpt_status status;

	if (call->extent_count == call->extent_capacity) {
		status = grow_table(call);
		if (status)
			return status;
	}
	call->extents[call->extent_count] = copy;
	*ret = call->extent_count++;
	return CKPT_OK;
}

/* ---- extents by address ---- */

static uint32_t *index_slots(struct ckpt_call *call)
{
	return (void *)(call->arena->data + call->index_off);
}

static uint32_t first_slot(const struct ckpt_call *call, const uint8_t *address)
{
	uint64_t mixed = (uint64_t)(uintptr_t)address * 0x9e3779b97f4a7c15u;

	return (uint32_t)(mixed >> 32) & (call->index_capacity - 1);
}

static void index_extent(struct ckpt_call *call, uint32_t extent)
{
	uint32_t *slots = index_slots(call);
	uint32_t slot = first_slot(call, call->extents[extent].address);

	while (slots[slot])
		slot = (slot + 1) & (call->index_capacity - 1);
	slots[slot] = extent + 1;
}

static enum ckpt_status update_index(struct ckpt_call *call)
{
	uint32_t capacity = call->index_capacity ? call->index_capacity : 128;
	enum ckpt_status status;

	while (capacity / 2 < call->extent_count)
		capacity *= 2;
	if (capacity != call->index_capacity) {
		status = ckpt_call_reserve(call, capacity * sizeof(uint32_t),
					   &call->index_off);
		if (status)
			return status;
		memset(call->arena->data + call->index_off, 0,
		       capacity * sizeof(uint32_t));
		call->index_capacity = capacity;
		call->index_count = 0;
	}
	for (; call->index_count < call->extent_count; call->index_count++)
		index_extent(call, call->index_count);
	return CKPT_OK;
}

/* Plain bytes of one size are the same, wherever they were described. */
static bool is_same_element(const struct ckpt_program *program, uint32_t a,
			    uint32_t b)
{
	const struct ckpt_plan_node *nodes = program->nodes;

	return a == b || (a != CKPT_PLAN_NONE && b != CKPT_PLAN_NONE &&
			  nodes[a].flags & CKPT_NODE_DENSE &&
			  nodes[b].flags & CKPT_NODE_DENSE &&
			  nodes[a].stride == nodes[b].stride);
}

/* Blocks the call made are told apart by address and type alone: a second way
 * to one may reach further. */
static bool is_same(const struct ckpt_program *program,
		    const struct ckpt_extent *extent,
		    const struct ckpt_extent *like)
{
	if (extent->address != like->address ||
	    extent->flags & CKPT_EXTENT_IS_GONE ||
	    !is_same_element(program, extent->node, like->node))
		return false;
	return like->flags & CKPT_EXTENT_IS_CREATED ||
	       (extent->size == like->size && extent->bound == like->bound &&
		extent->direction == like->direction &&
		extent->owner == like->owner);
}

enum ckpt_status ckpt_walk_find(struct ckpt_call *call, uint32_t first,
				const struct ckpt_extent *like, uint32_t *ret)
{
	enum ckpt_status status;

	if (call->extent_count < INDEX_FROM) {
		for (uint32_t i = first; i < call->extent_count; i++) {
			if (is_same(call->program, &call->extents[i], like)) {
				*ret = i;
				return CKPT_OK;
			}
		}
		return CKPT_NOTFOUND;
	}
	status = update_index(call);
	if (status)
		return status;
	for (uint32_t slot = first_slot(call, like->address);
	     index_slots(call)[slot];
	     slot = (slot + 1) & (call->index_capacity - 1)) {
		uint32_t i = index_slots(call)[slot] - 1;

		if (i >= first &&
		    is_same(call->program, &call->extents[i], like)) {
			*ret = i;
			return CKPT_OK;
		}
	}
	return CKPT_NOTFOUND;
}
