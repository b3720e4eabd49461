/* SPDX-License-Identifier: MIT */
/* Values of which a contract says how much counts, and when: arrays in part,
 * arrays at the end of a struct, conditions inside conditions. */
#include "tests/unit/compile.h"

/* ---- arrays in part ----------------------------------------------------- */

struct list {
	int count;
	int items[4];
};

static const char list_text[] = "struct list { int count; int items[4]; };\n"
				"int f(struct list *x);";

START_TEST(what_is_behind_the_used_part_of_an_array_takes_no_part)
{
	struct list x = {2, {1, 2, 3, 4}};
	struct ckpt_hash128 key;

	compile(list_text, "[function.memory]\n"
			   "\"x->items\" = \"[x->count]\"\n");
	set_pointer(0, &x);
	key = marshal_key(&m);
	x.items[2] = 33;
	ck_assert(marshal_same(key, marshal_key(&m)));
	x.items[1] = 22;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	x.items[1] = 2;
	x.count = 3;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(the_used_part_of_an_array_is_an_effect)
{
	struct list x = {1, {1, 2, 3, 4}};
	struct ckpt_hash128 key;

	compile(list_text, "[function.memory]\n"
			   "\"x->items\" = \"[x->count]\"\n");
	set_pointer(0, &x);
	key = marshal_key(&m);
	x = (struct list){3, {1, 2, 7, 4}};
	marshal_capture(&m);
	/* What was there before is another rest. */
	x = (struct list){1, {1, -2, 7, -4}};
	marshal_replay(&m, key);
	ck_assert_int_eq(x.count, 3);
	ck_assert_int_eq(x.items[1], 2);
	ck_assert_int_eq(x.items[2], 7);
	ck_assert_int_eq(x.items[3], -4);
}
END_TEST

START_TEST(more_elements_than_an_array_has_are_refused)
{
	struct list x = {5, {1, 2, 3, 4}};

	compile(list_text, "[function.memory]\n"
			   "\"x->items\" = \"[x->count]\"\n");
	set_pointer(0, &x);
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_ARRAY);
	ck_assert_int_eq(m.call->refusal.value, 5);
	x.count = -1;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_NEGATIVE);
}
END_TEST

START_TEST(text_in_an_array_counts_up_to_its_end)
{
	struct {
		int id;
		char name[12];
	} x = {7, "abc\0before"};
	struct ckpt_hash128 key;

	compile("struct named { int id; char name[12]; };\n"
		"int f(struct named *x);",
		"[function.memory]\n\"x->name\" = \"string\"\n");
	set_pointer(0, &x);
	key = marshal_key(&m);
	strcpy(x.name + 4, "after");
	ck_assert(marshal_same(key, marshal_key(&m)));
	x.name[2] = 'd';
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(only_the_used_pointers_of_an_array_are_followed)
{
	int one = 1;
	struct {
		int count;
		int *items[3];
	} x = {1, {&one, (int *)8, NULL}};
	struct ckpt_hash128 key;

	compile("struct refs { int count; int *items[3]; };\n"
		"int f(struct refs *x);",
		"[function.memory]\n\"x->items\" = \"[x->count]\"\n"
		"\"x->items[]\" = \"one\"\n");
	set_pointer(0, &x);
	key = marshal_key(&m);
	x.items[1] = (int *)16;
	ck_assert(marshal_same(key, marshal_key(&m)));
	one = 2;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	x.count = 2;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_UNREADABLE);
}
END_TEST

/* ---- flexible array members --------------------------------------------- */

struct row {
	long id;
	unsigned short count;
	short cells[];
};

static const char row_text[] =
	"struct row { long id; unsigned short count; short cells[]; };\n";

START_TEST(a_flexible_array_counts_as_long_as_it_is_said_to_be)
{
	struct row *x = (void *)marshal_guarded(sizeof(*x) + 8);
	struct ckpt_hash128 key;
	char text[128];

	ck_assert_int_eq(snprintf(text, sizeof(text), "%sint f(struct row *x);",
				  row_text),
			 (int)strlen(row_text) + 21);
	compile(text, "[function.memory]\n\"x->cells\" = \"[x->count]\"\n");
	set_pointer(0, x);
	/* Three of them stand in the padding of the struct. */
	x->count = 7;
	for (int i = 0; i < 7; i++)
		x->cells[i] = (short)i;
	key = marshal_key(&m);
	x->cells[6] = 60;
	marshal_capture(&m);
	x->cells[6] = 6;
	marshal_replay(&m, key);
	ck_assert_int_eq(x->cells[6], 60);
	ck_assert(!marshal_same(key, marshal_key(&m)));
	x->count = 2;
	x->cells[2] = 0;
	key = marshal_key(&m);
	x->cells[2] = 1;
	ck_assert(marshal_same(key, marshal_key(&m)));
	x->count = 8;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_UNREADABLE);
}
END_TEST

