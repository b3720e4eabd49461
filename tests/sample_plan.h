/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_SAMPLE_PLAN_H
#define CKPT_TESTS_SAMPLE_PLAN_H

/*
 * A small plan made by hand, for the tests of those who read plans: one
 * function, double f(const double *x, size_t n) with x = [n], in one object.
 * What is in `tables`, `header` and `function` may be changed before
 * ckpt_planwriter_build().
 */

#include "shim/frame_x86_64.h"
#include "shim/planner/plan/planwriter.h"

static struct ckpt_tables tables;
static struct ckpt_plan_header header;
static struct ckpt_plan_function function;
static const struct ckpt_hash128 key = {11, 22};

static uint32_t text(const char *string)
{
	return ckpt_tables_text(&tables, string);
}

#define ADD(section, ...)                                             \
	ckpt_tables_add(&tables, CKPT_PLAN_##section, &(__VA_ARGS__), \
			sizeof(__VA_ARGS__))

static void add_op(uint8_t code, int64_t imm)
{
	ADD(OPS, (struct ckpt_plan_op){.code = code, .size = 8, .imm = imm});
}

/* double f(const double *x, size_t n) with x = [n] */
static void add_program(void)
{
	struct ckpt_plan_node nodes[] = {
		{.kind = CKPT_NODE_BYTES,
		 .flags = CKPT_NODE_FLAT,
		 .size = 8,
		 .stride = 8},
		{.kind = CKPT_NODE_POINTER, .size = 8, .stride = 8, .count = 1},
	};
	struct ckpt_plan_clause clause = {
		.extent = CKPT_EXTENT_COUNT,
		.condition = CKPT_PLAN_NONE,
		.low = CKPT_PLAN_NONE,
		.max = CKPT_PLAN_NONE,
		.length = CKPT_PLAN_NONE,
		.stride = CKPT_PLAN_NONE,
		.until = CKPT_PLAN_NONE,
		.capacity = CKPT_PLAN_NONE,
		.room = CKPT_PLAN_NONE,
		.allocator = CKPT_PLAN_NONE,
		.path = text("x"),
	};
	struct ckpt_plan_expr expr = {
		.op_count = 2, .stack_size = 1, .text = text("n")};
	struct ckpt_plan_root roots[] = {
		{.node = 1, .path = text("x"), .off = 0},
		{.path = text("n"), .off = 8},
		{.kind = CKPT_ROOT_RESULT,
		 .off = CKPT_FRAME_RESULT_VEC,
		 .path = text("return")},
	};

	for (int i = 0; i < 2; i++) {
		nodes[i].type_name = CKPT_PLAN_NONE;
		ADD(NODES, nodes[i]);
	}
	ADD(CLAUSES, clause);
	ADD(EXPRS, expr);
	add_op(CKPT_OP_FRAME, 8);
	add_op(CKPT_OP_LOAD, 0);
	for (int i = 0; i < 3; i++) {
		roots[i].initial = CKPT_PLAN_NONE;
		ADD(ROOTS, roots[i]);
	}
}

static void start_plan(void)
{
	ckpt_tables_init(&tables);
	header = (struct ckpt_plan_header){
		.key = key,
		.program_version = text("0"),
		.config_path = text("/c/ckpt.toml"),
		.store_directory = text("/c/.ckpt"),
		.log_level = CKPT_LOG_WARN,
	};
	function = (struct ckpt_plan_function){
		.name = text("f"),
		.config_name = text("f"),
		.refusal = CKPT_PLAN_NONE,
		.object_pattern = CKPT_PLAN_NONE,
		.require = CKPT_PLAN_NONE,
		.bypass_if = CKPT_PLAN_NONE,
		.store_if = CKPT_PLAN_NONE,
		.stack_alignment = 16,
		.root_count = 3,
		.name_count = 1,
	};
	ADD(OBJECTS, (struct ckpt_plan_object){.path = text("/lib/x.so"),
					       .file = CKPT_PLAN_NONE});
	ADD(NAMES, (struct ckpt_plan_name){.name = text("f"),
					   .version = CKPT_PLAN_NONE});
	add_program();
}

#endif
