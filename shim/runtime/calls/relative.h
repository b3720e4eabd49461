/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_RELATIVE_H
#define CKPT_RUNTIME_RELATIVE_H

/*
 * Words that the loader added the load address to: pointers of an object into
 * itself, which name no symbol (R_X86_64_RELATIVE, and DT_RELR of gABI
 * "Relative Relocation Table"). There are many; only asked for by need.
 *
 * Read-only, no allocation; trusted as dynamic.h says.
 */

#include "shim/runtime/calls/dynamic.h"

typedef enum ckpt_status ckpt_relative_visit(void *context, uint64_t *word);

/* Visit each of them. Ends with the first status that is not OK. */
enum ckpt_status ckpt_relative_each(const struct ckpt_dynamic *dynamic,
				    ckpt_relative_visit *visit,
				    void *context) CKPT_MUST_CHECK;

#endif
