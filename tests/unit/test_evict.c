/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include "shim/store/evict.h"

#include <sys/time.h>

enum { MB = 1 << 20 };

static uint64_t disk_size(void)
{
	char command[500];
	unsigned long long size = 0;
	FILE *pipe;

	/* What du says of segments and files, in bytes they claim to have. */
	snprintf(command, sizeof(command),
		 "cd %s/v1 && find seg big -type f -printf '%%s\\n' | "
		 "awk '{n += $1} END {print n + 0}'",
		 fixture_directory);
	pipe = popen(command, "r");
	ck_assert_int_eq(fscanf(pipe, "%llu", &size), 1);
	pclose(pipe);
	return size;
}

static bool is_full(void)
{
	return getenv("CKPT_TEST_FULL") != NULL;
}

/* A hundred times the limit goes through; the limit holds all the time. */
static void load_store(const struct ckpt_store_options *options, size_t size,
		       uint64_t total)
{
	struct ckpt_store *store = fixture_open_with(options);
	uint64_t count = total / size;
	uint64_t largest = 0;
	int found = 0;

	for (uint64_t i = 0; i < count; i++) {
		ck_assert_int_eq(fixture_put(store, i, size), CKPT_OK);
		if (i % (count / 20) == 0) {
			uint64_t now = disk_size();

			largest = now > largest ? now : largest;
		}
	}
	for (uint64_t i = 0; i < count; i++) {
		int is_there = fixture_check(store, i, size);

		ck_assert_int_ge(is_there, 0);
		found += is_there;
	}
	printf("limit %d MB, %d MB put as %d-byte values: at most %.1f MB, "
	       "%.1f MB of it entries\n",
	       (int)(options->max_size / MB), (int)(total / MB), (int)size,
	       (double)largest / MB, (double)found * (double)size / MB);
	ck_assert_uint_le(largest, options->max_size + MB);
	/* And it is used: not emptied. */
	ck_assert_uint_ge((uint64_t)found * size, options->max_size / 2);
	ckpt_store_close(store);
}

START_TEST(a_store_at_its_limit_stays_there_with_small_values)
{
	struct ckpt_store_options options = {.max_size = 16 * MB};

	load_store(&options, 4000, options.max_size * (is_full() ? 100 : 20));
}
END_TEST

START_TEST(a_store_at_its_limit_stays_there_with_big_values)
{
	struct ckpt_store_options options = {.max_size = 16 * MB};

	load_store(&options, 200000, options.max_size * (is_full() ? 100 : 20));
}
END_TEST

START_TEST(several_processes_share_the_limit)
{
	struct ckpt_store_options options = {.max_size = 32 * MB};
	pid_t pids[4];

	for (int p = 0; p < 4; p++) {
		pids[p] = fork();
		if (!pids[p]) {
			struct ckpt_store *store = fixture_open_with(&options);

			for (uint64_t i = 0; i < 2000; i++) {
				uint64_t number = i * 4 + (uint64_t)p;

				(void)!fixture_put(store, number,
						   i % 10 ? 10000 : 100000);
				if (fixture_check(store, number,
						  i % 10 ? 10000 : 100000) < 0)
					_exit(1);
			}
			_exit(0);
		}
	}
	for (int p = 0; p < 4; p++) {
		int status;

		ck_assert_int_eq(waitpid(pids[p], &status, 0), pids[p]);
		ck_assert_int_eq(status, 0);
	}
	/* Each may have a segment of a sixteenth that nobody can retire. */
	ck_assert_uint_le(disk_size(), options.max_size + 8 * MB);
}
END_TEST

START_TEST(the_number_of_entries_is_limited)
{
	struct ckpt_store_options options = {.max_entries = 5000};
	struct ckpt_store *store = fixture_open_with(&options);
	int found = 0;

	for (uint64_t i = 0; i < 30000; i++)
		ck_assert_int_eq(fixture_put(store, i, 300), CKPT_OK);
	for (uint64_t i = 0; i < 30000; i++)
		found += fixture_check(store, i, 300) == 1;
	ck_assert_int_le(found, 5000);
	ck_assert_int_ge(found, 4000);
	ckpt_store_close(store);
}
END_TEST

