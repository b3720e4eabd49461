/* SPDX-License-Identifier: MIT */
#ifndef CKPT_FRAME_X86_64_H
#define CKPT_FRAME_X86_64_H

/*
 * The frame the thunk builds for one intercepted call: homes of the argument
 * registers, of the result registers, and room for the call's state. Shared
 * between thunk_x86_64.S (offsets), the runtime (struct) and, for the offsets
 * that plans carry, the planner's ABI code.
 *
 * Argument registers stand in psABI 3.2.3 order, so that a struct passed in
 * two neighbouring general registers is contiguous; vector registers have 64
 * bytes each, of which only the saved width is valid.
 */

#define CKPT_FRAME_GPR 0  /* rdi rsi rdx rcx r8 r9 */
#define CKPT_FRAME_RAX 48 /* al: vector count of variadic calls */
#define CKPT_FRAME_R10 56 /* static chain */
#define CKPT_FRAME_VEC 64 /* zmm0 … zmm7 */
#define CKPT_FRAME_RESULT_RAX 576
#define CKPT_FRAME_RESULT_RDX 584
#define CKPT_FRAME_RESULT_ST0 592
#define CKPT_FRAME_RESULT_ST1 608
#define CKPT_FRAME_ENTRY_SP 624	  /* address of the return address */
#define CKPT_FRAME_ROUTE 632	  /* index of the route taken */
#define CKPT_FRAME_ORIGINAL 640	  /* what to call or jump to */
#define CKPT_FRAME_STACK_SIZE 648 /* bytes of stack arguments to copy */
#define CKPT_FRAME_STACK_ALIGN 656
#define CKPT_FRAME_VECTOR_WIDTH 664 /* enum ckpt_vector_width saved */
#define CKPT_FRAME_X87_COUNT 668    /* results in st0, st1: 0, 1, 2 */
#define CKPT_FRAME_PASS 672	    /* calls to let pass after a bypass */
#define CKPT_FRAME_RESULT_VEC 704   /* zmm0, zmm1 */
#define CKPT_FRAME_GATHER 832
#define CKPT_FRAME_CALL 1088
#define CKPT_FRAME_SIZE 2816

#define CKPT_FRAME_GATHER_SIZE (CKPT_FRAME_CALL - CKPT_FRAME_GATHER)
#define CKPT_FRAME_CALL_SIZE (CKPT_FRAME_SIZE - CKPT_FRAME_CALL)

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct ckpt_frame {
	uint64_t gpr[6];
	uint64_t rax;
	uint64_t r10;
	uint8_t vec[8][64];
	uint64_t result_rax;
	uint64_t result_rdx;
	uint8_t result_st[2][16];
	uint8_t *entry_sp;
	uint64_t route;
	void *original;
	uint64_t stack_size;
	uint64_t stack_alignment;
	uint32_t vector_width;
	uint32_t x87_count;
	uint32_t pass;
	uint32_t reserved[7];
	uint8_t result_vec[2][64];
	uint8_t gather[CKPT_FRAME_GATHER_SIZE];
	/* struct ckpt_call: what memo keeps between entering and leaving. */
	uint8_t call[CKPT_FRAME_CALL_SIZE] __attribute__((aligned(64)));
} __attribute__((aligned(64)));

/* First byte of the arguments that were passed on the stack. */
static inline uint8_t *ckpt_frame_stack(const struct ckpt_frame *frame)
{
	return frame->entry_sp + 8;
}

#define CKPT_FRAME_CHECK(member, offset)                                \
	_Static_assert(offsetof(struct ckpt_frame, member) == (offset), \
		       #member " is not where thunk_x86_64.S expects it")
CKPT_FRAME_CHECK(gpr, CKPT_FRAME_GPR);
CKPT_FRAME_CHECK(rax, CKPT_FRAME_RAX);
CKPT_FRAME_CHECK(r10, CKPT_FRAME_R10);
CKPT_FRAME_CHECK(vec, CKPT_FRAME_VEC);
CKPT_FRAME_CHECK(result_rax, CKPT_FRAME_RESULT_RAX);
CKPT_FRAME_CHECK(result_rdx, CKPT_FRAME_RESULT_RDX);
CKPT_FRAME_CHECK(result_st, CKPT_FRAME_RESULT_ST0);
CKPT_FRAME_CHECK(entry_sp, CKPT_FRAME_ENTRY_SP);
CKPT_FRAME_CHECK(route, CKPT_FRAME_ROUTE);
CKPT_FRAME_CHECK(original, CKPT_FRAME_ORIGINAL);
CKPT_FRAME_CHECK(stack_size, CKPT_FRAME_STACK_SIZE);
CKPT_FRAME_CHECK(stack_alignment, CKPT_FRAME_STACK_ALIGN);
CKPT_FRAME_CHECK(vector_width, CKPT_FRAME_VECTOR_WIDTH);
CKPT_FRAME_CHECK(x87_count, CKPT_FRAME_X87_COUNT);
CKPT_FRAME_CHECK(pass, CKPT_FRAME_PASS);
CKPT_FRAME_CHECK(result_vec, CKPT_FRAME_RESULT_VEC);
CKPT_FRAME_CHECK(gather, CKPT_FRAME_GATHER);
CKPT_FRAME_CHECK(call, CKPT_FRAME_CALL);
_Static_assert(sizeof(struct ckpt_frame) == CKPT_FRAME_SIZE, "frame size");
#endif

#endif
