/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_MARSHAL_H
#define CKPT_TESTS_UNIT_MARSHAL_H

/*
 * Marshalling programs made by hand, for the tests of the runtime half: what
 * the planner would compile, entry by entry, and the steps of one call.
 */

#include "shim/runtime/marshal/key.h"
#include "shim/runtime/marshal/message.h"
#include "shim/runtime/marshal/replay.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct marshal {
	struct ckpt_plan_function function;
	struct ckpt_plan_node nodes[64];
	struct ckpt_plan_field fields[64];
	struct ckpt_plan_clause clauses[64];
	struct ckpt_plan_expr exprs[64];
	struct ckpt_plan_op ops[256];
	struct ckpt_plan_root roots[24];
	struct ckpt_plan_move moves[16];
	struct ckpt_plan_object objects[4];
	uintptr_t bases[4];
	struct ckpt_segment segment_items[8];
	struct ckpt_segments segments;
	char strings[1024];
	uint32_t node_count, field_count, clause_count, expr_count, op_count;
	uint32_t move_count, string_size;
	struct ckpt_program program;
	struct ckpt_ranges ranges;
	struct ckpt_arena arena, effects;
	struct ckpt_frame frame;
	struct ckpt_call *call;
	uint64_t stack[34]; /* [0] is the return address */
};

static const struct ckpt_hash_secret marshal_secret = {
	{1, 2, 3, 4, 5, 6, 7, 8, 9}};

static inline void *marshal_symbol(const struct ckpt_program *program,
				   const char *symbol)
{
	(void)program;
	if (!strcmp(symbol, "malloc"))
		return (void *)malloc;
	if (!strcmp(symbol, "free"))
		return (void *)free;
	return NULL;
}

static const struct ckpt_program_host marshal_host = {.symbol = marshal_symbol};

static inline void marshal_init(struct marshal *m)
{
	memset(m, 0, sizeof(*m));
	m->string_size = 1; /* offset 0 is "" */
	m->function.require = CKPT_PLAN_NONE;
	m->function.bypass_if = CKPT_PLAN_NONE;
	m->function.store_if = CKPT_PLAN_NONE;
	m->function.clause_count = 64;
	m->program = (struct ckpt_program){
		.function = &m->function,
		.strings = m->strings,
		.moves = m->moves,
		.roots = m->roots,
		.nodes = m->nodes,
		.fields = m->fields,
		.clauses = m->clauses,
		.exprs = m->exprs,
		.ops = m->ops,
		.objects = m->objects,
		.bases = m->bases,
		.segments = &m->segments,
		.host = &marshal_host,
	};
	m->segments.items = m->segment_items;
	m->frame.entry_sp = (uint8_t *)m->stack;
	m->call = (struct ckpt_call *)m->frame.call;
}

static inline void marshal_deinit(struct marshal *m)
{
	ckpt_arena_deinit(&m->arena);
	ckpt_arena_deinit(&m->effects);
}

static inline uint32_t marshal_text(struct marshal *m, const char *text)
{
	uint32_t off = m->string_size;

	strcpy(m->strings + off, text);
	m->string_size += (uint32_t)strlen(text) + 1;
	return off;
}

static inline uint32_t marshal_node(struct marshal *m,
				    struct ckpt_plan_node node)
{
	m->nodes[m->node_count] = node;
	return m->node_count++;
}

static inline uint32_t marshal_bytes(struct marshal *m, uint32_t size,
				     uint32_t stride)
{
	return marshal_node(
		m, (struct ckpt_plan_node){
			   .kind = CKPT_NODE_BYTES,
			   .flags = CKPT_NODE_FLAT |
				    (size == stride ? CKPT_NODE_DENSE : 0),
			   .size = size,
			   .stride = stride,
		   });
}

