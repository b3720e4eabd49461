/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/format.h"

#include <check.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(a_text_is_formatted_as_printf_does)
{
	char ours[256], theirs[256];

#define BOTH(...)                                              \
	do {                                                   \
		ckpt_format(ours, sizeof(ours), __VA_ARGS__);  \
		snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
		ck_assert_str_eq(ours, theirs);                \
	} while (0)
	BOTH("%s: %d of %u", "crypt", -3, 7u);
	BOTH("%ld %lld %lu %zu", LONG_MIN, LLONG_MAX, ULONG_MAX, SIZE_MAX);
	BOTH("%d %i", INT_MIN, INT_MAX);
	BOTH("[%5d] [%05d] [%05d] [%08x]", 42, 42, -42, 0xbeefu);
	BOTH("%lx %x %c%c %%", 0xdeadbeefcafeul, 0u, 'o', 'k');
	BOTH("%.*s|%.2s|%6s|", 3, "abcdef", "xyz", "right");
	BOTH("%p", (void *)ours);
}
END_TEST

START_TEST(a_text_too_long_is_cut_and_terminated)
{
	char to[8] = "#######";

	ck_assert_uint_eq(ckpt_format(to, 5, "%s", "abcdefgh"), 4);
	ck_assert_str_eq(to, "abcd");
	ck_assert_int_eq(to[5], '#');
	ck_assert_uint_eq(ckpt_format(to, 0, "%s", "zzz"), 0);
	ck_assert_str_eq(to, "abcd");
}
END_TEST

START_TEST(a_null_string_is_no_wild_read)
{
	char to[32];
	const char *volatile nothing = NULL;

	ckpt_format(to, sizeof(to), "<%s>", nothing);
	ck_assert_str_eq(to, "<(null)>");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("format");
	TCase *c = tcase_create("format");
	SRunner *runner;
	int failed;

	tcase_add_test(c, a_text_is_formatted_as_printf_does);
	tcase_add_test(c, a_text_too_long_is_cut_and_terminated);
	tcase_add_test(c, a_null_string_is_no_wild_read);
	suite_add_tcase(suite, c);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
