/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/untyped.h"

#include "shim/runtime/guest/code_x86_64.h"
#include "shim/runtime/marshal/outside.h"
#include "shim/runtime/marshal/roots.h"

enum { ADDRESS_OF_GLOBAL = 1, ADDRESS_OF_OBJECT };

/* The address of a function that the closure does not know: its own globals
 * are no inputs, and nobody sees what it prints. */
static bool is_foreign_code(const struct ckpt_call *call, const uint8_t *value)
{
	const struct ckpt_program_host *host = call->program->host;
	const struct ckpt_segment *segment =
		ckpt_ranges_segment(call->ranges, value);

	return host && host->covers && segment && segment->is_code &&
	       segment->object != CKPT_PLAN_NONE &&
	       !host->covers(call->program, segment->object) &&
	       !ckpt_code_does_nothing(value, segment->end - (uintptr_t)value);
}

/* An address in data without types: of a global that is itself in the key, or
 * of read-only memory. */
static enum ckpt_status put_address(struct ckpt_call *call,
				    struct ckpt_sink *sink,
				    const struct ckpt_extent *extent,
				    const uint8_t *value)
{
	uint32_t global;

	if (ckpt_roots_find_global(call, value, &global)) {
		ckpt_sink_put_word(sink, ADDRESS_OF_GLOBAL);
		ckpt_sink_put_word(sink, global);
		ckpt_sink_put_word(
			sink,
			(uint64_t)(value - call->extents[global].address));
		return CKPT_OK;
	}
	if (is_foreign_code(call, value))
		return ckpt_call_refuse(call, CKPT_REFUSAL_GLOBAL_CODE,
					CKPT_PLAN_NONE, extent->address,
					extent->size);
	ckpt_sink_put_word(sink, ADDRESS_OF_OBJECT);
	if (ckpt_outside_put_object(call, sink, value))
		return CKPT_OK;
	return ckpt_call_refuse(call, CKPT_REFUSAL_GLOBAL_ADDRESS,
				CKPT_PLAN_NONE, extent->address, extent->size);
}

/* Bytes that count as they are, but for the addresses among them. */
enum ckpt_status ckpt_untyped_put(struct ckpt_call *call,
				  struct ckpt_sink *sink,
				  const struct ckpt_extent *extent)
{
	enum ckpt_status status;
	const uint8_t *initial = ckpt_roots_initial(call, extent);
	uint64_t off = 0;

	for (;;) {
		uint64_t end =
			ckpt_ranges_find_address(call->ranges, extent->address,
						 off, extent->size, initial);

		ckpt_sink_put_word(sink, end);
		ckpt_sink_put_content(sink, extent->address + off, end - off);
		if (end == extent->size)
			return CKPT_OK;
		status = put_address(call, sink, extent,
				     ckpt_walk_value(extent->address + end));
		if (status)
			return status;
		off = end + sizeof(void *);
	}
}
