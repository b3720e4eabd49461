/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_PAYLOAD_H
#define CKPT_COMMON_PAYLOAD_H

/*
 * The payload of an entry, as the runtime writes it and as the command shows
 * it: a header, then sections in this order, each of the size the header says.
 *
 *   effects     what the call did to memory and results (replay.h)
 *   random      state of rand() after it (randstate.h), or nothing
 *   components  what its key was made of, for explaining a miss, and names
 *               and types of its outputs (components.h)
 *
 * The inputs themselves, where the user asked to keep them, stand in an entry
 * of their own, which no hit reads: a magic number and components. Its key is
 * made from the call's.
 *
 * The store checksums all of it; the sizes are still checked on every read.
 */

#include "shim/common/hash.h"

#include <stdint.h>

#define CKPT_PAYLOAD_INPUTS_NAME "inputs of " /* before the function's */

enum { CKPT_PAYLOAD_INPUTS_MAGIC = 0x31696b63 };

static inline struct ckpt_hash128
ckpt_payload_inputs_key(struct ckpt_hash128 key)
{
	key.lo += 0x9ae16a3b2f90404fU;
	key.hi += 0xc949d7c7509e6557U;
	return key;
}

enum { CKPT_PAYLOAD_MAGIC = 0x31706b63, CKPT_PAYLOAD_VERSION = 1 };

/* What the call did to errno. */
enum ckpt_errno_effect {
	CKPT_ERRNO_UNTOUCHED, /* known: whatever it was, it stays */
	CKPT_ERRNO_SET,	      /* to errno_value */
	/* Was errno_value before and after: untouched or set to the same.
	 * Serves only a caller whose errno is that. */
	CKPT_ERRNO_UNKNOWN,
};

struct ckpt_payload_header {
	uint32_t magic;
	uint16_t version;
	uint16_t errno_effect; /* enum ckpt_errno_effect */
	int32_t errno_value;
	/* FP exception flags (fpstate_x86_64.h): clear before and set after;
	 * and set before, so that it is not known whether they are raised. */
	uint32_t fp_raised;
	uint32_t fp_unknown;
	uint32_t random_size;
	uint64_t effects_size;
	uint64_t components_size;
	uint64_t reserved;
};

#endif
