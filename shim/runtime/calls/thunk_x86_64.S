/* SPDX-License-Identifier: MIT */
/*
 * Entry stubs and the code they share: thunk.h says what they do. Numbers of
 * sections refer to the psABI for AMD64.
 */

#include "shim/frame_x86_64.h"
#include "shim/runtime/calls/thunk_x86_64.h"

#include <cet.h>

/* Eight argument registers to their homes in the frame at `base`. */
.macro SAVE_ARGUMENTS mov, reg, base
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	\mov	%\reg\n, CKPT_FRAME_VEC + 64 * \n(\base)
	.endr
.endm

.macro LOAD_ARGUMENTS mov, reg, base
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	\mov	CKPT_FRAME_VEC + 64 * \n(\base), %\reg\n
	.endr
.endm

/* Everything the original may look at (3.2.3), from the frame at r11. */
.macro LOAD_GENERAL
	mov	CKPT_FRAME_GPR + 0(%r11), %rdi
	mov	CKPT_FRAME_GPR + 8(%r11), %rsi
	mov	CKPT_FRAME_GPR + 16(%r11), %rdx
	mov	CKPT_FRAME_GPR + 24(%r11), %rcx
	mov	CKPT_FRAME_GPR + 32(%r11), %r8
	mov	CKPT_FRAME_GPR + 40(%r11), %r9
	mov	CKPT_FRAME_RAX(%r11), %rax
	mov	CKPT_FRAME_R10(%r11), %r10
.endm

	.text
	.hidden	ckpt_memo_enter
	.hidden	ckpt_memo_leave
	.hidden	ckpt_escape_by_unwinding

/*
 * The stubs, 16 bytes each. r11 is free at a call through the PLT or a pointer
 * (3.2.3, figure 3.4); it carries the offset of the stub's entry.
 */
	.balign	64
	.globl	ckpt_thunk_stubs
	.hidden	ckpt_thunk_stubs
	.type	ckpt_thunk_stubs, @function
ckpt_thunk_stubs:
	.cfi_startproc
	.set	id, 0
	.rept	STUB_COUNT
	.balign	16
	endbr64
	mov	$(id * ENTRY_SIZE), %r11d
	.byte	0xe9 /* jmp, always with a 4-byte displacement */
	.long	ckpt_thunk_common - . - 4
	.set	id, id + 1
	.endr
	.balign	16
	.cfi_endproc
	.size	ckpt_thunk_stubs, . - ckpt_thunk_stubs

/*
 * In: r11 = offset of the entry; all else as the caller left it.
 *
 *   entry_sp + 8   stack arguments
 *   entry_sp       return address
 *   rbp            caller's rbp                        CFA = rbp + 16
 *                  0 … 63 bytes
 *   frame          struct ckpt_frame, 64-byte aligned  = (rbp - SIZE) & -64
 *                  0 … 63 bytes                        \ on a miss
 *   rsp            copy of the stack arguments         / only
 */
	.balign	64
	.globl	ckpt_thunk_common
	.hidden	ckpt_thunk_common
	.type	ckpt_thunk_common, @function
ckpt_thunk_common:
	.cfi_startproc
	.cfi_personality 0x1b, ckpt_escape_by_unwinding /* pcrel, 4 bytes */
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	lea	ckpt_thunk_entries(%rip), %rbp
	add	%rbp, %r11
	mov	ENTRY_PASS(%r11), %ebp
	test	%ebp, %ebp
	jne	.Lcount
	cmpb	$0, ENTRY_BYPASSED(%r11)
	jne	.Lpass
	cmpl	$0, ckpt_thunk_disabled(%rip)
	jne	.Lpass

	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	sub	$CKPT_FRAME_SIZE, %rsp
	and	$-64, %rsp
	mov	%rdi, CKPT_FRAME_GPR + 0(%rsp)
	mov	%rsi, CKPT_FRAME_GPR + 8(%rsp)
	mov	%rdx, CKPT_FRAME_GPR + 16(%rsp)
	mov	%rcx, CKPT_FRAME_GPR + 24(%rsp)
	mov	%r8, CKPT_FRAME_GPR + 32(%rsp)
	mov	%r9, CKPT_FRAME_GPR + 40(%rsp)
	mov	%rax, CKPT_FRAME_RAX(%rsp)
	mov	%r10, CKPT_FRAME_R10(%rsp)
	lea	8(%rbp), %rax
	mov	%rax, CKPT_FRAME_ENTRY_SP(%rsp)
	mov	ENTRY_ORIGINAL(%r11), %rax
	mov	%rax, CKPT_FRAME_ORIGINAL(%rsp)
	movzbl	ENTRY_X87_COUNT(%r11), %ecx
	mov	%ecx, CKPT_FRAME_X87_COUNT(%rsp)
	movzbl	ENTRY_WIDTH(%r11), %ecx
	mov	%ecx, CKPT_FRAME_VECTOR_WIDTH(%rsp)
	lea	ckpt_thunk_entries(%rip), %rax
	sub	%rax, %r11
	shr	$4, %r11 /* ENTRY_SIZE */
	mov	%r11, CKPT_FRAME_ROUTE(%rsp)
	xor	%eax, %eax
	mov	%rax, CKPT_FRAME_STACK_SIZE(%rsp)
	mov	%rax, CKPT_FRAME_STACK_ALIGN(%rsp)

	cmp	$WIDTH_XMM, %ecx
	jb	.Lsaved
	ja	.Lsave_wide
	SAVE_ARGUMENTS movaps, xmm, %rsp
