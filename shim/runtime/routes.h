/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_ROUTES_H
#define CKPT_RUNTIME_ROUTES_H

/*
 * Which stub leads where: one route per distinct original and purpose, given
 * out in order and never given back.
 *
 * Set-up world; the caller serialises. The table is read on the hot path:
 * a route is complete before its stub can be reached.
 */

#include "shim/runtime/memo.h"
#include "shim/runtime/calls/thunk.h"

struct ckpt_routes {
	struct ckpt_route *items; /* CKPT_THUNK_COUNT of them */
	uint32_t count;
	uint8_t widest; /* registers for unknown signatures; 0: not asked yet */
};

enum ckpt_status ckpt_routes_init(struct ckpt_routes *routes) CKPT_MUST_CHECK;

/* The stub for calls to `original` as `function`; NULL: there are no more. */
void *ckpt_routes_function(struct ckpt_routes *routes, void *original,
			   struct ckpt_memo_function *function);
/* The stub for the patched entry of `function`, whose first instructions were
 * moved to `original`. NULL also where the CPU does not allow it. */
void *ckpt_routes_entry(struct ckpt_routes *routes, void *original,
			struct ckpt_memo_function *function);
/* The stub that only notes calls to `original`. */
void *ckpt_routes_watch(struct ckpt_routes *routes, void *original,
			const struct ckpt_memo_watch *watch);

/* The stub for calls to `original`, of unknown signature, as `measured`. */
void *ckpt_routes_measured(struct ckpt_routes *routes, void *original,
			   struct ckpt_measured *measured);

/* Let all calls to `function` pass by, or no longer. */
void ckpt_routes_bypass(const struct ckpt_routes *routes,
			const struct ckpt_memo_function *function,
			bool is_bypassed);

#endif
