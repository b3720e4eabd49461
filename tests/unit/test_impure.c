/* SPDX-License-Identifier: MIT */
#include "shim/common/impure.h"

#include "shim/plan.h"
#include "tests/unit/unit.h"

static const struct {
	const char *symbol;
	uint32_t classes;
} expected[] = {
	{"rand", CKPT_IMPURE_RAND},
	{"rand_r", 0}, /* its state is an argument */
	{"fopen", CKPT_IMPURE_READS_FILE},
	{"fopen64", CKPT_IMPURE_READS_FILE},
	{"fwrite", CKPT_IMPURE_WRITES_FILE},
	{"__fprintf_chk", CKPT_IMPURE_WRITES_FILE},
	{"printf", CKPT_IMPURE_STDOUT},
	{"__printf_chk", CKPT_IMPURE_STDOUT},
	{"puts", CKPT_IMPURE_STDOUT},
	{"snprintf", 0},
	{"__isoc99_fscanf", CKPT_IMPURE_READS_FILE},
	{"__isoc99_sscanf", 0},
	{"gettimeofday", CKPT_IMPURE_CLOCK},
	{"time", CKPT_IMPURE_CLOCK},
	{"getenv", CKPT_IMPURE_ENVIRONMENT},
	{"environ", 0}, /* a variable: nothing to call */
	{"setlocale", CKPT_IMPURE_LOCALE},
	{"isatty", CKPT_IMPURE_TERMINAL},
	{"sigaction", CKPT_IMPURE_SIGNALS},
	{"getpid", CKPT_IMPURE_PROCESS},
	{"exit", CKPT_IMPURE_PROCESS},
	{"socket", CKPT_IMPURE_NETWORK},
	{"mmap64", CKPT_IMPURE_MEMORY},
	{"dlopen", CKPT_IMPURE_LOADER},
	{"malloc", 0},
	{"memcpy", 0},
	{"qsort", 0},
	{"pthread_create", 0},
	{"pthread_mutex_lock", 0},
	{"tim", 0},
	{"", 0},
};

START_TEST(functions_have_the_class_of_what_they_touch)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_msg(ckpt_impure_classes(expected[i].symbol) ==
				      expected[i].classes,
			      "%s: 0x%x", expected[i].symbol,
			      ckpt_impure_classes(expected[i].symbol));
}
END_TEST

UNIT_MAIN("impure", functions_have_the_class_of_what_they_touch)
