/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the effects of a call with an in, an out, an inout and a freed
 * buffer and a result with blocks: replay must write inside them or nowhere.
 */
#include "shim/runtime/marshal/key.h"
#include "shim/runtime/marshal/replay.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUFFER = 64, BLOCK_MAX = 1 << 16 };

enum { NODE_BYTE, NODE_IN, NODE_OUT, NODE_INOUT, NODE_FREED, NODE_MALLOC };

#define POINTER_NODE(clause)                                       \
	{                                                          \
		.kind = CKPT_NODE_POINTER, .size = 8, .stride = 8, \
		.first = (clause), .count = 1                      \
	}

static const struct ckpt_plan_node NODES[] = {
	[NODE_BYTE] = {.kind = CKPT_NODE_BYTES,
		       .flags = CKPT_NODE_FLAT | CKPT_NODE_DENSE,
		       .size = 1,
		       .stride = 1},
	[NODE_IN] = POINTER_NODE(0),
	[NODE_OUT] = POINTER_NODE(1),
	[NODE_INOUT] = POINTER_NODE(2),
	[NODE_FREED] = POINTER_NODE(3),
	[NODE_MALLOC] = POINTER_NODE(4),
};

#define CLAUSE(d, o, f)                                                       \
	{                                                                     \
		.extent = CKPT_EXTENT_COUNT, .direction = (d), .owner = (o),  \
		.flags = (f), .node = NODE_BYTE, .condition = CKPT_PLAN_NONE, \
		.capacity = CKPT_PLAN_NONE, .room = CKPT_PLAN_NONE,           \
		.path = CKPT_PLAN_NONE                                        \
	}

static const struct ckpt_plan_clause CLAUSES[] = {
	CLAUSE(CKPT_DIR_IN, CKPT_OWNER_CALLER, 0),
	CLAUSE(CKPT_DIR_OUT, CKPT_OWNER_CALLER, 0),
	CLAUSE(CKPT_DIR_INOUT, CKPT_OWNER_CALLER, 0),
	CLAUSE(CKPT_DIR_IN, CKPT_OWNER_FREED, 0),
	CLAUSE(CKPT_DIR_OUT, CKPT_OWNER_MALLOC, CKPT_CLAUSE_CREATED),
	CLAUSE(CKPT_DIR_OUT, CKPT_OWNER_STATIC, CKPT_CLAUSE_CREATED),
};

static const struct ckpt_plan_op OPS[] = {
	{.code = CKPT_OP_CONST, .imm = BUFFER}};
static const struct ckpt_plan_expr EXPRS[] = {
	{.op_count = 1, .stack_size = 1, .text = CKPT_PLAN_NONE}};

#define PARAMETER(i, n)                                                  \
	{                                                                \
		.kind = CKPT_ROOT_PARAMETER, .node = (n),                \
		.off = CKPT_FRAME_GPR + 8 * (i), .path = CKPT_PLAN_NONE, \
		.initial = CKPT_PLAN_NONE                                \
	}

static const struct ckpt_plan_root ROOTS[] = {
	PARAMETER(0, NODE_IN),
	PARAMETER(1, NODE_OUT),
	PARAMETER(2, NODE_INOUT),
	PARAMETER(3, NODE_FREED),
	{.kind = CKPT_ROOT_RESULT,
	 .node = NODE_MALLOC,
	 .off = CKPT_FRAME_RESULT_RAX,
	 .path = CKPT_PLAN_NONE,
	 .initial = CKPT_PLAN_NONE},
};

static const struct ckpt_plan_function FUNCTION = {
	.root_count = 5,
	.clause_count = 6,
	.require = CKPT_PLAN_NONE,
	.bypass_if = CKPT_PLAN_NONE,
	.store_if = CKPT_PLAN_NONE,
};

/* Blocks the replay made: nobody else frees them. */
static void *blocks[1024];
static size_t block_count;

static void *make_block(size_t size)
{
	if (size > BLOCK_MAX || block_count == 1024)
		return NULL;
	return blocks[block_count++] = malloc(size);
}

static void release_block(void *block)
{
	for (size_t i = 0; i < block_count; i++) {
		if (blocks[i] == block) {
			blocks[i] = NULL;
			free(block);
		}
	}
}

static void *find_symbol(const struct ckpt_program *program, const char *symbol)
{
	(void)program;
	return strcmp(symbol, "free") ? (void *)make_block
				      : (void *)release_block;
}

static void replay(const uint8_t *data, size_t size, uint8_t *buffers[4])
{
	static const struct ckpt_program_host host = {.symbol = find_symbol};
	static const struct ckpt_program program = {
		.function = &FUNCTION,
		.strings = "",
		.roots = ROOTS,
		.nodes = NODES,
		.clauses = CLAUSES,
		.exprs = EXPRS,
		.ops = OPS,
		.host = &host,
	};
	static const struct ckpt_hash_secret secret;
	struct ckpt_ranges ranges = {0};
	struct ckpt_arena arena = {0};
	uint64_t stack[2] = {0};
	struct ckpt_frame frame;
	struct ckpt_call *call = (struct ckpt_call *)frame.call;
	struct ckpt_hash128 key;

	memset(&frame, 0, sizeof(frame));
	frame.entry_sp = (uint8_t *)stack;
	for (int i = 0; i < 4; i++)
		frame.gpr[i] = (uintptr_t)buffers[i];
	ckpt_call_begin(call, &program, &frame, &ranges, &arena);
	if (!ckpt_key_compute(call, &secret, &key))
		(void)!ckpt_replay(call, data, size);
	ckpt_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t expected[BUFFER] = {0};
	uint8_t *buffers[4];

	for (int i = 0; i < 4; i++) {
		buffers[i] = calloc(1, BUFFER);
		if (!buffers[i])
			abort();
	}
	replay(data, size, buffers);
	if (memcmp(buffers[0], expected, BUFFER) != 0)
		abort();
	for (int i = 0; i < 4; i++)
		free(buffers[i]);
	for (size_t i = 0; i < block_count; i++)
		free(blocks[i]);
	block_count = 0;
	return 0;
}
