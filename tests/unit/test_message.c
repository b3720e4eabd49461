/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/message.h"
#include "tests/unit/marshal.h"

#include <stdio.h>

static struct marshal m;
static char text[512];

/* int f(const int *x) with "x" = "[n * step]", refused for `kind`. */
static void refuse(enum ckpt_refusal_kind kind)
{
	marshal_init(&m);
	ckpt_call_begin(m.call, &m.program, &m.frame, &m.ranges, &m.arena);
	m.clauses[0] = marshal_clause(0);
	m.clauses[0].path = marshal_text(&m, "p->x[]");
	m.exprs[0].text = marshal_text(&m, "n * step");
	m.function.require = 1;
	m.exprs[1].text = marshal_text(&m, "n > 0");
	(void)ckpt_call_refuse(m.call, kind, 0, (void *)0x1234, 40);
	m.call->refusal.expr = 0;
	m.call->refusal.value = -6;
	ckpt_message_refusal(m.call, text, sizeof(text));
}

static void expect(const char *part)
{
	ck_assert_msg(strstr(text, part), "no \"%s\" in \"%s\"", part, text);
}

START_TEST(every_refusal_has_a_cause_a_text_and_a_remedy)
{
	for (int kind = CKPT_REFUSAL_NONE + 1; kind < CKPT_REFUSAL_KIND_COUNT;
	     kind++) {
		char cause[64];

		refuse((enum ckpt_refusal_kind)kind);
		expect("p->x[]: ");
		expect("; ");
		ck_assert_ptr_null(strchr(text, '\n'));
		ck_assert_ptr_null(strstr(text, "no reason noted"));
		ckpt_message_cause(m.call, cause, sizeof(cause));
		ck_assert_ptr_nonnull(strstr(cause, " p->x[]"));
	}
}
END_TEST

START_TEST(causes_tell_refusals_apart)
{
	char causes[CKPT_REFUSAL_KIND_COUNT][64];

	for (int i = 1; i < CKPT_REFUSAL_KIND_COUNT; i++) {
		refuse((enum ckpt_refusal_kind)i);
		ckpt_message_cause(m.call, causes[i], sizeof(causes[i]));
		for (int j = 1; j < i; j++)
			ck_assert_str_ne(causes[i], causes[j]);
	}
}
END_TEST

START_TEST(values_that_an_extent_was_computed_from_are_told)
{
	refuse(CKPT_REFUSAL_NEGATIVE);
	expect("(n * step = -6)");
	expect("max(0, ");
}
END_TEST

START_TEST(extents_are_told_by_size_and_address)
{
	refuse(CKPT_REFUSAL_UNREADABLE);
	expect("40 bytes at 0x1234");
}
END_TEST

START_TEST(a_pointer_is_told_by_its_value)
{
	refuse(CKPT_REFUSAL_UNKNOWN_TARGET);
	expect("0x1234");
	expect("alias");
	expect("malloc");
	expect("static");
}
END_TEST

START_TEST(conditions_are_told_as_written)
{
	refuse(CKPT_REFUSAL_REQUIRE);
	expect("n > 0");
}
END_TEST

START_TEST(globals_are_told_by_name)
{
	refuse(CKPT_REFUSAL_GLOBAL_ADDRESS);
	m.call->refusal.clause = CKPT_PLAN_NONE;
	m.call->refusal.root = 0;
	m.roots[0].path = marshal_text(&m, "table in libx.so");
	ckpt_message_refusal(m.call, text, sizeof(text));
	expect("table in libx.so: ");
	expect("ignore_globals");
}
END_TEST

START_TEST(a_small_buffer_cuts_the_text)
{
	refuse(CKPT_REFUSAL_NEGATIVE);
	memset(text, '#', sizeof(text));
	ckpt_message_refusal(m.call, text, 8);
	ck_assert_uint_eq(strlen(text), 7);
	ck_assert_int_eq(text[8], '#');
}
END_TEST

START_TEST(answers_are_silent_and_mistakes_are_not)
{
	refuse(CKPT_REFUSAL_BYPASS);
	ck_assert(ckpt_message_is_silent(&m.call->refusal));
	refuse(CKPT_REFUSAL_STORE_IF);
	ck_assert(ckpt_message_is_silent(&m.call->refusal));
	refuse(CKPT_REFUSAL_UNREADABLE);
	ck_assert(!ckpt_message_is_silent(&m.call->refusal));
}
END_TEST

/* The man page without macros and line breaks. */
static void read_manual(char *to, size_t size)
{
	FILE *file = fopen("config/ckpt.toml.5", "r");
	char line[512];
	size_t used = 0;

	if (!file)
		ck_abort_msg("run from the top folder");
	while (fgets(line, sizeof(line), file)) {
		const char *from = line;

		if (!strncmp(line, ".It ", 4))
			from += 4;
		ck_assert_uint_lt(used + strlen(from), size);
		strcpy(to + used, from);
		used += strlen(from);
	}
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(every_mistake_is_in_the_manual)
{
	static char manual[1 << 18];

	read_manual(manual, sizeof(manual));
	for (int kind = CKPT_REFUSAL_NONE + 1; kind < CKPT_REFUSAL_KIND_COUNT;
	     kind++) {
		char *what;
		char *end;

		refuse((enum ckpt_refusal_kind)kind);
		if (ckpt_message_is_silent(&m.call->refusal))
			continue;
		/* Without values, examples and the brackets of pre(). */
		what = strstr(text, ": ") + 2;
		*strstr(what, "; ") = 0;
		end = strstr(what, " (");
		if (end)
			*end = 0;
		end = strstr(what, "()");
		if (end)
			memmove(end, end + 2, strlen(end + 2) + 1);
		ck_assert_msg(strstr(manual, what), "not in the manual: %s",
			      what);
	}
}
END_TEST

UNIT_MAIN("message", every_mistake_is_in_the_manual,
	  every_refusal_has_a_cause_a_text_and_a_remedy,
	  causes_tell_refusals_apart,
	  values_that_an_extent_was_computed_from_are_told,
	  extents_are_told_by_size_and_address, a_pointer_is_told_by_its_value,
	  conditions_are_told_as_written, globals_are_told_by_name,
	  a_small_buffer_cuts_the_text, answers_are_silent_and_mistakes_are_not)
