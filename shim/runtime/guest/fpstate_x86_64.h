/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_FPSTATE_X86_64_H
#define CKPT_RUNTIME_FPSTATE_X86_64_H

/*
 * The floating-point environment (psABI 3.2.1): control bits are inputs of a
 * call, exception flags are among its effects. SSE and x87 each have their
 * own six exception flags, in the same bit positions 0 … 5.
 *
 * Hot path: a few instructions each, no memory but the caller's.
 */

#include <stdint.h>

enum { CKPT_FP_FLAGS = 0x3f, CKPT_FP_X87_SHIFT = 8 };

/* MXCSR's control bits (rounding, masks, FTZ, DAZ) and the x87 control word
 * (rounding, precision, masks) in one word. */
static inline uint32_t ckpt_fpstate_control(void)
{
	uint32_t mxcsr = 0;
	uint16_t fcw = 0;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	return (mxcsr & ~(uint32_t)CKPT_FP_FLAGS) | (uint32_t)fcw << 16;
}

/* Exception flags: SSE in bits 0 … 5, x87 in bits 8 … 13. */
static inline uint32_t ckpt_fpstate_flags(void)
{
	uint32_t mxcsr = 0;
	uint16_t fsw = 0;

	__asm__ volatile("stmxcsr %0\n\tfnstsw %1" : "=m"(mxcsr), "=m"(fsw));
	return (mxcsr & CKPT_FP_FLAGS) | (uint32_t)(fsw & CKPT_FP_FLAGS)
						 << CKPT_FP_X87_SHIFT;
}

/* Make the SSE and x87 exception flags exactly `flags`, without raising. */
static inline void ckpt_fpstate_set_flags(uint32_t flags)
{
	uint32_t environment[7];
	uint32_t x87 = flags >> CKPT_FP_X87_SHIFT & CKPT_FP_FLAGS;
	uint32_t mxcsr = 0;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	mxcsr = (mxcsr & ~(uint32_t)CKPT_FP_FLAGS) | (flags & CKPT_FP_FLAGS);
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	if ((ckpt_fpstate_flags() >> CKPT_FP_X87_SHIFT) == x87)
		return;
	/* fnstenv masks all exceptions; fldenv brings the masks back. */
	__asm__ volatile("fnstenv %0" : "=m"(environment));
	environment[1] = (environment[1] & ~(uint32_t)CKPT_FP_FLAGS) | x87;
	__asm__ volatile("fldenv %0" : : "m"(environment));
}

#endif
