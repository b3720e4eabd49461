/* SPDX-License-Identifier: MIT */
/* Files of a store cut short and changed. CKPT_TEST_FULL=1: every bit. */
#include "tests/unit/store_fixture.h"

#include <sys/mman.h>

enum { BIG = 70000 };

static bool is_full(void)
{
	return getenv("CKPT_TEST_FULL") != NULL;
}

START_TEST(files_cut_under_a_mapped_reader_are_misses)
{
	struct ckpt_store *reader;
	struct ckpt_store *store = fixture_open();
	char path[400];

	for (int i = 0; i < 500; i++)
		ck_assert_int_eq(fixture_put(store, i, 1000), CKPT_OK);
	ckpt_store_close(store);
	reader =
		fixture_open_with(&(struct ckpt_store_options){.map_after = 1});
	for (int i = 0; i < 500; i++)
		ck_assert_int_eq(fixture_check(reader, i, 1000), 1);
	fixture_path(path, sizeof(path), "v1/seg/0002");
	for (int size = 300000; size >= 0; size -= 50000) {
		ck_assert_int_eq(truncate(path, size), 0);
		usleep(20000);
		for (int i = 0; i < 500; i++)
			ck_assert_int_ge(fixture_check(reader, i, 1000), 0);
	}
	ck_assert_int_eq(fixture_put(reader, 1000, 500), CKPT_OK);
	ck_assert_int_eq(fixture_check(reader, 1000, 500), 1);
	fixture_path(path, sizeof(path), "v1/index");
	ck_assert_int_eq(truncate(path, 5000), 0);
	usleep(20000);
	for (int i = 0; i < 1001; i++)
		ck_assert_int_ge(fixture_check(reader, i, 1000), 0);
	(void)!fixture_put(reader, 5, 100);
	ck_assert_int_ge(fixture_check(reader, 5, 100), 0);
	printf("cut short under a mapped reader: segment 7 times, index once, "
	       "4501 look-ups, none wrong\n");
	ckpt_store_close(reader);
}
END_TEST

static void check_all(bool is_readonly)
{
	struct ckpt_store_options options = {.is_readonly = is_readonly};
	struct ckpt_store *store = NULL;

	if (ckpt_store_open(fixture_directory, &options, &store, NULL))
		return;
	for (uint64_t i = 0; i < 4; i++)
		ck_assert_int_ge(fixture_check(store, i, i * 150), 0);
	ck_assert_int_ge(fixture_check(store, 64, BIG), 0);
	ckpt_store_close(store);
}

/* Flip bit by bit in `name`, bytes from `from` to `to`. */
static int flip_bits(const char *name, long from, long to, long step)
{
	char path[400];
	int count = 0;
	int fd;

	fixture_path(path, sizeof(path), name);
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	for (long bit = from * 8; bit < to * 8; bit += step) {
		uint8_t byte;

		ck_assert_int_eq(pread(fd, &byte, 1, bit / 8), 1);
		byte ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(pwrite(fd, &byte, 1, bit / 8), 1);
		check_all(true);
		byte ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(pwrite(fd, &byte, 1, bit / 8), 1);
		count++;
	}
	close(fd);
	return count;
}

/* The same for the big file, with the store kept open: there are many bits. */
static int flip_big_bits(const char *name, long from, long step)
{
	struct ckpt_store *store =
		fixture_open_with(&(struct ckpt_store_options){
			.is_readonly = true, .memory_size = 1});
	char path[400];
	struct stat st;
	int count = 0;
	int fd;

	fixture_path(path, sizeof(path), name);
	fd = open(path, O_RDWR);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (long bit = from * 8; bit < st.st_size * 8; bit += step) {
		uint8_t byte;

		ck_assert_int_eq(pread(fd, &byte, 1, bit / 8), 1);
		byte ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(pwrite(fd, &byte, 1, bit / 8), 1);
		ck_assert_int_eq(fixture_check(store, 64, BIG), 0);
		byte ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(pwrite(fd, &byte, 1, bit / 8), 1);
		count++;
	}
	ck_assert_int_eq(fixture_check(store, 64, BIG), 1);
	close(fd);
	ckpt_store_close(store);
	return count;
}

static void fill_small(char big_name[100])
{
	struct ckpt_store *store = fixture_open();
	char text[CKPT_HASH_TEXT_SIZE];

	for (uint64_t i = 0; i < 4; i++)
		ck_assert_int_eq(fixture_put(store, i, i * 150), CKPT_OK);
	ck_assert_int_eq(fixture_put(store, 64, BIG), CKPT_OK);
	ckpt_store_close(store);
	ckpt_hash_text(fixture_key(64), text);
	snprintf(big_name, 100, "v1/big/%c/%s", text[0], text);
}

static long size_of_file(const char *name)
{
	char path[400];
	struct stat st;

	fixture_path(path, sizeof(path), name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

START_TEST(any_bit_flipped_gives_a_right_value_or_none)
{
	char big_name[100];
	char path[400];
	uint8_t *index;
	int count = 0;
	int fd;

	fill_small(big_name);
	count += flip_bits("v1/meta", 0, size_of_file("v1/meta"), 1);
	count += flip_bits("v1/seg/0002", 0, size_of_file("v1/seg/0002"),
			   is_full() ? 1 : 5);
	count += flip_bits(big_name, 0, 300, 1);
	count += flip_big_bits(big_name, 300, is_full() ? 1 : 1009);
	count += flip_bits("v1/index", 0, 256, 1);
	/* Of the table, the buckets in use and their neighbours. */
	fixture_path(path, sizeof(path), "v1/index");
	fd = open(path, O_RDONLY);
	index = mmap(NULL, (size_t)size_of_file("v1/index"), PROT_READ,
		     MAP_SHARED, fd, 0);
	close(fd);
	for (long at = 4096; at < size_of_file("v1/index"); at += 64) {
		static const uint8_t empty[64];

		if (memcmp(index + at, empty, 64) != 0)
			count += flip_bits("v1/index", at, at + 64, 1);
	}
	check_all(true);
	printf("bit flips: %d, none gave a wrong value\n", count);
}
END_TEST

START_TEST(damage_is_met_once_counted_and_replaced)
{
	char big_name[100];
	const char *names[] = {"v1/seg/0002", big_name};
	const uint64_t numbers[] = {3, 64};
	const size_t sizes[] = {450, BIG};

	fill_small(big_name);
	for (int i = 0; i < 2; i++) {
		struct ckpt_store *store;
		char path[400];
		int fd;

		fixture_path(path, sizeof(path), names[i]);
		fd = open(path, O_RDWR);
		/* The last byte of the value. */
		ck_assert_int_eq(
			pwrite(fd, "\xaa\x55", 2, size_of_file(names[i]) - 2),
			2);
		close(fd);
		store = fixture_open();
		ck_assert_int_eq(fixture_check(store, numbers[i], sizes[i]), 0);
		ck_assert_uint_eq(ckpt_store_damaged(store), 1);
		ck_assert_int_eq(fixture_check(store, numbers[i], sizes[i]), 0);
		ck_assert_uint_eq(ckpt_store_damaged(store), 1);
		ck_assert_int_eq(fixture_put(store, numbers[i], sizes[i]),
				 CKPT_OK);
		ck_assert_int_eq(fixture_check(store, numbers[i], sizes[i]), 1);
		ckpt_store_close(store);
	}
}
END_TEST

UNIT_MAIN_WITH("damage", fixture_set_up, fixture_tear_down,
	       files_cut_under_a_mapped_reader_are_misses,
	       any_bit_flipped_gives_a_right_value_or_none,
	       damage_is_met_once_counted_and_replaced)
