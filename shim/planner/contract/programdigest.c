/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/compiler.h"

#include <string.h>

/* A function's entries being fed to its digest: references are counted from
 * where the function's entries start, names for people are left out. */
struct feed {
	const struct ckpt_tables *tables;
	const struct ckpt_table_marks *marks;
	struct ckpt_hasher hasher;
};

static const void *entry_at(const struct feed *feed,
			    enum ckpt_plan_section_id section, uint32_t index)
{
	return feed->tables->sections[section].data +
	       (size_t)index * ckpt_tables_entry_size(section);
}

static uint32_t rebased(const struct feed *feed,
			enum ckpt_plan_section_id section, uint32_t index)
{
	return index == CKPT_PLAN_NONE ? index
				       : index - feed->marks->counts[section];
}

static uint64_t text_hash(const struct feed *feed, uint32_t text)
{
	const char *start =
		(const char *)feed->tables->sections[CKPT_PLAN_STRINGS].data;

	return text == CKPT_PLAN_NONE
		       ? 0
		       : ckpt_hash64(start + text, strlen(start + text) + 1);
}

static void feed_word(struct feed *feed, uint64_t word)
{
	ckpt_hasher_update(&feed->hasher, &word, sizeof(word));
}

static void feed_move(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_move move;

	memcpy(&move, entry_at(feed, CKPT_PLAN_MOVES, index), sizeof(move));
	ckpt_hasher_update(&feed->hasher, &move, sizeof(move));
}

/* Where a global is does not count: it may move. Which one it is follows from
 * the order, which is that of the code. */
static void feed_root(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_root root;
	bool is_placed;

	memcpy(&root, entry_at(feed, CKPT_PLAN_ROOTS, index), sizeof(root));
	is_placed = root.kind == CKPT_ROOT_PARAMETER ||
		    root.kind == CKPT_ROOT_RESULT;
	feed_word(feed, (uint64_t)root.kind | (uint64_t)root.place << 8 |
				(uint64_t)root.flags << 16);
	feed_word(feed, rebased(feed, CKPT_PLAN_NODES, root.node));
	feed_word(feed, is_placed ? root.off : 0);
}

static void feed_node(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_node node;
	enum ckpt_plan_section_id section = CKPT_PLAN_NODES;

	memcpy(&node, entry_at(feed, CKPT_PLAN_NODES, index), sizeof(node));
	if (node.kind == CKPT_NODE_STRUCT)
		section = CKPT_PLAN_FIELDS;
	else if (node.kind == CKPT_NODE_POINTER ||
		 node.kind == CKPT_NODE_REFUSE)
		section = CKPT_PLAN_CLAUSES;
	if (node.count)
		node.first = rebased(feed, section, node.first);
	node.type_name = 0;
	ckpt_hasher_update(&feed->hasher, &node, sizeof(node));
}

static void feed_field(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_field field;

	memcpy(&field, entry_at(feed, CKPT_PLAN_FIELDS, index), sizeof(field));
	field.node = rebased(feed, CKPT_PLAN_NODES, field.node);
	field.name = 0;
	field.condition = rebased(feed, CKPT_PLAN_EXPRS, field.condition);
	field.length = rebased(feed, CKPT_PLAN_EXPRS, field.length);
	ckpt_hasher_update(&feed->hasher, &field, sizeof(field));
}

static void feed_clause(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_clause c;
	uint32_t *exprs[] = {&c.condition, &c.count,	&c.low,
			     &c.max,	   &c.length,	&c.stride,
			     &c.until,	   &c.capacity, &c.room};
	uint64_t allocator;

	memcpy(&c, entry_at(feed, CKPT_PLAN_CLAUSES, index), sizeof(c));
	for (size_t i = 0; i < sizeof(exprs) / sizeof(exprs[0]); i++)
		*exprs[i] = rebased(feed, CKPT_PLAN_EXPRS, *exprs[i]);
	c.node = rebased(feed, CKPT_PLAN_NODES, c.node);
	allocator = text_hash(feed, c.allocator);
	c.allocator = 0;
	c.path = 0;
	ckpt_hasher_update(&feed->hasher, &c, sizeof(c));
	feed_word(feed, allocator);
}

