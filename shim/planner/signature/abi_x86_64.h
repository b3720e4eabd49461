/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_ABI_X86_64_H
#define CKPT_PLANNER_ABI_X86_64_H

/*
 * Where each argument and the result of a call live: the System V x86-64
 * psABI, section 3.2.3, as offsets into struct ckpt_frame and the stack
 * arguments. Pure arithmetic over types. Set-up world.
 */

#include "shim/plan.h"
#include "shim/planner/signature/signature.h"

enum { CKPT_ABI_PIECES_MAX = 8 };

/* An eightbyte (or a whole vector, or x87 value) of a value. */
struct ckpt_abi_piece {
	uint32_t value_off;    /* in the value */
	uint32_t register_off; /* its home in struct ckpt_frame */
	uint32_t size;
};

struct ckpt_abi_value {
	enum ckpt_plan_place place; /* FRAME also when gathered */
	uint32_t off;		    /* where the whole value can be read */
	bool is_gathered;     /* `off` is in the gather area, from `pieces` */
	bool is_memory;	      /* a result returned through a hidden pointer: rax
				 has it after the call, rdi before */
	bool is_by_reference; /* non-trivial C++ class: `off` has its address */
	struct ckpt_abi_piece pieces[CKPT_ABI_PIECES_MAX];
	uint32_t piece_count; /* 0 for values on the stack */
};

struct ckpt_abi_call {
	struct ckpt_abi_value *parameters; /* in the arena of `types` */
	struct ckpt_abi_value result;	   /* piece_count 0 if void */
	uint32_t stack_size;
	uint32_t stack_alignment;
	enum ckpt_vector_width vector_width;
	uint32_t x87_count; /* results in st0, st1 */
};

/* UNSUPPORTED: a type that cannot be passed (err names it). */
enum ckpt_status ckpt_abi_layout(struct ckpt_types *types,
				 const struct ckpt_signature *signature,
				 struct ckpt_abi_call *ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
