/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/walk.h"

#include <string.h>

/* No extent of a 64-bit process is larger. */
static const __int128 SIZE_MAX_SANE = (__int128)1 << 47;

/* Measuring one extent. */
struct measure {
	struct ckpt_call *call;
	const struct ckpt_plan_clause *clause;
	struct ckpt_eval_context context;
	uint64_t step; /* bytes of an element */
	bool is_post;
	bool is_settling; /* the slice's `low` is known from before */
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

uint64_t ckpt_walk_room(const struct ckpt_call *call,
			const struct ckpt_plan_field *field, const uint8_t *at,
			uint32_t holder)
{
	const struct ckpt_plan_node *array = &call->program->nodes[field->node];
	const struct ckpt_extent *extent;
	uint64_t off;

	if (array->count || holder >= call->extent_count)
		return array->size;
	extent = &call->extents[holder];
	off = (uint64_t)(at - extent->address) + field->off;
	return off < extent->size ? extent->size - off : 0;
}

enum ckpt_status ckpt_walk_length(struct ckpt_call *call,
				  const struct ckpt_plan_field *field,
				  const struct ckpt_eval_context *context,
				  uint64_t room, uint64_t *ret)
{
	const struct ckpt_program *program = call->program;
	uint32_t element = program->nodes[field->node].first;
	uint64_t step = program->nodes[element].stride;
	enum ckpt_status status;
	__int128 value;

	status = ckpt_eval(call, field->length, context, &value);
	if (status)
		return status;
	if (value >= 0 && value <= UINT32_MAX && step &&
	    value <= (__int128)(room / step)) {
		*ret = (uint64_t)value;
		return CKPT_OK;
	}
	(void)ckpt_call_refuse(
		call, value < 0 ? CKPT_REFUSAL_NEGATIVE : CKPT_REFUSAL_ARRAY,
		CKPT_PLAN_NONE, context->element, 0);
	call->refusal.value = (int64_t)value;
	call->refusal.expr = field->length;
	return CKPT_UNSUPPORTED;
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
		status = m->is_settling
				 ? CKPT_OK
				 : eval_bytes(m, m->clause->low, &extent->low);
		if (status)
			return status;
		low = extent->low;
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

static bool is_flexible(const struct measure *m)
{
	return m->call->program->nodes[m->clause->node].flags &
	       CKPT_NODE_FLEXIBLE;
}

/* What the one element's own content adds to its size. */
static enum ckpt_status measure_tail(struct measure *m)
{
	const struct ckpt_program *program = m->call->program;
	const struct ckpt_plan_node *node = &program->nodes[m->clause->node];
	const struct ckpt_plan_field *tail =
		&program->fields[node->first + node->count - 1];
	struct ckpt_extent *extent = m->extent;
	struct ckpt_eval_context context = {
		.element = extent->address,
		.parent = extent->parent,
		.from = extent->from,
	};
	enum ckpt_status status;
	uint64_t count;
	uint64_t end;

	if (extent->size != node->stride ||
	    !ckpt_ranges_can_read(m->call->ranges, extent->address,
				  extent->size))
		return ckpt_call_refuse(m->call, CKPT_REFUSAL_UNREADABLE,
					CKPT_PLAN_NONE, extent->address,
					extent->size);
	status = ckpt_walk_length(m->call, tail, &context,
				  (uint64_t)SIZE_MAX_SANE, &count);
	if (status)
		return status;
	end = tail->off +
	      count * program->nodes[program->nodes[tail->node].first].stride;
	if (end > extent->size)
		extent->size = end;
	return CKPT_OK;
}

static enum ckpt_status measure_plain(struct measure *m, uint64_t limit)
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

/* What a clause says without looking at the memory, or by looking for its
 * end. */
static enum ckpt_status measure_extent(struct measure *m, uint64_t limit)
{
	enum ckpt_status status = measure_plain(m, limit);

	return status || !is_flexible(m) ? status : measure_tail(m);
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

/* More room than is used: `capacity` after the call, or `room` before it. */
static enum ckpt_status measure_capacity(struct measure *m, uint32_t expr)
{
	enum ckpt_status status;
	uint64_t capacity;

	if (expr == CKPT_PLAN_NONE)
		return CKPT_OK;
	status = eval_bytes(m, expr, &capacity);
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
	return measure_capacity(m, m->is_post ? m->clause->capacity
					      : m->clause->room);
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
	m->is_settling = m->clause->flags & CKPT_CLAUSE_EARLY_LOW;
	if (m->is_settling)
		extent->address -= extent->low;
	else if (m->clause->extent == CKPT_EXTENT_SLICE)
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
	if (!(copy.flags & CKPT_EXTENT_IS_BOUND) && !is_terminated(m.clause) &&
	    !is_flexible(&m))
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
	case CKPT_OWNER_RENEW:
		return clause->alignment ? "_ZnwmSt11align_val_tRKSt9nothrow_t"
					 : "_ZnwmRKSt9nothrow_t";
	case CKPT_OWNER_NEW_ARRAY:
	case CKPT_OWNER_RENEW_ARRAY:
		return clause->alignment ? "_ZnamSt11align_val_tRKSt9nothrow_t"
					 : "_ZnamRKSt9nothrow_t";
	default:
		return clause->alignment ? "aligned_alloc" : "malloc";
	}
}

const char *ckpt_walk_releaser(const struct ckpt_plan_clause *clause)
{
	switch (clause->owner) {
	case CKPT_OWNER_NEW:
	case CKPT_OWNER_RENEW:
		return clause->alignment ? "_ZdlPvSt11align_val_t" : "_ZdlPv";
	case CKPT_OWNER_NEW_ARRAY:
	case CKPT_OWNER_RENEW_ARRAY:
		return clause->alignment ? "_ZdaPvSt11align_val_t" : "_ZdaPv";
	case CKPT_OWNER_CUSTOM:
		return NULL;
	default:
		return "free";
	}
}
