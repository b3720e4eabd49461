/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/emit.h"

#include "tests/unit/compile.h"

/* The effects that extent `number` has now, by kind. */
struct counts {
	int bytes, bits, size;
};

static struct counts emit(uint32_t number)
{
	struct ckpt_emit emit = {.call = m.call, .out = &m.effects};
	struct ckpt_effect end = {
		.op = CKPT_EFFECT_END,
		.extent = m.call->extent_count,
	};
	struct counts counts = {0, 0, 0};
	struct ckpt_effect effect;
	struct ckpt_reader reader;
	uint32_t count;

	ckpt_arena_deinit(&m.effects);
	ck_assert_int_eq(ckpt_effect_begin(&m.effects, 0), CKPT_OK);
	ck_assert_int_eq(ckpt_emit_content(&emit, number), CKPT_OK);
	ck_assert_int_eq(ckpt_emit_effect(&emit, &end), CKPT_OK);
	ckpt_reader_init(&reader, m.effects.data, m.effects.size);
	ck_assert_int_eq(ckpt_effect_open(&reader, &count), CKPT_OK);
	while (!ckpt_effect_next(&reader, &effect) &&
	       effect.op != CKPT_EFFECT_END) {
		counts.bytes += effect.op == CKPT_EFFECT_BYTES;
		counts.bits += effect.op == CKPT_EFFECT_BITS;
		if (effect.op == CKPT_EFFECT_BYTES)
			counts.size += (int)(effect.size * effect.count);
	}
	return counts;
}

START_TEST(what_did_not_change_is_no_effect)
{
	int x[4] = {1, 2, 3, 4};

	compile("void f(int *x);", "[function.memory]\nx = \"[4]\"\n");
	set_pointer(0, x);
	(void)marshal_key(&m);
	ck_assert_int_eq(emit(1).bytes, 0);
	x[2] = 0;
	ck_assert_int_eq(emit(1).bytes, 1);
}
END_TEST

START_TEST(padding_is_no_effect_and_columns_are_one_run)
{
	struct {
		char tag;
		double value;
	} x[3] = {{'a', 1}, {'b', 2}, {'c', 3}};

	compile("struct s { char tag; double value; };\nvoid f(struct s *x);",
		"[function.memory]\nx = \"out [3]\"\n");
	set_pointer(0, x);
	(void)marshal_key(&m);
	ck_assert_int_eq(emit(1).bytes, 2);
	ck_assert_int_eq(emit(1).size, 3 * 9);
}
END_TEST

START_TEST(bit_fields_are_effects_of_their_own)
{
	struct {
		unsigned a : 3, b : 5;
	} x = {1, 2};

	compile("struct s { unsigned a : 3, b : 5; };\nvoid f(struct s *x);",
		"[function.memory]\nx = \"out one\"\n");
	set_pointer(0, &x);
	(void)marshal_key(&m);
	ck_assert_int_eq(emit(1).bits, 2);
	ck_assert_int_eq(emit(1).bytes, 0);
}
END_TEST

static enum ckpt_status note(void *argument, uint32_t node,
			     const struct ckpt_walk_pointer *pointer)
{
	const uint8_t ***next = argument;

	(void)node;
	*(*next)++ = pointer->from;
	return CKPT_OK;
}

START_TEST(pointers_are_visited_where_they_stand)
{
	struct {
		int *p;
		int n;
		int *q;
	} x[2] = {{NULL, 0, NULL}, {NULL, 0, NULL}};
	const uint8_t *seen[8] = {NULL};
	const uint8_t **next = seen;

	compile("struct s { int *p; int n; int *q; };\nint f(struct s *x);",
		"[function.memory]\nx = \"[2]\"\n"
		"\"x[].p\" = \"one\"\n\"x[].q\" = \"one\"\n");
	set_pointer(0, x);
	(void)marshal_key(&m);
	ck_assert_int_eq(ckpt_emit_pointers(m.call, 1, note, &next), CKPT_OK);
	ck_assert_int_eq(next - seen, 4);
	ck_assert_ptr_eq(seen[0], &x[0].p);
	ck_assert_ptr_eq(seen[1], &x[0].q);
	ck_assert_ptr_eq(seen[3], &x[1].q);
}
END_TEST

UNIT_MAIN("emit", what_did_not_change_is_no_effect,
	  padding_is_no_effect_and_columns_are_one_run,
	  bit_fields_are_effects_of_their_own,
	  pointers_are_visited_where_they_stand)
