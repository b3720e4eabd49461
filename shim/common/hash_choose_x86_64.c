/* SPDX-License-Identifier: MIT */
#include "shim/common/hash_impl.h"

#include <cpuid.h>
#include <stdbool.h>

extern const struct ckpt_hash_ops ckpt_hash_ops_sse2;
extern const struct ckpt_hash_ops ckpt_hash_ops_avx2;
extern const struct ckpt_hash_ops ckpt_hash_ops_avx512;

/* Register state components that the kernel saves (SDM vol. 1, 13.3). */
enum {
	XCR0_AVX = 0x06,    /* xmm, ymm */
	XCR0_AVX512 = 0xe6, /* and opmask, zmm */
};

static uint32_t read_xcr0(void)
{
	uint32_t eax;
	uint32_t edx;

	__asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return eax;
}

size_t ckpt_hash_runnable(const struct ckpt_hash_ops **ret, size_t capacity)
{
	unsigned int eax, ebx, ecx, edx;
	uint32_t xcr0 = 0;
	size_t count = 0;

	if (count < capacity)
		ret[count++] = &ckpt_hash_ops_sse2;
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE))
		return count;
	xcr0 = read_xcr0();
	if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
		return count;
	if ((ebx & bit_AVX2) && (xcr0 & XCR0_AVX) == XCR0_AVX &&
	    count < capacity)
		ret[count++] = &ckpt_hash_ops_avx2;
	if ((ebx & bit_AVX512F) && (xcr0 & XCR0_AVX512) == XCR0_AVX512 &&
	    count < capacity)
		ret[count++] = &ckpt_hash_ops_avx512;
	return count;
}

const struct ckpt_hash_ops *ckpt_hash_choose(void)
{
	const struct ckpt_hash_ops *all[3];

	return all[ckpt_hash_runnable(all, 3) - 1];
}
