/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_SCAN_H
#define CKPT_STORE_SCAN_H

/*
 * Going through all records of a segment, for rebuilding the index, eviction
 * and the command. Bytes that are no record (their writer died) are passed
 * over in steps of 16. Reads in windows, with pread(2): little memory, and a
 * file that shrinks is only shorter. No malloc.
 */

#include "shim/store/segment.h"

struct ckpt_scan {
	unsigned id;
	int fd; /* the segment, read-write if it can be, for flock */
	uint64_t size;
	int64_t modified_s;
	uint64_t off;	       /* where to go on */
	bool is_trusting;      /* set it to count: headers are believed */
	uint64_t skipped_size; /* bytes so far that are no records */
	/* The record found: its bytes, valid until the next. Where trusting,
	 * `record` is not filled in. */
	uint64_t record_off;
	uint64_t record_size;
	const uint8_t *bytes;
	struct ckpt_record record;
	/* private */
	uint8_t *window;
	uint64_t window_off;
	uint64_t window_size;
};

/* NOTFOUND: there is no such segment. BADDATA: it is none. */
enum ckpt_status ckpt_scan_open(struct ckpt_scan *scan,
				const struct ckpt_layout *layout,
				unsigned id) CKPT_MUST_CHECK;
void ckpt_scan_close(struct ckpt_scan *scan);

/* The next record; false at the end. */
bool ckpt_scan_next(struct ckpt_scan *scan);

/* The ids of all segments, ascending, from `after` on; 0 at the end. Each call
 * lists the directory. */
unsigned ckpt_scan_next_id(const struct ckpt_layout *layout, unsigned after);

#endif
