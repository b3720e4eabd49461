/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/outside.h"

#include "shim/runtime/guest/filehash.h"

#include <string.h>

enum { TEXT_MAX = 1 << 20 };

/* Code of another object can call anything: then every object of the process
 * counts. False if one has no known content (the vdso has no file). */
static bool put_all_objects(struct ckpt_call *call, struct ckpt_sink *sink)
{
	const struct ckpt_program *program = call->program;

	for (uint32_t i = 0; i < program->object_count; i++) {
		const struct ckpt_plan_object *object = &program->objects[i];

		if (!object->identity.lo && !object->identity.hi &&
		    (object->dev || object->inode))
			return false;
		ckpt_sink_put_digest(sink, object->identity);
	}
	return true;
}

/* Read-only memory of an object: its content, and what its code may call. The
 * closure has seen to the function's own object: code that takes a function
 * pointer from a global makes it and what it is bound to inputs. */
bool ckpt_outside_put_object(struct ckpt_call *call, struct ckpt_sink *sink,
			     const uint8_t *value)
{
	const struct ckpt_program *program = call->program;
	const struct ckpt_segment *segment =
		ckpt_ranges_segment(call->ranges, value);
	const struct ckpt_plan_object *object;

	if (!segment || segment->is_writable ||
	    segment->object >= program->object_count)
		return false;
	object = &program->objects[segment->object];
	if (!object->identity.lo && !object->identity.hi)
		return false;
	ckpt_sink_put_digest(sink, object->identity);
	ckpt_sink_put_word(sink,
			   (uintptr_t)value - program->bases[segment->object]);
	return segment->object == program->function->object ||
	       put_all_objects(call, sink);
}

static enum ckpt_status put_code(struct ckpt_call *call, struct ckpt_sink *sink,
				 uint32_t clause, const uint8_t *value)
{
	const struct ckpt_program *program = call->program;
	struct ckpt_hash128 identity;

	if (program->host && program->host->code &&
	    !program->host->code(program, value, &identity)) {
		ckpt_sink_put_word(sink, 0);
		ckpt_sink_put_digest(sink, identity);
		return CKPT_OK;
	}
	ckpt_sink_put_word(sink, 1);
	if (ckpt_outside_put_object(call, sink, value))
		return CKPT_OK;
	return ckpt_call_refuse(call, CKPT_REFUSAL_CODE, clause, value, 0);
}

/* Text that an accessor gave: it must end where it can be read. */
static enum ckpt_status put_text(struct ckpt_call *call, struct ckpt_sink *sink,
				 uint32_t clause, const char *text)
{
	uint64_t size = 0;

	while (text) {
		uint64_t left = ckpt_ranges_readable(call->ranges, text + size,
						     TEXT_MAX - size);
		const char *end = left ? memchr(text + size, 0, left) : NULL;

		if (end) {
			size = (uint64_t)(end - text);
			break;
		}
		size += left;
		if (!left || size == TEXT_MAX)
			return ckpt_call_refuse(call, CKPT_REFUSAL_ENDLESS,
						clause, text, size);
	}
	ckpt_sink_put_word(sink, text ? size + 1 : 0);
	ckpt_sink_put_content(sink, text, size);
	return CKPT_OK;
}

/* What the accessor is called with: the handle, or what its path leads to. */
static enum ckpt_status find_argument(struct ckpt_call *call, uint32_t clause,
				      const struct ckpt_walk_pointer *pointer,
				      const void *value, const void **ret)
{
	uint32_t path = call->program->clauses[clause].count;
	struct ckpt_eval_context context = ckpt_walk_context(call, pointer);
	enum ckpt_status status;
	__int128 argument;

	*ret = value;
	if (path == CKPT_PLAN_NONE)
		return CKPT_OK;
	status = ckpt_eval(call, path, &context, &argument);
	if (status)
		return status;
	*ret = (const void *)(uintptr_t)argument;
	return CKPT_OK;
}

/* Of a number all bits of its type count; without a type all 64: an accessor
 * that returns int leaves the upper half alone or extends into it. */
