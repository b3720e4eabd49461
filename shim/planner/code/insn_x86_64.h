/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_INSN_X86_64_H
#define CKPT_PLANNER_INSN_X86_64_H

/*
 * One x86-64 instruction, decoded by Zydis into the few facts that code
 * identity needs: where control can go, which operand carries a position, and
 * what is written to which register. Plain data, no state. Set-up world.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ckpt_insn_kind {
	CKPT_INSN_OTHER,
	CKPT_INSN_CALL,	    /* direct: `target` */
	CKPT_INSN_CALL_FAR, /* indirect: through register or memory */
	CKPT_INSN_JUMP,	    /* direct, unconditional: `target` */
	CKPT_INSN_JUMP_FAR, /* indirect */
	CKPT_INSN_BRANCH,   /* conditional (jcc, loop, xbegin): `target` */
	CKPT_INSN_RETURN,
	CKPT_INSN_TRAP, /* ud2, hlt, int3: control does not go on */
	CKPT_INSN_SYSCALL,
	CKPT_INSN_CPU,	  /* cpuid, xgetbv: reads what the CPU can do */
	CKPT_INSN_CLOCK,  /* rdtsc, rdtscp, rdpid */
	CKPT_INSN_RANDOM, /* rdrand, rdseed */
	CKPT_INSN_STATUS, /* stmxcsr, fnstsw …: reads FP exception flags */
	/* What value tracking understands. */
	CKPT_INSN_LEA,
	CKPT_INSN_MOVE,	       /* dst = src: register, memory or `imm` */
	CKPT_INSN_MOVE_SIGNED, /* movslq */
	CKPT_INSN_MOVE_ZERO,   /* movzx */
	CKPT_INSN_EXTEND,      /* cdqe: rax = (int)eax */
	CKPT_INSN_ADD,
	CKPT_INSN_SUB,
	CKPT_INSN_AND,
	CKPT_INSN_COMPARE,
	CKPT_INSN_POP,
	CKPT_INSN_STEP_BACK, /* dec, neg */
	CKPT_INSN_MOVE_IF,   /* cmov */
};

/* Registers by number (rax 0, rcx 1, rdx 2 … r15), and: */
enum { CKPT_REG_NONE = 0xff, CKPT_REG_IP = 0xfe, CKPT_REG_COUNT = 16 };

struct ckpt_insn_memory {
	bool is_present;
	bool is_read, is_written;
	bool is_address; /* lea: the address only */
	bool is_fs;
	uint8_t base, index, scale;
	uint16_t size; /* bytes; 0: not fixed */
	int64_t disp;
};

struct ckpt_insn {
	uint8_t size; /* bytes, 1 … 15 */
	enum ckpt_insn_kind kind;
	uint8_t width;	     /* bytes of the operation */
	bool is_notrack;     /* a switch, says a compiler with CET */
	bool is_above;	     /* a branch taken if above (or equal), unsigned */
	bool is_unsupported; /* gs- or eip-relative */
	uint64_t target;     /* of a direct call, jump or branch */
	struct ckpt_insn_memory memory;
	uint8_t dst, src; /* general registers, or CKPT_REG_NONE */
	bool has_imm;
	int64_t imm;
	/* Bytes that carry displacement, immediate or branch distance. */
	uint8_t disp_off, disp_size, imm_off, imm_size;
	uint32_t writes; /* general registers written, a bit each */
	uint32_t reads;	 /* … read, other than for an address */
};

/* The instruction in the first of `size` bytes, which stand at `vaddr`.
 * BADDATA: there is none. */
enum ckpt_status ckpt_insn_decode(const void *bytes, size_t size,
				  uint64_t vaddr,
				  struct ckpt_insn *ret) CKPT_MUST_CHECK;

/* Its size alone, three times as fast; 0: there is none. */
size_t ckpt_insn_size(const void *bytes, size_t size);

#endif