static void feed_expr(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_expr expr;

	memcpy(&expr, entry_at(feed, CKPT_PLAN_EXPRS, index), sizeof(expr));
	expr.first_op = rebased(feed, CKPT_PLAN_OPS, expr.first_op);
	expr.text = 0;
	ckpt_hasher_update(&feed->hasher, &expr, sizeof(expr));
}

static void feed_op(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_op op;

	memcpy(&op, entry_at(feed, CKPT_PLAN_OPS, index), sizeof(op));
	if (op.code == CKPT_OP_GLOBAL) {
		op.a = 0;
		op.imm = 0;
	}
	ckpt_hasher_update(&feed->hasher, &op, sizeof(op));
}

static void feed_input(struct feed *feed, uint32_t index)
{
	struct ckpt_plan_input input;

	memcpy(&input, entry_at(feed, CKPT_PLAN_INPUTS, index), sizeof(input));
	feed_word(feed, input.kind);
	feed_word(feed, text_hash(feed, input.name));
}

static void feed_section(struct feed *feed, enum ckpt_plan_section_id section,
			 void (*one)(struct feed *feed, uint32_t index))
{
	uint32_t count = ckpt_tables_count(feed->tables, section);

	feed_word(feed, count - feed->marks->counts[section]);
	for (uint32_t i = feed->marks->counts[section]; i < count; i++)
		one(feed, i);
}

static void feed_function(struct feed *feed,
			  const struct ckpt_plan_function *function)
{
	uint32_t counted_flags = CKPT_FUNCTION_ALIGNMENT |
				 CKPT_FUNCTION_POINTERS |
				 CKPT_FUNCTION_X87_RESULT |
				 CKPT_FUNCTION_X87_PAIR | CKPT_FUNCTION_CPU |
				 CKPT_FUNCTION_THREADS | CKPT_FUNCTION_LOCALE |
				 CKPT_FUNCTION_PORTABLE | CKPT_FUNCTION_RAND |
				 CKPT_FUNCTION_ERRNO | CKPT_FUNCTION_FP_FLAGS;

	feed_word(feed, function->flags & counted_flags);
	feed_word(feed, function->vector_width);
	feed_word(feed, function->stack_size);
	feed_word(feed, function->argument_move_count);
	feed_word(feed, function->result_move_count);
	feed_word(feed, rebased(feed, CKPT_PLAN_EXPRS, function->first_pre));
	feed_word(feed, function->pre_count);
	feed_word(feed, rebased(feed, CKPT_PLAN_EXPRS, function->require));
	feed_word(feed, rebased(feed, CKPT_PLAN_EXPRS, function->bypass_if));
	feed_word(feed, rebased(feed, CKPT_PLAN_EXPRS, function->store_if));
}

struct ckpt_table_marks ckpt_program_marks(const struct ckpt_tables *tables)
{
	struct ckpt_table_marks marks;

	for (int i = 0; i < CKPT_PLAN_SECTION_COUNT; i++)
		marks.counts[i] =
			ckpt_tables_count(tables, (enum ckpt_plan_section_id)i);
	return marks;
}

struct ckpt_hash128
ckpt_program_digest(const struct ckpt_tables *tables,
		    const struct ckpt_table_marks *marks,
		    const struct ckpt_plan_function *function)
{
	struct feed feed = {.tables = tables, .marks = marks};

	ckpt_hasher_init(&feed.hasher, NULL);
	feed_word(&feed, CKPT_KEY_SCHEME);
	feed_function(&feed, function);
	feed_section(&feed, CKPT_PLAN_MOVES, feed_move);
	feed_section(&feed, CKPT_PLAN_ROOTS, feed_root);
	feed_section(&feed, CKPT_PLAN_NODES, feed_node);
	feed_section(&feed, CKPT_PLAN_FIELDS, feed_field);
	feed_section(&feed, CKPT_PLAN_CLAUSES, feed_clause);
	feed_section(&feed, CKPT_PLAN_EXPRS, feed_expr);
	feed_section(&feed, CKPT_PLAN_OPS, feed_op);
	feed_section(&feed, CKPT_PLAN_INPUTS, feed_input);
	return ckpt_hasher_final(&feed.hasher);
}
