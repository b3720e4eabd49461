/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_RECORDING_H
#define CKPT_RUNTIME_RECORDING_H

/*
 * The payload of an entry (payload.h) as the runtime reads and writes it: what
 * one call did to errno and FP flags, to memory, to random state, and what its
 * key was made of.
 *
 * Hot path: no malloc, no lock but the store's.
 */

#include "shim/common/payload.h"
#include "shim/runtime/marshal/arena.h"
#include "shim/store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* A payload taken apart; points into it. */
struct ckpt_recording {
	struct ckpt_payload_header header;
	const uint8_t *effects;
	const uint8_t *random;
};

/* False: it is not a payload of this version, or its sizes contradict. */
bool ckpt_recording_read(const struct ckpt_entry *entry,
			 struct ckpt_recording *ret);

/* Leave random state as the call did; nothing if it drew none. */
void ckpt_recording_replay_random(const struct ckpt_recording *recording);

/* What an entry is made of. */
struct ckpt_recording_parts {
	const struct ckpt_arena *effects;
	/* Components of the key, inputs, names of outputs, in this order. */
	const struct ckpt_arena *components;
	size_t key_size;
	size_t inputs_size;
};

/* Put an entry. `header` has the outcome (outcome.h); sizes and the rest are
 * filled in here. UNSUPPORTED: random state was drawn from and cannot be read
 * (any more). */
enum ckpt_status ckpt_recording_put(struct ckpt_store *store,
				    struct ckpt_hash128 key,
				    const struct ckpt_entry_info *info,
				    struct ckpt_payload_header *header,
				    const struct ckpt_recording_parts *parts,
				    bool draws_random) CKPT_MUST_CHECK;

/* What is known of a call that ends now, for those who list entries. */
void ckpt_recording_describe(const char *function, const char *object,
			     uint64_t duration_ns, struct ckpt_entry_info *ret);

#endif
