/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_KEEP_H
#define CKPT_RUNTIME_KEEP_H

/*
 * What an entry keeps so that people can look at it: names and types of its
 * outputs, and the inputs themselves where keep_inputs asks for them. A hit
 * reads none of it.
 *
 * Hot path of a miss.
 */

#include "shim/runtime/marshal/environment.h"
#include "shim/runtime/thread.h"

enum {
	CKPT_KEEP_INPUTS_MAX = 1 << 20, /* bytes; what comes later is cut */
	CKPT_KEEP_OUTPUTS_MAX = 16 << 10,
};

/* After the key was computed and before the original runs: the components of
 * the key, and the inputs where they are wanted, into slot->components. What
 * there is no memory for is left out: the entry is as good. */
void ckpt_keep_before(struct ckpt_call *call,
		      const struct ckpt_environment *environment,
		      struct ckpt_thread_call *slot);
/* After the call was captured: which extent of the effects is which output. */
void ckpt_keep_after(struct ckpt_call *call, struct ckpt_thread_call *slot);

/* Append the inputs of the call, as components; what is behind a `secret`
 * clause is left out. NOMEM */
enum ckpt_status ckpt_keep_inputs(struct ckpt_call *call,
				  struct ckpt_arena *out) CKPT_MUST_CHECK;

#endif
