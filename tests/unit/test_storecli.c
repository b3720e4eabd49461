/* SPDX-License-Identifier: MIT */
#include "tools/storecli.h"

#include "tests/unit/unit.h"

static void expect_duration(uint64_t ns, const char *expected)
{
	char text[CKPT_STORECLI_TEXT_SIZE];

	ckpt_storecli_duration(ns, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(durations_have_the_unit_that_people_would_use)
{
	expect_duration(0, "0 ns");
	expect_duration(999, "999 ns");
	expect_duration(1500, "1.5 us");
	expect_duration(999600, "1.0 ms");
	expect_duration(250000000, "250 ms");
	expect_duration(119000000000, "119 s");
	expect_duration(150000000000, "2.5 min");
	expect_duration(3600ULL * 7 / 2 * 1000000000, "3.5 h");
	expect_duration(86400ULL * 10 * 1000000000, "10.0 d");
	expect_duration(UINT64_MAX, "213504 d");
}
END_TEST

START_TEST(ages_are_read_as_they_are_documented)
{
	uint64_t seconds = 0;

	ck_assert(ckpt_storecli_parse_age("90", &seconds));
	ck_assert_uint_eq(seconds, 90);
	ck_assert(ckpt_storecli_parse_age("5m", &seconds));
	ck_assert_uint_eq(seconds, 300);
	ck_assert(ckpt_storecli_parse_age("2w", &seconds));
	ck_assert_uint_eq(seconds, 2 * 7 * 86400);
	ck_assert(!ckpt_storecli_parse_age("soon", &seconds));
	ck_assert(!ckpt_storecli_parse_age("", &seconds));
	ck_assert(!ckpt_storecli_parse_age("99999999999999999w", &seconds));
}
END_TEST

UNIT_MAIN("storecli", durations_have_the_unit_that_people_would_use,
	  ages_are_read_as_they_are_documented)
