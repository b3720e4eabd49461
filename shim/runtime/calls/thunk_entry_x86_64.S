/* SPDX-License-Identifier: MIT */
/*
 * Stubs for patched function entries and the code they share: thunk.h says
 * what they do. Unlike a call through a slot, a direct call may rely on every
 * register that the function is known not to change, whatever the psABI says.
 */

#include "shim/frame_x86_64.h"
#include "shim/runtime/calls/thunk_x86_64.h"

#include <cet.h>

/* zmm8 … zmm31 and k0 … k7, behind the frame, which has zmm0 … zmm7. */
#define EXTRA_MASK 1536
#define EXTRA_SIZE 1600

#define LOCALS 32
#define SAVED_R11 -8
#define ORIGINAL -16
#define PRESERVED -24

	.text
	.hidden	ckpt_memo_enter
	.hidden	ckpt_memo_leave
	.hidden	ckpt_escape_by_unwinding

	.balign	64
	.globl	ckpt_thunk_entry_stubs
	.hidden	ckpt_thunk_entry_stubs
	.type	ckpt_thunk_entry_stubs, @function
ckpt_thunk_entry_stubs:
	.cfi_startproc
	.set	id, 0
	.rept	STUB_COUNT
	.balign	16
	.cfi_def_cfa_offset 8
	endbr64
	push	$(id * ENTRY_SIZE)
	.cfi_def_cfa_offset 16
	.byte	0xe9 /* jmp, always with a 4-byte displacement */
	.long	ckpt_thunk_entry_common - . - 4
	.set	id, id + 1
	.endr
	.balign	16
	.cfi_endproc
	.size	ckpt_thunk_entry_stubs, . - ckpt_thunk_entry_stubs

/*
 * Vector registers 0 … 7 to or from rdi, the others and the masks to or from
 * rsi, as many and as wide as ecx says. Nothing else changes.
 */
	.balign	16
	.type	save_vectors, @function
save_vectors:
	.cfi_startproc
	cmp	$WIDTH_YMM, %ecx
	je	1f
	ja	2f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movaps	%xmm\n, 64 * \n(%rdi)
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	%xmm\n, 64 * \n - 512(%rsi)
	.endr
	ret
1:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovaps	%ymm\n, 64 * \n(%rdi)
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	vmovaps	%ymm\n, 64 * \n - 512(%rsi)
	.endr
	vzeroupper
	ret
2:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovaps	%zmm\n, 64 * \n(%rdi)
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, \
		23, 24, 25, 26, 27, 28, 29, 30, 31
	vmovaps	%zmm\n, 64 * \n - 512(%rsi)
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	kmovq	%k\n, EXTRA_MASK + 8 * \n(%rsi)
	.endr
	vzeroupper
	ret
	.cfi_endproc
	.size	save_vectors, . - save_vectors

	.balign	16
	.type	load_vectors, @function
load_vectors:
	.cfi_startproc
	cmp	$WIDTH_YMM, %ecx
	je	1f
	ja	2f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	movaps	64 * \n(%rdi), %xmm\n
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	64 * \n - 512(%rsi), %xmm\n
	.endr
	ret
1:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovaps	64 * \n(%rdi), %ymm\n
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	vmovaps	64 * \n - 512(%rsi), %ymm\n
	.endr
	ret
2:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vmovaps	64 * \n(%rdi), %zmm\n
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, \
		23, 24, 25, 26, 27, 28, 29, 30, 31
	vmovaps	64 * \n - 512(%rsi), %zmm\n
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	kmovq	EXTRA_MASK + 8 * \n(%rsi), %k\n
	.endr
	ret
	.cfi_endproc
	.size	load_vectors, . - load_vectors

/* General registers but rax, rdx, r11 from the frame at r11. */
.macro LOAD_FRAME
	mov	CKPT_FRAME_GPR + 0(%r11), %rdi
	mov	CKPT_FRAME_GPR + 8(%r11), %rsi
	mov	CKPT_FRAME_GPR + 24(%r11), %rcx
	mov	CKPT_FRAME_GPR + 32(%r11), %r8
	mov	CKPT_FRAME_GPR + 40(%r11), %r9
	mov	CKPT_FRAME_R10(%r11), %r10
.endm


/* Two homes of vector registers, through xmm0, which is saved. */
.macro COPY_TWO from, to, base
	.irp	off, 0, 16, 32, 48, 64, 80, 96, 112
	movaps	\from + \off(\base), %xmm0
	movaps	%xmm0, \to + \off(\base)
	.endr
.endm

