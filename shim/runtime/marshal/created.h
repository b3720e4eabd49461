/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_CREATED_H
#define CKPT_RUNTIME_CREATED_H

/*
 * What became of blocks of memory: those that the call allocated and gave
 * out, memory of libraries that it told, and blocks of the caller's that it
 * kept, moved, handed from one pointer to another, or freed.
 *
 * A block that may move (`[pre(E) -> post(E)]` with realloc or new) is known by
 * its address: whichever pointer leads to it after the call holds it now. One
 * that no pointer leads to any more, though its pointer can still be looked
 * at, was freed. The allocator may give the address of a freed block out
 * again: as long as there is as much room, that makes no difference.
 *
 * Hot path of a miss.
 */

#include "shim/runtime/marshal/overlap.h"
#include "shim/runtime/marshal/walk.h"

/* Add the extents that the call created, and mark those that are gone.
 * `before` has the caller's. */
enum ckpt_status
ckpt_created_find(struct ckpt_call *call,
		  const struct ckpt_overlap *before) CKPT_MUST_CHECK;

/* The pointer's value before the call, if what holds it was kept. */
bool ckpt_created_old_value(const struct ckpt_call *call,
			    const struct ckpt_walk_pointer *pointer,
			    uint8_t **ret);

#endif
