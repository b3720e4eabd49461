/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/replay.h"

#include "shim/runtime/marshal/effect.h"
#include "shim/runtime/marshal/walk.h"

#include <string.h>

/* glibc's nothrow tag: an empty object, only its address is passed. */
static const char NOTHROW[8] = {0};

/* Effects of a call that sets its result and a few buffers. */
enum { KEPT_MAX = 4 };

struct replay {
	struct ckpt_call *call;
	const void *effects;
	size_t size;
	uint32_t before; /* count of extents before the stream added its own */
	uint32_t count;	 /* effects of the stream, as they were checked */
	/* The first of them: a short stream is decoded once. */
	struct ckpt_effect kept[KEPT_MAX];
};

static enum ckpt_status start_reading(const struct replay *r,
				      struct ckpt_reader *reader)
{
	uint32_t count;

	ckpt_reader_init(reader, r->effects, r->size);
	if (ckpt_effect_open(reader, &count) || count != r->before)
		return CKPT_BADDATA;
	return CKPT_OK;
}

static bool is_read_only(const struct ckpt_call *call,
			 const struct ckpt_extent *extent)
{
	const struct ckpt_segment *segment;

	if (!(extent->flags & CKPT_EXTENT_IS_STATIC))
		return false;
	segment = ckpt_ranges_segment(call->ranges, extent->address);
	return segment && !segment->is_writable;
}

/* ---- checking ---- */

/* May the stream write to this extent at all? */
static bool is_open(const struct ckpt_extent *extent)
{
	return extent->flags & CKPT_EXTENT_IS_CREATED ||
	       extent->direction == CKPT_DIR_OUT ||
	       extent->direction == CKPT_DIR_INOUT;
}

static enum ckpt_status check_writable(struct replay *r, uint32_t number,
				       uint64_t off, uint64_t size)
{
	const struct ckpt_extent *extent;

	if (number >= r->call->extent_count)
		return CKPT_BADDATA;
	extent = &r->call->extents[number];
	if (!is_open(extent) || off > extent->bound ||
	    size > extent->bound - off)
		return CKPT_BADDATA;
	/* The frame is ours; blocks do not exist yet. */
	if (!number || (extent->flags & CKPT_EXTENT_IS_CREATED &&
			!(extent->flags & CKPT_EXTENT_IS_STATIC)))
		return CKPT_OK;
	if (is_read_only(r->call, extent) ||
	    ckpt_ranges_can_write(r->call->ranges, extent->address + off, size))
		return CKPT_OK;
	return ckpt_call_refuse(r->call, CKPT_REFUSAL_UNWRITABLE,
				extent->flags & CKPT_EXTENT_IS_ROOT
					? CKPT_PLAN_NONE
					: extent->clause,
				extent->address + off, size);
}

static enum ckpt_status check_bytes(struct replay *r,
				    const struct ckpt_effect *e)
{
	const struct ckpt_extent *extent;
	enum ckpt_status status;
	uint64_t span = e->size;

	if (!e->count || !e->size)
		return CKPT_BADDATA;
	if (e->count > 1 &&
	    (__builtin_mul_overflow(e->stride, e->count - 1, &span) ||
	     __builtin_add_overflow(span, e->size, &span)))
		return CKPT_BADDATA;
	status = check_writable(r, e->extent, e->off, span);
	if (status)
		return status;
	extent = &r->call->extents[e->extent];
	if (!is_read_only(r->call, extent))
		return CKPT_OK;
	for (uint64_t i = 0; i < e->count; i++) {
		if (memcmp(extent->address + e->off + i * e->stride,
			   e->payload + i * e->size, e->size) != 0)
			return ckpt_call_refuse(
				r->call, CKPT_REFUSAL_UNWRITABLE,
				extent->clause, extent->address, e->size);
	}
	return CKPT_OK;
}

/* The address of a target in an object of this process, NULL if there is no
 * such object. */
static uint8_t *find_in_object(const struct ckpt_call *call,
			       const struct ckpt_effect *e)
{
	const struct ckpt_program *program = call->program;

	uint8_t *found = NULL;

	for (uint32_t i = 0; i < program->object_count; i++) {
		const uint8_t *address =
			(const uint8_t *)(program->bases[i] + e->target_off);
		const struct ckpt_segment *segment;

		if (!ckpt_hash_equal(program->objects[i].identity, e->identity))
			continue;
		segment = ckpt_ranges_segment(call->ranges, address);
		if (!segment || segment->object != i)
			continue;
		/* Two copies of one object: which was meant is not known. */
		if (found)
			return NULL;
		found = (uint8_t *)address;
	}
	return found;
}

