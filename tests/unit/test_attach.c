/* SPDX-License-Identifier: MIT */
/* A plan that speaks of this very process, made by hand, and what attaching
 * says of it. */
#include "shim/runtime/attach.h"

#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* thunk_x86_64.S wants them; no call is made here. */

uint32_t ckpt_memo_enter(struct ckpt_frame *frame)
{
	(void)frame;
	return CKPT_BYPASS;
}

void ckpt_memo_leave(struct ckpt_frame *frame)
{
	(void)frame;
}

int planned_function(int x);

__attribute__((noinline)) int planned_function(int x)
{
	return 3 * x + 1;
}

/* A word that is bound to the function, as a call slot would be. */
static int (*volatile slot)(int) = planned_function;

enum { PROGRAM = 0 };

static const char strings[] = "\0f\0malloc\0no_such_name";
enum { NAME = 1, MALLOC = 3, NOBODY = 10 };

static struct ckpt_objects objects;
static struct ckpt_plan_header header;
static struct ckpt_plan_object plan_objects[64];
static struct ckpt_plan_function function;
static struct ckpt_plan_text text;
static struct ckpt_plan_edge edge;
static const struct ckpt_plan_run run = {0, 1};
static struct ckpt_generation *generation;
static struct ckpt_attached *attached;
static struct ckpt_err err;

/* The plan's number of the object that `address` is in. */
static uint32_t object_at(const void *address)
{
	const struct ckpt_object *object =
		ckpt_objects_at(&objects, (uintptr_t)address);

	for (uint32_t i = 0; i < objects.count; i++)
		if (objects.items[i] == object)
			return i;
	ck_abort_msg("no object there");
}

static uint64_t vaddr_of(uint32_t object, const void *address)
{
	return (uintptr_t)address - objects.items[object]->base;
}

static void set_up(void)
{
	struct ckpt_planfile file = {.view = {.header = &header,
					      .strings = strings,
					      .objects = plan_objects,
					      .functions = &function,
					      .texts = &text,
					      .edges = &edge,
					      .runs = &run}};

	ck_assert_int_eq(ckpt_objects_refresh(&objects, NULL, NULL), CKPT_OK);
	ck_assert_uint_le(objects.count, 64);
	function = (struct ckpt_plan_function){
		.name = NAME,
		.object = PROGRAM,
		.vaddr = vaddr_of(PROGRAM, planned_function),
		.text_count = 1,
		.edge_run_count = 1,
		.verify_rate = 0,
	};
	text = (struct ckpt_plan_text){
		.object = PROGRAM, .vaddr = function.vaddr, .size = 1};
	text.digest = ckpt_hash(NULL, planned_function, 1);
	edge = (struct ckpt_plan_edge){
		.from = PROGRAM,
		.to = object_at(dlsym(RTLD_DEFAULT, "malloc")),
		.name = MALLOC,
		.version = CKPT_PLAN_NONE};
	edge.vaddr = vaddr_of(edge.to, dlsym(RTLD_DEFAULT, "malloc"));
	file.view.counts[CKPT_PLAN_OBJECTS] = (uint32_t)objects.count;
	file.view.counts[CKPT_PLAN_FUNCTIONS] = 1;
	file.view.counts[CKPT_PLAN_EDGES] = 1;
	ck_assert_int_eq(ckpt_generation_create(&file, &objects, &generation),
			 CKPT_OK);
}

static enum ckpt_status attach(void)
{
	return ckpt_attach(generation, 0, &objects, &attached, &err);
}

START_TEST(a_function_is_found_where_its_object_is_mapped)
{
	ck_assert_int_eq(attach(), CKPT_OK);
	ck_assert_uint_eq(attached->definition, (uintptr_t)planned_function);
	ck_assert_str_eq(attached->memo.name, "f");
	ck_assert_uint_eq(attached->object, objects.items[PROGRAM]->number);
	ck_assert(!attached->is_gone);
}
END_TEST

START_TEST(a_name_that_is_bound_otherwise_is_noticed)
{
	edge.vaddr += 16;
	ck_assert_int_eq(attach(), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "\"malloc\" called from"));
}
END_TEST

START_TEST(a_name_that_nobody_defines_is_noticed)
{
	edge.name = NOBODY;
	ck_assert_int_eq(attach(), CKPT_NOTFOUND);
}
END_TEST

START_TEST(what_the_word_holds_counts_before_its_name)
{
	edge.name = NOBODY;
	edge.to = PROGRAM;
	edge.vaddr = vaddr_of(PROGRAM, planned_function);
	edge.slot_vaddr = vaddr_of(PROGRAM, (const void *)&slot);
	ck_assert_int_eq(attach(), CKPT_OK);
}
END_TEST

START_TEST(a_word_outside_its_object_is_not_read)
{
	edge.name = NOBODY;
	edge.slot_vaddr = (uint64_t)1 << 46;
	ck_assert_int_eq(attach(), CKPT_NOTFOUND);
}
END_TEST

START_TEST(an_edge_is_looked_up_once)
{
	ck_assert_int_eq(attach(), CKPT_OK);
	edge.name = NOBODY;
	ck_assert_int_eq(attach(), CKPT_OK);
}
END_TEST

START_TEST(code_that_is_not_mapped_is_noticed)
{
	text.vaddr = (uint64_t)1 << 46;
	ck_assert_int_eq(attach(), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "not mapped as planned"));
}
END_TEST

START_TEST(an_object_that_is_gone_is_noticed)
{
	generation->numbers[PROGRAM] = 0;
	ck_assert_int_eq(attach(), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "gone"));
}
END_TEST

START_TEST(other_code_than_was_planned_for_is_noticed)
{
	ck_assert_int_eq(attach(), CKPT_OK);
	ck_assert_int_eq(ckpt_attach_compare(attached, &err), CKPT_OK);
	text.digest.lo++;
	ck_assert_int_eq(ckpt_attach_compare(attached, &err), CKPT_NOTFOUND);
}
END_TEST

START_TEST(what_comes_back_is_there_again)
{
	ck_assert_int_eq(attach(), CKPT_OK);
	attached->is_gone = true;
	attached->object = 0;
	ckpt_attach_again(attached);
	ck_assert(!attached->is_gone);
	ck_assert_uint_eq(attached->object, objects.items[PROGRAM]->number);
}
END_TEST

UNIT_MAIN_WITH("attach", set_up, NULL,
	       a_function_is_found_where_its_object_is_mapped,
	       a_name_that_is_bound_otherwise_is_noticed,
	       a_name_that_nobody_defines_is_noticed,
	       what_the_word_holds_counts_before_its_name,
	       a_word_outside_its_object_is_not_read, an_edge_is_looked_up_once,
	       code_that_is_not_mapped_is_noticed,
	       an_object_that_is_gone_is_noticed,
	       other_code_than_was_planned_for_is_noticed,
	       what_comes_back_is_there_again)
