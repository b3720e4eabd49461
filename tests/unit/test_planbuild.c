/* SPDX-License-Identifier: MIT */
#include "shim/planner/planbuild.h"

#include "shim/runtime/plan/plancheck.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct ckpt_hash128 key = {7, 9};
static struct ckpt_function_config block = {
	.name = (char *)"qsort",
	.on_error = CKPT_ON_ERROR_RAISE,
	.min_time_ns = 5000,
	.verify = 0.25,
	.is_nested = true,
};
static struct ckpt_config config = {
	.path = (char *)"/c/ckpt.toml",
	.directory = (char *)"/c/.ckpt",
	.max_size = 1000,
	.log_level = CKPT_LOG_INFO,
	.functions = &block,
	.function_count = 1,
};
static struct ckpt_planning planning;
static struct ckpt_planned_function function;
static struct ckpt_closure_item items[3];
static struct ckpt_deps deps;
static struct ckpt_buf bytes;
static struct ckpt_plan_view plan;
static struct ckpt_err err;

/* qsort of libc, found in this very process's objects. */
static void start(void)
{
	struct ckpt_matches matches = {0};

	memset(&planning, 0, sizeof(planning));
	planning.config = &config;
	ck_assert_int_eq(ckpt_scope_of_program("/proc/self/exe", &deps,
					       &planning.scope, &err),
			 CKPT_OK);
	ck_assert_int_eq(
		ckpt_match_find(planning.scope, &block, &matches, &err),
		CKPT_OK);
	ck_assert_uint_ge(matches.count, 1);
	function = (struct ckpt_planned_function){
		.config = &block,
		.match = matches.items[0],
		.entry = {.refusal = CKPT_PLAN_NONE,
			  .require = CKPT_PLAN_NONE,
			  .bypass_if = CKPT_PLAN_NONE,
			  .store_if = CKPT_PLAN_NONE,
			  .stack_alignment = 16},
	};
	ckpt_tables_init(&planning.tables);
	planning.functions = &function;
	planning.function_count = 1;
}

static void build(void)
{
	ck_assert_int_eq(ckpt_planbuild(&planning, &deps, key, &bytes),
			 CKPT_OK);
	ck_assert_msg(!ckpt_plan_check(bytes.data, bytes.size, &plan, &err),
		      "%s", err.text);
}

static const char *text(uint32_t off)
{
	return ckpt_plan_text(&plan, off);
}

START_TEST(config_and_files_are_in_the_plan)
{
	start();
	build();
	ck_assert(ckpt_hash_equal(plan.header->key, key));
	ck_assert_str_eq(text(plan.header->store_directory), "/c/.ckpt");
	ck_assert_str_eq(text(plan.header->config_path), "/c/ckpt.toml");
	ck_assert_uint_eq(plan.header->max_size, 1000);
	ck_assert_uint_eq(plan.header->log_level, CKPT_LOG_INFO);
	ck_assert_uint_eq(plan.header->flags & CKPT_PLAN_HAS_GLOBS, 0);
	ck_assert_uint_eq(plan.counts[CKPT_PLAN_FILES], deps.count);
	ck_assert_uint_eq(plan.counts[CKPT_PLAN_OBJECTS],
			  ckpt_scope_count(planning.scope));
}
END_TEST

START_TEST(a_function_has_its_options_and_exported_names)
{
	const struct ckpt_plan_function *f;
	const struct ckpt_plan_name *name;

	start();
	build();
	f = &plan.functions[0];
	ck_assert_str_eq(text(f->name), "qsort");
	ck_assert_ptr_nonnull(
		strstr(text(plan.objects[f->object].path), "libc.so"));
	ck_assert_uint_eq(f->on_error, CKPT_ON_ERROR_RAISE);
	ck_assert_uint_eq(f->min_time_ns, 5000);
	ck_assert(f->verify_rate == 0.25);
	ck_assert(f->flags & CKPT_FUNCTION_NESTED);
	ck_assert_uint_ge(f->name_count, 1);
	name = &plan.names[f->first_name];
	ck_assert_str_eq(text(name->name), "qsort");
	ck_assert_str_eq(text(name->version), "GLIBC_2.2.5");
}
END_TEST

