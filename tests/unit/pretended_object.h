/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_PRETENDED_OBJECT_H
#define CKPT_TESTS_UNIT_PRETENDED_OBJECT_H

/*
 * A pretended loaded object for programs of marshal.h: one read-only page and
 * one writable page behind it, at a place of this process.
 */

#include "tests/unit/marshal.h"

enum { OBJECT_PAGE = 4096 };

/* Make it object 0 of `m`; its first byte. */
static inline uint8_t *pretend_object(struct marshal *m)
{
	uint8_t *object = mmap(NULL, 2 * OBJECT_PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t start = (uintptr_t)object;

	ck_assert_ptr_ne(object, MAP_FAILED);
	memcpy(object, "constant", 9);
	ck_assert_int_eq(mprotect(object, OBJECT_PAGE, PROT_READ), 0);
	m->bases[0] = start;
	m->objects[0].identity.lo = 99;
	m->program.object_count = 1;
	m->segment_items[0] = (struct ckpt_segment){start, start + OBJECT_PAGE,
						    0, false, false};
	m->segment_items[1] = (struct ckpt_segment){
		start + OBJECT_PAGE, start + 2 * OBJECT_PAGE, 0, true, false};
	m->segments.count = 2;
	return object;
}

#endif
