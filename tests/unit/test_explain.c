/* SPDX-License-Identifier: MIT */
#include "shim/common/components.h"
#include "shim/runtime/marshal/explain.h"
#include "tests/unit/compile.h"

/* The components of the call that `m` is set up for. */
static struct ckpt_arena components;
static const struct ckpt_environment environment;

static void explain(void)
{
	(void)marshal_key(&m);
	ckpt_arena_deinit(&components);
	ck_assert_int_eq(ckpt_explain_key(m.call, &environment, &components),
			 CKPT_OK);
}

/* The component of this path, or one without a kind. */
static struct ckpt_component find(enum ckpt_component_kind kind,
				  const char *path)
{
	struct ckpt_component c = {.kind = CKPT_COMPONENT_MORE};
	struct ckpt_reader reader;

	ckpt_reader_init(&reader, components.data, components.size);
	while (!ckpt_component_next(&reader, &c)) {
		if (c.kind == kind && c.path_size == strlen(path) &&
		    !memcmp(c.path, path, c.path_size))
			return c;
	}
	return (struct ckpt_component){.kind = CKPT_COMPONENT_MORE};
}

#define ASSERT_FOUND(c) ck_assert_int_ne((c).kind, CKPT_COMPONENT_MORE)

struct node {
	int index;
	double value;
};

struct problem {
	int l;
	double *y;
	struct node **x;
};

static struct node rows_data[4] = {{1, 0.5}, {-1, 0}, {3, 1.5}, {-1, 0}};
static struct node *rows[2] = {rows_data, rows_data + 2};
static double y[2] = {1, -1};
static struct problem problem = {2, y, rows};

static void compile_problem(const char *more)
{
	char contract[512];

	(void)snprintf(contract, sizeof(contract),
		       "[function.memory]\nprob = \"one\"\n"
		       "\"prob->y\" = \"in [prob->l]%s\"\n"
		       "\"prob->x\" = \"in [prob->l]\"\n"
		       "\"prob->x[]\" = \"in until .index == -1\"\n",
		       more);
	compile("struct node { int index; double value; };\n"
		"struct problem { int l; double *y; struct node **x; };\n"
		"int f(const struct problem *prob, double c);",
		contract);
	set_pointer(0, &problem);
	set_double(0, 2.5);
}

START_TEST(memory_is_named_by_its_path_with_indices)
{
	struct ckpt_component c;

	compile_problem("");
	explain();
	c = find(CKPT_COMPONENT_PARAMETER, "prob->x[1]");
	ASSERT_FOUND(c);
	ck_assert_int_eq(c.form, CKPT_COMPONENT_DIGEST);
	ck_assert_uint_eq(c.size, 32);
	ck_assert_uint_eq(c.element_size, 16);
	ASSERT_FOUND(find(CKPT_COMPONENT_PARAMETER, "prob"));
	ASSERT_FOUND(find(CKPT_COMPONENT_PARAMETER, "prob->x"));
}
END_TEST

START_TEST(small_values_stand_as_they_are)
{
	double c_value = 2.5;
	struct ckpt_component c;

	compile_problem("");
	explain();
	c = find(CKPT_COMPONENT_PARAMETER, "prob->y");
	ck_assert_int_eq(c.form, CKPT_COMPONENT_TYPED);
	ck_assert_mem_eq(c.data, y, sizeof(y));
	c = find(CKPT_COMPONENT_PARAMETER, "c");
	ck_assert_int_eq(c.form, CKPT_COMPONENT_TYPED);
	ck_assert_mem_eq(c.data, &c_value, sizeof(c_value));
	ASSERT_FOUND(find(CKPT_COMPONENT_CODE, ""));
	ASSERT_FOUND(find(CKPT_COMPONENT_PROGRAM, ""));
	ASSERT_FOUND(find(CKPT_COMPONENT_FP, ""));
}
END_TEST

START_TEST(a_secret_is_never_more_than_a_digest)
{
	compile_problem(" secret");
	explain();
	ck_assert_int_eq(find(CKPT_COMPONENT_PARAMETER, "prob->y").form,
			 CKPT_COMPONENT_DIGEST);
}
END_TEST

