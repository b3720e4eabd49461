/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "tests/unit/unit.h"
#include "tools/json.h"

/* What `write` makes, as text the test frees. */
static char *text_of(void (*write)(struct ckpt_json *json))
{
	char *text = NULL;
	size_t size = 0;
	struct ckpt_json json = {.file = open_memstream(&text, &size)};

	ck_assert_ptr_nonnull(json.file);
	write(&json);
	fclose(json.file);
	return text;
}

static void expect(void (*write)(struct ckpt_json *json), const char *expected)
{
	char *text = text_of(write);

	ck_assert_str_eq(text, expected);
	free(text);
}

static void write_empty(struct ckpt_json *json)
{
	ckpt_json_begin_object(json, NULL);
	ckpt_json_end_object(json);
}

START_TEST(empty_object_is_two_brackets)
{
	expect(write_empty, "{}\n");
}
END_TEST

static void write_members(struct ckpt_json *json)
{
	ckpt_json_begin_object(json, NULL);
	ckpt_json_uint(json, "most", UINT64_MAX);
	ckpt_json_int(json, "least", INT64_MIN);
	ckpt_json_bool(json, "yes", true);
	ckpt_json_string(json, "nothing", NULL);
	ckpt_json_end_object(json);
}

START_TEST(members_stand_between_commas)
{
	expect(write_members, "{\n"
			      "  \"most\": 18446744073709551615,\n"
			      "  \"least\": -9223372036854775808,\n"
			      "  \"yes\": true,\n"
			      "  \"nothing\": null\n"
			      "}\n");
}
END_TEST

static void write_nested(struct ckpt_json *json)
{
	ckpt_json_begin_array(json, NULL);
	ckpt_json_begin_object(json, NULL);
	ckpt_json_begin_array(json, "none");
	ckpt_json_end_array(json);
	ckpt_json_end_object(json);
	ckpt_json_uint(json, NULL, 2);
	ckpt_json_end_array(json);
}

START_TEST(nesting_is_indented)
{
	expect(write_nested, "[\n"
			     "  {\n"
			     "    \"none\": []\n"
			     "  },\n"
			     "  2\n"
			     "]\n");
}
END_TEST

static void write_escapes(struct ckpt_json *json)
{
	ckpt_json_string(json, NULL, "a\"b\\c\n\x7f");
}

START_TEST(quotes_and_controls_are_escaped)
{
	expect(write_escapes, "\"a\\\"b\\\\c\\u000a\\u007f\"");
}
END_TEST

static void write_utf8(struct ckpt_json *json)
{
	ckpt_json_string(json, NULL, "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
}

START_TEST(utf8_is_kept)
{
	expect(write_utf8, "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}
END_TEST

/* A stray continuation, an overlong form, a surrogate, one cut short. */
static void write_broken(struct ckpt_json *json)
{
	ckpt_json_string(json, NULL, "\x80|\xc0\x80|\xed\xa0\x80|\xe2\x82");
}

START_TEST(broken_utf8_becomes_replacement_characters)
{
	expect(write_broken, "\"\\ufffd|\\ufffd\\ufffd|"
			     "\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\"");
}
END_TEST

static void write_reals(struct ckpt_json *json)
{
	ckpt_json_begin_array(json, NULL);
	ckpt_json_real(json, NULL, 0.25);
	ckpt_json_real(json, NULL, (double)INFINITY);
	ckpt_json_end_array(json);
}

START_TEST(what_is_not_finite_is_null)
{
	expect(write_reals, "[\n  0.25,\n  null\n]\n");
}
END_TEST

UNIT_MAIN("json", empty_object_is_two_brackets, members_stand_between_commas,
	  nesting_is_indented, quotes_and_controls_are_escaped, utf8_is_kept,
	  broken_utf8_becomes_replacement_characters,
	  what_is_not_finite_is_null)
