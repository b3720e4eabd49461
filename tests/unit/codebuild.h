/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_CODEBUILD_H
#define CKPT_TESTS_UNIT_CODEBUILD_H

/*
 * Sources compiled and linked in a directory of the test's own, and closures
 * of their functions.
 */

#include "shim/planner/code/codehash.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static char directory[64];

static inline void run(const char *format, const char *a, const char *b,
		       const char *c)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), format, a, b, c);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static inline void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void make_directory(void)
{
	(void)strcpy(directory, "/tmp/ckpt-codehash-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static inline void remove_directory(void)
{
	run("rm -rf %s%s%s", directory, "", "");
}

static inline struct ckpt_scope *open_program(void)
{
	struct ckpt_scope *scope = NULL;
	struct ckpt_err err = {0};
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/p", directory);
	ck_assert_msg(ckpt_scope_of_program(path, NULL, &scope, &err) ==
			      CKPT_OK,
		      "%s", err.text);
	return scope;
}

/* The function `name` of the program or of its first library. */
static inline struct ckpt_closure
compute(struct ckpt_scope *scope, const char *name,
	const struct ckpt_function_config *config)
{
	struct ckpt_closure closure;
	struct ckpt_err err = {0};

	for (uint32_t object = 0; object < 2; object++) {
		const struct ckpt_image *image =
			ckpt_scope_image(scope, object, &err);
		size_t count;
		const struct ckpt_symbol *symbols;

		ck_assert_msg(image != NULL, "%s", err.text);
		symbols = ckpt_image_static_symbols(image, &count);
		for (size_t i = 0; i < count; i++) {
			if (strcmp(symbols[i].name, name) != 0 ||
			    symbols[i].shndx == SHN_UNDEF)
				continue;
			ck_assert_msg(ckpt_closure_compute(
					      scope, object, symbols[i].vaddr,
					      config, false, &closure,
					      &err) == CKPT_OK,
				      "%s: %s", name, err.text);
			return closure;
		}
	}
	ck_abort_msg("no function %s", name);
	return closure;
}

#endif
