/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_UNIT_H
#define CKPT_TESTS_UNIT_UNIT_H

/*
 * What the unit tests of all modules share: one Check suite a file.
 *
 *     UNIT_MAIN("buf", read_past_the_end_fails, write_grows)
 */

#include <check.h>
#include <stdlib.h>

static inline int unit_main(const char *name, SFun set_up, SFun tear_down,
			    const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *cases = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed = 0;

	tcase_set_timeout(cases, 120);
	if (set_up)
		tcase_add_checked_fixture(cases, set_up, tear_down);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(cases, tests[i]);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* With set_up() before and tear_down() after each test. */
#define UNIT_MAIN_WITH(name, set_up, tear_down, ...)                \
	int main(void)                                              \
	{                                                           \
		const TTest *const tests[] = {__VA_ARGS__};         \
		return unit_main(name, set_up, tear_down, tests,    \
				 sizeof(tests) / sizeof(tests[0])); \
	}

#define UNIT_MAIN(name, ...) UNIT_MAIN_WITH(name, NULL, NULL, __VA_ARGS__)

#endif
