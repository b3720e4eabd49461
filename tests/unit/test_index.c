/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include "shim/store/index.h"
#include "shim/store/segment.h"
#include "shim/store/upkeep.h"

#include <time.h>

enum { MANY = 40000, SMALL = 40 };

static struct ckpt_layout layout;

static void set_up(void)
{
	fixture_set_up();
	ckpt_store_close(fixture_open());
	ck_assert_int_eq(ckpt_layout_open(&layout, fixture_directory,
					  &(struct ckpt_layout_options){0},
					  NULL),
			 CKPT_OK);
}

static void tear_down(void)
{
	ckpt_layout_close(&layout);
	fixture_tear_down();
}

static unsigned long file_size(const char *name)
{
	char path[400];
	struct stat st;

	fixture_path(path, sizeof(path), name);
	return stat(path, &st) ? 0 : (unsigned long)st.st_size;
}

START_TEST(a_location_keeps_segment_and_offset)
{
	uint64_t location = ckpt_location_make(0xfffe, 0x3fffff0);

	ck_assert_uint_eq(ckpt_location_segment(location), 0xfffe);
	ck_assert_uint_eq(ckpt_location_off(location), 0x3fffff0);
	location = ckpt_location_make_big(fixture_key(5));
	ck_assert_uint_eq(ckpt_location_segment(location), CKPT_SEGMENT_BIG);
	ck_assert_uint_eq(location >> 38, 0);
}
END_TEST

START_TEST(what_is_inserted_is_found_until_it_is_removed)
{
	struct ckpt_index index;
	struct ckpt_index_find find;

	ck_assert_int_eq(ckpt_index_open(&index, &layout), CKPT_OK);
	for (unsigned i = 0; i < 10000; i++)
		ck_assert(ckpt_index_insert(&index, fixture_key(i),
					    ckpt_location_make(1, 16 * i), 0));
	ck_assert_uint_eq(index.header->count, 10000);
	for (unsigned i = 0; i < 10000; i++)
		ck_assert(ckpt_index_find_location(
			&index, fixture_key(i), ckpt_location_make(1, 16 * i),
			&find));
	for (unsigned i = 0; i < 10000; i += 2) {
		ck_assert(ckpt_index_find_location(
			&index, fixture_key(i), ckpt_location_make(1, 16 * i),
			&find));
		ck_assert(ckpt_index_remove(&index, &find));
		ck_assert(!ckpt_index_remove(&index, &find));
	}
	for (unsigned i = 0; i < 10000; i++)
		ck_assert_int_eq(ckpt_index_find_location(
					 &index, fixture_key(i),
					 ckpt_location_make(1, 16 * i), &find),
				 i % 2);
	ckpt_index_close(&index);
}
END_TEST

START_TEST(one_bucket_takes_four_buckets_of_keys_and_no_more)
{
	struct ckpt_index index;
	struct ckpt_index_find find;
	struct ckpt_hash128 key = {.lo = 77};

	ck_assert_int_eq(ckpt_index_open(&index, &layout), CKPT_OK);
	for (unsigned i = 0; i < 28; i++) {
		key.lo = 77 + ((uint64_t)i << 40);
		ck_assert(ckpt_index_insert(&index, key,
					    ckpt_location_make(1, 16 * i), 0));
	}
	key.lo = 77;
	ck_assert(!ckpt_index_insert(&index, key, ckpt_location_make(2, 0), 0));
	for (unsigned i = 0; i < 28; i++)
		ck_assert(ckpt_index_find_location(
			&index, key, ckpt_location_make(1, 16 * i), &find));
	ckpt_index_close(&index);
}
END_TEST

