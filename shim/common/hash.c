/* SPDX-License-Identifier: MIT */
#include "shim/common/hash.h"

#include "shim/common/hash_impl.h"

extern const struct ckpt_hash_ops ckpt_hash_ops_sse2;

/*
 * The width in use. A cache of what CPUID says and so the same in every
 * thread; whoever sees the old value computes the same hashes, slower.
 */
static const struct ckpt_hash_ops *chosen = &ckpt_hash_ops_sse2;

void ckpt_hash_init(void)
{
	__atomic_store_n(&chosen, ckpt_hash_choose(), __ATOMIC_RELAXED);
}

static const struct ckpt_hash_ops *get_ops(void)
{
	return __atomic_load_n(&chosen, __ATOMIC_RELAXED);
}

const char *ckpt_hash_width(void)
{
	return get_ops()->name;
}

struct ckpt_hash128 ckpt_hash(const struct ckpt_hash_secret *secret,
			      const void *data, size_t size)
{
	return get_ops()->hash(secret, data, size);
}

uint64_t ckpt_hash64(const void *data, size_t size)
{
	return get_ops()->hash64(data, size);
}

uint64_t ckpt_hash64_copy(void *to, const void *from, size_t size)
{
	return get_ops()->hash64_copy(to, from, size);
}

void ckpt_hasher_init(struct ckpt_hasher *hasher,
		      const struct ckpt_hash_secret *secret)
{
	get_ops()->init(hasher, secret);
}

void ckpt_hasher_update(struct ckpt_hasher *hasher, const void *data,
			size_t size)
{
	get_ops()->update(hasher, data, size);
}

struct ckpt_hash128 ckpt_hasher_final(const struct ckpt_hasher *hasher)
{
	return get_ops()->final(hasher);
}

uint64_t ckpt_hasher_final64(const struct ckpt_hasher *hasher)
{
	return get_ops()->final64(hasher);
}

void ckpt_hash_text(struct ckpt_hash128 hash, char text[CKPT_HASH_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		text[i] = digits[hash.hi >> (60 - 4 * i) & 15];
		text[16 + i] = digits[hash.lo >> (60 - 4 * i) & 15];
	}
	text[32] = '\0';
}

static int parse_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool ckpt_hash_parse(const char *text, struct ckpt_hash128 *ret)
{
	uint64_t words[2] = {0, 0};

	for (int i = 0; i < 32; i++) {
		int digit = parse_digit(text[i]);

		if (digit < 0)
			return false;
		words[i / 16] = words[i / 16] << 4 | (uint64_t)digit;
	}
	if (text[32])
		return false;
	*ret = (struct ckpt_hash128){.lo = words[1], .hi = words[0]};
	return true;
}