/* Fields are given as {off, node} pairs. */
static inline uint32_t marshal_struct(struct marshal *m, uint32_t size,
				      uint8_t flags, uint32_t count,
				      const uint32_t (*fields)[2])
{
	uint32_t first = m->field_count;

	for (uint32_t i = 0; i < count; i++)
		m->fields[m->field_count++] = (struct ckpt_plan_field){
			.off = fields[i][0],
			.node = fields[i][1],
			.condition = CKPT_PLAN_NONE,
			.length = CKPT_PLAN_NONE,
		};
	return marshal_node(m, (struct ckpt_plan_node){
				       .kind = CKPT_NODE_STRUCT,
				       .flags = flags,
				       .size = size,
				       .stride = size,
				       .first = first,
				       .count = count,
			       });
}

static inline uint32_t marshal_expr(struct marshal *m, uint32_t count,
				    const struct ckpt_plan_op *ops)
{
	m->exprs[m->expr_count] = (struct ckpt_plan_expr){
		.first_op = m->op_count,
		.op_count = count,
		.stack_size = CKPT_EXPR_STACK_MAX,
		.text = CKPT_PLAN_NONE,
	};
	memcpy(m->ops + m->op_count, ops, count * sizeof(*ops));
	m->op_count += count;
	return m->expr_count++;
}

#define EXPR(m, ...)                                                \
	marshal_expr((m),                                           \
		     sizeof((struct ckpt_plan_op[]){__VA_ARGS__}) / \
			     sizeof(struct ckpt_plan_op),           \
		     (struct ckpt_plan_op[]){__VA_ARGS__})
#define CONST(v) ((struct ckpt_plan_op){CKPT_OP_CONST, 0, 1, 0, 0, (v)})
#define FRAME(off) ((struct ckpt_plan_op){CKPT_OP_FRAME, 0, 0, 0, 0, (off)})
#define GPR(i) FRAME(CKPT_FRAME_GPR + 8 * (i))
#define ELEMENT(up, off) \
	((struct ckpt_plan_op){CKPT_OP_ELEMENT, 0, 0, 0, (up), (off)})
#define PRE(i) ((struct ckpt_plan_op){CKPT_OP_PRE, 0, 0, 0, (i), 0})
#define LOAD(size, sign) \
	((struct ckpt_plan_op){CKPT_OP_LOAD, (size), (sign), 0, 0, 0})