START_TEST(growing_keeps_every_entry_and_its_mark)
{
	struct ckpt_index index, grown;
	struct ckpt_index_find find;

	ck_assert_int_eq(ckpt_index_open(&index, &layout), CKPT_OK);
	for (unsigned i = 0; i < 17000; i++)
		ck_assert(ckpt_index_insert(&index, fixture_key(i),
					    ckpt_location_make(1, 16 * i),
					    i % 3 == 0));
	/* Three times: each takes two more bits from the tag. */
	for (int round = 0; round < 3; round++) {
		ck_assert_int_eq(ckpt_index_grow(&index, &layout, &grown),
				 CKPT_OK);
		ck_assert_uint_eq(grown.mask + 1, 4 * (index.mask + 1));
		ck_assert(index.header->is_superseded);
		ck_assert(!ckpt_index_is_current(&index, &layout));
		ck_assert(ckpt_index_is_current(&grown, &layout));
		ckpt_index_close(&index);
		index = grown;
	}
	ck_assert_uint_eq(index.header->count, 17000);
	for (unsigned i = 0; i < 17000; i++) {
		ck_assert(ckpt_index_find_location(
			&index, fixture_key(i), ckpt_location_make(1, 16 * i),
			&find));
		ck_assert_uint_eq(*find.mark, i % 3 == 0);
	}
	ckpt_index_close(&index);
}
END_TEST

static double read_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Ten million in a full check. */
START_TEST(millions_of_entries_are_found)
{
	int count = getenv("CKPT_TEST_FULL") ? 10000000 : 100000;
	struct ckpt_store *store = fixture_open();
	double start = read_ns(), filled;
	int found = 0;

	for (int i = 0; i < count; i++)
		ck_assert_int_eq(fixture_put(store, i, 16), CKPT_OK);
	filled = read_ns();
	for (int i = 0; i < count; i += 7)
		found += fixture_check(store, i, 16);
	ck_assert_int_eq(found, (count + 6) / 7);
	for (int i = count; i < count + 100000; i++)
		ck_assert_int_eq(fixture_check(store, i, 16), 0);
	printf("%d entries: put %.0f ns, check %.0f ns of CPU time\n", count,
	       (filled - start) / count,
	       (read_ns() - filled) / (found + 100000));
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_store_grows_under_the_hands_of_several_processes)
{
	pid_t pids[4];
	struct ckpt_store *store;
	int found = 0;

	for (int p = 0; p < 4; p++) {
		pids[p] = fork();
		if (!pids[p]) {
			store = fixture_open();
			for (int i = p; i < MANY; i += 4)
				if (fixture_put(store, i, SMALL))
					_exit(1);
			for (int i = p; i < MANY; i += 4)
				if (fixture_check(store, i, SMALL) != 1)
					_exit(2);
			_exit(0);
		}
	}
	for (int p = 0; p < 4; p++) {
		int status;

		ck_assert_int_eq(waitpid(pids[p], &status, 0), pids[p]);
		ck_assert_int_eq(status, 0);
	}
	store = fixture_open();
	for (int i = 0; i < MANY; i++)
		found += fixture_check(store, i, SMALL) == 1;
	ck_assert_int_eq(found, MANY);
	ck_assert_uint_ge(file_size("v1/index"), 4096 + (64 << 14));
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_process_with_the_old_table_sees_what_comes_after_growth)
{
	struct ckpt_store *old = fixture_open();
	struct ckpt_store *store = fixture_open();

	ck_assert_int_eq(fixture_put(old, MANY + 1, SMALL), CKPT_OK);
	for (int i = 0; i < 20000; i++)
		ck_assert_int_eq(fixture_put(store, i, SMALL), CKPT_OK);
	ck_assert_int_eq(fixture_check(old, 19999, SMALL), 1);
	ck_assert_int_eq(fixture_check(old, 5, SMALL), 1);
	ck_assert_int_eq(fixture_put(old, MANY + 2, SMALL), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, MANY + 1, SMALL), 1);
	ck_assert_int_eq(fixture_check(store, MANY + 2, SMALL), 1);
	ckpt_store_close(old);
	ckpt_store_close(store);
}
END_TEST

