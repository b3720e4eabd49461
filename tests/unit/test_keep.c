/* SPDX-License-Identifier: MIT */
/* What the runtime keeps of a call for people, as the command reads it. */
#include "shim/runtime/keep.h"
#include "tests/unit/compile.h"
#include "tools/recorded.h"

static struct ckpt_arena kept;

struct item {
	char tag;
	double value;
	unsigned flag : 3, hidden : 5;
	int *next;
};

static struct item items[2] = {{'a', 1.5, 5, 31, NULL}, {'b', 2.5, 2, 0, NULL}};

static void compile_items(const char *more)
{
	char contract[256];

	(void)snprintf(contract, sizeof(contract),
		       "[function.memory]\nitems = \"in [n]%s\"\n"
		       "\"items[].next\" = \"ignore\"\n",
		       more);
	compile("struct item { char tag; double value; unsigned flag : 3;"
		" unsigned : 5; int *next; };\n"
		"double f(const struct item *items, int n);",
		contract);
	memset((uint8_t *)items + 1, 0xee, 7); /* padding */
	items[0].next = (int *)&items[1];
	set_pointer(0, items);
	m.frame.gpr[1] = 2;
}

/* The inputs of the call, behind what an entry of them starts with. */
static struct ckpt_recorded keep_inputs(void)
{
	static const uint32_t magic = 0x31696b63;
	struct ckpt_recorded recorded;
	void *to;

	(void)marshal_key(&m);
	ckpt_arena_deinit(&kept);
	ck_assert_int_eq(ckpt_arena_add(&kept, sizeof(magic), &to), CKPT_OK);
	memcpy(to, &magic, sizeof(magic));
	ck_assert_int_eq(ckpt_keep_inputs(m.call, &kept), CKPT_OK);
	ck_assert_int_eq(ckpt_recorded_inputs(kept.data, kept.size, &recorded),
			 CKPT_OK);
	return recorded;
}

static const struct ckpt_recorded_value *
find(const struct ckpt_recorded *recorded, const char *path)
{
	for (size_t i = 0; i < recorded->count; i++)
		if (!strcmp(recorded->values[i].path, path))
			return &recorded->values[i];
	return NULL;
}

START_TEST(inputs_are_kept_without_pointers_and_padding)
{
	struct ckpt_recorded recorded;
	const struct ckpt_recorded_value *value;
	struct item copy;

	compile_items("");
	recorded = keep_inputs();
	ck_assert_uint_eq(recorded.count, 2);
	ck_assert_int_eq(*(int *)(void *)find(&recorded, "n")->bytes, 2);
	value = find(&recorded, "items");
	ck_assert_uint_eq(value->size, sizeof(items));
	ck_assert_uint_eq(value->count, sizeof(items));
	ck_assert_uint_eq(value->element_size, sizeof(items[0]));
	ck_assert_uint_gt(value->type_size, 0);
	memcpy(&copy, value->bytes, sizeof(copy));
	ck_assert_int_eq(copy.tag, 'a');
	ck_assert_double_eq(copy.value, 1.5);
	ck_assert_uint_eq(copy.flag, 5);
	ck_assert_uint_eq(copy.hidden, 0);
	ck_assert_ptr_null(copy.next);
	for (int i = 1; i < 8; i++)
		ck_assert_uint_eq(value->bytes[i], 0);
	ckpt_recorded_deinit(&recorded);
}
END_TEST

START_TEST(a_secret_is_not_kept)
{
	struct ckpt_recorded recorded;

	compile_items(" secret");
	recorded = keep_inputs();
	ck_assert_ptr_null(find(&recorded, "items"));
	ck_assert_ptr_nonnull(find(&recorded, "n"));
	ckpt_recorded_deinit(&recorded);
}
END_TEST

START_TEST(large_inputs_are_cut_at_an_element)
{
	enum { COUNT = 400000 };
	double *values = calloc(COUNT, sizeof(*values));
	struct ckpt_recorded recorded;
	const struct ckpt_recorded_value *value;

	for (int i = 0; i < COUNT; i++)
		values[i] = i;
	compile("double f(const double *v, int n);",
		"[function.memory]\nv = \"[n]\"\n");
	set_pointer(0, values);
	m.frame.gpr[1] = COUNT;
	recorded = keep_inputs();
	value = find(&recorded, "v");
	ck_assert_uint_eq(value->size, COUNT * sizeof(*values));
	ck_assert_uint_lt(value->count, CKPT_KEEP_INPUTS_MAX);
	ck_assert_uint_gt(value->count, CKPT_KEEP_INPUTS_MAX / 2);
	ck_assert_uint_eq(value->count % sizeof(*values), 0);
	ck_assert_mem_eq(value->bytes, values, value->count);
	ck_assert_uint_le(kept.size, CKPT_KEEP_INPUTS_MAX + 4);
	ckpt_recorded_deinit(&recorded);
	free(values);
}
END_TEST

UNIT_MAIN("keep", inputs_are_kept_without_pointers_and_padding,
	  a_secret_is_not_kept, large_inputs_are_cut_at_an_element)
