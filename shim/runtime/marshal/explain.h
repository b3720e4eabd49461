/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_EXPLAIN_H
#define CKPT_RUNTIME_EXPLAIN_H

/*
 * The components of a call's key (components.h), for telling later why another
 * call missed: the same values and memory as in the key, named by paths with
 * real indices ("prob->x[12]").
 *
 * Hot path of a miss, after ckpt_key_compute() and before the original runs.
 */

#include "shim/runtime/marshal/call.h"
#include "shim/runtime/marshal/environment.h"

/* Append the components of the key just computed to `out`, at most
 * CKPT_COMPONENTS_MAX bytes. Memory behind `secret` clauses is only ever a
 * digest. NOMEM, or UNSUPPORTED if memory changed under our eyes; `out` then
 * holds what was done so far. */
enum ckpt_status ckpt_explain_key(struct ckpt_call *call,
				  const struct ckpt_environment *environment,
				  struct ckpt_arena *out) CKPT_MUST_CHECK;

/* The path of the pointer (or global) that leads to extent `number`. Cut to
 * `size`; its length. */
size_t ckpt_explain_way(const struct ckpt_call *call, uint32_t number,
			char *text, size_t size);

/* Is its content part of the key? */
bool ckpt_explain_is_input(const struct ckpt_call *call, uint32_t number);
/* Is it, or what leads to it, behind a `secret` clause? */
bool ckpt_explain_is_secret(const struct ckpt_call *call, uint32_t number);

/* The path of what stands at `address` in extent `number`, as people would
 * write it: "return->weights[3]". Cut to `size`; its length. */
size_t ckpt_explain_path(const struct ckpt_call *call, uint32_t number,
			 const uint8_t *address, char *text, size_t size);

#endif
