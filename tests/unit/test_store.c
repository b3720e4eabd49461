/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>

enum { BIG = 300000 };

static const size_t sizes[] = {0,    1,	    15,	   16,	  17,	  4095,
			       4096, 65535, 65536, 65537, 262144, BIG};
enum { SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]) };

START_TEST(get_of_missing_key_is_notfound)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry entry;

	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &entry),
			 CKPT_NOTFOUND);
	ck_assert_uint_eq(ckpt_store_damaged(store), 0);
	ckpt_store_close(store);
}
END_TEST

START_TEST(values_of_every_size_come_back)
{
	struct ckpt_store *store = fixture_open();

	for (int i = 0; i < SIZE_COUNT; i++)
		ck_assert_int_eq(fixture_put(store, i, sizes[i]), CKPT_OK);
	for (int i = 0; i < SIZE_COUNT; i++)
		ck_assert_int_eq(fixture_check(store, i, sizes[i]), 1);
	ckpt_store_close(store);
	store = fixture_open();
	for (int i = 0; i < SIZE_COUNT; i++)
		ck_assert_int_eq(fixture_check(store, i, sizes[i]), 1);
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_payload_is_aligned_for_any_type)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry entry;

	ck_assert_int_eq(fixture_put(store, 1, 100), CKPT_OK);
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &entry),
			 CKPT_OK);
	ck_assert_uint_eq((uintptr_t)entry.payload % 16, 0);
	ckpt_store_release(store, &entry);
	ckpt_store_close(store);
}
END_TEST

START_TEST(put_replaces_and_remove_removes)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry_info info = {.function = "f", .object = "o"};
	struct iovec part = {.iov_base = (void *)(uintptr_t) "new",
			     .iov_len = 3};
	struct ckpt_entry entry;

	for (int i = 0; i < SIZE_COUNT; i++) {
		ck_assert_int_eq(fixture_put(store, 1, sizes[i]), CKPT_OK);
		ck_assert_int_eq(fixture_check(store, 1, sizes[i]), 1);
	}
	ck_assert_int_eq(ckpt_store_put(store, fixture_key(1), &info, &part, 1),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &entry),
			 CKPT_OK);
	ck_assert_uint_eq(entry.payload_size, 3);
	ck_assert_mem_eq(entry.payload, "new", 3);
	ckpt_store_release(store, &entry);
	ck_assert_int_eq(ckpt_store_remove(store, fixture_key(1)), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 1, 3), 0);
	ck_assert_int_eq(ckpt_store_remove(store, fixture_key(1)), CKPT_OK);
	ckpt_store_close(store);
}
END_TEST

START_TEST(names_too_long_are_cut)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry_info info;
	struct ckpt_entry entry;

	memset(&info, 'x', sizeof(info));
	ck_assert_int_eq(ckpt_store_put(store, fixture_key(1), &info, NULL, 0),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &entry),
			 CKPT_OK);
	ckpt_entry_describe(&entry, &info);
	ck_assert_uint_eq(strlen(info.function), 95);
	ck_assert_uint_eq(strlen(info.object), 63);
	ck_assert_uint_eq(entry.payload_size, 0);
	ckpt_store_release(store, &entry);
	ckpt_store_close(store);
}
END_TEST

START_TEST(many_entries_may_be_held_at_once)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry entries[40];

	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(fixture_put(store, i, 1000), CKPT_OK);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(
			ckpt_store_get(store, fixture_key(i), 0, &entries[i]),
			CKPT_OK);
	for (int i = 0; i < 40; i++) {
		const uint8_t *bytes = entries[i].payload;

		ck_assert_uint_eq(entries[i].duration_ns, i);
		ck_assert_uint_eq(bytes[999], fixture_byte(i, 999));
		ckpt_store_release(store, &entries[i]);
	}
	ckpt_store_close(store);
}
END_TEST