/*
 *   rbp + 24       stack arguments                     CFA
 *   rbp + 16       return address
 *   rbp + 8        offset of the stub's entry; later the address to jump to
 *   rbp            caller's rbp
 *   rbp - 8        r11
 *   rbp - 16       what to call
 *   rbp - 24       preserved width
 *                  0 … 63 bytes
 *                  EXTRA_SIZE bytes
 *   frame          struct ckpt_frame, 64-byte aligned
 *                  copy of the stack arguments
 */
	.balign	64
	.globl	ckpt_thunk_entry_common
	.hidden	ckpt_thunk_entry_common
	.type	ckpt_thunk_entry_common, @function
ckpt_thunk_entry_common:
	.cfi_startproc
	.cfi_personality 0x1b, ckpt_escape_by_unwinding /* pcrel, 4 bytes */
	.cfi_def_cfa_offset 16
	push	%rbp
	.cfi_def_cfa_offset 24
	.cfi_offset %rbp, -24
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	push	%r11
	lea	ckpt_thunk_entries(%rip), %r11
	add	8(%rbp), %r11
	cmpl	$0, ENTRY_PASS(%r11)
	jne	.Lcount
	cmpb	$0, ENTRY_BYPASSED(%r11)
	jne	.Lpass
	cmpl	$0, ckpt_thunk_disabled(%rip)
	jne	.Lpass

	lea	-(LOCALS + EXTRA_SIZE + CKPT_FRAME_SIZE)(%rbp), %rsp
	and	$-64, %rsp
	mov	%rdi, CKPT_FRAME_GPR + 0(%rsp)
	mov	%rsi, CKPT_FRAME_GPR + 8(%rsp)
	mov	%rdx, CKPT_FRAME_GPR + 16(%rsp)
	mov	%rcx, CKPT_FRAME_GPR + 24(%rsp)
	mov	%r8, CKPT_FRAME_GPR + 32(%rsp)
	mov	%r9, CKPT_FRAME_GPR + 40(%rsp)
	mov	%rax, CKPT_FRAME_RAX(%rsp)
	mov	%r10, CKPT_FRAME_R10(%rsp)
	/* What is not a result comes back as it was. */
	mov	%rax, CKPT_FRAME_RESULT_RAX(%rsp)
	mov	%rdx, CKPT_FRAME_RESULT_RDX(%rsp)
	lea	16(%rbp), %rax
	mov	%rax, CKPT_FRAME_ENTRY_SP(%rsp)
	mov	ENTRY_ORIGINAL(%r11), %rax
	mov	%rax, CKPT_FRAME_ORIGINAL(%rsp)
	movzbl	ENTRY_X87_COUNT(%r11), %eax
	mov	%eax, CKPT_FRAME_X87_COUNT(%rsp)
	movzbl	ENTRY_WIDTH(%r11), %eax
	mov	%eax, CKPT_FRAME_VECTOR_WIDTH(%rsp)
	mov	8(%rbp), %rax
	shr	$4, %rax /* ENTRY_SIZE */
	mov	%rax, CKPT_FRAME_ROUTE(%rsp)
	xor	%eax, %eax
	mov	%rax, CKPT_FRAME_STACK_SIZE(%rsp)
	mov	%rax, CKPT_FRAME_STACK_ALIGN(%rsp)
	movzbl	ENTRY_PRESERVED(%r11), %ecx
	mov	%ecx, PRESERVED(%rbp)
	lea	CKPT_FRAME_VEC(%rsp), %rdi
	lea	CKPT_FRAME_SIZE(%rsp), %rsi
	call	save_vectors
	COPY_TWO CKPT_FRAME_VEC, CKPT_FRAME_RESULT_VEC, %rsp

	mov	%rsp, %rdi
	call	ckpt_memo_enter
	mov	%rsp, %r11
	cmp	$VERDICT_HIT, %eax
	je	.Lresults
	ja	.Lmiss

	/* Bypass: no frame of ours is left when the original starts. */
	SET_PASS
	mov	CKPT_FRAME_ORIGINAL(%r11), %rax
	mov	%rax, 8(%rbp)
	lea	CKPT_FRAME_VEC(%r11), %rdi
	lea	CKPT_FRAME_SIZE(%r11), %rsi
	mov	PRESERVED(%rbp), %ecx
	call	load_vectors
	LOAD_FRAME
	mov	CKPT_FRAME_RAX(%r11), %rax
	mov	CKPT_FRAME_GPR + 16(%r11), %rdx
.Lpass_on:
	mov	SAVED_R11(%rbp), %r11
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 16
	.cfi_restore %rbp
	/* No register to jump through, and ret would upset a shadow stack. */
	lea	8(%rsp), %rsp
	.cfi_def_cfa_offset 8
	jmp	*-8(%rsp)
	.cfi_restore_state

.Lcount:
	decl	ENTRY_PASS(%r11)
.Lpass:
	mov	ENTRY_ORIGINAL(%r11), %r11
	mov	%r11, 8(%rbp)
	jmp	.Lpass_on

