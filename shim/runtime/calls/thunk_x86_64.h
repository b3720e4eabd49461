/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_THUNK_X86_64_H
#define CKPT_RUNTIME_THUNK_X86_64_H

/* What the assembly of the thunk takes from thunk.h and memo.h. */

#define STUB_COUNT 4096 /* CKPT_THUNK_COUNT */

/* struct ckpt_thunk_entry */
#define ENTRY_ORIGINAL 0
#define ENTRY_WIDTH 8
#define ENTRY_X87_COUNT 9
#define ENTRY_PRESERVED 10
#define ENTRY_BYPASSED 11
#define ENTRY_PASS 12
#define ENTRY_SIZE 16

/* enum ckpt_vector_width */
#define WIDTH_XMM 1
#define WIDTH_YMM 2
#define WIDTH_ZMM 3

/* enum ckpt_verdict */
#define VERDICT_HIT 1
#define VERDICT_MISS 2

#ifdef __ASSEMBLER__
/* clang-format off */
/* After a bypass, with the frame at r11: the calls that follow may not need to
 * come so far. Uses eax, rcx, rdx. */
.macro SET_PASS
	mov	CKPT_FRAME_PASS(%r11), %eax
	mov	CKPT_FRAME_ROUTE(%r11), %rcx
	shl	$4, %rcx /* ENTRY_SIZE */
	lea	ckpt_thunk_entries(%rip), %rdx
	mov	%eax, ENTRY_PASS(%rdx,%rcx)
.endm
/* clang-format on */
#endif

#endif
