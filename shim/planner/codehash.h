/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEHASH_H
#define CKPT_PLANNER_CODEHASH_H

/*
 * Code identity: what the result of a function depends on, apart from its
 * arguments. Over its own instructions with position-dependent operands
 * replaced by what they point at, the read-only data it refers to, and every
 * function it can call, across objects along the real bindings; the C runtime
 * by content identity. Gives the digest, the globals the closure refers to,
 * and everything needed to explain and to check them.
 *
 * Never too small: what cannot be followed adds the whole object, or refuses.
 *
 * Set-up world; one closure at a time.
 */

#include "config/config.h"
#include "shim/common/hash.h"
#include "shim/planner/scope.h"

enum ckpt_closure_item_kind {
	CKPT_CLOSURE_CODE,    /* a function's instructions */
	CKPT_CLOSURE_DATA,    /* read-only data */
	CKPT_CLOSURE_OBJECT,  /* a whole object: `reason` says why */
	CKPT_CLOSURE_RUNTIME, /* a C runtime library by content identity */
};

struct ckpt_closure_item {
	enum ckpt_closure_item_kind kind;
	uint32_t object; /* index in the scope */
	uint64_t vaddr, size;
	const char *name;   /* symbol, or NULL */
	const char *reason; /* for people, or NULL */
	uint32_t parent;    /* item that refers to it; itself for the first */
	struct ckpt_hash128 digest; /* of this item alone */
};

struct ckpt_closure_global {
	uint32_t object;
	uint64_t vaddr, size;
	const char *name; /* symbol, or ".data+0x40" */
	bool is_tls;	  /* vaddr is an offset in the TLS block */
	bool is_written;  /* the closure may write it */
	bool is_scratch;  /* waived by ignore_globals or scratch_globals */
	uint32_t item;	  /* which item refers to it */
};

/* A looked-up name that the closure relies on (plan.h, edge). */
struct ckpt_closure_edge {
	uint32_t from, to;
	const char *name, *version;
	uint64_t slot_vaddr, vaddr;
	uint32_t item; /* that refers to it first */
};

enum ckpt_closure_trait {
	CKPT_TRAIT_CPU = 1u << 0,     /* code reads CPU features, or an IFUNC */
	CKPT_TRAIT_THREADS = 1u << 1, /* can start threads */
	CKPT_TRAIT_LOCALE = 1u << 2,
	CKPT_TRAIT_INDIRECT = 1u << 3, /* unresolved indirect calls */
	CKPT_TRAIT_SYSCALL = 1u << 4,  /* a raw syscall instruction */
};

struct ckpt_closure {
	struct ckpt_hash128 digest;
	uint32_t traits;
	const char *refusal; /* why it cannot be decided, with the remedy */
	struct ckpt_closure_item *items; /* [0] is the function itself */
	size_t item_count;
	struct ckpt_closure_global *globals;
	size_t global_count;
	struct ckpt_closure_edge *edges;
	size_t edge_count;
	void *memory; /* owns all of the above */
};

/* Of the function at `vaddr` of object `object` of `scope`, with the waivers
 * of `config`. A refusal is CKPT_OK with `refusal` set. */
enum ckpt_status ckpt_closure_compute(struct ckpt_scope *scope, uint32_t object,
				      uint64_t vaddr,
				      const struct ckpt_function_config *config,
				      struct ckpt_closure *ret,
				      struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_closure_deinit(struct ckpt_closure *closure);

#endif
