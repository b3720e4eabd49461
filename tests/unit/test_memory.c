/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include "shim/store/memory.h"

#include <pthread.h>

enum { BIG = 200000, MB = 1 << 20 };

START_TEST(an_entry_asked_for_again_comes_from_memory)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry first, second;

	ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(fixture_check(store, 1, BIG), 1);
	/* One copy, for as many as ask. */
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &first),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &second),
			 CKPT_OK);
	ck_assert_ptr_eq(first.payload, second.payload);
	ckpt_store_release(store, &first);
	ck_assert_uint_eq(((const uint8_t *)second.payload)[BIG - 1],
			  fixture_byte(1, BIG - 1));
	ckpt_store_release(store, &second);
	ckpt_store_close(store);
}
END_TEST

START_TEST(what_others_replace_or_remove_is_noticed_at_once)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_store *other = fixture_open();

	ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fixture_check(store, 1, BIG), 1);
	ck_assert_int_eq(fixture_put(other, 1, BIG + 7), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 1, BIG + 7), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fixture_check(store, 1, BIG + 7), 1);
	ck_assert_int_eq(ckpt_store_remove(other, fixture_key(1)), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 1, BIG + 7), 0);
	ckpt_store_close(store);
	ckpt_store_close(other);
}
END_TEST

START_TEST(an_entry_that_is_out_stays_whole_when_it_is_replaced)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry entry;

	ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fixture_check(store, 1, BIG), 1);
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &entry),
			 CKPT_OK);
	for (int n = 0; n < 200; n++) {
		ck_assert_int_eq(fixture_put(store, n, BIG + n), CKPT_OK);
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(fixture_check(store, n, BIG + n), 1);
	}
	for (size_t i = 0; i < BIG; i++)
		ck_assert_uint_eq(((const uint8_t *)entry.payload)[i],
				  fixture_byte(1, i));
	ckpt_store_release(store, &entry);
	ckpt_store_close(store);
}
END_TEST

START_TEST(memory_is_bounded)
{
	static struct ckpt_memory memory = {.limit = 8 * MB};
	uint8_t *record = calloc(1, MB);
	struct ckpt_entry entry = {.memory = record,
				   .payload = record + 64,
				   .payload_size = MB - 64};
	struct ckpt_entry taken;

	for (uint64_t n = 0; n < 100; n++) {
		struct stat st = {.st_ino = n + 1, .st_size = MB};

		/* The first time it is only noted. */
		ckpt_memory_keep(&memory, fixture_key(n), &st, &entry);
		ck_assert(!ckpt_memory_take(&memory, fixture_key(n), &st,
					    &taken));
		for (int i = 0; i < 20; i++)
			ckpt_memory_keep(&memory, fixture_key(n), &st, &entry);
		ck_assert_uint_le(memory.size, memory.limit);
		ck_assert(
			ckpt_memory_take(&memory, fixture_key(n), &st, &taken));
		ck_assert(ckpt_memory_give(&memory, taken.memory_token));
	}
	ck_assert_uint_ge(memory.size, 4 * MB);
	ckpt_memory_deinit(&memory);
	ck_assert_uint_eq(memory.size, 0);
	free(record);
}
END_TEST

struct reader {
	struct ckpt_store *store;
	unsigned seed;
	int wrong;
};

static void *read_all_the_time(void *argument)
{
	struct reader *reader = argument;

	for (int i = 0; i < 3000; i++) {
		uint64_t number;

		reader->seed = reader->seed * 1103515245 + 12345;
		number = (reader->seed >> 16) % 20;
		if (fixture_check(reader->store, number,
				  70000 + number * 1000) != 1)
			reader->wrong++;
	}
	return NULL;
}

START_TEST(threads_share_it)
{
	struct ckpt_store *store = fixture_open_with(
		&(struct ckpt_store_options){.memory_size = MB});
	struct reader readers[4];
	pthread_t threads[4];

	for (uint64_t n = 0; n < 20; n++)
		ck_assert_int_eq(fixture_put(store, n, 70000 + n * 1000),
				 CKPT_OK);
	for (unsigned i = 0; i < 4; i++) {
		readers[i] = (struct reader){store, i, 0};
		pthread_create(&threads[i], NULL, read_all_the_time,
			       &readers[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(readers[i].wrong, 0);
	}
	ckpt_store_close(store);
}
END_TEST

UNIT_MAIN_WITH("memory", fixture_set_up, fixture_tear_down,
	       an_entry_asked_for_again_comes_from_memory,
	       what_others_replace_or_remove_is_noticed_at_once,
	       an_entry_that_is_out_stays_whole_when_it_is_replaced,
	       memory_is_bounded, threads_share_it)