static void fill(int count, int big_count)
{
	struct ckpt_store *store = fixture_open();

	for (int i = 0; i < count; i++)
		ck_assert_int_eq(fixture_put(store, i, SMALL), CKPT_OK);
	for (int i = 0; i < big_count; i++)
		ck_assert_int_eq(fixture_put(store, MANY + i, 70000), CKPT_OK);
	ckpt_store_close(store);
}

static void check_filled(int count, int big_count)
{
	struct ckpt_store *store = fixture_open();

	for (int i = 0; i < count; i++)
		ck_assert_int_eq(fixture_check(store, i, SMALL), 1);
	for (int i = 0; i < big_count; i++)
		ck_assert_int_eq(fixture_check(store, MANY + i, 70000), 1);
	ckpt_store_close(store);
}

START_TEST(an_index_that_is_lost_is_made_again)
{
	char path[400];

	fill(20000, 5);
	fixture_path(path, sizeof(path), "v1/index");
	ck_assert_int_eq(unlink(path), 0);
	check_filled(20000, 5);
}
END_TEST

START_TEST(an_index_that_is_damaged_is_made_again)
{
	char path[400];

	fill(3000, 2);
	fixture_path(path, sizeof(path), "v1/index");
	ck_assert_int_eq(truncate(path, 100), 0);
	check_filled(3000, 2);
	ck_assert_int_eq(truncate(path, 1 << 20), 0);
	check_filled(3000, 2);
}
END_TEST

START_TEST(an_index_deleted_and_made_again_is_followed)
{
	struct ckpt_store *user = fixture_open();
	struct ckpt_store *store;
	char path[400];

	ck_assert_int_eq(fixture_put(user, 1, SMALL), CKPT_OK);
	fixture_path(path, sizeof(path), "v1/index");
	ck_assert_int_eq(unlink(path), 0);
	/* Nobody has a new one yet. */
	for (int i = 0; i < 30; i++) {
		usleep(5000);
		ck_assert_int_eq(fixture_check(user, 1, SMALL), 1);
	}
	store = fixture_open();
	ck_assert_int_eq(fixture_put(store, 2, SMALL), CKPT_OK);
	usleep(20000);
	ck_assert_int_eq(fixture_check(user, 1, SMALL), 1);
	ck_assert_int_eq(fixture_check(user, 2, SMALL), 1);
	ck_assert_int_eq(fixture_put(user, 3, SMALL), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 3, SMALL), 1);
	ckpt_store_close(store);
	ckpt_store_close(user);
}
END_TEST

START_TEST(a_rebuild_does_not_bring_back_what_was_removed_or_replaced)
{
	struct ckpt_store *store = fixture_open();
	char path[400];

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(fixture_put(store, i, SMALL), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 20, 70000), CKPT_OK);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(ckpt_store_remove(store, fixture_key(i)),
				 CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 7, SMALL + 1), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 8, 80000), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 20, 5), CKPT_OK);
	ckpt_store_close(store);
	fixture_path(path, sizeof(path), "v1/index");
	ck_assert_int_eq(unlink(path), 0);
	store = fixture_open();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(fixture_check(store, i, SMALL), 0);
	ck_assert_int_eq(fixture_check(store, 6, SMALL), 1);
	ck_assert_int_eq(fixture_check(store, 7, SMALL + 1), 1);
	ck_assert_int_eq(fixture_check(store, 8, 80000), 1);
	ck_assert_int_eq(fixture_check(store, 20, 5), 1);
	ckpt_store_close(store);
}
END_TEST

START_TEST(processes_one_after_the_other_share_a_segment)
{
	for (int i = 0; i < 20; i++)
		fill(i, 0);
	ck_assert_uint_gt(file_size("v1/seg/0002"), 0);
	ck_assert_uint_eq(file_size("v1/seg/0003"), 0);
}
END_TEST

static int put_some(void *store)
{
	for (int i = 100; i < 200; i++)
		if (fixture_put(store, i, SMALL) ||
		    fixture_check(store, i, SMALL) != 1)
			return 1;
	return 0;
}

