/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_GENERATION_H
#define CKPT_RUNTIME_GENERATION_H

/*
 * A plan in use: its bytes, and where the objects it speaks of are mapped.
 * Each dlopen that brings a configured function makes a new one; those before
 * stay, as functions and threads refer to them.
 *
 * Set-up world; the caller serialises. `bases` and the tables are read on the
 * hot path and never freed.
 */

#include "shim/runtime/calls/binding.h"
#include "shim/runtime/plan/planfile.h"
#include "shim/runtime/calls/segments.h"

/* A plan in use. */
struct ckpt_generation {
	struct ckpt_planfile file;
	struct ckpt_hash128 key;
	uint32_t object_count;
	uintptr_t *bases;    /* by index of the plan's objects */
	uint64_t *numbers;   /* of the objects (objects.h) */
	size_t *tls_modules; /* 0: none */
	bool *checked_edges; /* those of the plan found to hold */
	const struct ckpt_segments *segments; /* of those that are there */
	/* All tables there ever were: threads may still read one. */
	const struct ckpt_segments **tables;
	size_t table_count;
	/* Of the content of all its objects, but ours and the vdso; only if
	 * the plan knows all of them. */
	struct ckpt_hash128 identity;
	bool has_identity;
	bool is_partial; /* not all of its functions could be attached */
	/* The loader's __tls_get_addr, or NULL. */
	void *(*tls_get_addr)(void *index);
	struct ckpt_generation *next;
};

/* Take over the open plan `file`, made for exactly these objects. BADDATA: it
 * was not. */
enum ckpt_status
ckpt_generation_create(struct ckpt_planfile *file,
		       const struct ckpt_objects *objects,
		       struct ckpt_generation **ret) CKPT_MUST_CHECK;

/* Of one that was never in use. NULL is fine. */
void ckpt_generation_destroy(struct ckpt_generation *generation);

/* Same plan, same objects, same places? */
bool ckpt_generation_is_equal(const struct ckpt_generation *a,
			      const struct ckpt_generation *b);

/* All its objects are there again, perhaps with new numbers. */
enum ckpt_status
ckpt_generation_remap(struct ckpt_generation *generation,
		      const struct ckpt_objects *objects) CKPT_MUST_CHECK;
/* The object of this number is gone: out of the table of segments with it. */
void ckpt_generation_drop(struct ckpt_generation *generation,
			  const struct ckpt_objects *objects, uint64_t number);

#endif
