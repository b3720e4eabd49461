/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_OPENING_H
#define CKPT_RUNTIME_OPENING_H

/*
 * The store is opened by the first call that asks for it, in whatever thread.
 * Those that come meanwhile wait a little for it. Hot path once it is open.
 */

#include "shim/runtime/memo.h"

/* NULL: there is no cache for this process, or not yet. */
struct ckpt_store *ckpt_opening_store(struct ckpt_memo *memo);

#endif