/* One buffer for such values is used again; who holds one keeps it. */
START_TEST(large_entries_have_memory_of_their_own_while_they_are_held)
{
	static const struct ckpt_store_options options = {.memory_size = 1};
	enum { SIZE = 5 << 20, COUNT = 3 };
	struct ckpt_store *store = fixture_open_with(&options);
	struct ckpt_entry entries[COUNT];
	const void *first = NULL;

	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(fixture_put(store, i, SIZE), CKPT_OK);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < COUNT; i++)
			ck_assert_int_eq(ckpt_store_get(store, fixture_key(i),
							0, &entries[i]),
					 CKPT_OK);
		ck_assert(!first || entries[0].payload == first);
		first = entries[0].payload;
		for (int i = 0; i < COUNT; i++) {
			const uint8_t *bytes = entries[i].payload;

			for (size_t at = 0; at < SIZE; at += 997)
				ck_assert_uint_eq(bytes[at],
						  fixture_byte(i, at));
		}
		for (int i = 0; i < COUNT; i++)
			ckpt_store_release(store, &entries[i]);
	}
	ckpt_store_close(store);
}
END_TEST

START_TEST(age_is_limited_by_store_and_by_caller)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry_info info = {.function = "f"};
	struct ckpt_entry entry;

	/* Clocks jump: an entry from the future is a fresh one. */
	for (int i = 0; i < 2; i++) {
		info.created_s = time(NULL) + (i ? 100000 : -100);
		ck_assert_int_eq(
			ckpt_store_put(store, fixture_key(i), &info, NULL, 0),
			CKPT_OK);
	}
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(0), 50, &entry),
			 CKPT_UNSUPPORTED);
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(0), 5000, &entry),
			 CKPT_OK);
	ckpt_store_release(store, &entry);
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 50, &entry),
			 CKPT_OK);
	ckpt_store_release(store, &entry);
	ckpt_store_close(store);
	store = fixture_open_with(
		&(struct ckpt_store_options){.max_age_s = 50});
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(0), 5000, &entry),
			 CKPT_UNSUPPORTED);
	ckpt_store_close(store);
}
END_TEST

START_TEST(errno_is_kept)
{
	struct ckpt_store *store = fixture_open();
	struct ckpt_entry entry;

	errno = 77;
	ck_assert_int_eq(ckpt_store_get(store, fixture_key(1), 0, &entry),
			 CKPT_NOTFOUND);
	(void)!ckpt_store_remove(store, fixture_key(1));
	ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 1, BIG), 1);
	ck_assert_int_eq(errno, 77);
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_readonly_store_reads_and_never_writes)
{
	static const struct ckpt_store_options options = {.is_readonly = true};
	struct ckpt_store *store = NULL;
	struct ckpt_err err;

	ck_assert_int_eq(
		ckpt_store_open(fixture_directory, &options, &store, &err),
		CKPT_NOTFOUND);
	ck_assert_int_ne(access(fixture_directory, F_OK), 0);
	store = fixture_open();
	ck_assert_int_eq(fixture_put(store, 1, 10), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 2, BIG), CKPT_OK);
	ckpt_store_close(store);
	store = fixture_open_with(&options);
	ck_assert_int_eq(fixture_check(store, 1, 10), 1);
	ck_assert_int_eq(fixture_check(store, 2, BIG), 1);
	ck_assert_int_eq(fixture_put(store, 3, 10), CKPT_UNSUPPORTED);
	ck_assert_int_eq(ckpt_store_remove(store, fixture_key(1)),
			 CKPT_UNSUPPORTED);
	ck_assert_int_eq(fixture_check(store, 1, 10), 1);
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_relative_directory_is_refused)
{
	static const struct ckpt_store_options options = {0};
	struct ckpt_store *store = NULL;
	struct ckpt_err err;

	ck_assert_int_eq(ckpt_store_open("x", &options, &store, &err),
			 CKPT_INVALID);
}
END_TEST

START_TEST(stores_differ_in_their_secret_and_keep_it)
{
	struct ckpt_hash_secret first;
	struct ckpt_store *store = fixture_open();

	first = *ckpt_store_secret(store);
	ckpt_store_close(store);
	store = fixture_open();
	ck_assert_mem_eq(ckpt_store_secret(store), &first, sizeof(first));
	ckpt_store_close(store);
	strcat(fixture_directory, "2");
	store = fixture_open();
	ck_assert_mem_ne(ckpt_store_secret(store), &first, sizeof(first));
	ckpt_store_close(store);
}
END_TEST