.Lresults:
	cmpl	$1, CKPT_FRAME_X87_COUNT(%r11)
	jb	1f
	je	2f
	fldt	CKPT_FRAME_RESULT_ST1(%r11)
2:	fldt	CKPT_FRAME_RESULT_ST0(%r11)
1:	COPY_TWO CKPT_FRAME_RESULT_VEC, CKPT_FRAME_VEC, %r11
	lea	CKPT_FRAME_VEC(%r11), %rdi
	lea	CKPT_FRAME_SIZE(%r11), %rsi
	mov	PRESERVED(%rbp), %ecx
	call	load_vectors
	LOAD_FRAME
	mov	CKPT_FRAME_RESULT_RAX(%r11), %rax
	mov	CKPT_FRAME_RESULT_RDX(%r11), %rdx
	mov	SAVED_R11(%rbp), %r11
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 16
	.cfi_restore %rbp
	lea	8(%rsp), %rsp
	.cfi_def_cfa_offset 8
	ret
	.cfi_restore_state

.Lmiss:
	mov	CKPT_FRAME_ORIGINAL(%r11), %rax
	mov	%rax, ORIGINAL(%rbp)
	mov	CKPT_FRAME_STACK_SIZE(%r11), %rcx
	sub	%rcx, %rsp
	and	$-64, %rsp
	mov	CKPT_FRAME_ENTRY_SP(%r11), %rsi
	add	$8, %rsi
.Lcopy:
	sub	$8, %rcx
	jb	.Lcopied
	mov	(%rsi,%rcx), %rax
	mov	%rax, (%rsp,%rcx)
	jmp	.Lcopy
.Lcopied:
	lea	CKPT_FRAME_VEC(%r11), %rdi
	lea	CKPT_FRAME_SIZE(%r11), %rsi
	mov	PRESERVED(%rbp), %ecx
	call	load_vectors
	LOAD_FRAME
	mov	CKPT_FRAME_RAX(%r11), %rax
	mov	CKPT_FRAME_GPR + 16(%r11), %rdx
	mov	SAVED_R11(%rbp), %r11
	call	*ORIGINAL(%rbp)

	/* A register that is no result was either kept by the original or is
	 * of no use to the caller: all get back what they had. */
	lea	-(LOCALS + EXTRA_SIZE + CKPT_FRAME_SIZE)(%rbp), %rsp
	and	$-64, %rsp
	mov	%rax, CKPT_FRAME_RESULT_RAX(%rsp)
	mov	%rdx, CKPT_FRAME_RESULT_RDX(%rsp)
	mov	PRESERVED(%rbp), %ecx
	cmp	$WIDTH_YMM, %ecx
	je	1f
	ja	2f
	movaps	%xmm0, CKPT_FRAME_RESULT_VEC(%rsp)
	movaps	%xmm1, CKPT_FRAME_RESULT_VEC + 64(%rsp)
	jmp	3f
1:	vmovaps	%ymm0, CKPT_FRAME_RESULT_VEC(%rsp)
	vmovaps	%ymm1, CKPT_FRAME_RESULT_VEC + 64(%rsp)
	vzeroupper
	jmp	3f
2:	vmovaps	%zmm0, CKPT_FRAME_RESULT_VEC(%rsp)
	vmovaps	%zmm1, CKPT_FRAME_RESULT_VEC + 64(%rsp)
	vzeroupper
3:	cmpl	$1, CKPT_FRAME_X87_COUNT(%rsp)
	jb	.Lleave
	fstpt	CKPT_FRAME_RESULT_ST0(%rsp)
	je	.Lleave
	fstpt	CKPT_FRAME_RESULT_ST1(%rsp)
.Lleave:
	mov	%rsp, %rdi
	call	ckpt_memo_leave
	mov	%rsp, %r11
	jmp	.Lresults
	.cfi_endproc
	.size	ckpt_thunk_entry_common, . - ckpt_thunk_entry_common

/* enum ckpt_vector_width ckpt_thunk_preserved(void) */
	.balign	16
	.globl	ckpt_thunk_preserved
	.hidden	ckpt_thunk_preserved
	.type	ckpt_thunk_preserved, @function
ckpt_thunk_preserved:
	.cfi_startproc
	_CET_ENDBR
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	call	ckpt_thunk_widest
	cmp	$WIDTH_ZMM, %eax
	jne	1f
	mov	%rbx, %r8
	.cfi_register %rbx, %r8
	mov	$7, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%ebx, %edx
	mov	%r8, %rbx
	.cfi_restore %rbx
	xor	%eax, %eax
	mov	$WIDTH_ZMM, %ecx
	test	$0x40000000, %edx /* AVX512BW: kmovq */
	cmovnz	%ecx, %eax
1:	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size	ckpt_thunk_preserved, . - ckpt_thunk_preserved

	.section .note.GNU-stack, "", @progbits
