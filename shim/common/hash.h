/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_HASH_H
#define CKPT_COMMON_HASH_H

/*
 * The one 128-bit hash: XXH3-128, in one translation unit per vector width
 * (SSE2, AVX2, AVX-512), all giving the same value; the widest that CPU and
 * kernel allow is chosen once by ckpt_hash_init().
 *
 * Not collision resistant against an adversary who knows the secret: keys of a
 * store are seeded with its secret, identities in a plan are not.
 *
 * Every function may run on the hot path: no allocation, no system call, no
 * errno, no lock. They use vector registers, so the caller must have saved
 * the target's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ckpt_hash128 {
	uint64_t lo;
	uint64_t hi;
};

/* Secret of a family of stores; XXH3 wants at least 136 bytes of it. */
enum { CKPT_HASH_SECRET_SIZE = 192 };

struct ckpt_hash_secret {
	uint8_t bytes[CKPT_HASH_SECRET_SIZE];
};

/* A hash in progress. Opaque; 64-byte aligned, may live on the stack. */
struct ckpt_hasher {
	uint64_t state[80];
} __attribute__((aligned(64)));

/* Choose the vector width. Idempotent; before it, SSE2 is used. */
void ckpt_hash_init(void);

/* "sse2", "avx2" or "avx512": the width in use. */
const char *ckpt_hash_width(void);

/* Of `size` bytes at `data`. `secret` NULL: the unkeyed hash. */
struct ckpt_hash128 ckpt_hash(const struct ckpt_hash_secret *secret,
			      const void *data, size_t size);

/* 64 bits of the unkeyed hash family: checksums of records and files. */
uint64_t ckpt_hash64(const void *data, size_t size);
/* Copy `size` bytes and return ckpt_hash64() of the copy: one pass, hardly
 * slower than the copy alone. The two do not overlap. */
uint64_t ckpt_hash64_copy(void *to, const void *from, size_t size);

/* The same as ckpt_hash() over the concatenation of all updates. `secret`,
 * if given, must live until the last call. */
void ckpt_hasher_init(struct ckpt_hasher *hasher,
		      const struct ckpt_hash_secret *secret);
void ckpt_hasher_update(struct ckpt_hasher *hasher, const void *data,
			size_t size);
struct ckpt_hash128 ckpt_hasher_final(const struct ckpt_hasher *hasher);
/* The same as ckpt_hash64() over it; for a hasher begun without a secret. */
uint64_t ckpt_hasher_final64(const struct ckpt_hasher *hasher);

static inline int ckpt_hash_equal(struct ckpt_hash128 a, struct ckpt_hash128 b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

enum { CKPT_HASH_TEXT_SIZE = 33 };

/* 32 hexadecimal digits, high word first, and a NUL. */
void ckpt_hash_text(struct ckpt_hash128 hash, char text[CKPT_HASH_TEXT_SIZE]);
/* The other way. False: not exactly 32 hexadecimal digits. */
bool ckpt_hash_parse(const char *text, struct ckpt_hash128 *ret);

#endif