START_TEST(a_file_size_limit_of_the_host_only_stops_storing)
{
	struct rlimit limit = {.rlim_cur = 8192, .rlim_max = RLIM_INFINITY};
	struct ckpt_store *store = fixture_open();

	ck_assert_int_eq(fixture_put(store, 1, BIG), CKPT_OK);
	for (uint64_t i = 100; i < 200; i++)
		ck_assert_int_eq(fixture_put(store, i, 100), CKPT_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(fixture_put(store, 2, BIG), CKPT_UNSUPPORTED);
	ck_assert_int_eq(fixture_check(store, 1, BIG), 1);
	ck_assert_int_eq(fixture_check(store, 2, BIG), 0);
	/* The segment is past the limit: the value goes into a file. */
	ck_assert_int_eq(fixture_put(store, 200, 100), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 200, 100), 1);
	printf("RLIMIT_FSIZE of 8192 while in use: 1 put of 2 refused, no "
	       "signal\n");
	ckpt_store_close(store);
}
END_TEST

START_TEST(lower_stores_are_asked_in_turn_and_never_written)
{
	char names[3][128];
	const char *lower[] = {names[2], names[1], names[0], NULL};
	struct ckpt_store_options options = {.lower = lower + 2};
	struct ckpt_store *store;
	char command[700];

	/* Two that exist, the second made upon the first, and one that does
	 * not. */
	for (int i = 0; i < 3; i++)
		snprintf(names[i], sizeof(names[i]), "%s/lower%d", fixture_top,
			 i);
	for (uint64_t i = 0; i < 2; i++) {
		memcpy(fixture_directory, names[i], sizeof(names[i]));
		store = i ? fixture_open_with(&options) : fixture_open();
		ck_assert_int_eq(fixture_put(store, i, 100), CKPT_OK);
		ck_assert_int_eq(fixture_put(store, 10 + i, BIG), CKPT_OK);
		ckpt_store_close(store);
	}
	snprintf(command, sizeof(command),
		 "cd %s && find lower0/v1/big lower0/v1/seg lower1/v1/big "
		 "lower1/v1/seg -type f | xargs md5sum > before",
		 fixture_top);
	ck_assert_int_eq(system(command), 0);
	snprintf(fixture_directory, sizeof(fixture_directory), "%s/upper",
		 fixture_top);
	options.lower = lower;
	store = fixture_open_with(&options);
	for (uint64_t i = 0; i < 2; i++) {
		ck_assert_int_eq(fixture_check(store, i, 100), 1);
		ck_assert_int_eq(fixture_check(store, 10 + i, BIG), 1);
	}
	ck_assert_int_eq(fixture_check(store, 3, 100), 0);
	ck_assert_int_eq(fixture_put(store, 1, 200), CKPT_OK);
	ck_assert_int_eq(fixture_check(store, 1, 200), 1);
	ckpt_store_close(store);
	snprintf(command, sizeof(command), "cd %s && md5sum -c --quiet before",
		 fixture_top);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_lower_store_of_another_family_is_refused)
{
	char name[300];
	const char *lower[] = {name, NULL};
	struct ckpt_store_options options = {.lower = lower};
	struct ckpt_store *store = NULL;
	struct ckpt_err err;

	snprintf(name, sizeof(name), "%s", fixture_directory);
	ckpt_store_close(fixture_open());
	strcat(fixture_directory, "2");
	ckpt_store_close(fixture_open());
	ck_assert_int_eq(
		ckpt_store_open(fixture_directory, &options, &store, &err),
		CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "another secret"));
}
END_TEST

UNIT_MAIN_WITH("store", fixture_set_up, fixture_tear_down,
	       get_of_missing_key_is_notfound, values_of_every_size_come_back,
	       a_payload_is_aligned_for_any_type,
	       put_replaces_and_remove_removes, names_too_long_are_cut,
	       many_entries_may_be_held_at_once,
	       large_entries_have_memory_of_their_own_while_they_are_held,
	       age_is_limited_by_store_and_by_caller, errno_is_kept,
	       a_readonly_store_reads_and_never_writes,
	       lower_stores_are_asked_in_turn_and_never_written,
	       a_lower_store_of_another_family_is_refused,
	       a_relative_directory_is_refused,
	       stores_differ_in_their_secret_and_keep_it,
	       a_file_size_limit_of_the_host_only_stops_storing)
