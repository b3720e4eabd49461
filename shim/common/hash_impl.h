/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_HASH_IMPL_H
#define CKPT_COMMON_HASH_IMPL_H

/*
 * XXH3 compiled for one vector width. A translation unit includes
 * hash_width.inc, which says what to define first and gives it one constant
 * table of functions. Only hash.c looks at the tables.
 */

#include "shim/common/hash.h"

struct ckpt_hash_ops {
	const char *name;
	struct ckpt_hash128 (*hash)(const struct ckpt_hash_secret *secret,
				    const void *data, size_t size);
	uint64_t (*hash64)(const void *data, size_t size);
	uint64_t (*hash64_copy)(void *to, const void *from, size_t size);
	void (*init)(struct ckpt_hasher *hasher,
		     const struct ckpt_hash_secret *secret);
	void (*update)(struct ckpt_hasher *hasher, const void *data,
		       size_t size);
	struct ckpt_hash128 (*final)(const struct ckpt_hasher *hasher);
	uint64_t (*final64)(const struct ckpt_hasher *hasher);
};

/* The widest table that this CPU and its kernel can run, by CPUID and XGETBV.
 * Never NULL. */
const struct ckpt_hash_ops *ckpt_hash_choose(void);

/* All tables that can run here, narrowest first: for the tests that compare
 * them. Returns their number, at most `capacity`. */
size_t ckpt_hash_runnable(const struct ckpt_hash_ops **ret, size_t capacity);

#endif
