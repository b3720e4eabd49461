/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CODEFUNC_X86_64_H
#define CKPT_PLANNER_CODEFUNC_X86_64_H

/*
 * One function of one object: the digest of its instructions with operands
 * that carry positions masked, and what those operands refer to, in order.
 * Says nothing about other objects: a reference is an address in this object
 * (a call of a PLT entry, a GOT word) that the closure resolves.
 *
 * Every byte of the function is decoded, from its first to its last; where
 * that fails, or a branch leads between instructions, it is UNDECODED and the
 * references may be incomplete. Set-up world.
 */

#include "shim/common/hash.h"
#include "shim/planner/code/codeobject.h"
#include "shim/planner/code/pool.h"

enum ckpt_ref_kind {
	CKPT_REF_CALL,	  /* direct call of `vaddr` */
	CKPT_REF_JUMP,	  /* direct jump out of the function, or falling out */
	CKPT_REF_ACCESS,  /* `size` bytes at `vaddr` and no others */
	CKPT_REF_ADDRESS, /* the address is taken */
	/* `vaddr` is the constant part of an address whose other part is not
	 * known. */
	CKPT_REF_AROUND,
	/* `size` bytes (0: the variable) at offset `vaddr` of the object's own
	 * thread-local block. */
	CKPT_REF_BLOCK,
	CKPT_REF_TABLE,	 /* a jump table, already part of the digest */
	CKPT_REF_THREAD, /* thread-local: (int64_t)vaddr from %fs */
	/* An indirect call or jump, whose target is: */
	CKPT_REF_POINTER, /* found from `vaddr` by `depth` loads, the first
			     exactly there if is_exact; depth 0: itself */
	CKPT_REF_SWITCH,  /* in a jump table at `vaddr` of unknown length */
	CKPT_REF_UNKNOWN, /* not known */
};

struct ckpt_ref {
	uint32_t site; /* offset of the instruction in the function */
	uint8_t kind;  /* enum ckpt_ref_kind */
	uint8_t depth;
	bool is_exact;
	bool is_result_read; /* a call: what its result points at, or it may be
			      */
	bool is_written;
	/* Not 0: code reckons with the address, in steps of that many bytes;
	 * what is accessed may begin behind `vaddr`, or before it. */
	uint8_t walk;
	uint32_t size;
	uint64_t vaddr;
};

enum ckpt_code_fact {
	CKPT_CODE_CPU = 1u << 0,     /* cpuid, xgetbv */
	CKPT_CODE_SYSCALL = 1u << 1, /* a system call of its own */
	CKPT_CODE_CLOCK = 1u << 2,
	CKPT_CODE_RANDOM = 1u << 3,
	CKPT_CODE_UNDECODED = 1u << 4,
	/* Loads 32-bit words that it may add to the address of their table
	 * (LLVM's relative lookup tables). */
	CKPT_CODE_RELATIVE = 1u << 5,
	CKPT_CODE_STATUS = 1u << 7, /* reads FP exception flags */
	/* Steps back from an address: from behind the end of an array. */
	CKPT_CODE_BACKWARD = 1u << 6,
};

struct ckpt_code_function {
	struct ckpt_code_extent extent;
	struct ckpt_hash128 digest;
	uint32_t facts;		 /* CKPT_CODE_* */
	uint32_t undecoded_site; /* where decoding failed */
	/* All its indirect jumps go by tables that are known; the least place
	 * in the function they lead to, UINT64_MAX if there is none. */
	bool has_known_jumps;
	uint64_t least_target;
	struct ckpt_ref *refs; /* in `pool` */
	size_t ref_count;
};

enum ckpt_status
ckpt_code_function_read(const struct ckpt_code_object *object,
			struct ckpt_code_extent extent, struct ckpt_pool *pool,
			struct ckpt_code_function *ret) CKPT_MUST_CHECK;

/* If `vaddr` is nothing but `jmp *word(%rip)` (a PLT entry), the address of
 * the word. */
bool ckpt_code_function_stub(const struct ckpt_code_object *object,
			     uint64_t vaddr, uint64_t *ret_word);

#endif