START_TEST(a_forked_child_writes_to_a_segment_of_its_own)
{
	struct ckpt_store *store = fixture_open();

	ck_assert_int_eq(fixture_put(store, 1, SMALL), CKPT_OK);
	ck_assert_int_eq(fixture_fork(put_some, store), 0);
	ck_assert_int_eq(fixture_put(store, 2, SMALL), CKPT_OK);
	ck_assert_uint_gt(file_size("v1/seg/0002"), 0);
	ck_assert_uint_gt(file_size("v1/seg/0003"), 5000);
	for (int i = 100; i < 200; i++)
		ck_assert_int_eq(fixture_check(store, i, SMALL), 1);
	ckpt_store_close(store);
}
END_TEST

START_TEST(mapped_and_unmapped_reads_see_the_same)
{
	struct ckpt_store *writer = fixture_open();
	struct ckpt_store *mapped =
		fixture_open_with(&(struct ckpt_store_options){.map_after = 1});
	struct ckpt_store *unmapped = fixture_open_with(
		&(struct ckpt_store_options){.map_after = UINT32_MAX});

	for (int i = 0; i < 2000; i++) {
		ck_assert_int_eq(fixture_put(writer, i, i * 30), CKPT_OK);
		ck_assert_int_eq(fixture_check(mapped, i, i * 30), 1);
		ck_assert_int_eq(fixture_check(unmapped, i, i * 30), 1);
	}
	for (int i = 0; i < 2000; i++)
		ck_assert_int_eq(fixture_check(mapped, i, i * 30), 1);
	ckpt_store_close(writer);
	ckpt_store_close(mapped);
	ckpt_store_close(unmapped);
}
END_TEST

START_TEST(clearing_leaves_nothing_and_stops_nobody)
{
	struct ckpt_store *user = fixture_open();
	struct ckpt_store *store = fixture_open();
	struct ckpt_upkeep upkeep;
	char path[400];

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(fixture_put(user, i, SMALL), CKPT_OK);
	ck_assert_int_eq(fixture_put(user, MANY, 70000), CKPT_OK);
	ck_assert_int_eq(ckpt_upkeep_clear(store, &upkeep, NULL), CKPT_OK);
	ck_assert_uint_eq(upkeep.removed_count, 101);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(fixture_check(user, i, SMALL), 0);
	ck_assert_int_eq(fixture_check(user, MANY, 70000), 0);
	ck_assert_int_eq(fixture_put(user, 1, SMALL), CKPT_OK);
	ck_assert_int_eq(fixture_check(user, 1, SMALL), 1);
	ck_assert_uint_eq(ckpt_store_damaged(user), 0);
	ckpt_store_close(user);
	ckpt_store_close(store);
	fixture_path(path, sizeof(path), "v1/index");
	ck_assert_int_eq(unlink(path), 0);
	store = fixture_open();
	for (int i = 2; i < 100; i++)
		ck_assert_int_eq(fixture_check(store, i, SMALL), 0);
	ck_assert_int_eq(fixture_check(store, 1, SMALL), 1);
	ckpt_store_close(store);
}
END_TEST

UNIT_MAIN_WITH("index", set_up, tear_down, a_location_keeps_segment_and_offset,
	       what_is_inserted_is_found_until_it_is_removed,
	       one_bucket_takes_four_buckets_of_keys_and_no_more,
	       growing_keeps_every_entry_and_its_mark,
	       millions_of_entries_are_found,
	       a_store_grows_under_the_hands_of_several_processes,
	       a_process_with_the_old_table_sees_what_comes_after_growth,
	       an_index_that_is_lost_is_made_again,
	       an_index_that_is_damaged_is_made_again,
	       an_index_deleted_and_made_again_is_followed,
	       a_rebuild_does_not_bring_back_what_was_removed_or_replaced,
	       processes_one_after_the_other_share_a_segment,
	       a_forked_child_writes_to_a_segment_of_its_own,
	       mapped_and_unmapped_reads_see_the_same,
	       clearing_leaves_nothing_and_stops_nobody)
