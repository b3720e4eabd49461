/* SPDX-License-Identifier: MIT */
#include "config/contract.h"

#include "config/exprtext.h"
#include "config/nearest.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const struct ckpt_place place = {"ckpt.toml", 7, 10};

static struct ckpt_clause parse(const char *text)
{
	struct ckpt_clause clause = {0};
	struct ckpt_err err = {0};

	ck_assert_msg(!ckpt_clause_parse(text, &place, &clause, &err), "%s: %s",
		      text, err.text);
	ck_assert_str_eq(clause.text, text);
	return clause;
}

#define ck_assert_expr_eq(expr, expected)                    \
	do {                                                 \
		char text_[128];                             \
		ck_assert_ptr_nonnull(expr);                 \
		ckpt_expr_text((expr), text_, sizeof text_); \
		ck_assert_str_eq(text_, expected);           \
	} while (0)

START_TEST(every_extent_word_gives_its_extent)
{
	static const struct {
		const char *text;
		enum ckpt_clause_extent extent;
	} cases[] = {
		{"in", CKPT_CLAUSE_EXTENT_DEFAULT},
		{"one", CKPT_CLAUSE_EXTENT_ONE},
		{"[n]", CKPT_CLAUSE_EXTENT_COUNT},
		{"[0 .. n]", CKPT_CLAUSE_EXTENT_SLICE},
		{"[pre(n) -> post(n)] realloc", CKPT_CLAUSE_EXTENT_GROW},
		{"bytes 384", CKPT_CLAUSE_EXTENT_BYTES},
		{"until .index == -1", CKPT_CLAUSE_EXTENT_UNTIL},
		{"string", CKPT_CLAUSE_EXTENT_STRING},
		{"rows(n, m, step lda)", CKPT_CLAUSE_EXTENT_ROWS},
		{"null", CKPT_CLAUSE_EXTENT_NULL},
		{"ignore", CKPT_CLAUSE_EXTENT_IGNORE},
		{"opaque", CKPT_CLAUSE_EXTENT_OPAQUE},
		{"code", CKPT_CLAUSE_EXTENT_CODE},
		{"file", CKPT_CLAUSE_EXTENT_FILE},
		{"handle by size_of(h)", CKPT_CLAUSE_EXTENT_HANDLE},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ckpt_clause clause = parse(cases[i].text);

		ck_assert_msg(clause.extent == cases[i].extent, "%s",
			      cases[i].text);
		ckpt_clause_deinit(&clause);
	}
}
END_TEST

START_TEST(every_direction_word_gives_its_direction)
{
	static const char *const words[] = {"one", "in", "out", "inout",
					    "scratch"};

	for (int i = 0; i < 5; i++) {
		struct ckpt_clause clause = parse(words[i]);

		ck_assert_int_eq(clause.direction, i);
		ckpt_clause_deinit(&clause);
	}
}
END_TEST

START_TEST(every_owner_word_gives_its_owner)
{
	static const struct {
		const char *text;
		enum ckpt_clause_owner owner;
	} cases[] = {
		{"[n]", CKPT_CLAUSE_OWNER_CALLER},
		{"[n] malloc", CKPT_CLAUSE_OWNER_MALLOC},
		{"[n -> m] realloc", CKPT_CLAUSE_OWNER_REALLOC},
		{"freed", CKPT_CLAUSE_OWNER_FREED},
		{"string static", CKPT_CLAUSE_OWNER_STATIC},
		{"alias data", CKPT_CLAUSE_OWNER_ALIAS},
		{"[n] allocator my_alloc", CKPT_CLAUSE_OWNER_CUSTOM},
		{"new", CKPT_CLAUSE_OWNER_NEW},
		{"new [n]", CKPT_CLAUSE_OWNER_NEW},
		{"[n] new[]", CKPT_CLAUSE_OWNER_NEW_ARRAY},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ckpt_clause clause;
		bool is_arrow = cases[i].owner == CKPT_CLAUSE_OWNER_REALLOC;

		clause = parse(is_arrow ? "[pre(*n) -> post(*n)] realloc"
					: cases[i].text);
		ck_assert_msg(clause.owner == cases[i].owner, "%s",
			      cases[i].text);
		ckpt_clause_deinit(&clause);
	}
}
END_TEST

START_TEST(slice_keeps_both_ends_and_the_bound)
{
	struct ckpt_clause clause =
		parse("out [pre(*pos) .. post(*pos)] max [size]");

	ck_assert_int_eq(clause.direction, CKPT_CLAUSE_DIRECTION_OUT);
	ck_assert_expr_eq(clause.low, "pre(*pos)");
	ck_assert_expr_eq(clause.count, "post(*pos)");
	ck_assert_expr_eq(clause.max, "size");
	ckpt_clause_deinit(&clause);
}
END_TEST