static enum ckpt_status check_target(struct replay *r,
				     const struct ckpt_effect *e)
{
	const struct ckpt_extent *extent;

	if (e->target == CKPT_TARGET_OBJECT) {
		if (!e->identity.lo && !e->identity.hi)
			return CKPT_BADDATA;
		if (find_in_object(r->call, e))
			return CKPT_OK;
		return ckpt_call_refuse(r->call, CKPT_REFUSAL_UNKNOWN_OBJECT,
					CKPT_PLAN_NONE, NULL, 0);
	}
	if (e->target == CKPT_TARGET_NULL)
		return CKPT_OK;
	if (e->target_extent >= r->call->extent_count || !e->target_extent)
		return CKPT_BADDATA;
	extent = &r->call->extents[e->target_extent];
	if (e->target_off > extent->bound && e->target_off > extent->size)
		return CKPT_BADDATA;
	return CKPT_OK;
}

static uint8_t *target_address(const struct ckpt_call *call,
			       const struct ckpt_effect *e)
{
	if (e->target == CKPT_TARGET_NULL)
		return NULL;
	if (e->target == CKPT_TARGET_OBJECT)
		return find_in_object(call, e);
	return call->extents[e->target_extent].address + e->target_off;
}

static enum ckpt_status check_pointer(struct replay *r,
				      const struct ckpt_effect *e)
{
	const struct ckpt_extent *extent;
	enum ckpt_status status;

	status = check_writable(r, e->extent, e->off, sizeof(void *));
	if (!status)
		status = check_target(r, e);
	if (status)
		return status;
	extent = &r->call->extents[e->extent];
	if (is_read_only(r->call, extent) &&
	    ckpt_walk_value(extent->address + e->off) !=
		    target_address(r->call, e))
		return ckpt_call_refuse(r->call, CKPT_REFUSAL_UNWRITABLE,
					extent->clause, extent->address, 8);
	return CKPT_OK;
}

static void *find_symbol(const struct ckpt_call *call, const char *symbol)
{
	const struct ckpt_program_host *host = call->program->host;

	if (!host || !host->symbol)
		return NULL;
	return host->symbol(call->program, symbol);
}

/* What frees a block, NULL if that is not known. */
static void *find_releaser(const struct ckpt_call *call,
			   const struct ckpt_extent *extent)
{
	const char *symbol =
		ckpt_walk_releaser(&call->program->clauses[extent->clause]);

	return symbol ? find_symbol(call, symbol) : NULL;
}

static bool is_from_new(uint8_t owner)
{
	return owner == CKPT_OWNER_NEW || owner == CKPT_OWNER_NEW_ARRAY ||
	       owner == CKPT_OWNER_RENEW || owner == CKPT_OWNER_RENEW_ARRAY;
}

static const struct ckpt_plan_clause *stream_clause(const struct replay *r,
						    const struct ckpt_effect *e)
{
	const struct ckpt_plan_function *function = r->call->program->function;

	if (e->clause >= function->clause_count)
		return NULL;
	return &r->call->program->clauses[function->first_clause + e->clause];
}

static enum ckpt_status add_extent(struct replay *r,
				   const struct ckpt_effect *e,
				   const struct ckpt_plan_clause *clause,
				   uint8_t *address, uint16_t flags)
{
	struct ckpt_extent extent = {
		.address = address,
		.size = e->size,
		.bound = e->capacity > e->size ? e->capacity : e->size,
		.parent = CKPT_PLAN_NONE,
		.clause = (uint32_t)(clause - r->call->program->clauses),
		.node = clause->node,
		.owner = clause->owner,
		.flags = CKPT_EXTENT_IS_CREATED | flags,
	};
	uint32_t number;

	return ckpt_extents_add(r->call, &extent, &number);
}

static enum ckpt_status check_static(struct replay *r,
				     const struct ckpt_effect *e)
{
	const struct ckpt_plan_clause *clause = stream_clause(r, e);
	enum ckpt_status status;
	uint8_t *address;

	if (!clause || clause->owner != CKPT_OWNER_STATIC ||
	    e->target == CKPT_TARGET_NULL ||
	    (e->target == CKPT_TARGET_EXTENT && e->target_extent >= r->before))
		return CKPT_BADDATA;
	status = check_target(r, e);
	if (status)
		return status;
	if (e->target == CKPT_TARGET_EXTENT &&
	    !(r->call->extents[e->target_extent].flags & CKPT_EXTENT_IS_ROOT))
		return CKPT_BADDATA;
	address = target_address(r->call, e);
	if (!ckpt_ranges_can_read(r->call->ranges, address, e->size))
		return CKPT_BADDATA;
	return add_extent(r, e, clause, address, CKPT_EXTENT_IS_STATIC);
}

