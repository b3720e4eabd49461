/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_RANGES_H
#define CKPT_RUNTIME_RANGES_H

/*
 * Which memory may be read or written without a fault: segments of loaded
 * objects, the calling thread's stack, and ranges the kernel confirmed a
 * moment ago (MADV_POPULATE_READ/WRITE, else mincore). No signal handler.
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

struct ckpt_range {
	uintptr_t start, end;
	bool is_writable;
};

enum { CKPT_RANGES_MAX = 24 };

/* Per thread. Zero-initialise. */
struct ckpt_ranges {
	struct ckpt_range items[CKPT_RANGES_MAX];
	uint32_t count;
	uint32_t next; /* victim when full */
};

/* Can all of [address, address + size) be read? */
bool ckpt_ranges_can_read(struct ckpt_ranges *ranges, const void *address,
			  uint64_t size);
bool ckpt_ranges_can_write(struct ckpt_ranges *ranges, const void *address,
			   uint64_t size);
/* How many bytes from `address` on can be read, at most `limit`; ends at the
 * first unreadable page. For strings and sentinels. */
uint64_t ckpt_ranges_readable(struct ckpt_ranges *ranges, const void *address,
			      uint64_t limit);

/* Could this word be an address of the process (any mapping at all)? May say
 * yes wrongly, never no. For untyped globals. */
bool ckpt_ranges_is_address(uint64_t word);

#endif
