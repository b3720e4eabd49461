/* SPDX-License-Identifier: MIT */
/*
 * Entries for the loader's functions (loader.h): ask C what to do, with the
 * caller's return address as fourth argument; then go on to the real one as if
 * we had not been there, or return C's answer.
 */

#include <cet.h>

/*
 *   rsp + 32   (of the caller)
 *   rsp + 24   return address
 *   rsp + 16   rdi
 *   rsp + 8    rsi
 *   rsp        rdx, 16-byte aligned
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
	mov	24(%rsp), %rcx
	call	\handler
	test	%rax, %rax
	jz	1f
	mov	%rax, %r11
	pop	%rdx
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	jmp	*%r11
	.cfi_restore_state
1:	mov	%rdx, %rax
	add	$24, %rsp
	.cfi_adjust_cfa_offset -24
	ret
	.cfi_endproc
	.size	\name, . - \name
.endm

	.text
	ENTRY ckpt_loader_dlopen_entry, ckpt_loader_dlopen
	ENTRY ckpt_loader_dlclose_entry, ckpt_loader_dlclose
	ENTRY ckpt_loader_dlsym_entry, ckpt_loader_dlsym
	ENTRY ckpt_loader_dlvsym_entry, ckpt_loader_dlvsym

	.bss
	.balign	8
	.globl	ckpt_loader_originals
	.hidden	ckpt_loader_originals
	.type	ckpt_loader_originals, @object
	.size	ckpt_loader_originals, 4 * 8 /* CKPT_LOADER_COUNT */
ckpt_loader_originals:
	.zero	4 * 8

	.section .note.GNU-stack, "", @progbits