static enum ckpt_status put_handle(struct ckpt_call *call,
				   struct ckpt_sink *sink, uint32_t clause,
				   const struct ckpt_walk_pointer *pointer,
				   uint8_t *value)
{
	const struct ckpt_program *program = call->program;
	const struct ckpt_plan_clause *c = &program->clauses[clause];
	uint64_t (*accessor)(const void *) = NULL;
	const void *argument;
	enum ckpt_status status;
	uint64_t answer;

	if (program->host && program->host->symbol)
		accessor = program->host->symbol(program, program->strings +
								  c->allocator);
	if (!accessor)
		return ckpt_call_refuse(call, CKPT_REFUSAL_HANDLE, clause,
					value, 0);
	status = find_argument(call, clause, pointer, value, &argument);
	if (status)
		return status;
	/* Accessors need not know what to say of nothing. */
	if (!argument) {
		ckpt_sink_put_word(sink, 0);
		return CKPT_OK;
	}
	ckpt_sink_put_word(sink, 1);
	answer = accessor(argument);
	if (c->flags & CKPT_CLAUSE_TEXT)
		return put_text(call, sink, clause,
				(const char *)(uintptr_t)answer);
	if (program->nodes[c->node].size < sizeof(answer))
		answer &= ((uint64_t)1 << program->nodes[c->node].size * 8) - 1;
	ckpt_sink_put_word(sink, answer);
	return CKPT_OK;
}

static struct ckpt_hash128 stamp_digest(const struct ckpt_file_stamp *stamp)
{
	return ckpt_hash(NULL, stamp, sizeof(*stamp));
}

static enum ckpt_status put_file(struct ckpt_call *call, struct ckpt_sink *sink,
				 uint32_t clause,
				 const struct ckpt_walk_pointer *pointer,
				 uint8_t *value)
{
	struct ckpt_file_stamp stamp;
	struct ckpt_hash128 digest;
	struct ckpt_extent extent;
	enum ckpt_status status;
	uint32_t number;

	status =
		ckpt_walk_measure(call, clause, pointer, value, false, &extent);
	if (status)
		return status;
	if (ckpt_filehash_path((const char *)value, call->secret, &digest,
			       &stamp))
		return ckpt_call_refuse(call, CKPT_REFUSAL_FILE, clause, value,
					0);
	extent.direction = CKPT_DIR_IN;
	extent.flags = CKPT_EXTENT_IS_FILE;
	if (ckpt_filehash_is_fresh(&stamp))
		extent.flags |= CKPT_EXTENT_IS_FRESH;
	extent.digest = stamp_digest(&stamp);
	ckpt_sink_put_digest(sink, digest);
	return ckpt_extents_add(call, &extent, &number);
}

enum ckpt_status ckpt_outside_put(struct ckpt_call *call,
				  struct ckpt_sink *sink, uint32_t clause,
				  const struct ckpt_walk_pointer *pointer,
				  uint8_t *value)
{
	switch (call->program->clauses[clause].extent) {
	case CKPT_EXTENT_CODE:
		return put_code(call, sink, clause, value);
	case CKPT_EXTENT_HANDLE:
		return put_handle(call, sink, clause, pointer, value);
	default:
		return put_file(call, sink, clause, pointer, value);
	}
}

enum ckpt_status ckpt_outside_check(struct ckpt_call *call, uint32_t extent)
{
	const struct ckpt_extent *e = &call->extents[extent];
	struct ckpt_file_stamp stamp;

	if (!(e->flags & CKPT_EXTENT_IS_FILE))
		return CKPT_OK;
	/* The path itself is an argument: the call may have written over it. */
	if (!(e->flags & CKPT_EXTENT_IS_FRESH) &&
	    ckpt_ranges_can_read(call->ranges, e->address, e->size) &&
	    e->address[e->size - 1] == 0 &&
	    !ckpt_filehash_stamp((const char *)e->address, &stamp) &&
	    ckpt_hash_equal(stamp_digest(&stamp), e->digest))
		return CKPT_OK;
	return ckpt_call_refuse(call, CKPT_REFUSAL_FILE, e->clause, e->address,
				0);
}