START_TEST(growing_block_keeps_both_counts)
{
	struct ckpt_clause clause =
		parse("inout [pre(*n) -> post(*n)] realloc capacity post(*c)");

	ck_assert_expr_eq(clause.low, "pre(*n)");
	ck_assert_expr_eq(clause.count, "post(*n)");
	ck_assert_expr_eq(clause.capacity, "post(*c)");
	ckpt_clause_deinit(&clause);
}
END_TEST

START_TEST(rows_keep_count_length_and_stride)
{
	struct ckpt_clause clause = parse("inout rows(*n, *m, step *lda)");

	ck_assert_expr_eq(clause.count, "*n");
	ck_assert_expr_eq(clause.length, "*m");
	ck_assert_expr_eq(clause.stride, "*lda");
	ckpt_clause_deinit(&clause);
}
END_TEST

START_TEST(condition_takes_the_rest)
{
	struct ckpt_clause clause = parse("out [*n] if *jobz == 'V' && n > 0");

	ck_assert_expr_eq(clause.condition, "(*jobz == 86) && (n > 0)");
	ckpt_clause_deinit(&clause);
}
END_TEST

START_TEST(type_and_member_are_kept)
{
	struct ckpt_clause clause =
		parse("as struct  point * [n] member f if .kind == 2");

	ck_assert_str_eq(clause.as_type, "struct point *");
	ck_assert_str_eq(clause.member, "f");
	ck_assert_expr_eq(clause.count, "n");
	ckpt_clause_deinit(&clause);
	clause = parse("as lzma_options_lzma if f[].id == 0x21");
	ck_assert_str_eq(clause.as_type, "lzma_options_lzma");
	ck_assert_expr_eq(clause.condition, "f[].id == 33");
	ckpt_clause_deinit(&clause);
}
END_TEST

START_TEST(allocator_is_a_name_or_a_quoted_name)
{
	static const char *const texts[] = {
		"[n] allocator my_alloc", "[n] allocator = my_alloc",
		"[n] allocator = \"my_alloc\"", "allocator \"my_alloc\" [n]"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct ckpt_clause clause = parse(texts[i]);

		ck_assert_int_eq(clause.owner, CKPT_CLAUSE_OWNER_CUSTOM);
		ck_assert_str_eq(clause.allocator, "my_alloc");
		ck_assert_expr_eq(clause.count, "n");
		ckpt_clause_deinit(&clause);
	}
}
END_TEST

START_TEST(handle_names_accessor_and_argument)
{
	struct ckpt_clause clause = parse("handle by EVP_MD_get_type(md)");
	char text[32];

	ck_assert_str_eq(clause.allocator, "EVP_MD_get_type");
	ckpt_path_text(clause.handle, text, sizeof text);
	ck_assert_str_eq(text, "md");
	ckpt_clause_deinit(&clause);
}
END_TEST

START_TEST(alias_names_a_path)
{
	struct ckpt_clause clause = parse("alias data->output");
	char text[32];

	ckpt_path_text(clause.alias, text, sizeof text);
	ck_assert_str_eq(text, "data->output");
	ckpt_clause_deinit(&clause);
}
END_TEST

START_TEST(order_of_words_is_free)
{
	struct ckpt_clause clause =
		parse("secret malloc capacity 8 aligned 64 [n] out");

	ck_assert(clause.is_secret);
	ck_assert_int_eq(clause.owner, CKPT_CLAUSE_OWNER_MALLOC);
	ck_assert_int_eq(clause.direction, CKPT_CLAUSE_DIRECTION_OUT);
	ck_assert_int_eq(clause.extent, CKPT_CLAUSE_EXTENT_COUNT);
	ck_assert_expr_eq(clause.aligned, "64");
	ckpt_clause_deinit(&clause);
}
END_TEST