START_TEST(a_refusal_is_marked_and_told)
{
	struct ckpt_planned_note note = {
		.function = 0, .is_error = true, .text = (char *)"because"};

	start();
	function.refusal = (char *)"because";
	planning.notes = &note;
	planning.note_count = 1;
	build();
	ck_assert(plan.functions[0].flags & CKPT_FUNCTION_REFUSED);
	ck_assert_str_eq(text(plan.functions[0].refusal), "because");
	ck_assert_uint_eq(plan.counts[CKPT_PLAN_DIAGS], 1);
	ck_assert_uint_eq(plan.diags[0].function, 0);
	ck_assert_uint_eq(plan.diags[0].is_error, 1);
	ck_assert_str_eq(text(plan.diags[0].text), "because");
}
END_TEST

START_TEST(a_function_nobody_has_is_there_by_name)
{
	start();
	block.name = (char *)"solve@V_2";
	function.match = (struct ckpt_match){.object = CKPT_PLAN_NONE,
					     .display = block.name};
	build();
	ck_assert(plan.functions[0].flags & CKPT_FUNCTION_ABSENT);
	ck_assert_uint_eq(plan.functions[0].name_count, 1);
	ck_assert_str_eq(text(plan.names[0].name), "solve");
}
END_TEST

START_TEST(patterns_are_announced)
{
	start();
	block.name = (char *)"geo::*";
	build();
	ck_assert(plan.header->flags & CKPT_PLAN_HAS_GLOBS);
}
END_TEST

/* Three stretches of code of which two touch: what the file has there. */
START_TEST(code_of_the_closure_is_in_the_plan_as_stretches)
{
	const struct ckpt_image *image;
	const struct ckpt_plan_text *first;
	uint64_t at;

	start();
	at = function.match.vaddr;
	image = ckpt_scope_image(planning.scope, function.match.object, &err);
	for (int i = 0; i < 3; i++)
		items[i] = (struct ckpt_closure_item){
			.kind = CKPT_CLOSURE_CODE,
			.object = function.match.object,
			.vaddr = at + (i == 2 ? 64 : 8u * (unsigned)i),
			.size = 8,
		};
	function.closure.items = items;
	function.closure.item_count = 3;
	build();
	ck_assert_uint_eq(plan.functions[0].text_count, 2);
	first = &plan.texts[plan.functions[0].first_text];
	ck_assert_uint_eq(first->vaddr, at);
	ck_assert_uint_eq(first->size, 16);
	ck_assert(ckpt_hash_equal(
		first->digest,
		ckpt_hash(NULL, ckpt_image_bytes(image, at, 16), 16)));
	ck_assert_uint_eq(first[1].vaddr, at + 64);
}
END_TEST

START_TEST(equal_findings_give_equal_plans)
{
	struct ckpt_buf first;

	start();
	build();
	first = bytes;
	memset(&bytes, 0, sizeof(bytes));
	start();
	build();
	ck_assert_uint_eq(first.size, bytes.size);
	ck_assert_mem_eq(first.data, bytes.data, bytes.size);
}
END_TEST

START_TEST(a_mistake_gives_a_plan_that_tells_it)
{
	ck_assert_int_eq(ckpt_planbuild_mistake("/c/ckpt.toml", "line 3: no",
						&deps, key, &bytes),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_plan_check(bytes.data, bytes.size, &plan, &err),
			 CKPT_OK);
	ck_assert_uint_eq(plan.counts[CKPT_PLAN_FUNCTIONS], 0);
	ck_assert_uint_eq(plan.counts[CKPT_PLAN_DIAGS], 1);
	ck_assert_uint_eq(plan.diags[0].function, CKPT_PLAN_NONE);
	ck_assert_str_eq(text(plan.diags[0].text), "line 3: no");
}
END_TEST

UNIT_MAIN("planbuild", config_and_files_are_in_the_plan,
	  a_function_has_its_options_and_exported_names,
	  a_refusal_is_marked_and_told, a_function_nobody_has_is_there_by_name,
	  patterns_are_announced,
	  code_of_the_closure_is_in_the_plan_as_stretches,
	  equal_findings_give_equal_plans, a_mistake_gives_a_plan_that_tells_it)