START_TEST(what_is_beyond_the_number_of_entries_leaves_the_disk)
{
	struct ckpt_store_options options = {.max_entries = 1000};
	struct ckpt_store *store = fixture_open_with(&options);

	/* 300 MB of records of 30 kB: several segments. */
	for (uint64_t i = 0; i < 10000; i++)
		ck_assert_int_eq(fixture_put(store, i, 30000), CKPT_OK);
	ck_assert_uint_le(disk_size(), 140 * MB);
	ckpt_store_close(store);
}
END_TEST

START_TEST(what_is_used_survives_what_is_not)
{
	struct ckpt_store_options options = {.max_size = 16 * MB};
	struct ckpt_store *store = fixture_open_with(&options);
	int found = 0;

	for (uint64_t i = 0; i < 100; i++) {
		ck_assert_int_eq(fixture_put(store, i, 1000), CKPT_OK);
		ck_assert_int_eq(fixture_put(store, 1000 + i, 70000), CKPT_OK);
	}
	for (uint64_t i = 10000; i < 40000; i++) {
		ck_assert_int_eq(fixture_put(store, i, i % 20 ? 1000 : 80000),
				 CKPT_OK);
		if (i % 500 == 0)
			for (uint64_t n = 0; n < 100; n++) {
				(void)fixture_check(store, n, 1000);
				(void)fixture_check(store, 1000 + n, 70000);
			}
	}
	for (uint64_t n = 0; n < 100; n++) {
		found += fixture_check(store, n, 1000) == 1;
		found += fixture_check(store, 1000 + n, 70000) == 1;
	}
	ck_assert_int_ge(found, 190);
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_process_that_only_reads_evicts_nothing)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_store_options options = {.max_size = MB};

	for (uint64_t i = 0; i < 1000; i++)
		ck_assert_int_eq(fixture_put(store, i, 10000), CKPT_OK);
	ckpt_store_close(store);
	store = fixture_open_with(&options);
	for (uint64_t i = 0; i < 1000; i++)
		ck_assert_int_eq(fixture_check(store, i, 10000), 1);
	for (uint64_t i = 0; i < 1000; i++)
		ck_assert_int_eq(fixture_check(store, i, 10000), 1);
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_reader_goes_on_while_everything_is_evicted)
{
	struct ckpt_store_options options = {.max_size = 4 * MB};
	struct ckpt_store *store = fixture_open_with(&options);
	struct ckpt_store *reader =
		fixture_open_with(&(struct ckpt_store_options){.map_after = 1});
	int hits = 0;

	for (uint64_t i = 0; i < 20000; i++) {
		ck_assert_int_eq(fixture_put(store, i, 3000), CKPT_OK);
		for (uint64_t n = i > 20 ? i - 20 : 0; n <= i; n += 7) {
			int found = fixture_check(reader, n, 3000);

			ck_assert_int_ge(found, 0);
			hits += found;
		}
	}
	ck_assert_int_gt(hits, 40000);
	ck_assert_uint_eq(ckpt_store_damaged(reader), 0);
	ckpt_store_close(reader);
	ckpt_store_close(store);
}
END_TEST

UNIT_MAIN_WITH("evict", fixture_set_up, fixture_tear_down,
	       a_store_at_its_limit_stays_there_with_small_values,
	       a_store_at_its_limit_stays_there_with_big_values,
	       several_processes_share_the_limit,
	       the_number_of_entries_is_limited,
	       what_is_beyond_the_number_of_entries_leaves_the_disk,
	       what_is_used_survives_what_is_not,
	       a_process_that_only_reads_evicts_nothing,
	       a_reader_goes_on_while_everything_is_evicted)
