/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_DIFFERENCE_H
#define CKPT_RUNTIME_DIFFERENCE_H

/*
 * Where two effects streams of one call part, in words, down to the field:
 * "return->weights[3]: 1.5 was 1.0". For `verify`.
 *
 * Hot path of a verified hit; touches no floating-point state.
 */

#include "shim/runtime/marshal/call.h"

/* Compare what was recorded with what ckpt_capture() of this call has just
 * given. True if they are the same; else *text has the first difference in
 * one line, cut to `text_size`. */
bool ckpt_difference_find(const struct ckpt_call *call, const void *recorded,
			  size_t recorded_size, const void *computed,
			  size_t computed_size, char *text, size_t text_size);

#endif
