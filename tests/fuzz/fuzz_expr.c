/* SPDX-License-Identifier: MIT */
/*
 * Any text as an expression, a path and a clause. What parses is written back,
 * and that must parse to itself.
 */
#include "config/contract.h"
#include "config/exprtext.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 1 << 17 };

static const struct ckpt_place place = {"fuzz", 1, 1};

static void try_again(const char *first)
{
	static char second[TEXT_SIZE];
	struct ckpt_expr *expr = NULL;

	/* What got too long or too deep by its parentheses is no mistake. */
	if (ckpt_expr_parse(first, &place, &expr, NULL))
		return;
	ckpt_expr_text(expr, second, sizeof(second));
	if (strcmp(first, second) != 0)
		abort();
	ckpt_expr_destroy(expr);
}

static void try_expr(const char *text)
{
	static char first[TEXT_SIZE];
	struct ckpt_expr *expr = NULL;
	struct ckpt_err err;

	if (ckpt_expr_parse(text, &place, &expr, &err))
		return;
	ckpt_expr_text(expr, first, sizeof(first));
	ckpt_expr_destroy(expr);
	try_again(first);
}

static void try_path(const char *text)
{
	struct ckpt_path *path = NULL;
	struct ckpt_err err;
	char small[16];

	if (ckpt_path_parse(text, &place, &path, &err))
		return;
	ckpt_path_text(path, small, sizeof(small));
	ckpt_path_destroy(path);
}

static void try_clause(const char *text)
{
	struct ckpt_clause clause;
	struct ckpt_err err;

	if (ckpt_clause_parse(text, &place, &clause, &err))
		return;
	if (strcmp(clause.text, text) != 0)
		abort();
	ckpt_clause_deinit(&clause);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	try_expr(text);
	try_path(text);
	try_clause(text);
	free(text);
	return 0;
}