#define OP(name) ((struct ckpt_plan_op){CKPT_OP_##name, 0, 0, 0, 0, 0})
#define OPI(name, value) \
	((struct ckpt_plan_op){CKPT_OP_##name, 0, 0, 0, 0, (value)})

/* A clause with nothing said; change what matters. */
static inline struct ckpt_plan_clause marshal_clause(uint32_t node)
{
	return (struct ckpt_plan_clause){
		.extent = CKPT_EXTENT_COUNT,
		.direction = CKPT_DIR_IN,
		.owner = CKPT_OWNER_CALLER,
		.node = node,
		.condition = CKPT_PLAN_NONE,
		.count = CKPT_PLAN_NONE,
		.low = CKPT_PLAN_NONE,
		.max = CKPT_PLAN_NONE,
		.length = CKPT_PLAN_NONE,
		.stride = CKPT_PLAN_NONE,
		.until = CKPT_PLAN_NONE,
		.capacity = CKPT_PLAN_NONE,
		.room = CKPT_PLAN_NONE,
		.allocator = CKPT_PLAN_NONE,
		.path = CKPT_PLAN_NONE,
	};
}

/* A pointer node with one clause. */
static inline uint32_t marshal_pointer(struct marshal *m,
				       struct ckpt_plan_clause clause)
{
	m->clauses[m->clause_count] = clause;
	return marshal_node(m, (struct ckpt_plan_node){
				       .kind = CKPT_NODE_POINTER,
				       .size = 8,
				       .stride = 8,
				       .first = m->clause_count++,
				       .count = 1,
			       });
}

/* A pointer to `count` elements. */
static inline uint32_t marshal_array(struct marshal *m, uint8_t direction,
				     uint32_t node, uint32_t count)
{
	struct ckpt_plan_clause clause = marshal_clause(node);

	clause.direction = direction;
	clause.count = count;
	return marshal_pointer(m, clause);
}

static inline uint32_t marshal_string(struct marshal *m, uint8_t direction)
{
	struct ckpt_plan_clause clause = marshal_clause(marshal_bytes(m, 1, 1));

	clause.direction = direction;
	clause.extent = CKPT_EXTENT_STRING;
	return marshal_pointer(m, clause);
}

static inline void marshal_root(struct marshal *m, uint8_t kind, uint32_t node,
				uint64_t off)
{
	m->roots[m->function.root_count++] = (struct ckpt_plan_root){
		.kind = kind,
		.node = node,
		.off = off,
		.path = CKPT_PLAN_NONE,
		.initial = CKPT_PLAN_NONE,
	};
}

/* The next parameter in a general register, and the result. */
static inline void marshal_parameter(struct marshal *m, uint32_t node)
{
	marshal_root(m, CKPT_ROOT_PARAMETER, node,
		     CKPT_FRAME_GPR + 8ul * m->function.root_count);
}

static inline void marshal_result(struct marshal *m, uint32_t node)
{
	marshal_root(m, CKPT_ROOT_RESULT, node, CKPT_FRAME_RESULT_RAX);
}

/* ---- one call ---- */

static inline enum ckpt_status marshal_try_key(struct marshal *m,
					       struct ckpt_hash128 *ret)
{
	ckpt_arena_deinit(&m->arena);
	ckpt_call_begin(m->call, &m->program, &m->frame, &m->ranges, &m->arena);
	return ckpt_key_compute(m->call, &marshal_secret, ret);
}

static inline struct ckpt_hash128 marshal_key(struct marshal *m)
{
	struct ckpt_hash128 key = {0, 0};
	char text[256];
	enum ckpt_status status = marshal_try_key(m, &key);

	if (status)
		ckpt_message_refusal(m->call, text, sizeof(text));
	ck_assert_msg(status == CKPT_OK, "refused: %s", text);
	return key;
}

static inline enum ckpt_refusal_kind marshal_refusal(struct marshal *m)
{
	struct ckpt_hash128 key;

	ck_assert_int_eq(marshal_try_key(m, &key), CKPT_UNSUPPORTED);
	return m->call->refusal.kind;
}

static inline enum ckpt_status marshal_try_capture(struct marshal *m)
{
	ckpt_arena_deinit(&m->effects);
	return ckpt_capture(m->call, &m->effects);
}

static inline void marshal_capture(struct marshal *m)
{
	char text[256];
	enum ckpt_status status = marshal_try_capture(m);

	if (status)
		ckpt_message_refusal(m->call, text, sizeof(text));
	ck_assert_msg(status == CKPT_OK, "refused: %s", text);
}

static inline enum ckpt_status marshal_try_replay(struct marshal *m)
{
	return ckpt_replay(m->call, m->effects.data, m->effects.size);
}

/* Key the call again, as a later one would, and replay into it. */
static inline void marshal_replay(struct marshal *m, struct ckpt_hash128 key)
{
	ck_assert(ckpt_hash_equal(marshal_key(m), key));
	m->frame.result_rax = 0xdeadbeef;
	memset(m->frame.result_vec, 0x5a, sizeof(m->frame.result_vec));
	ck_assert_int_eq(marshal_try_replay(m), CKPT_OK);
}

static inline bool marshal_same(struct ckpt_hash128 a, struct ckpt_hash128 b)
{
	return ckpt_hash_equal(a, b);
}

/* `size` bytes that end where readable memory ends. */
static inline uint8_t *marshal_guarded(size_t size)
{
	size_t pages = (size + 4095) / 4096 * 4096;
	uint8_t *block = mmap(NULL, pages + 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(block, MAP_FAILED);
	ck_assert_int_eq(mprotect(block + pages, 4096, PROT_NONE), 0);
	return block + pages - size;
}

#endif
