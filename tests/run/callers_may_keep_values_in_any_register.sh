#!/bin/bash
# SPDX-License-Identifier: MIT
# A direct caller that knows which registers a function leaves alone (-fipa-ra)
# finds them as they were, on miss, hit and bypass: all general ones but rax,
# and every vector and mask register there is. Areas that a compiler left for
# patches (-fpatchable-function-entry) are used, also behind an endbr64.
. "$(dirname "$0")/calls.sh"

# f changes eax and flags only; probe() fills all else, calls it and stores
# what is there then.
cat >f.S <<-'EOF2'
	#if defined(MASKS)
	#define VECTORS 32
	#define WIDTH 64
	#define REG(n) %zmm##n
	#elif defined(__AVX__)
	#define VECTORS 16
	#define WIDTH 32
	#else
	#define VECTORS 16
	#define WIDTH 16
	#endif
		.text
		.globl f
		.type f, @function
		.balign 16
	f:	.cfi_startproc
	#ifdef ENDBR
		endbr64
	#endif
		lea 1(%rdi,%rdi,2), %eax
		nop
		nop
		ret
		.cfi_endproc
		.size f, . - f

		.globl probe
		.type probe, @function
	/* rdi: x; rsi: seeds, 8 bytes each; rdx: where to */
	probe:	.cfi_startproc
		push %rbx
		.cfi_adjust_cfa_offset 8
		push %rdx
		.cfi_adjust_cfa_offset 8
		push %rbp
		.cfi_adjust_cfa_offset 8
		.set n, 0
		.rept VECTORS
		.altmacro
		LOAD %n
		.noaltmacro
		.set n, n + 1
		.endr
	#ifdef MASKS
		.irp n, 0, 1, 2, 3, 4, 5, 6, 7
		kmovq 8 * \n(%rsi), %k\n
		.endr
	#endif
		mov $0x1111, %rcx
		mov $0x2222, %rdx
		mov $0x3333, %r8
		mov $0x4444, %r9
		mov $0x5555, %r10
		mov $0x6666, %r11
		mov $0x7777, %rbx
		mov $0x8888, %rbp
		call f
		xchg %rdx, 8(%rsp)
		mov %rax, (%rdx)
		mov %rcx, 8(%rdx)
		mov 8(%rsp), %rax
		mov %rax, 16(%rdx)
		mov %rsi, 24(%rdx)
		mov %rdi, 32(%rdx)
		mov %r8, 40(%rdx)
		mov %r9, 48(%rdx)
		mov %r10, 56(%rdx)
		mov %r11, 64(%rdx)
		mov %rbx, 72(%rdx)
		mov %rbp, 80(%rdx)
		.set n, 0
		.rept VECTORS
		.altmacro
		STORE %n
		.noaltmacro
		.set n, n + 1
		.endr
	#ifdef MASKS
		.irp n, 0, 1, 2, 3, 4, 5, 6, 7
		kmovq %k\n, 4096 + 8 * \n(%rdx)
		.endr
		vzeroupper
	#elif defined(__AVX__)
		vzeroupper
	#endif
		pop %rbp
		.cfi_adjust_cfa_offset -8
		pop %rdx
		.cfi_adjust_cfa_offset -8
		pop %rbx
		.cfi_adjust_cfa_offset -8
		ret
		.cfi_endproc
		.size probe, . - probe
		.section .note.GNU-stack, "", @progbits
EOF2
{
	cat <<-'EOF2'
		#if defined(MASKS)
		#define MOVE vmovdqu64
		#define KIND zmm
		#elif defined(__AVX__)
		#define MOVE vmovdqu
		#define KIND ymm
		#else
		#define MOVE movdqu
		#define KIND xmm
		#endif
		#define LOAD_(move, kind) .macro LOAD n; move 8 * \n(%rsi), %kind\n; .endm
		#define STORE_(move, kind) .macro STORE n; move %kind\n, 128 + 64 * \n(%rdx); .endm
		#define EXPAND(m, a, b) m(a, b)
		EXPAND(LOAD_, MOVE, KIND)
		EXPAND(STORE_, MOVE, KIND)
	EOF2
	cat f.S
} >probe.S
cat >main.c <<-'EOF2'
	#include <stdio.h>
	#include <string.h>
	int f(int);
	void probe(long, const unsigned long *, unsigned char *);
	static unsigned long seeds[64];
	static unsigned char seen[8192] __attribute__((aligned(64)));
	int main(void)
	{
		for (int i = 0; i < 64; i++)
			seeds[i] = 0x9e3779b97f4a7c15ul * (i + 1);
		for (long x = 1; x <= 3; x++) {
			memset(seen, 0, sizeof(seen));
			probe(x, seeds, seen);
			/* No part of an int; and where the seeds are differs
			 * from run to run. */
			memset(seen + 4, 0, 4);
			memset(seen + 24, 0, 8);
			for (unsigned i = 0; i < sizeof(seen); i++)
				if (seen[i])
					printf("%u:%02x ", i, seen[i]);
			puts("");
		}
		return 0;
	}
EOF2
widths=('')
! grep -qw avx /proc/cpuinfo || widths+=('-mavx')
! grep -qw avx512bw /proc/cpuinfo ||
	widths+=('-mavx512f -mavx512bw -DMASKS')
for flags in '' -DENDBR '-fno-pie -no-pie'; do
	for width in "${widths[@]}"; do
		# shellcheck disable=SC2086 # flags are words
		"$CC" $flags $width -o main main.c probe.S || fail 'compile'
		expect_calls 3 ./main || fail "$flags $width"
		[ "$(wc -c <out.plain)" -gt 3000 ] || fail 'too little seen'
	done
done

# Too short to be patched, but for the room that was left. With a jump table,
# which is what pointers into a window make suspicious.
cat >tiny.c <<-'EOF2'
	#include <stdio.h>
	int f(int x);
	__attribute__((noipa)) int f(int x) { return x; }
	__attribute__((noipa)) int g(int x);
	__attribute__((noipa)) int g(int x)
	{
		switch (x) {
		case 1: return printf("one");
		case 2: return putchar('2');
		case 3: return puts("three");
		case 4: return printf("%d", x);
		case 5: return 7 * printf("five");
		default: return 9;
		}
	}
	int main(void)
	{
		printf("%d %d %d\n", f(1), f(2), g(9));
		return 0;
	}
EOF2
for flags in -fcf-protection=none -fcf-protection \
	'-fcf-protection -fno-pie -no-pie' '-fcf-protection -fPIE -pie'; do
	for room in 5 8,3; do
		# shellcheck disable=SC2086 # flags are words
		gcc -O2 -g -fpatchable-function-entry=$room $flags -o main tiny.c ||
			skip 'gcc cannot leave room for patches'
		expect_calls 2 ./main || fail "$flags, $room"
		ckpt inspect ./main g >out.g
		expect_match 'by its entry' out.g
	done
done
