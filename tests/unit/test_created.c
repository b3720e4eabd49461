/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/created.h"

#include "tests/unit/compile.h"

struct buffer {
	char *text;
	long size, room;
};

/* One buffer or two, with blocks that may move. */
static void compile_buffers(void)
{
	compile("struct buffer { char *text; long size, room; };\n"
		"void f(struct buffer *a, struct buffer *b);",
		"[function.memory]\na = \"one\"\nb = \"one\"\n"
		"[[type]]\nname = \"buffer\"\n[type.memory]\n"
		"text = \"[pre(size) -> post(size)] realloc capacity room\"\n");
}

static struct buffer make_buffer(const char *text, long room)
{
	struct buffer buffer = {malloc((size_t)room), (long)strlen(text), room};

	ck_assert_ptr_nonnull(buffer.text);
	memcpy(buffer.text, text, strlen(text));
	return buffer;
}

/* The flags that extent `number` has after a capture. */
static bool is_gone(uint32_t number)
{
	return m.call->extents[number].flags & CKPT_EXTENT_IS_GONE;
}

START_TEST(a_block_with_room_enough_stays_where_it_is)
{
	struct buffer a = make_buffer("abc", 16), now;
	struct ckpt_hash128 key;
	char *block = a.text;

	compile_buffers();
	set_pointer(0, &a);
	key = marshal_key(&m);
	memcpy(a.text, "ABCDEF", 6);
	a.size = 6;
	marshal_capture(&m);
	now = a;
	memcpy(a.text, "abc...", 6);
	a.size = 3;
	marshal_replay(&m, key);
	ck_assert_ptr_eq(a.text, block);
	ck_assert_int_eq(memcmp(&a, &now, sizeof(a)), 0);
	ck_assert_int_eq(memcmp(a.text, "ABCDEF", 6), 0);
	a.size = 3;
	memcpy(a.text, "abc", 3);
	a.room = 17; /* whether it would have to move is part of the key */
	ck_assert(!marshal_same(key, marshal_key(&m)));
	free(block);
}
END_TEST

START_TEST(blocks_that_are_exchanged_are_neither_freed_nor_copied)
{
	struct buffer a = make_buffer("abc", 8), b = make_buffer("wxyz", 8);
	struct buffer swap = a, old_a = a, old_b = b;
	struct ckpt_hash128 key;

	compile_buffers();
	set_pointer(0, &a);
	set_pointer(1, &b);
	key = marshal_key(&m);
	a = b;
	b = swap;
	a.text[0] = 'W';
	marshal_capture(&m);
	ck_assert_uint_eq(m.call->extent_count, m.call->pre_extent_count);
	a = old_a;
	b = old_b;
	b.text[0] = 'w';
	marshal_replay(&m, key);
	ck_assert_ptr_eq(a.text, old_b.text);
	ck_assert_ptr_eq(b.text, old_a.text);
	ck_assert_int_eq(a.size, 4);
	ck_assert_int_eq(memcmp(a.text, "Wxyz", 4), 0);
	free(a.text);
	free(b.text);
}
END_TEST

START_TEST(a_block_that_moved_is_made_and_the_old_one_freed)
{
	struct buffer a = make_buffer("abc", 3), old;
	char *grown = malloc(64);
	struct ckpt_hash128 key;

	compile_buffers();
	set_pointer(0, &a);
	key = marshal_key(&m);
	old = a;
	memcpy(grown, "abcdef", 6);
	a = (struct buffer){grown, 6, 64};
	marshal_capture(&m);
	ck_assert(is_gone(2));
	a = old;
	marshal_replay(&m, key); /* frees the block of before */
	ck_assert_ptr_ne(a.text, grown);
	ck_assert_int_eq(a.room, 64);
	memset(a.text, 'x', 64);
	free(a.text);
	free(grown);
}
END_TEST

START_TEST(a_block_that_no_pointer_leads_to_any_more_is_freed)
{
	struct buffer a = make_buffer("abc", 3), old = a;
	struct ckpt_hash128 key;

	compile_buffers();
	set_pointer(0, &a);
	key = marshal_key(&m);
	a = (struct buffer){NULL, 0, 0};
	marshal_capture(&m);
	ck_assert(is_gone(2));
	a = old;
	marshal_replay(&m, key);
	ck_assert_ptr_null(a.text);
	ck_assert_int_eq(a.room, 0);
}
END_TEST

