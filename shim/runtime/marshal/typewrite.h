/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_TYPEWRITE_H
#define CKPT_RUNTIME_TYPEWRITE_H

/*
 * The type of a node as an entry keeps it (typecode.h). Hot path of a miss; no
 * memory but the caller's.
 */

#include "shim/runtime/marshal/call.h"

/* Into `to`; its size, 0 if it does not fit or is nested too deeply. */
size_t ckpt_typewrite(const struct ckpt_program *program, uint32_t node,
		      uint8_t *to, size_t capacity);

#endif
