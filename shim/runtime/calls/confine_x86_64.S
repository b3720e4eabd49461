/* SPDX-License-Identifier: MIT */
/* Entries for prctl and syscall (confine.h). Both are variadic functions of
 * integers: all six argument registers and al may count. */

#include <cet.h>

/*
 *   rsp + 56   return address
 *   rsp + 8    rdi rsi rdx rcx r8 r9, downwards
 *   rsp        rax, 16-byte aligned
 */
.macro ENTRY name, handler
	.balign	16
	.globl	\name
	.hidden	\name
	.hidden	\handler
	.type	\name, @function
\name:
	.cfi_startproc
	_CET_ENDBR
	push	%rdi
	.cfi_adjust_cfa_offset 8
	push	%rsi
	.cfi_adjust_cfa_offset 8
	push	%rdx
	.cfi_adjust_cfa_offset 8
	push	%rcx
	.cfi_adjust_cfa_offset 8
	push	%r8
	.cfi_adjust_cfa_offset 8
	push	%r9
	.cfi_adjust_cfa_offset 8
	push	%rax
	.cfi_adjust_cfa_offset 8
	call	\handler
	mov	%rax, %r11
	pop	%rax
	.cfi_adjust_cfa_offset -8
	pop	%r9
	.cfi_adjust_cfa_offset -8
	pop	%r8
	.cfi_adjust_cfa_offset -8
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	pop	%rdx
	.cfi_adjust_cfa_offset -8
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	jmp	*%r11
	.cfi_endproc
	.size	\name, . - \name
.endm

	.text
	ENTRY ckpt_confine_prctl_entry, ckpt_confine_prctl
	ENTRY ckpt_confine_syscall_entry, ckpt_confine_syscall

	.bss
	.balign	8
	.globl	ckpt_confine_originals
	.hidden	ckpt_confine_originals
	.type	ckpt_confine_originals, @object
	.size	ckpt_confine_originals, 2 * 8 /* CKPT_CONFINE_COUNT */
ckpt_confine_originals:
	.zero	2 * 8

	.section .note.GNU-stack, "", @progbits
