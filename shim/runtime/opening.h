/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_OPENING_H
#define CKPT_RUNTIME_OPENING_H

/*
 * The store is opened by the first call that asks for it, in whatever thread.
 * Those that come meanwhile wait a little for it, or as long as they would for
 * each other (`once`). Hot path once it is open.
 */

#include "shim/runtime/memo.h"

/* For a call of `function`. NULL: there is no cache for this process, or not
 * yet. */
struct ckpt_store *
ckpt_opening_store(struct ckpt_memo *memo,
		   const struct ckpt_plan_function *function);

#endif
