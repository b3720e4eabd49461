/* SPDX-License-Identifier: MIT */
/*
 * What marshalling costs: the key of a flat call of six scalars, beside a
 * hand-written hash of the same bytes; and flat buffers beside their hash.
 */
#include "shim/runtime/marshal/key.h"
#include "shim/runtime/marshal/replay.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 200000, TRIES = 7, LIMIT_NS = 100 };

static struct ckpt_frame frame;
static struct ckpt_ranges ranges;
static uint64_t stack[2];
static uint8_t buffer[1 << 16];
static const struct ckpt_hash_secret secret = {{1, 2, 3}};
static volatile uint64_t result;

static const struct ckpt_plan_op OPS[] = {
	{.code = CKPT_OP_FRAME, .imm = CKPT_FRAME_GPR + 8},
	{.code = CKPT_OP_LOAD, .size = 8},
};
static const struct ckpt_plan_expr EXPRS[] = {{.op_count = 2, .stack_size = 1}};
static const struct ckpt_plan_clause CLAUSES[] = {
	{.extent = CKPT_EXTENT_COUNT,
	 .direction = CKPT_DIR_IN,
	 .condition = CKPT_PLAN_NONE,
	 .capacity = CKPT_PLAN_NONE,
	 .room = CKPT_PLAN_NONE,
	 .node = 1},
};
static const struct ckpt_plan_node NODES[] = {
	{.kind = CKPT_NODE_BYTES,
	 .flags = CKPT_NODE_FLAT | CKPT_NODE_DENSE,
	 .size = 8,
	 .stride = 8},
	{.kind = CKPT_NODE_BYTES,
	 .flags = CKPT_NODE_FLAT | CKPT_NODE_DENSE,
	 .size = 1,
	 .stride = 1},
	{.kind = CKPT_NODE_POINTER, .size = 8, .stride = 8, .count = 1},
};

#define SCALAR(i)                                                            \
	{                                                                    \
		.kind = CKPT_ROOT_PARAMETER, .off = CKPT_FRAME_GPR + 8 * (i) \
	}

static const struct ckpt_plan_root FLAT[] = {SCALAR(0), SCALAR(1), SCALAR(2),
					     SCALAR(3), SCALAR(4), SCALAR(5)};
static const struct ckpt_plan_root BUFFER[] = {
	{.kind = CKPT_ROOT_PARAMETER, .node = 2, .off = CKPT_FRAME_GPR},
	SCALAR(1)};

static struct ckpt_plan_function function_of(uint32_t roots)
{
	return (struct ckpt_plan_function){
		.root_count = roots,
		.require = CKPT_PLAN_NONE,
		.bypass_if = CKPT_PLAN_NONE,
		.store_if = CKPT_PLAN_NONE,
	};
}

static void compute_key(const struct ckpt_program *program)
{
	struct ckpt_call *call = (struct ckpt_call *)frame.call;
	struct ckpt_arena arena = {0};
	struct ckpt_hash128 key = {0, 0};

	ckpt_call_begin(call, program, &frame, &ranges, &arena);
	if (ckpt_key_compute(call, &secret, &key))
		puts("refused");
	result += key.lo;
	ckpt_arena_deinit(&arena);
}

static void hash_frame(const struct ckpt_program *program)
{
	(void)program;
	result += ckpt_hash(&secret, frame.gpr, sizeof(frame.gpr)).lo;
}

static void hash_buffer(const struct ckpt_program *program)
{
	(void)program;
	result += ckpt_hash(&secret, buffer, frame.gpr[1]).lo;
}

/* The best of a few tries, in nanoseconds a round. */
static double time_of(void (*work)(const struct ckpt_program *),
		      const struct ckpt_program *program)
{
	double best = 1e9;

	for (int i = 0; i < TRIES; i++) {
		struct timespec start, end;
		double ns;

		clock_gettime(CLOCK_MONOTONIC, &start);
		for (int j = 0; j < ROUNDS; j++)
			work(program);
		clock_gettime(CLOCK_MONOTONIC, &end);
		ns = ((double)(end.tv_sec - start.tv_sec) * 1e9 +
		      (double)(end.tv_nsec - start.tv_nsec)) /
		     ROUNDS;
		best = ns < best ? ns : best;
	}
	return best;
}

int main(void)
{
	struct ckpt_plan_function flat = function_of(6);
	struct ckpt_plan_function one = function_of(2);
	struct ckpt_program program = {
		.function = &flat,
		.roots = FLAT,
		.nodes = NODES,
		.clauses = CLAUSES,
		.exprs = EXPRS,
		.ops = OPS,
		.strings = "",
	};
	double marshal;
	double hash;

	ckpt_hash_init();
	frame.entry_sp = (uint8_t *)stack;
	marshal = time_of(compute_key, &program);
	hash = time_of(hash_frame, &program);
	printf("marshal: key of 6 scalars %.0f ns, their hash alone %.0f ns "
	       "(limit: %d ns more)\n",
	       marshal, hash, LIMIT_NS);
	program.function = &one;
	program.roots = BUFFER;
	frame.gpr[0] = (uintptr_t)buffer;
	for (size_t size = 16; size <= sizeof(buffer); size *= 16) {
		frame.gpr[1] = size;
		marshal = time_of(compute_key, &program);
		hash = time_of(hash_buffer, &program);
		printf("marshal: key of %zu bytes %.0f ns, their hash alone "
		       "%.0f ns\n",
		       size, marshal, hash);
	}
	return 0;
}
