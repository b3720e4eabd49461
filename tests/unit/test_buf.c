/* SPDX-License-Identifier: MIT */
#include "shim/common/buf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define INIT(r, bytes) ckpt_reader_init(&(r), bytes, sizeof(bytes))

START_TEST(integers_are_little_endian)
{
	static const uint8_t bytes[] = {1, 2, 3, 4,  5,	 6,  7, 8,
					9, 8, 7, 10, 11, 12, 13};
	struct ckpt_reader r;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	INIT(r, bytes);
	ck_assert_int_eq(ckpt_read_u8(&r, &u8), CKPT_OK);
	ck_assert_uint_eq(u8, 1);
	ck_assert_int_eq(ckpt_read_u16(&r, &u16), CKPT_OK);
	ck_assert_uint_eq(u16, 0x0302);
	ck_assert_int_eq(ckpt_read_u32(&r, &u32), CKPT_OK);
	ck_assert_uint_eq(u32, 0x07060504);
	ck_assert_int_eq(ckpt_read_u64(&r, &u64), CKPT_OK);
	ck_assert_uint_eq(u64, 0x0d0c0b0a07080908ULL);
	ck_assert_uint_eq(ckpt_reader_left(&r), 0);
	ck_assert_uint_eq(ckpt_reader_offset(&r), sizeof(bytes));
}
END_TEST

START_TEST(a_short_read_fails_and_does_not_move)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct ckpt_reader r;
	uint32_t u32 = 77;
	const void *view = NULL;

	INIT(r, bytes);
	ck_assert_int_eq(ckpt_read_u32(&r, &u32), CKPT_BADDATA);
	ck_assert_uint_eq(u32, 77);
	ck_assert_int_eq(ckpt_read_bytes(&r, 4, &view), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_read_bytes(&r, UINT64_MAX, &view), CKPT_BADDATA);
	ck_assert_ptr_null(view);
	ck_assert_uint_eq(ckpt_reader_offset(&r), 0);
	ck_assert_int_eq(ckpt_read_bytes(&r, 3, &view), CKPT_OK);
	ck_assert_ptr_eq(view, bytes);
	ck_assert_int_eq(ckpt_read_bytes(&r, 0, &view), CKPT_OK);
}
END_TEST

START_TEST(seek_goes_up_to_the_end_and_no_further)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct ckpt_reader r;

	INIT(r, bytes);
	ck_assert_int_eq(ckpt_reader_seek(&r, 3), CKPT_OK);
	ck_assert_int_eq(ckpt_reader_seek(&r, 4), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_reader_seek(&r, UINT64_MAX), CKPT_BADDATA);
	ck_assert_uint_eq(ckpt_reader_offset(&r), 3);
}
END_TEST

START_TEST(an_empty_reader_has_nothing)
{
	struct ckpt_reader r;
	uint64_t u64;
	int64_t s64;
	const char *text;

	ckpt_reader_init(&r, NULL, 0);
	ck_assert_int_eq(ckpt_read_uleb(&r, &u64), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_read_sleb(&r, &s64), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_read_string(&r, &text), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_read_copy(&r, NULL, 0), CKPT_OK);
}
END_TEST

START_TEST(a_string_needs_its_nul_inside_the_data)
{
	static const uint8_t bytes[] = {'a', 'b', 0, 0, 'c'};
	struct ckpt_reader r;
	const char *text;

	INIT(r, bytes);
	ck_assert_int_eq(ckpt_read_string(&r, &text), CKPT_OK);
	ck_assert_str_eq(text, "ab");
	ck_assert_int_eq(ckpt_read_string(&r, &text), CKPT_OK);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(ckpt_read_string(&r, &text), CKPT_BADDATA);
	ck_assert_uint_eq(ckpt_reader_offset(&r), 4);
}
END_TEST

/* The examples of DWARF5, figures 7.6 tables (unsigned and signed). */
struct leb {
	uint8_t bytes[12];
	size_t size;
	uint64_t value;
};

static const struct leb unsigned_lebs[] = {
	{{2}, 1, 2},
	{{127}, 1, 127},
	{{0x80, 1}, 2, 128},
	{{0x81, 1}, 2, 129},
	{{0x82, 1}, 2, 130},
	{{57 + 0x80, 100}, 2, 12857},
	{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
	 10,
	 UINT64_MAX},
	{{0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0},
	 12,
	 1},
};

static const struct leb signed_lebs[] = {
	{{2}, 1, 2},
	{{0x7e}, 1, (uint64_t)-2},
	{{127 + 0x80, 0}, 2, 127},
	{{1 + 0x80, 0x7f}, 2, (uint64_t)-127},
	{{0x80, 1}, 2, 128},
	{{0x80, 0x7f}, 2, (uint64_t)-128},
	{{1 + 0x80, 1}, 2, 129},
	{{0x7f + 0x80, 0x7e}, 2, (uint64_t)-129},
	{{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f},
	 10,
	 1ULL << 63},
	{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
	 11,
	 UINT64_MAX},
};

START_TEST(unsigned_leb128_follows_dwarf)
{
	const struct leb *leb = &unsigned_lebs[_i];
	struct ckpt_reader r;
	uint64_t value;

	ckpt_reader_init(&r, leb->bytes, leb->size);
	ck_assert_int_eq(ckpt_read_uleb(&r, &value), CKPT_OK);
	ck_assert_uint_eq(value, leb->value);
	ck_assert_uint_eq(ckpt_reader_left(&r), 0);
	ckpt_reader_init(&r, leb->bytes, leb->size - 1);
	ck_assert_int_eq(ckpt_read_uleb(&r, &value), CKPT_BADDATA);
	ck_assert_uint_eq(ckpt_reader_offset(&r), 0);
}
END_TEST

