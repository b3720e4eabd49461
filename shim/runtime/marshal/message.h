/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_MESSAGE_H
#define CKPT_RUNTIME_MESSAGE_H

/*
 * Why a call was refused, in words: one table of all refusals, each with what
 * to write in ckpt.toml. Our own formatting: runs in the target, reads only
 * the call's state and the plan.
 */

#include "shim/runtime/marshal/call.h"

/* A short text that is the same for the same cause at the same place, so that
 * it is told once: "unreadable dst". Cut to `size`. */
void ckpt_message_cause(const struct ckpt_call *call, char *text, size_t size);

/* One line: path, extent, the values it was computed from, remedy; the caller
 * puts the function's name before it. Cut to `size`. */
void ckpt_message_refusal(const struct ckpt_call *call, char *text,
			  size_t size);

/* Is this refusal an answer of the contract (bypass_if, store_if) and no
 * mistake to tell about? */
bool ckpt_message_is_silent(const struct ckpt_refusal *refusal);

#endif
