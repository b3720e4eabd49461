/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_RANGES_H
#define CKPT_RUNTIME_RANGES_H

/*
 * Which memory may be read or written without a fault: segments of loaded
 * objects, and ranges (the stack too) that the kernel confirmed a moment ago:
 * MADV_POPULATE_READ and _WRITE, where the kernel has them (Linux 5.14), else
 * process_vm_readv of ourselves, byte by page. No signal handler.
 *
 * A confirmed range stays believed until it is dropped from the table, so a
 * wrong contract over memory unmapped meanwhile can still fault: libckpt(7).
 *
 * Hot path; a check that the table answers makes no system call. Per thread
 * state only in `ranges` given; the object part is shared and read-only.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mapped stretch of a loaded object, whole pages. */
struct ckpt_segment {
	uintptr_t start, end;
	uint32_t object; /* index in the plan, or CKPT_PLAN_NONE */
	bool is_writable;
	bool is_code;
};

/* Sorted by start, not overlapping. Built by the session, which may replace
 * the table but never changes or frees one that threads can see. */
struct ckpt_segments {
	const struct ckpt_segment *items;
	uint32_t count;
};

struct ckpt_range {
	uintptr_t start, end;
	bool is_writable;
};

enum { CKPT_RANGES_MAX = 24 };

/* Per thread. Zero-initialise. */
struct ckpt_ranges {
	const struct ckpt_segments *segments; /* may be NULL */
	struct ckpt_range items[CKPT_RANGES_MAX];
	uint32_t count;
	uint32_t next; /* victim when full */
	bool is_mute;  /* no system call may be made any more */
};

/* Can all of [address, address + size) be read? */
bool ckpt_ranges_can_read(struct ckpt_ranges *ranges, const void *address,
			  uint64_t size);
bool ckpt_ranges_can_write(struct ckpt_ranges *ranges, const void *address,
			   uint64_t size);
/* How many bytes from `address` on can be read, at most `limit`; may stop at
 * any page boundary, and is 0 only if `address` itself cannot be read. For
 * strings and sentinels. */
uint64_t ckpt_ranges_readable(struct ckpt_ranges *ranges, const void *address,
			      uint64_t limit);

/* The segment of a loaded object that has this address, or NULL. */
const struct ckpt_segment *ckpt_ranges_segment(const struct ckpt_ranges *ranges,
					       const void *address);

/* The offset, from `off` on, of the first aligned word of [data, data + size)
 * that points into memory of the process, or one byte past the end of some;
 * `size` if there is none. For data without types. May say yes wrongly (when
 * the kernel may not be asked, or not so often), never no. `initial` (may be
 * NULL) is the data as it stands in the file of an object that was loaded
 * elsewhere than it was linked for: what still equals that was not relocated,
 * and is a constant. */
uint64_t ckpt_ranges_find_address(const struct ckpt_ranges *ranges,
				  const void *data, uint64_t off, uint64_t size,
				  const uint8_t *initial);

#endif
