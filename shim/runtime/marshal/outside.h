/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_OUTSIDE_H
#define CKPT_RUNTIME_OUTSIDE_H

/*
 * Inputs that a pointer only names: the content of a file, the code behind a
 * function pointer, what an accessor says of an opaque handle.
 *
 * Hot path; system calls for files only. An accessor is the target's own code
 * and runs as if the target had called it.
 */

#include "shim/runtime/marshal/sink.h"
#include "shim/runtime/marshal/walk.h"

/* Is this clause of that kind? */
static inline bool ckpt_outside_is(const struct ckpt_plan_clause *clause)
{
	return clause->extent == CKPT_EXTENT_FILE ||
	       clause->extent == CKPT_EXTENT_CODE ||
	       clause->extent == CKPT_EXTENT_HANDLE;
}

/* Put an address of read-only memory into the key: the content of its object,
 * and of all others that its code may call. False: its content is not known,
 * or it can be written. */
bool ckpt_outside_put_object(struct ckpt_call *call, struct ckpt_sink *sink,
			     const uint8_t *value);

/* Put what `value`, not NULL, leads to into the key. A file is also noted in
 * the table of extents, to be looked at again after the call. */
enum ckpt_status ckpt_outside_put(struct ckpt_call *call,
				  struct ckpt_sink *sink, uint32_t clause,
				  const struct ckpt_walk_pointer *pointer,
				  uint8_t *value) CKPT_MUST_CHECK;

/* After the call: is the file of this extent as it was, and was it old enough
 * to be sure? UNSUPPORTED: no. */
enum ckpt_status ckpt_outside_check(struct ckpt_call *call,
				    uint32_t extent) CKPT_MUST_CHECK;

#endif
