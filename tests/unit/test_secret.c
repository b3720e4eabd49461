/* SPDX-License-Identifier: MIT */
#include "shim/store/secret.h"

#include "tests/unit/store_fixture.h"

static char path[320];

static void write_secret(const char *bytes, size_t size, mode_t mode)
{
	FILE *file;

	snprintf(path, sizeof(path), "%s/secret", fixture_top);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static enum ckpt_status read_secret(bool is_shared,
				    struct ckpt_hash_secret *ret)
{
	return ckpt_secret_read(path, is_shared, ret, NULL);
}

START_TEST(every_byte_of_the_file_counts)
{
	char bytes[CKPT_SECRET_FILE_MAX] = "";
	struct ckpt_hash_secret first, again, other;

	write_secret(bytes, sizeof(bytes), 0600);
	ck_assert_int_eq(read_secret(false, &first), CKPT_OK);
	ck_assert_int_eq(read_secret(false, &again), CKPT_OK);
	ck_assert_mem_eq(&first, &again, sizeof(first));
	bytes[sizeof(bytes) - 1] = 1;
	write_secret(bytes, sizeof(bytes), 0400);
	ck_assert_int_eq(read_secret(false, &other), CKPT_OK);
	/* In all parts: no 16 bytes are as they were. */
	for (size_t i = 0; i < sizeof(first.bytes); i += 16)
		ck_assert_mem_ne(first.bytes + i, other.bytes + i, 16);
}
END_TEST

START_TEST(a_secret_that_others_see_is_refused)
{
	struct ckpt_hash_secret secret;

	write_secret("0123456789abcdef", 16, 0644);
	ck_assert_int_eq(read_secret(false, &secret), CKPT_INVALID);
	write_secret("0123456789abcdef", 16, 0660);
	ck_assert_int_eq(read_secret(false, &secret), CKPT_INVALID);
	ck_assert_int_eq(read_secret(true, &secret), CKPT_OK);
	write_secret("0123456789abcdef", 16, 0664);
	ck_assert_int_eq(read_secret(true, &secret), CKPT_INVALID);
}
END_TEST

START_TEST(what_is_no_secret_is_refused)
{
	static const char many[CKPT_SECRET_FILE_MAX + 1];
	struct ckpt_hash_secret secret;

	write_secret("0123456789abcde", 15, 0600);
	ck_assert_int_eq(read_secret(false, &secret), CKPT_INVALID);
	write_secret(many, sizeof(many), 0600);
	ck_assert_int_eq(read_secret(false, &secret), CKPT_INVALID);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(read_secret(false, &secret), CKPT_INVALID);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(read_secret(false, &secret), CKPT_INVALID);
}
END_TEST

START_TEST(namespaces_have_secrets_of_their_own)
{
	struct ckpt_hash_secret none = {{1}}, one = {{1}}, two = {{1}};
	struct ckpt_hash_secret empty = {{1}};

	ckpt_secret_narrow(&none, NULL);
	ckpt_secret_narrow(&empty, "");
	ckpt_secret_narrow(&one, "one");
	ckpt_secret_narrow(&two, "two");
	ck_assert_mem_eq(&none, &empty, sizeof(none));
	ck_assert_int_eq(none.bytes[0], 1);
	ck_assert_mem_ne(&none, &one, sizeof(none));
	ck_assert_mem_ne(&one, &two, sizeof(one));
}
END_TEST

UNIT_MAIN_WITH("secret", fixture_set_up, fixture_tear_down,
	       every_byte_of_the_file_counts,
	       a_secret_that_others_see_is_refused,
	       what_is_no_secret_is_refused,
	       namespaces_have_secrets_of_their_own)
