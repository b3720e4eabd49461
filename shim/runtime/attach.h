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

#include "shim/runtime/generation.h"
#include "shim/runtime/memo.h"

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
	void *island;  /* of its patched entry (entry_x86_64.h), or NULL */
	struct ckpt_named_address *symbols;
	size_t symbol_count;
};

/* Make function `index` of the plan usable. NOTFOUND: names are bound
 * otherwise than planned for, or its code is not inside its objects. */
enum ckpt_status ckpt_attach(struct ckpt_generation *generation, uint32_t index,
			     const struct ckpt_objects *objects,
			     struct ckpt_attached **ret,
			     struct ckpt_err *err) CKPT_MUST_CHECK;

/* Its object is back where it was, after ckpt_generation_remap(). */
void ckpt_attach_again(struct ckpt_attached *attached);

/* Is the code of its closure, as mapped, what was planned for? NOTFOUND: no.
 * Reads all of it. */
enum ckpt_status ckpt_attach_compare(const struct ckpt_attached *attached,
				     struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