START_TEST(a_struct_given_twice_has_its_block_freed_once)
{
	struct buffer a = make_buffer("abc", 3), old = a;
	struct ckpt_hash128 key;
	uint32_t gone = 0;

	compile_buffers();
	set_pointer(0, &a);
	set_pointer(1, &a);
	key = marshal_key(&m);
	a = (struct buffer){NULL, 0, 0};
	marshal_capture(&m);
	for (uint32_t i = 1; i < m.call->pre_extent_count; i++)
		gone += is_gone(i);
	ck_assert_uint_eq(gone, 1);
	a = old;
	marshal_replay(&m, key);
	ck_assert_ptr_null(a.text);
}
END_TEST

START_TEST(a_block_may_be_handed_on_to_a_result)
{
	struct buffer a = make_buffer("abc", 3), old = a;
	struct ckpt_hash128 key;

	compile("struct buffer { char *text; long size, room; };\n"
		"char *f(struct buffer *a);",
		"[function.memory]\na = \"one\"\nreturn = \"[3] malloc\"\n"
		"\"a->text\" = \"[pre(a->size) -> post(a->size)] realloc "
		"capacity a->room\"\n");
	set_pointer(0, &a);
	key = marshal_key(&m);
	a = (struct buffer){NULL, 0, 0};
	m.frame.result_rax = (uintptr_t)old.text;
	marshal_capture(&m);
	a = old;
	marshal_replay(&m, key);
	ck_assert_ptr_null(a.text);
	ck_assert_ptr_eq((char *)(uintptr_t)m.frame.result_rax, old.text);
	free(old.text);
}
END_TEST

/* Blocks in a block that moves: the inner ones stay. */
START_TEST(what_a_moved_block_leads_to_stays)
{
	struct list {
		char **items;
		long count;
	};
	char *inner = strdup("in");
	char **items = malloc(sizeof(*items));
	char **grown = malloc(2 * sizeof(*items));
	struct list list = {items, 1};
	struct ckpt_hash128 key;

	compile("struct list { char **items; long count; };\n"
		"void f(struct list *l);",
		"[function.memory]\nl = \"one\"\n\"l->items\" = "
		"\"[pre(l->count) -> post(l->count)] realloc\"\n"
		"\"l->items[]\" = \"[pre(2) -> post(2)] realloc\"\n");
	items[0] = inner;
	set_pointer(0, &list);
	key = marshal_key(&m);
	grown[0] = inner;
	grown[1] = malloc(2);
	memcpy(grown[1], "ab", 2);
	list = (struct list){grown, 2};
	marshal_capture(&m);
	ck_assert(is_gone(2));	/* the array */
	ck_assert(!is_gone(3)); /* what it led to */
	list = (struct list){items, 1};
	marshal_replay(&m, key);
	ck_assert_int_eq(list.count, 2);
	ck_assert_ptr_eq(list.items[0], inner);
	ck_assert_int_eq(memcmp(list.items[1], "ab", 2), 0);
	ck_assert_ptr_ne(list.items[1], grown[1]);
	free(list.items[1]);
	free(list.items);
	free(grown[1]);
	free(grown);
	free(inner);
}
END_TEST

/* ---- aliases ---- */

START_TEST(the_end_of_a_block_is_not_the_start_of_the_next)
{
	struct range {
		int *first, *end;
	} * made;
	int *both = malloc(8 * sizeof(*both));
	struct ckpt_hash128 key;

	compile("struct range { int *first, *end; };\n"
		"struct range *f(int n);",
		"[function.memory]\nreturn = \"[2] malloc\"\n"
		"\"return[].first\" = \"[4] malloc\"\n"
		"\"return[].end\" = \"alias return[].first\"\n");
	key = marshal_key(&m);
	made = malloc(2 * sizeof(*made));
	/* Two blocks as allocators without headers put them. */
	made[0] = (struct range){both, both + 4};
	made[1] = (struct range){both + 4, both + 8};
	memset(both, 1, 8 * sizeof(*both));
	m.frame.result_rax = (uintptr_t)made;
	marshal_capture(&m);
	marshal_replay(&m, key);
	free(made);
	made = (void *)(uintptr_t)m.frame.result_rax;
	ck_assert_ptr_eq(made[0].end, made[0].first + 4);
	ck_assert_ptr_eq(made[1].end, made[1].first + 4);
	ck_assert_ptr_ne(made[0].first, both);
	free(made[0].first);
	free(made[1].first);
	free(made);
	free(both);
}
END_TEST

UNIT_MAIN("created", a_block_with_room_enough_stays_where_it_is,
	  blocks_that_are_exchanged_are_neither_freed_nor_copied,
	  a_block_that_moved_is_made_and_the_old_one_freed,
	  a_block_that_no_pointer_leads_to_any_more_is_freed,
	  a_struct_given_twice_has_its_block_freed_once,
	  a_block_may_be_handed_on_to_a_result,
	  what_a_moved_block_leads_to_stays,
	  the_end_of_a_block_is_not_the_start_of_the_next)
