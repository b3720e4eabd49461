/* SPDX-License-Identifier: MIT */
#include "config/toml.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static struct ckpt_toml *parse(const char *text)
{
	struct ckpt_toml *toml = NULL;
	struct ckpt_err err = {0};

	ck_assert_msg(
		!ckpt_toml_parse(text, strlen(text), "f.toml", &toml, &err),
		"%s", err.text);
	return toml;
}

#define ck_assert_spot_eq(spot, l, c)                  \
	do {                                           \
		ck_assert_uint_eq((spot).line, (l));   \
		ck_assert_uint_eq((spot).column, (c)); \
	} while (0)

START_TEST(every_kind_of_value_is_told_apart)
{
	struct ckpt_toml *toml =
		parse("a = {x = 1}\nb = [1]\nc = 's'\nd = -5\ne = 0.5\n"
		      "f = true\ng = 2020-01-01\n");

	ck_assert_uint_eq(toml->count, 7);
	for (int i = 0; i < 7; i++)
		ck_assert_int_eq(toml->items[i].kind, i);
	ck_assert_str_eq(ckpt_toml_get(toml, "c")->text, "s");
	ck_assert_int_eq(ckpt_toml_get(toml, "d")->integer, -5);
	ck_assert_double_eq(ckpt_toml_get(toml, "d")->number, -5.0);
	ck_assert_double_eq(ckpt_toml_get(toml, "e")->number, 0.5);
	ck_assert(ckpt_toml_get(toml, "f")->boolean);
	ck_assert_ptr_null(ckpt_toml_get(toml, "h"));
	ckpt_toml_destroy(toml);
}
END_TEST

START_TEST(keys_come_in_the_order_of_the_text)
{
	struct ckpt_toml *toml = parse("z = 1\ny = 2\n[c]\n[b]\n");

	ck_assert_str_eq(toml->items[0].key, "z");
	ck_assert_str_eq(toml->items[1].key, "y");
	ck_assert_str_eq(toml->items[2].key, "c");
	ck_assert_str_eq(toml->items[3].key, "b");
	ckpt_toml_destroy(toml);
}
END_TEST

START_TEST(places_are_lines_and_columns_in_characters)
{
	struct ckpt_toml *toml = parse("\n[[f]]\nname = 'x'\n[f.memory]\n"
				       "  \"\xc3\xbc\" = [ \"[n]\" ]\n");
	const struct ckpt_toml *f = &ckpt_toml_get(toml, "f")->items[0];
	const struct ckpt_toml *name = ckpt_toml_get(f, "name");
	const struct ckpt_toml *list =
		ckpt_toml_get(ckpt_toml_get(f, "memory"), "\xc3\xbc");

	ck_assert_uint_eq(f->spot.line, 2);
	ck_assert_spot_eq(name->key_spot, 3, 1);
	ck_assert_spot_eq(name->spot, 3, 8);
	ck_assert_spot_eq(name->text_spot, 3, 9);
	ck_assert_spot_eq(list->key_spot, 5, 3);
	ck_assert_spot_eq(list->key_text_spot, 5, 4);
	ck_assert_spot_eq(name->key_text_spot, 3, 1);
	ck_assert_spot_eq(list->items[0].spot, 5, 11);
	ck_assert_spot_eq(list->items[0].text_spot, 5, 12);
	ckpt_toml_destroy(toml);
}
END_TEST

START_TEST(text_of_a_long_string_starts_behind_its_quotes)
{
	struct ckpt_toml *toml =
		parse("a = '''x'''\nb = \"\"\"\ny\"\"\"\nc = '''\r\nz'''\n");

	ck_assert_spot_eq(ckpt_toml_get(toml, "a")->text_spot, 1, 8);
	ck_assert_spot_eq(ckpt_toml_get(toml, "b")->text_spot, 3, 1);
	ck_assert_str_eq(ckpt_toml_get(toml, "b")->text, "y");
	ck_assert_spot_eq(ckpt_toml_get(toml, "c")->text_spot, 5, 1);
	ckpt_toml_destroy(toml);
}
END_TEST

START_TEST(empty_text_is_an_empty_table)
{
	struct ckpt_toml *toml = parse("");

	ck_assert_int_eq(toml->kind, CKPT_TOML_TABLE);
	ck_assert_uint_eq(toml->count, 0);
	ckpt_toml_destroy(toml);
}
END_TEST

