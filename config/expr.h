/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_EXPR_H
#define CKPT_CONFIG_EXPR_H

/*
 * The expression language of contracts: C integer arithmetic over paths
 * (DESIGN: "EXPR"). This module parses text to a tree; names and types are
 * resolved by the planner (program.h). Nothing is evaluated here.
 *
 * A tree owns what it points at. Set-up world.
 */

#include "shim/common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a text stands in a file, for messages. Columns count from 1. */
struct ckpt_place {
	const char *file; /* not owned */
	uint32_t line;
	uint32_t column;
};

enum ckpt_step_kind {
	CKPT_STEP_DEREF, /* *p, and the first half of p->m */
	CKPT_STEP_EACH,	 /* p[]: in keys every element, in EXPR the current */
	CKPT_STEP_INDEX, /* p[EXPR] */
	CKPT_STEP_FIELD, /* .name, and the second half of ->name */
};

struct ckpt_step {
	enum ckpt_step_kind kind;
	char *name;		 /* of a FIELD */
	struct ckpt_expr *index; /* of an INDEX */
};

/* x, *p, p->m, xs[*n], m->rows[], return->sv; base "" for .index (of the
 * element) */
struct ckpt_path {
	char *base;
	struct ckpt_step *steps; /* in the order they are applied */
	size_t step_count;
	struct ckpt_place place;
};

enum ckpt_expr_kind {
	CKPT_EXPR_INTEGER, /* also character literals, true, false, NULL,
			      UINT64_MAX and its like */
	CKPT_EXPR_PATH,
	CKPT_EXPR_SIZEOF, /* sizeof(type name), sizeof(*path) */
	CKPT_EXPR_UNARY,
	CKPT_EXPR_BINARY,
	CKPT_EXPR_CONDITIONAL, /* a ? b : c */
	CKPT_EXPR_CALL,	       /* strlen(path), min, max, abs, pow2 */
	CKPT_EXPR_PRE,	       /* pre(a) */
	CKPT_EXPR_POST,	       /* post(a) */
};

enum ckpt_expr_operator {
	CKPT_OPERATOR_ADD,
	CKPT_OPERATOR_SUB,
	CKPT_OPERATOR_MUL,
	CKPT_OPERATOR_DIV,
	CKPT_OPERATOR_MOD,
	CKPT_OPERATOR_SHL,
	CKPT_OPERATOR_SHR,
	CKPT_OPERATOR_BIT_AND,
	CKPT_OPERATOR_BIT_OR,
	CKPT_OPERATOR_BIT_XOR,
	CKPT_OPERATOR_EQ,
	CKPT_OPERATOR_NE,
	CKPT_OPERATOR_LT,
	CKPT_OPERATOR_LE,
	CKPT_OPERATOR_GT,
	CKPT_OPERATOR_GE,
	CKPT_OPERATOR_AND,
	CKPT_OPERATOR_OR,
	CKPT_OPERATOR_NEG,
	CKPT_OPERATOR_BIT_NOT,
	CKPT_OPERATOR_NOT,
};

enum ckpt_expr_function {
	CKPT_CALL_STRLEN,
	CKPT_CALL_MIN,
	CKPT_CALL_MAX,
	CKPT_CALL_ABS,
	CKPT_CALL_POW2,
};

struct ckpt_expr {
	enum ckpt_expr_kind kind;
	enum ckpt_expr_operator op;	  /* UNARY, BINARY */
	enum ckpt_expr_function function; /* CALL */
	uint64_t integer;		  /* INTEGER: never negative */
	struct ckpt_path *path;	     /* PATH; of strlen and sizeof, or NULL */
	char *type_name;	     /* SIZEOF */
	struct ckpt_expr *a, *b, *c; /* operands and arguments */
	struct ckpt_place place;
};

enum {
	/* Deepest nesting a text may have; deeper is INVALID. */
	CKPT_EXPR_DEPTH_MAX = 64,
	/* Longest text. A tree is never deeper than its text is long, so
	 * walking one by recursion is safe. */
	CKPT_EXPR_TEXT_MAX = 4096,
};

/* The whole of `text` as an expression. `place` is where `text` starts; err
 * names file:line:column of the mistake and what was expected. */
enum ckpt_status ckpt_expr_parse(const char *text,
				 const struct ckpt_place *place,
				 struct ckpt_expr **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_expr_destroy(struct ckpt_expr *expr);

/* The whole of `text` as a path. */
enum ckpt_status ckpt_path_parse(const char *text,
				 const struct ckpt_place *place,
				 struct ckpt_path **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_path_destroy(struct ckpt_path *path);

/* For a larger grammar: an expression or a path from the lexer's token on, up
 * to the first token that cannot continue it. NULL: lexer->status says why. */
struct ckpt_lexer;
struct ckpt_expr *ckpt_expr_read(struct ckpt_lexer *lexer);
struct ckpt_path *ckpt_path_read(struct ckpt_lexer *lexer);

/* Does a path in it start at `base`? False for NULL. */
bool ckpt_expr_mentions(const struct ckpt_expr *expr, const char *base);

/* Does post() occur in it? */
bool ckpt_expr_has_post(const struct ckpt_expr *expr);

/* Does it mean the same before and after the call: no pre(), post(), return?
 * False for NULL. */
bool ckpt_expr_is_timeless(const struct ckpt_expr *expr);

#endif