static const char *const mistakes[][2] = {
	{"", "an empty clause; write an extent, as [n], string or one"},
	{"strng", "'strng' is no word of a contract; did you mean 'string'?"},
	{"mallco [n]",
	 "'mallco' is no word of a contract; did you mean 'malloc'?"},
	{"whatever",
	 "'whatever' is no word of a contract; see ckpt.toml(5), CONTRACTS"},
	{"in 3", "3: expected a word of a contract, as in, out, [n] or "
		 "malloc, found '3'"},
	{"[n] string", "4: a second extent; write each clause as its own "
		       "string: [\"…\", \"…\"]"},
	{"in out", "3: a second direction; write each clause as its own "
		   "string: [\"…\", \"…\"]"},
	{"[n", "2: expected ']', found the end"},
	{"[]", "1: expected a value, found ']'"},
	{"[0 .. ]", "6: expected a value, found ']'"},
	{"bytes", "5: expected a value, found the end"},
	{"rows(n, m)", "9: expected ', step STRIDE', found ')'"},
	{"rows(n, m, lda)", "11: expected 'step STRIDE', found 'lda'"},
	{"rows n", "5: expected '(COUNT, LENGTH, step STRIDE)', found 'n'"},
	{"handle", "6: expected 'by FUNCTION(PATH)', found the end"},
	{"handle by f", "11: expected '(PATH)', found the end"},
	{"out [n] max n", "12: expected '[BOUND]', found 'n'"},
	{"as 3", "3: expected the name of a type, found '3'"},
	{"[n] if a b", "9: expected an operator or the end ('if' comes last), "
		       "found 'b'"},
	{"null [n]", "5: a second extent; write each clause as its own "
		     "string: [\"…\", \"…\"]"},
	{"null malloc", "null, ignore, opaque and code stand alone, or with "
			"'if'"},
	{"out ignore", "null, ignore, opaque and code stand alone, or with "
		       "'if'"},
	{"out file", "file and handle are inputs: they stand alone, or with "
		     "'if'"},
	{"in [n] malloc", "memory that the call allocates is only 'out'; "
			  "leave the direction away"},
	{"out freed", "memory that the call frees is only 'in'"},
	{"[n] realloc", "a block that grows is written [pre(E) -> post(E)] "
			"with realloc, new or new[]"},
	{"[pre(*n) -> post(*n)]", "a block that grows is written [pre(E) -> "
				  "post(E)] with realloc, new or new[]"},
	{"out [pre(*n) -> post(*n)] realloc", "a block that grows is "
					      "'inout'"},
	{"[n] capacity 8", "'capacity' is of memory that the call allocates; "
			   "add malloc, realloc, new[] or allocator"},
	{"[n] aligned 8", "'aligned' is of memory that the call allocates; "
			  "add malloc, new[] or allocator"},
	{"out max [n]", "'max' bounds an extent; write the extent, as "
			"[post(*n)] max [pre(*n)]"},
	{"in [n] max [m]", "'max' bounds what the call writes; it goes with "
			   "out or inout"},
	{"[n] allocator", "13: expected the name of the allocating function, "
			  "found the end"},
};

static void check_mistake(const char *written, const char *expected)
{
	struct ckpt_clause clause = {0};
	struct ckpt_err err = {0};
	char *rest = NULL;
	long offset = strtol(expected, &rest, 10);
	char text[256];

	if (rest != expected)
		expected = rest + 2;
	(void)snprintf(text, sizeof text, "ckpt.toml:7:%ld: %s", 10 + offset,
		       expected);
	ck_assert_int_eq(ckpt_clause_parse(written, &place, &clause, &err),
			 CKPT_INVALID);
	ck_assert_str_eq(err.text, text);
	ck_assert_ptr_null(clause.text);
}

START_TEST(mistake_is_named_with_its_place)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		check_mistake(mistakes[i][0], mistakes[i][1]);
}
END_TEST

START_TEST(nearest_word_is_what_a_person_meant)
{
	static const char *const words[] = {"directory", "max_size", "env"};
	size_t stride = sizeof *words;

	ck_assert_str_eq(ckpt_nearest("directroy", words, 3, stride),
			 "directory");
	ck_assert_str_eq(ckpt_nearest("maxsize", words, 3, stride), "max_size");
	ck_assert_str_eq(ckpt_nearest("envs", words, 3, stride), "env");
	ck_assert_ptr_null(ckpt_nearest("colour", words, 3, stride));
	ck_assert_ptr_null(ckpt_nearest("", words, 3, stride));
}
END_TEST

UNIT_MAIN("contract", every_extent_word_gives_its_extent,
	  every_direction_word_gives_its_direction,
	  every_owner_word_gives_its_owner, slice_keeps_both_ends_and_the_bound,
	  growing_block_keeps_both_counts, rows_keep_count_length_and_stride,
	  condition_takes_the_rest, type_and_member_are_kept,
	  allocator_is_a_name_or_a_quoted_name,
	  handle_names_accessor_and_argument, alias_names_a_path,
	  order_of_words_is_free, mistake_is_named_with_its_place,
	  nearest_word_is_what_a_person_meant)