static void check_mistake(const char *text, size_t size, const char *expected)
{
	struct ckpt_toml *toml = NULL;
	struct ckpt_err err = {0};

	ck_assert_int_eq(ckpt_toml_parse(text, size, "f.toml", &toml, &err),
			 CKPT_INVALID);
	ck_assert_ptr_null(toml);
	ck_assert_msg(strncmp(err.text, expected, strlen(expected)) == 0, "%s",
		      err.text);
}

START_TEST(mistakes_have_their_place)
{
	check_mistake("a = \n", 5, "f.toml:1:5: ");
	check_mistake("a = 1\na = 2\n", 12, "f.toml:2:");
	check_mistake("[a\nb = 1\n", 9, "f.toml:1:3: ");
	check_mistake("a = 'x\n", 7, "f.toml:1:");
	check_mistake("a = \"\xff\"\n", 8, "f.toml:1:");
	check_mistake("\n\na = 1 2\n", 10, "f.toml:3:");
}
END_TEST

/* Found by fuzzing toml++ 3.3. */
START_TEST(what_breaks_the_parser_underneath_is_a_mistake_too)
{
	check_mistake("[&", 2, "f.toml:1:2: ");
	check_mistake("[[$]]\n", 6, "f.toml:1:3: ");
	check_mistake("a = [1,,]\n", 10, "f.toml:1:8: ");
	check_mistake("a = x\xef\xae\xaf\n", 9, "f.toml:1:");
	check_mistake("a = \"\"\"\\\xc3\xa9\"\"\"\n", 14, "f.toml:1:");
}
END_TEST

START_TEST(letters_may_follow_a_line_ending_backslash)
{
	struct ckpt_toml *toml = parse("a = \"\"\"x\\\n  \xc3\xa9\"\"\"\n");

	ck_assert_str_eq(ckpt_toml_get(toml, "a")->text, "x\xc3\xa9");
	ckpt_toml_destroy(toml);
}
END_TEST

START_TEST(text_with_a_nul_inside_is_refused)
{
	check_mistake("a = 1\nb = \"x\\u0000\"\n", 20,
		      "f.toml:2:5: a text with the character U+0000; leave it "
		      "away");
	check_mistake("a = 1\0\n", 7, "f.toml:1:");
}
END_TEST

START_TEST(endless_dotted_key_is_refused)
{
	static char text[200000];
	size_t size = 0;

	text[size++] = 'a';
	while (size < sizeof text - 8) {
		text[size++] = '.';
		text[size++] = 'a';
	}
	memcpy(text + size, " = 1\n", 5);
	size += 5;
	check_mistake(text, size, "f.toml:1:1: more than 1000 dots");
	/* in a header, in an inline table, behind a string */
	text[0] = '[';
	check_mistake(text, size, "f.toml:1:1: more than 1000 dots");
	memcpy(text, "b='''.\n.''' \n\nx={", 17);
	check_mistake(text, size, "f.toml:4:1: more than 1000 dots");
}
END_TEST

START_TEST(dots_in_strings_and_comments_are_free)
{
	static char text[8192];
	struct ckpt_toml *toml = NULL;
	int size =
		snprintf(text, sizeof text, "a = '%02000d' # %02000d\n", 0, 0);

	for (int i = 0; i < size; i++) {
		if (text[i] == '0')
			text[i] = '.';
	}
	ck_assert(!ckpt_toml_parse(text, (size_t)size, "f.toml", &toml, NULL));
	ckpt_toml_destroy(toml);
}
END_TEST

START_TEST(endless_nesting_is_refused)
{
	static char text[200000];

	memset(text, '[', sizeof text);
	memcpy(text, "a = ", 4);
	check_mistake(text, sizeof text, "f.toml:1:");
}
END_TEST

START_TEST(huge_text_is_refused)
{
	size_t size = CKPT_TOML_SIZE_MAX + 1;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', size);
	check_mistake(text, size, "f.toml:1:1: larger than 4 MiB");
	free(text);
}
END_TEST

UNIT_MAIN("toml", every_kind_of_value_is_told_apart,
	  keys_come_in_the_order_of_the_text,
	  places_are_lines_and_columns_in_characters,
	  text_of_a_long_string_starts_behind_its_quotes,
	  empty_text_is_an_empty_table, mistakes_have_their_place,
	  what_breaks_the_parser_underneath_is_a_mistake_too,
	  letters_may_follow_a_line_ending_backslash,
	  text_with_a_nul_inside_is_refused, endless_dotted_key_is_refused,
	  dots_in_strings_and_comments_are_free, endless_nesting_is_refused,
	  huge_text_is_refused)
