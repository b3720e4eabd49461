/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/heap.h"

#include "tests/unit/unit.h"

#include <stdint.h>
#include <string.h>

START_TEST(blocks_are_zeroed_aligned_and_apart)
{
	enum { COUNT = 300 };
	unsigned char *blocks[COUNT];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++) {
			size_t size = (size_t)i * 37 + 1;

			blocks[i] = ckpt_heap_calloc(size, 1);
			ck_assert_ptr_nonnull(blocks[i]);
			ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
			for (size_t k = 0; k < size; k++)
				ck_assert_uint_eq(blocks[i][k], 0);
			memset(blocks[i], i, size);
		}
		for (int i = 0; i < COUNT; i++) {
			for (size_t k = 0; k < (size_t)i * 37 + 1; k++)
				ck_assert_uint_eq(blocks[i][k], i & 255);
			ckpt_heap_free(blocks[i]);
		}
	}
}
END_TEST

START_TEST(growing_keeps_the_content)
{
	int *items = NULL;

	for (size_t count = 1; count < 100000; count = count * 3 / 2 + 1) {
		size_t before = items ? (size_t)items[0] : 0;

		items = ckpt_heap_resize(items, count, sizeof(*items));
		ck_assert_ptr_nonnull(items);
		for (size_t i = 1; i < before; i++)
			ck_assert_int_eq(items[i], (int)i);
		for (size_t i = 1; i < count; i++)
			items[i] = (int)i;
		items[0] = (int)count;
	}
	ckpt_heap_free(items);
	ckpt_heap_free(NULL);
}
END_TEST

START_TEST(freed_blocks_are_used_again)
{
	void *first = ckpt_heap_calloc(1, 100);

	ckpt_heap_free(first);
	ck_assert_ptr_eq(ckpt_heap_calloc(1, 90), first);
}
END_TEST

START_TEST(sizes_beyond_memory_are_refused)
{
	volatile size_t most = SIZE_MAX;

	ck_assert_ptr_null(ckpt_heap_calloc(most / 2, 4));
	ck_assert_ptr_null(ckpt_heap_calloc(1, most));
	ck_assert_ptr_null(ckpt_heap_resize(NULL, most, 2));
}
END_TEST

START_TEST(text_is_copied)
{
	char text[] = "text";
	char *copy = ckpt_heap_copy(text);

	text[0] = 'n';
	ck_assert_str_eq(copy, "text");
	ckpt_heap_free(copy);
}
END_TEST

UNIT_MAIN("heap", blocks_are_zeroed_aligned_and_apart,
	  growing_keeps_the_content, freed_blocks_are_used_again,
	  sizes_beyond_memory_are_refused, text_is_copied)
