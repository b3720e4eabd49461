/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_TRACK_X86_64_H
#define CKPT_PLANNER_TRACK_X86_64_H

/*
 * Where the value of a register comes from, followed through straight code:
 * enough to see that an indirect jump is a switch, or that a call goes
 * through a table or a variable with a known address. A value that two paths
 * bring together is unknown. Set-up world.
 */

#include "shim/planner/code/codeobject.h"
#include "shim/planner/code/insn_x86_64.h"

enum ckpt_value_kind {
	CKPT_VALUE_UNKNOWN,
	/* Reached from `vaddr` by `depth` loads of a pointer; the first of
	 * them exactly there if is_exact. Depth 0 points into its object. */
	CKPT_VALUE_POINTER,
	CKPT_VALUE_ENTRY,  /* a 32-bit word loaded from the table at vaddr */
	CKPT_VALUE_SWITCH, /* that word + the table's address */
};

struct ckpt_value {
	uint8_t kind;  /* enum ckpt_value_kind */
	uint8_t depth; /* at most 3: three or more */
	bool is_exact;
	uint64_t vaddr;
	uint32_t load; /* of an ENTRY or SWITCH: index of the instruction */
};

/* The instructions of one function. */
struct ckpt_code {
	const struct ckpt_code_object *object;
	uint64_t vaddr; /* of the first */
	const struct ckpt_insn *insns;
	const uint32_t *offs; /* of each, from vaddr */
	size_t count;
	const uint8_t *labels; /* by offset: a branch leads there */
};

struct ckpt_tracker {
	const struct ckpt_code *code;
	struct ckpt_value values[CKPT_REG_COUNT];
	/* Of registers that hold one value in the whole function. */
	struct ckpt_value fixed[CKPT_REG_COUNT];
};

void ckpt_track_start(struct ckpt_tracker *tracker,
		      const struct ckpt_code *code);
/* The target of the indirect call or jump at `index`, reached by stepping
 * over every instruction before it. */
struct ckpt_value ckpt_track_target(const struct ckpt_tracker *tracker,
				    size_t index);
void ckpt_track_step(struct ckpt_tracker *tracker, size_t index);

/*
 * What code does with the address that the instruction at `index` loads. It
 * need not be one of a variable: where the index of a loop begins above zero,
 * compilers point before the table (&t[i - 1] begins at t - 8), and walking
 * down they may point behind it.
 */
struct ckpt_walk {
	/* Not 0: it reckons with the address, in steps of that many bytes, at
	 * most STEP_MAX, which is also what is not known. */
	uint8_t step;
	/* Not 0, with step 0: all it does is access so many bytes there, by
	 * indexes whose bounds are proven. Both 0: the address is passed on,
	 * as pointers of the language are. */
	uint32_t reach;
};

enum { CKPT_WALK_STEP_MAX = 8 };

struct ckpt_walk ckpt_track_walk(const struct ckpt_code *code, size_t index);

/* A place in a thread-local block that code uses. */
struct ckpt_block_use {
	size_t index;  /* of the instruction */
	int64_t off;   /* from the address that the descriptor gives */
	uint32_t size; /* of the access; 0: a variable that begins there */
	uint8_t walk;  /* step of ckpt_walk: the variable may stand behind */
	bool is_written;
};

enum { CKPT_BLOCK_USES_MAX = 64 };

/* All uses of the block whose descriptor the instruction at `index` loads the
 * address of, to pass it to __tls_get_addr. False: not all are understood. */
bool ckpt_track_block(const struct ckpt_code *code, size_t index,
		      struct ckpt_block_use *uses, size_t *ret_count);

/* May code read what the result of the call at `index` points at, before it
 * has written there? */
bool ckpt_track_reads_result(const struct ckpt_code *code, size_t index);

/* How many entries the table of the switch loaded at `load` can have by the
 * comparison before it; 0: not known. */
uint64_t ckpt_track_bound(const struct ckpt_code *code, uint32_t load);

/* How many values the index can have that register `reg` holds, multiplied
 * with *ret_scale, at the instruction `load`; 0: not known. */
uint64_t ckpt_track_find_bound(const struct ckpt_code *code, uint32_t load,
			       uint8_t reg, uint64_t *ret_scale);

/* The address of a rip-relative or absolute operand; false: neither. */
bool ckpt_track_address(const struct ckpt_code *code, size_t index,
			uint64_t *ret);

#endif