START_TEST(signed_leb128_follows_dwarf)
{
	const struct leb *leb = &signed_lebs[_i];
	struct ckpt_reader r;
	int64_t value;

	ckpt_reader_init(&r, leb->bytes, leb->size);
	ck_assert_int_eq(ckpt_read_sleb(&r, &value), CKPT_OK);
	ck_assert_int_eq(value, (int64_t)leb->value);
	ck_assert_uint_eq(ckpt_reader_left(&r), 0);
	ckpt_reader_init(&r, leb->bytes, leb->size - 1);
	ck_assert_int_eq(ckpt_read_sleb(&r, &value), CKPT_BADDATA);
	ck_assert_uint_eq(ckpt_reader_offset(&r), 0);
}
END_TEST

START_TEST(leb128_of_more_than_64_bits_is_malformed)
{
	static const uint8_t wide[] = {0xff, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 2};
	static const uint8_t wider[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					0x80, 0x80, 0x80, 0x80, 1};
	struct ckpt_reader r;
	uint64_t u;
	int64_t s;

	INIT(r, wide);
	ck_assert_int_eq(ckpt_read_uleb(&r, &u), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_read_sleb(&r, &s), CKPT_BADDATA);
	INIT(r, wider);
	ck_assert_int_eq(ckpt_read_uleb(&r, &u), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_read_sleb(&r, &s), CKPT_BADDATA);
}
END_TEST

START_TEST(a_buffer_grows_and_keeps_what_was_written)
{
	struct ckpt_buf buf = {0};

	for (uint32_t i = 0; i < 100000; i++)
		ckpt_buf_add_u32(&buf, i);
	ck_assert_int_eq(ckpt_buf_status(&buf), CKPT_OK);
	ck_assert_uint_eq(buf.size, 400000);
	for (uint32_t i = 0; i < 100000; i++)
		ck_assert_mem_eq(buf.data + 4 * (size_t)i, &i, 4);
	ckpt_buf_deinit(&buf);
	ck_assert_ptr_null(buf.data);
}
END_TEST

START_TEST(text_format_and_alignment_leave_no_stray_bytes)
{
	struct ckpt_buf buf = {0};

	ckpt_buf_add_text(&buf, "ab");
	ckpt_buf_format(&buf, "%d-%s", 42, "x");
	ckpt_buf_align(&buf, 8);
	ckpt_buf_add_u8(&buf, 0xff);
	ckpt_buf_align(&buf, 4);
	ckpt_buf_align(&buf, 4);
	ckpt_buf_add_u64(&buf, 1);
	ck_assert_uint_eq(buf.size, 20);
	ck_assert_mem_eq(buf.data, "ab42-x\0\0\xff\0\0\0\1\0\0\0\0\0\0\0", 20);
	ckpt_buf_deinit(&buf);
}
END_TEST

START_TEST(a_failed_growth_silences_all_later_writes)
{
	struct ckpt_buf buf = {0};

	ckpt_buf_add_u8(&buf, 1);
	ckpt_buf_add(&buf, "", SIZE_MAX / 2);
	ckpt_buf_add_u8(&buf, 2);
	ckpt_buf_format(&buf, "more");
	ck_assert_int_eq(ckpt_buf_status(&buf), CKPT_NOMEM);
	ck_assert_uint_eq(buf.size, 1);
	ckpt_buf_deinit(&buf);
}
END_TEST

START_TEST(messages_are_cut_to_fit)
{
	struct ckpt_err err = {0};
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(ckpt_err_set(&err, CKPT_IO, "%s", text), CKPT_IO);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_int_eq(ckpt_err_prefix(&err, CKPT_BADDATA, "file %d", 7),
			 CKPT_BADDATA);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_mem_eq(err.text, "file 7: xxx", 11);
	ck_assert_int_eq(ckpt_err_prefix(&err, CKPT_IO, "%s", text), CKPT_IO);
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
	ck_assert_int_eq(ckpt_err_set(NULL, CKPT_NOMEM, "x"), CKPT_NOMEM);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tests = tcase_create("buf");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, integers_are_little_endian);
	tcase_add_test(tests, a_short_read_fails_and_does_not_move);
	tcase_add_test(tests, seek_goes_up_to_the_end_and_no_further);
	tcase_add_test(tests, an_empty_reader_has_nothing);
	tcase_add_test(tests, a_string_needs_its_nul_inside_the_data);
	tcase_add_loop_test(tests, unsigned_leb128_follows_dwarf, 0,
			    COUNT(unsigned_lebs));
	tcase_add_loop_test(tests, signed_leb128_follows_dwarf, 0,
			    COUNT(signed_lebs));
	tcase_add_test(tests, leb128_of_more_than_64_bits_is_malformed);
	tcase_add_test(tests, a_buffer_grows_and_keeps_what_was_written);
	tcase_add_test(tests, text_format_and_alignment_leave_no_stray_bytes);
	tcase_add_test(tests, a_failed_growth_silences_all_later_writes);
	tcase_add_test(tests, messages_are_cut_to_fit);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