static enum ckpt_status check_alloc(struct replay *r,
				    const struct ckpt_effect *e)
{
	const struct ckpt_plan_clause *clause = stream_clause(r, e);

	if (!clause || (clause->owner != CKPT_OWNER_MALLOC &&
			clause->owner != CKPT_OWNER_CUSTOM &&
			clause->owner != CKPT_OWNER_NEW &&
			clause->owner != CKPT_OWNER_NEW_ARRAY &&
			!ckpt_owner_is_moving(clause->owner)))
		return CKPT_BADDATA;
	/* More than the stream itself, unless spare room was asked for. */
	if (e->size >> 47 || e->capacity >> 47)
		return CKPT_BADDATA;
	return add_extent(r, e, clause, NULL, 0);
}

static enum ckpt_status check_free(struct replay *r,
				   const struct ckpt_effect *e)
{
	const struct ckpt_extent *extent;

	if (!e->extent || e->extent >= r->before)
		return CKPT_BADDATA;
	extent = &r->call->extents[e->extent];
	if ((extent->owner != CKPT_OWNER_FREED &&
	     !ckpt_owner_is_moving(extent->owner)) ||
	    extent->flags & CKPT_EXTENT_IS_GONE)
		return CKPT_BADDATA;
	if (!find_releaser(r->call, extent))
		return ckpt_call_refuse(r->call, CKPT_REFUSAL_ALLOCATOR,
					extent->clause, NULL, 0);
	r->call->extents[e->extent].flags |= CKPT_EXTENT_IS_GONE;
	return CKPT_OK;
}

static enum ckpt_status check_bits(struct replay *r,
				   const struct ckpt_effect *e)
{
	uint32_t size = (e->bit_off + e->bit_size + 7) / 8;
	enum ckpt_status status;

	status = check_writable(r, e->extent, e->off, size);
	if (status)
		return status;
	if (is_read_only(r->call, &r->call->extents[e->extent]))
		return ckpt_call_refuse(r->call, CKPT_REFUSAL_UNWRITABLE,
					CKPT_PLAN_NONE, NULL, 0);
	return CKPT_OK;
}

static enum ckpt_status check_effect(struct replay *r,
				     const struct ckpt_effect *e)
{
	switch (e->op) {
	case CKPT_EFFECT_ALLOC:
		return check_alloc(r, e);
	case CKPT_EFFECT_STATIC:
		return check_static(r, e);
	case CKPT_EFFECT_BYTES:
		return check_bytes(r, e);
	case CKPT_EFFECT_BITS:
		return check_bits(r, e);
	case CKPT_EFFECT_POINTER:
		return check_pointer(r, e);
	case CKPT_EFFECT_FREE:
		return check_free(r, e);
	default:
		return e->extent == r->call->extent_count ? CKPT_OK
							  : CKPT_BADDATA;
	}
}

static bool is_maker(const struct ckpt_effect *e)
{
	return e->op == CKPT_EFFECT_ALLOC || e->op == CKPT_EFFECT_STATIC;
}

static enum ckpt_status check_stream(struct replay *r)
{
	enum ckpt_effect_op op = CKPT_EFFECT_BYTES;
	struct ckpt_effect longer;
	struct ckpt_reader reader;
	enum ckpt_status status;
	bool is_making = true;

	status = start_reading(r, &reader);
	while (!status && op != CKPT_EFFECT_END) {
		struct ckpt_effect *effect =
			r->count < KEPT_MAX ? &r->kept[r->count] : &longer;

		status = ckpt_effect_next(&reader, effect);
		if (status)
			break;
		if (is_maker(effect) && !is_making)
			return CKPT_BADDATA;
		is_making = is_maker(effect);
		op = effect->op;
		r->count++;
		status = check_effect(r, effect);
	}
	return status;
}

/* ---- allocating ---- */

static void *allocate(const struct ckpt_call *call,
		      const struct ckpt_extent *extent)
{
	const struct ckpt_plan_clause *clause =
		&call->program->clauses[extent->clause];
	size_t size = extent->bound ? extent->bound : 1;
	void *(*make)(size_t);
	void *(*make_new)(size_t, const void *);
	void *(*make_new_aligned)(size_t, size_t, const void *);
	void *(*make_aligned)(size_t, size_t);
	void *function;

	function =
		find_symbol(call, ckpt_walk_allocator(call->program, clause));
	if (!function)
		return NULL;
	if (is_from_new(clause->owner) && clause->alignment) {
		make_new_aligned = function;
		return make_new_aligned(size, clause->alignment, NOTHROW);
	}
	if (is_from_new(clause->owner)) {
		make_new = function;
		return make_new(size, NOTHROW);
	}
	if (clause->alignment) {
		make_aligned = function;
		size += -size & (clause->alignment - 1);
		return make_aligned(clause->alignment, size);
	}
	make = function;
	return make(size);
}

