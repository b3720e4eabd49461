/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ATTACH_H
#define CKPT_RUNTIME_ATTACH_H

/*
 * From a plan, which speaks of files, to functions of this process: where its
 * objects are mapped, that the code mapped is the code planned for, and that
 * names mean here what the planner took them to mean. Answers what marshalling
 * asks of the process (struct ckpt_program_host).
 *
 * Set-up world; what it makes is read on the hot path and never freed.
 */

#include "shim/runtime/binding.h"
#include "shim/runtime/memo.h"
#include "shim/runtime/planfile.h"
#include "shim/runtime/segments.h"

/* A plan in use. */
struct ckpt_generation {
	struct ckpt_planfile file;
	struct ckpt_hash128 key;
	uint32_t object_count;
	uintptr_t *bases;    /* by index of the plan's objects */
	uint64_t *numbers;   /* of the objects (objects.h) */
	size_t *tls_modules; /* 0: none */
	const struct ckpt_segments *segments;
	/* The loader's __tls_get_addr, or NULL. */
	void *(*tls_get_addr)(void *index);
	struct ckpt_generation *next;
};

struct ckpt_named_address {
	const char *name;
	void *address;
};

/* A configured function, found in this process. */
struct ckpt_attached {
	struct ckpt_memo_function memo; /* first: the program leads back here */
	struct ckpt_generation *generation;
	uint32_t index;	 /* of the function in its plan */
	uint64_t object; /* number of the one that defines it */
	uintptr_t definition;
	bool is_ifunc; /* `definition` is its resolver */
	bool is_gone;  /* its object was closed */
	struct ckpt_named_address *symbols;
	size_t symbol_count;
};

/* Take over the open plan `file`, made for exactly these objects. BADDATA: it
 * was not. */
enum ckpt_status
ckpt_generation_create(struct ckpt_planfile *file,
		       const struct ckpt_objects *objects,
		       struct ckpt_generation **ret) CKPT_MUST_CHECK;

/* Are the objects of the plan still where they were? */
bool ckpt_generation_is_current(const struct ckpt_generation *generation,
				const struct ckpt_objects *objects);

/* Make function `index` of the plan usable. NOTFOUND: names are bound
 * otherwise than planned for, or its code is not inside its objects. */
enum ckpt_status ckpt_attach(struct ckpt_generation *generation, uint32_t index,
			     const struct ckpt_objects *objects,
			     struct ckpt_attached **ret,
			     struct ckpt_err *err) CKPT_MUST_CHECK;

/* Is the code of its closure, as mapped, what was planned for? NOTFOUND: no.
 * Reads all of it. */
enum ckpt_status ckpt_attach_compare(const struct ckpt_attached *attached,
				     struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