START_TEST(only_what_differs_differs)
{
	struct ckpt_component before;
	uint8_t old[16];

	compile_problem("");
	explain();
	before = find(CKPT_COMPONENT_PARAMETER, "prob->x[1]");
	memcpy(old, before.data, 16);
	rows_data[2].value = 7;
	explain();
	ck_assert_mem_ne(find(CKPT_COMPONENT_PARAMETER, "prob->x[1]").data, old,
			 16);
	rows_data[2].value = 1.5;
	rows_data[0].value = 7;
	explain();
	ck_assert_mem_eq(find(CKPT_COMPONENT_PARAMETER, "prob->x[1]").data, old,
			 16);
	rows_data[0].value = 0.5;
}
END_TEST

START_TEST(the_block_that_differs_in_long_memory_is_told)
{
	static double x[10000];
	struct ckpt_component c;
	uint8_t old[CKPT_COMPONENT_BLOCKS_MAX * 8];
	uint64_t block;

	compile("void f(const double *x, int n);",
		"[function.memory]\nx = \"[n]\"\n");
	set_pointer(0, x);
	m.frame.gpr[1] = 10000;
	explain();
	c = find(CKPT_COMPONENT_PARAMETER, "x");
	ck_assert_int_eq(c.form, CKPT_COMPONENT_BLOCKS);
	ck_assert_uint_le(c.block_count, CKPT_COMPONENT_BLOCKS_MAX);
	ck_assert_uint_eq(c.block_size % 8, 0);
	memcpy(old, c.data, c.data_size);
	block = 7777 * 8 / c.block_size;
	x[7777] = 1;
	explain();
	c = find(CKPT_COMPONENT_PARAMETER, "x");
	for (uint32_t i = 0; i < c.block_count; i++)
		ck_assert(!memcmp(c.data + 8ul * i, old + 8ul * i, 8) ==
			  (i != block));
}
END_TEST

START_TEST(a_list_that_is_too_long_ends_with_a_mark)
{
	static double data[5000];
	static double *pointers[5000];
	struct ckpt_component c = {.kind = CKPT_COMPONENT_CODE};
	struct ckpt_reader reader;

	compile("void f(double **x, int n);",
		"[function.memory]\nx = \"in [n]\"\n\"x[]\" = \"in [1]\"\n");
	for (int i = 0; i < 5000; i++)
		pointers[i] = &data[i];
	set_pointer(0, pointers);
	m.frame.gpr[1] = 5000;
	explain();
	ck_assert_uint_le(components.size, CKPT_COMPONENTS_MAX);
	ckpt_reader_init(&reader, components.data, components.size);
	while (!ckpt_component_next(&reader, &c))
		;
	ck_assert_int_eq(c.kind, CKPT_COMPONENT_MORE);
	ck_assert_uint_eq(ckpt_reader_left(&reader), 0);
	ASSERT_FOUND(find(CKPT_COMPONENT_PARAMETER, "x[1000]"));
}
END_TEST

START_TEST(a_place_in_a_result_has_a_path)
{
	char text[64];

	compile_problem("");
	(void)marshal_key(&m);
	for (uint32_t i = 1; i < m.call->extent_count; i++) {
		if (m.call->extents[i].address != (uint8_t *)rows_data)
			continue;
		(void)ckpt_explain_path(m.call, i, (uint8_t *)rows_data + 8,
					text, sizeof(text));
		ck_assert_str_eq(text, "prob->x[0][0].value");
		return;
	}
	ck_abort_msg("not met");
}
END_TEST

UNIT_MAIN("explain", memory_is_named_by_its_path_with_indices,
	  small_values_stand_as_they_are, a_secret_is_never_more_than_a_digest,
	  only_what_differs_differs,
	  the_block_that_differs_in_long_memory_is_told,
	  a_list_that_is_too_long_ends_with_a_mark,
	  a_place_in_a_result_has_a_path)
