/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_RANDOM_TYPES_H
#define CKPT_TESTS_UNIT_RANDOM_TYPES_H

/*
 * Random C structs as text, for tests that compare with a compiler. The same
 * seed gives the same text.
 */

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text {
	char bytes[4000000];
	size_t size;
};

static inline void __attribute__((format(printf, 2, 3)))
add(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text->size += (size_t)vsnprintf(text->bytes + text->size,
					sizeof(text->bytes) - text->size,
					format, arguments);
	va_end(arguments);
	ck_assert_uint_lt(text->size, sizeof(text->bytes));
}

/* A number below `count`. */
static inline unsigned int choose(unsigned int *seed, unsigned int count)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % count;
}

/* CKPT_TEST_SEED; else the same each time, but in a full check a new one.
 * Printed, so that a failure can be had again. */
static inline unsigned int choose_seed(void)
{
	const char *text = getenv("CKPT_TEST_SEED");
	unsigned int seed = 1;

	if (text)
		seed = (unsigned int)atoi(text);
	else if (getenv("CKPT_TEST_FULL"))
		seed = (unsigned int)getpid();

	printf("seed: CKPT_TEST_SEED=%u\n", seed);
	(void)fflush(stdout);
	return seed;
}

static const char *const random_words[] = {"char",
					   "short",
					   "int",
					   "long",
					   "float",
					   "double",
					   "void *",
					   "long double",
					   "unsigned char",
					   "_Bool",
					   "__int128",
					   "float _Complex",
					   "long long unsigned int"};

enum { RANDOM_WORD_COUNT = sizeof(random_words) / sizeof(random_words[0]) };

static inline void add_random_bits(struct text *text, unsigned int *seed,
				   unsigned int member)
{
	static const struct {
		const char *name;
		unsigned int bits;
	} integers[] = {{"char", 8},	   {"unsigned short", 16},
			{"int", 32},	   {"unsigned", 32},
			{"long", 64},	   {"unsigned long", 64},
			{"signed char", 8}};
	unsigned int which = choose(seed, 7);

	add(text, " %s m%u : %u;", integers[which].name, member,
	    1 + choose(seed, integers[which].bits));
	if (choose(seed, 8) == 0)
		add(text, " %s : %u;", integers[which].name,
		    choose(seed, integers[which].bits));
}

static inline void add_random_member(struct text *text, unsigned int *seed,
				     unsigned int number, unsigned int member)
{
	unsigned int kind = choose(seed, 12);
	const char *word = random_words[choose(seed, RANDOM_WORD_COUNT)];

	if (kind < 3)
		add_random_bits(text, seed, member);
	else if (kind < 8)
		add(text, " %s m%u%s;", word, member,
		    choose(seed, 10) ? "" : " __attribute__((packed))");
	else if (kind == 9 && number)
		add(text, " struct r%u m%u;", choose(seed, number), member);
	else if (kind == 10 && choose(seed, 2))
		add(text, " %s m%u __attribute__((aligned(%u)));", word, member,
		    1u << choose(seed, 6));
	else
		add(text, " %s m%u[%u];", word, member, 1 + choose(seed, 4));
}

/* struct r0 … r(count-1), of up to `members` members each. */
static inline void add_random_structs(struct text *text, unsigned int *seed,
				      unsigned int count, unsigned int members)
{
	for (unsigned int i = 0; i < count; i++) {
		add(text, "struct %sr%u {",
		    choose(seed, 6) ? "" : "__attribute__((packed)) ", i);
		for (unsigned int j = 0, n = 1 + choose(seed, members); j < n;
		     j++)
			add_random_member(text, seed, i, j);
		add(text, " };\n");
	}
}

/* Compile `program` and give what it prints. */
static inline void run_compiled(const struct text *program,
				const char *compiler, struct text *output)
{
	char directory[] = "/tmp/ckpt-test-XXXXXX", command[512];
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(command, sizeof(command), "%s/a.c", directory);
	file = fopen(command, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(program->bytes, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	(void)snprintf(command, sizeof(command),
		       "cd %s && %s -w -o a a.c && ./a; rm -r %s", directory,
		       compiler, directory);
	file = popen(command, "r");
	ck_assert_ptr_nonnull(file);
	output->size = fread(output->bytes, 1, sizeof(output->bytes) - 1, file);
	output->bytes[output->size] = '\0';
	ck_assert_int_eq(pclose(file), 0);
}

#endif
