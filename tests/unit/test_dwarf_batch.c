/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_batch.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/planner/elf/image.h"

/* What is asked about: this program has debug info. */
int sums_two(int first, long second);
const char *picks(const char *text, unsigned char at);

__attribute__((noipa)) int sums_two(int first, long second)
{
	return first + (int)second;
}

__attribute__((noipa)) const char *picks(const char *text, unsigned char at)
{
	return text + at;
}

static struct ckpt_dwarf_batch batch;
static struct ckpt_types *types;
static char self[4096];

static void set_up(void)
{
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(size, 0);
	self[size] = '\0';
	types = ckpt_types_create();
	ck_assert_ptr_nonnull(types);
}

static void tear_down(void)
{
	ckpt_dwarf_batch_deinit(&batch);
	ckpt_types_destroy(types);
}

static struct ckpt_dwarf_request about(const char *symbol)
{
	struct ckpt_dwarf_request request = {
		.path = self, .name = symbol, .has_vaddr = true, .vaddr = 1};
	const struct ckpt_symbol *symbols;
	struct ckpt_image *image;
	size_t count;

	ck_assert_int_eq(ckpt_image_open(self, &image, NULL), CKPT_OK);
	symbols = ckpt_image_static_symbols(image, &count);
	for (size_t i = 0; i < count; i++)
		if (symbols[i].name && !strcmp(symbols[i].name, symbol))
			request.vaddr = symbols[i].vaddr;
	ckpt_image_close(image);
	return request;
}

static void ask(const struct ckpt_dwarf_request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(ckpt_dwarf_batch_add(&batch, &requests[i]),
				 CKPT_OK);
	ckpt_dwarf_batch_ask(&batch);
}

START_TEST(functions_are_described_as_one_by_one)
{
	struct ckpt_dwarf_request requests[] = {about("sums_two"),
						about("picks")};
	struct ckpt_dwarf_function function;

	ask(requests, 2);
	requests[0].batch = requests[1].batch = &batch;
	ck_assert_int_eq(
		ckpt_dwarf_read_function(types, &requests[0], &function, NULL),
		CKPT_OK);
	ck_assert_uint_eq(function.signature.parameter_count, 2);
	ck_assert_str_eq(function.signature.parameters[0].name, "first");
	ck_assert_uint_eq(function.signature.parameters[1].type->size, 8);
	ck_assert_int_eq(
		ckpt_dwarf_read_function(types, &requests[1], &function, NULL),
		CKPT_OK);
	ck_assert_str_eq(function.signature.parameters[1].name, "at");
	ck_assert_uint_eq(function.signature.parameters[1].type->size, 1);
	ck_assert_int_eq(function.signature.result->kind, CKPT_TYPE_POINTER);
}
END_TEST

START_TEST(what_is_not_there_is_an_answer_too)
{
	struct ckpt_dwarf_request requests[] = {about("sums_two"),
						about("no_such")};
	struct ckpt_reader in;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status = CKPT_OK;

	ask(requests, 2);
	ck_assert(ckpt_dwarf_batch_find(&batch, &requests[1], &status, &in,
					&err));
	ck_assert_int_eq(status, CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "no_such"));
}
END_TEST

START_TEST(other_questions_have_no_answer)
{
	struct ckpt_dwarf_request request = about("sums_two"), other = request;
	static const char *const names[] = {"struct x"};
	enum ckpt_status status;
	struct ckpt_reader in;

	ck_assert(!ckpt_dwarf_batch_find(&batch, &request, &status, &in, NULL));
	ask(&request, 1);
	ck_assert(ckpt_dwarf_batch_find(&batch, &request, &status, &in, NULL));
	other.name = "picks";
	ck_assert(!ckpt_dwarf_batch_find(&batch, &other, &status, &in, NULL));
	other = request;
	other.vaddr++;
	ck_assert(!ckpt_dwarf_batch_find(&batch, &other, &status, &in, NULL));
	other = request;
	other.type_names = names;
	other.type_count = 1;
	ck_assert(!ckpt_dwarf_batch_find(&batch, &other, &status, &in, NULL));
}
END_TEST

START_TEST(file_that_cannot_be_read_spoils_only_its_own_questions)
{
	struct ckpt_dwarf_request requests[] = {about("sums_two"),
						about("picks")};
	enum ckpt_status status;
	struct ckpt_reader in;

	requests[0].path = "/etc/passwd";
	ask(requests, 2);
	ck_assert(!ckpt_dwarf_batch_find(&batch, &requests[0], &status, &in,
					 NULL));
	ck_assert(ckpt_dwarf_batch_find(&batch, &requests[1], &status, &in,
					NULL));
	ck_assert_int_eq(status, CKPT_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dwarf_batch");
	TCase *tcase = tcase_create("batch");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, functions_are_described_as_one_by_one);
	tcase_add_test(tcase, what_is_not_there_is_an_answer_too);
	tcase_add_test(tcase, other_questions_have_no_answer);
	tcase_add_test(tcase,
		       file_that_cannot_be_read_spoils_only_its_own_questions);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