.Lsaved:
	mov	%rsp, %rdi
	call	ckpt_memo_enter
	mov	%rsp, %r11
	cmp	$VERDICT_HIT, %eax
	je	.Lload_results
	ja	.Lmiss

	/* Bypass: no frame of ours is left when the original starts. */
	SET_PASS
	cmpl	$WIDTH_XMM, CKPT_FRAME_VECTOR_WIDTH(%r11)
	jb	.Lbypass_loaded
	ja	.Lbypass_wide
	LOAD_ARGUMENTS movaps, xmm, %r11
.Lbypass_loaded:
	LOAD_GENERAL
	mov	CKPT_FRAME_ORIGINAL(%r11), %r11
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	jmp	*%r11
	.cfi_restore_state

.Lmiss:
	/* The end of the argument area is aligned to 16, 32 or 64 bytes, by
	 * its widest member (3.2.2): 64 suits them all. */
	mov	CKPT_FRAME_STACK_SIZE(%r11), %rcx
	sub	%rcx, %rsp
	and	$-64, %rsp
	mov	CKPT_FRAME_ENTRY_SP(%r11), %rsi
	add	$8, %rsi
.Lcopy:
	/* Stack arguments are whole eightbytes (3.2.3). */
	sub	$8, %rcx
	jb	.Lcopied
	mov	(%rsi,%rcx), %rax
	mov	%rax, (%rsp,%rcx)
	jmp	.Lcopy
.Lcopied:
	cmpl	$WIDTH_XMM, CKPT_FRAME_VECTOR_WIDTH(%r11)
	jb	.Lmiss_loaded
	ja	.Lmiss_wide
	LOAD_ARGUMENTS movaps, xmm, %r11
.Lmiss_loaded:
	LOAD_GENERAL
	mov	CKPT_FRAME_ORIGINAL(%r11), %r11
	call	*%r11

	lea	-CKPT_FRAME_SIZE(%rbp), %rsp
	and	$-64, %rsp
	mov	%rax, CKPT_FRAME_RESULT_RAX(%rsp)
	mov	%rdx, CKPT_FRAME_RESULT_RDX(%rsp)
	cmpl	$WIDTH_XMM, CKPT_FRAME_VECTOR_WIDTH(%rsp)
	jb	.Lresult_saved
	ja	.Lresult_wide
	movaps	%xmm0, CKPT_FRAME_RESULT_VEC(%rsp)
	movaps	%xmm1, CKPT_FRAME_RESULT_VEC + 64(%rsp)
.Lresult_saved:
	cmpl	$1, CKPT_FRAME_X87_COUNT(%rsp)
	jb	.Lleave
	fstpt	CKPT_FRAME_RESULT_ST0(%rsp)
	je	.Lleave
	fstpt	CKPT_FRAME_RESULT_ST1(%rsp)
.Lleave:
	mov	%rsp, %rdi
	call	ckpt_memo_leave
	mov	%rsp, %r11

.Lload_results:
	cmpl	$1, CKPT_FRAME_X87_COUNT(%r11)
	jb	.Lload_vectors
	je	.Lload_st0
	fldt	CKPT_FRAME_RESULT_ST1(%r11)
.Lload_st0:
	fldt	CKPT_FRAME_RESULT_ST0(%r11)
.Lload_vectors:
	cmpl	$WIDTH_XMM, CKPT_FRAME_VECTOR_WIDTH(%r11)
	jb	.Lreturn
	ja	.Lload_wide
	movaps	CKPT_FRAME_RESULT_VEC(%r11), %xmm0
	movaps	CKPT_FRAME_RESULT_VEC + 64(%r11), %xmm1
.Lreturn:
	mov	CKPT_FRAME_RESULT_RAX(%r11), %rax
	mov	CKPT_FRAME_RESULT_RDX(%r11), %rdx
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_restore_state

	/* Vectors wider than 16 bytes. The flags still hold width - XMM. */
