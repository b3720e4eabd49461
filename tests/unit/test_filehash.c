/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/filehash.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/ckpt-filehash-XXXXXX";

static void write_file(const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
	ck_assert_int_eq(close(fd), 0);
}

static void make_path(void)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

static struct ckpt_hash128 digest(struct ckpt_file_stamp *stamp)
{
	struct ckpt_hash128 hash;

	ck_assert_int_eq(ckpt_filehash_path(path, NULL, &hash, stamp), CKPT_OK);
	return hash;
}

START_TEST(equal_content_gives_an_equal_digest)
{
	struct ckpt_file_stamp stamp;
	struct ckpt_hash128 first, second;

	make_path();
	write_file("abc", 3);
	first = digest(&stamp);
	ck_assert_uint_eq(stamp.size, 3);
	write_file("abd", 3);
	second = digest(&stamp);
	ck_assert(!ckpt_hash_equal(first, second));
	write_file("abc", 3);
	ck_assert(ckpt_hash_equal(first, digest(&stamp)));
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(content_of_many_blocks_counts_to_the_last_byte)
{
	static char content[1 << 20];
	struct ckpt_file_stamp stamp;
	struct ckpt_hash128 first;

	make_path();
	write_file(content, sizeof(content));
	first = digest(&stamp);
	content[sizeof(content) - 1] = 1;
	write_file(content, sizeof(content));
	ck_assert(!ckpt_hash_equal(first, digest(&stamp)));
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(absence_is_an_input_and_not_an_empty_file)
{
	struct ckpt_file_stamp stamp;
	struct ckpt_hash128 empty;

	make_path();
	empty = digest(&stamp);
	ck_assert_uint_eq(stamp.is_present, 1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!ckpt_hash_equal(empty, digest(&stamp)));
	ck_assert_uint_eq(stamp.is_present, 0);
}
END_TEST

START_TEST(pipe_or_directory_is_unsupported_and_never_waited_for)
{
	struct ckpt_file_stamp stamp;
	struct ckpt_hash128 hash;

	make_path();
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(ckpt_filehash_path(path, NULL, &hash, &stamp),
			 CKPT_UNSUPPORTED);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(ckpt_filehash_path("/tmp", NULL, &hash, &stamp),
			 CKPT_UNSUPPORTED);
}
END_TEST

START_TEST(file_just_written_is_fresh_and_an_old_one_is_not)
{
	struct ckpt_file_stamp stamp;

	make_path();
	(void)digest(&stamp);
	ck_assert(ckpt_filehash_is_fresh(&stamp));
	stamp.mtime_ns -= 10000000000;
	stamp.ctime_ns -= 10000000000;
	ck_assert(!ckpt_filehash_is_fresh(&stamp));
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

UNIT_MAIN("filehash", equal_content_gives_an_equal_digest,
	  content_of_many_blocks_counts_to_the_last_byte,
	  absence_is_an_input_and_not_an_empty_file,
	  pipe_or_directory_is_unsupported_and_never_waited_for,
	  file_just_written_is_fresh_and_an_old_one_is_not)