static void release_block(const struct ckpt_call *call,
			  const struct ckpt_extent *extent)
{
	void *function = find_releaser(call, extent);
	uint32_t alignment = call->program->clauses[extent->clause].alignment;
	void (*release)(void *);
	void (*release_aligned)(void *, size_t);

	if (!function)
		return;
	if (alignment && is_from_new(extent->owner)) {
		release_aligned = function;
		release_aligned(extent->address, alignment);
		return;
	}
	release = function;
	release(extent->address);
}

static void release_blocks(struct replay *r, uint32_t end)
{
	for (uint32_t i = r->before; i < end; i++) {
		const struct ckpt_extent *extent = &r->call->extents[i];

		if (!(extent->flags & CKPT_EXTENT_IS_STATIC))
			release_block(r->call, extent);
	}
}

static enum ckpt_status allocate_blocks(struct replay *r)
{
	struct ckpt_call *call = r->call;

	for (uint32_t i = r->before; i < call->extent_count; i++) {
		if (call->extents[i].flags & CKPT_EXTENT_IS_STATIC)
			continue;
		call->extents[i].address = allocate(call, &call->extents[i]);
		if (!call->extents[i].address) {
			release_blocks(r, i);
			(void)ckpt_call_refuse(call, CKPT_REFUSAL_MEMORY,
					       call->extents[i].clause, NULL,
					       call->extents[i].bound);
			return CKPT_NOMEM;
		}
	}
	return CKPT_OK;
}

/* ---- writing: nothing can fail any more ---- */

static void write_bits(uint8_t *to, const struct ckpt_effect *e)
{
	uint32_t size = (e->bit_off + e->bit_size + 7) / 8;
	uint64_t mask = e->bit_size < 64 ? ((uint64_t)1 << e->bit_size) - 1
					 : UINT64_MAX;
	uint64_t word = 0;

	memcpy(&word, to, size);
	word &= ~(mask << e->bit_off);
	word |= (e->value & mask) << e->bit_off;
	memcpy(to, &word, size);
}

static void write_effect(struct ckpt_call *call, const struct ckpt_effect *e)
{
	const struct ckpt_extent *extent = &call->extents[e->extent];
	uint8_t *to = extent->address + e->off;
	uint8_t *value;

	switch (e->op) {
	case CKPT_EFFECT_BYTES:
		if (is_read_only(call, extent))
			return;
		for (uint64_t i = 0; i < e->count; i++)
			memcpy(to + i * e->stride, e->payload + i * e->size,
			       e->size);
		return;
	case CKPT_EFFECT_BITS:
		write_bits(to, e);
		return;
	case CKPT_EFFECT_POINTER:
		if (is_read_only(call, extent))
			return;
		value = target_address(call, e);
		memcpy(to, &value, sizeof(value));
		return;
	case CKPT_EFFECT_FREE:
		release_block(call, extent);
		return;
	default:
		return;
	}
}

static void write_stream(struct replay *r)
{
	struct ckpt_effect effect = {.op = CKPT_EFFECT_BYTES};
	struct ckpt_reader reader;

	if (r->count <= KEPT_MAX) {
		/* The last is END. */
		for (uint32_t i = 0; i + 1 < r->count; i++)
			write_effect(r->call, &r->kept[i]);
		return;
	}
	if (start_reading(r, &reader))
		return;
	while (!ckpt_effect_next(&reader, &effect) &&
	       effect.op != CKPT_EFFECT_END)
		write_effect(r->call, &effect);
}

/* Leave the table as the key walk made it: the original runs now. */
static void forget_stream(struct replay *r)
{
	r->call->extent_count = r->before;
	for (uint32_t i = 0; i < r->before; i++)
		r->call->extents[i].flags &= (uint16_t)~CKPT_EXTENT_IS_GONE;
}

enum ckpt_status ckpt_replay(struct ckpt_call *call, const void *effects,
			     size_t size)
{
	enum ckpt_status status;
	struct replay r;

	r.call = call;
	r.effects = effects;
	r.size = size;
	r.before = call->extent_count;
	r.count = 0;
	status = check_stream(&r);
	if (!status)
		status = allocate_blocks(&r);
	if (status) {
		forget_stream(&r);
		return status;
	}
	if (call->extents[0].size)
		memset(call->extents[0].address, 0, call->extents[0].size);
	write_stream(&r);
	ckpt_call_scatter_result(call);
	return CKPT_OK;
}
