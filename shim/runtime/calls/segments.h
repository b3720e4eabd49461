/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_SEGMENTS_H
#define CKPT_RUNTIME_SEGMENTS_H

/*
 * The table of what loaded objects have mapped (ranges.h), made from the link
 * map. Objects that are not in `numbers` are left out: the kernel is asked
 * about their memory, so that a program may open and close libraries all day.
 *
 * Set-up world. A table is never changed or freed once published.
 */

#include "shim/runtime/calls/objects.h"
#include "shim/runtime/marshal/ranges.h"

/* Of those of `objects` whose number is numbers[i], which have index i. */
enum ckpt_status
ckpt_segments_create(const struct ckpt_objects *objects,
		     const uint64_t *numbers, uint32_t count,
		     const struct ckpt_segments **ret) CKPT_MUST_CHECK;

/* Of one that was never published. NULL is fine. */
void ckpt_segments_destroy(const struct ckpt_segments *segments);

bool ckpt_segments_equal(const struct ckpt_segments *a,
			 const struct ckpt_segments *b);

#endif