.Lsave_wide:
	cmp	$WIDTH_ZMM, %ecx
	je	1f
	SAVE_ARGUMENTS vmovaps, ymm, %rsp
	vzeroupper
	jmp	.Lsaved
1:	SAVE_ARGUMENTS vmovaps, zmm, %rsp
	vzeroupper
	jmp	.Lsaved

.Lbypass_wide:
	cmpl	$WIDTH_ZMM, CKPT_FRAME_VECTOR_WIDTH(%r11)
	je	1f
	LOAD_ARGUMENTS vmovaps, ymm, %r11
	jmp	.Lbypass_loaded
1:	LOAD_ARGUMENTS vmovaps, zmm, %r11
	jmp	.Lbypass_loaded

.Lmiss_wide:
	cmpl	$WIDTH_ZMM, CKPT_FRAME_VECTOR_WIDTH(%r11)
	je	1f
	LOAD_ARGUMENTS vmovaps, ymm, %r11
	jmp	.Lmiss_loaded
1:	LOAD_ARGUMENTS vmovaps, zmm, %r11
	jmp	.Lmiss_loaded

.Lresult_wide:
	cmpl	$WIDTH_ZMM, CKPT_FRAME_VECTOR_WIDTH(%rsp)
	je	1f
	vmovaps	%ymm0, CKPT_FRAME_RESULT_VEC(%rsp)
	vmovaps	%ymm1, CKPT_FRAME_RESULT_VEC + 64(%rsp)
	vzeroupper
	jmp	.Lresult_saved
1:	vmovaps	%zmm0, CKPT_FRAME_RESULT_VEC(%rsp)
	vmovaps	%zmm1, CKPT_FRAME_RESULT_VEC + 64(%rsp)
	vzeroupper
	jmp	.Lresult_saved

.Lload_wide:
	cmpl	$WIDTH_ZMM, CKPT_FRAME_VECTOR_WIDTH(%r11)
	je	1f
	vmovaps	CKPT_FRAME_RESULT_VEC(%r11), %ymm0
	vmovaps	CKPT_FRAME_RESULT_VEC + 64(%r11), %ymm1
	jmp	.Lreturn
1:	vmovaps	CKPT_FRAME_RESULT_VEC(%r11), %zmm0
	vmovaps	CKPT_FRAME_RESULT_VEC + 64(%r11), %zmm1
	jmp	.Lreturn

	/* Nothing but rbp and r11 was touched. */
.Lcount:
	.cfi_def_cfa %rsp, 16
	dec	%ebp
	mov	%ebp, ENTRY_PASS(%r11)
.Lpass:
	.cfi_def_cfa %rsp, 16
	mov	ENTRY_ORIGINAL(%r11), %r11
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	jmp	*%r11
	.cfi_endproc
	.size	ckpt_thunk_common, . - ckpt_thunk_common

/* enum ckpt_vector_width ckpt_thunk_widest(void) */
	.balign	16
	.globl	ckpt_thunk_widest
	.hidden	ckpt_thunk_widest
	.type	ckpt_thunk_widest, @function
ckpt_thunk_widest:
	.cfi_startproc
	_CET_ENDBR
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	mov	$WIDTH_XMM, %esi
	mov	$1, %eax
	cpuid
	and	$0x18000000, %ecx /* OSXSAVE and AVX */
	cmp	$0x18000000, %ecx
	jne	1f
	xor	%ecx, %ecx
	xgetbv
	mov	%eax, %edi
	not	%edi /* bits of XCR0 that are missing */
	test	$0x06, %edi /* xmm, ymm */
	jnz	1f
	mov	$WIDTH_YMM, %esi
	xor	%eax, %eax
	cpuid
	cmp	$7, %eax
	jb	1f
	mov	$7, %eax
	xor	%ecx, %ecx
	cpuid
	test	$0x00010000, %ebx /* AVX512F */
	jz	1f
	test	$0xe0, %edi /* opmask, zmm0-15, zmm16-31 */
	jnz	1f
	mov	$WIDTH_ZMM, %esi
1:	mov	%esi, %eax
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	.size	ckpt_thunk_widest, . - ckpt_thunk_widest

	.bss
	.balign	64
	.globl	ckpt_thunk_entries
	.hidden	ckpt_thunk_entries
	.type	ckpt_thunk_entries, @object
	.size	ckpt_thunk_entries, STUB_COUNT * ENTRY_SIZE
ckpt_thunk_entries:
	.zero	STUB_COUNT * ENTRY_SIZE
	.globl	ckpt_thunk_disabled
	.hidden	ckpt_thunk_disabled
	.type	ckpt_thunk_disabled, @object
	.size	ckpt_thunk_disabled, 4
ckpt_thunk_disabled:
	.zero	4

	.section .note.GNU-stack, "", @progbits