START_TEST(a_struct_with_a_flexible_array_may_be_a_result)
{
	struct row *made = malloc(sizeof(*made) + 20);
	struct row *again;
	struct ckpt_hash128 key;
	char text[128];

	ck_assert_ptr_nonnull(made);
	ck_assert_int_gt(snprintf(text, sizeof(text), "%sstruct row *f(int n);",
				  row_text),
			 0);
	compile(text, "[function.memory]\nreturn = \"one malloc\"\n"
		      "\"return->cells\" = \"[return->count]\"\n");
	m.frame.gpr[0] = 10;
	key = marshal_key(&m);
	*made = (struct row){.id = 3, .count = 10};
	for (int i = 0; i < 10; i++)
		made->cells[i] = (short)(i * i);
	m.frame.result_rax = (uintptr_t)made;
	marshal_capture(&m);
	marshal_replay(&m, key);
	again = (void *)(uintptr_t)m.frame.result_rax;
	ck_assert_ptr_ne(again, made);
	ck_assert_int_eq(again->count, 10);
	ck_assert_int_eq(memcmp(again->cells, made->cells, 20), 0);
	free(again);
	free(made);
}
END_TEST

/* ---- conditions --------------------------------------------------------- */

struct outer {
	int kind;
	int inner_kind;
	union {
		long number;
		union {
			long id;
			const char *name;
		} in;
	} u;
};

START_TEST(the_live_member_may_be_a_union_with_a_live_member)
{
	struct outer x = {.kind = 1, .inner_kind = 1, .u.in.name = "abc"};
	char copy[] = "abc";
	struct ckpt_hash128 key;

	compile("struct outer { int kind; int inner_kind; union { long number;"
		" union { long id; const char *name; } in; } u; };\n"
		"int f(const struct outer *x);",
		"[function.memory]\n"
		"\"x->u\" = [\"member in if x->kind == 1\", "
		"\"member number\"]\n"
		"\"x->u.in\" = [\"member name if x->inner_kind == 1\", "
		"\"member id\"]\n"
		"\"x->u.in.name\" = \"string\"\n");
	set_pointer(0, &x);
	key = marshal_key(&m);
	x.u.in.name = copy;
	ck_assert(marshal_same(key, marshal_key(&m)));
	copy[1] = 'x';
	ck_assert(!marshal_same(key, marshal_key(&m)));
	x.kind = 0; /* a number now, whatever the inner kind */
	x.u.number = 8;
	key = marshal_key(&m);
	x.u.number = 9;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

struct variant {
	int kind;
	union {
		int number;
		double real;
	};
};

struct holder {
	long id;
	struct variant items[3];
};

START_TEST(conditions_of_a_type_hold_in_an_array_of_it)
{
	struct holder x = {1, {{0, {.number = 5}}, {1, {.real = 2}}, {0, {0}}}};
	struct ckpt_hash128 key;

	compile("struct variant { int kind; union { int number; "
		"double real; }; };\n"
		"struct holder { long id; struct variant items[3]; };\n"
		"int f(const struct holder *x);",
		"[function.memory]\nx = \"one\"\n"
		"[[type]]\nname = \"variant\"\n[type.memory]\n"
		"number = \"ignore if kind != 0\"\n"
		"real = \"ignore if kind != 1\"\n");
	set_pointer(0, &x);
	key = marshal_key(&m);
	((int *)&x.items[0].real)[1] = 77; /* beside the number */
	ck_assert(marshal_same(key, marshal_key(&m)));
	((int *)&x.items[1].real)[1] ^= 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	((int *)&x.items[1].real)[1] ^= 1;
	x.items[2].number = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(an_argument_may_count_on_a_condition)
{
	struct ckpt_hash128 key;

	compile("int f(int mode, long x, int y);",
		"[function.memory]\nx = \"ignore if mode == 0\"\n"
		"y = \"ignore\"\n");
	m.frame.gpr[1] = 5;
	key = marshal_key(&m);
	m.frame.gpr[1] = 6;
	m.frame.gpr[2] = 7;
	ck_assert(marshal_same(key, marshal_key(&m)));
	m.frame.gpr[0] = 1;
	key = marshal_key(&m);
	m.frame.gpr[1] = 7;
	ck_assert(!marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(what_becomes_live_is_written_though_it_looks_unchanged)
{
	static const char name[] = "n";
	struct {
		int kind;
		const char *name;
		long number;
	} x = {0, name, 7};
	struct ckpt_hash128 key;

	compile("struct s { int kind; const char *name; long number; };\n"
		"void f(struct s *x);",
		"[function.memory]\n\"x->name\" = \"string\"\n"
		"\"x->number\" = \"ignore if x->kind == 0\"\n");
	set_pointer(0, &x);
	key = marshal_key(&m);
	x.kind = 1; /* and sets the number to 7, which it was by chance */
	marshal_capture(&m);
	x.kind = 0;
	x.number = 8;
	marshal_replay(&m, key);
	ck_assert_int_eq(x.number, 7);
}
END_TEST

UNIT_MAIN("marshal_members",
	  what_is_behind_the_used_part_of_an_array_takes_no_part,
	  the_used_part_of_an_array_is_an_effect,
	  more_elements_than_an_array_has_are_refused,
	  text_in_an_array_counts_up_to_its_end,
	  only_the_used_pointers_of_an_array_are_followed,
	  a_flexible_array_counts_as_long_as_it_is_said_to_be,
	  a_struct_with_a_flexible_array_may_be_a_result,
	  the_live_member_may_be_a_union_with_a_live_member,
	  conditions_of_a_type_hold_in_an_array_of_it,
	  an_argument_may_count_on_a_condition,
	  what_becomes_live_is_written_though_it_looks_unchanged)
