/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_CDECL_TOKEN_H
#define CKPT_PLANNER_CDECL_TOKEN_H

/*
 * Tokens of a C declaration (C11 6.4) with the reader's state: which text,
 * where we are, and the first error. After an error every token is END, so
 * that parsers need look at the status only at their end. Part of cdecl.
 */

#include "config/expr.h"
#include "shim/planner/types/type.h"

enum ckpt_token_kind {
	CKPT_TOKEN_END,
	CKPT_TOKEN_NAME,
	CKPT_TOKEN_NUMBER, /* also character constants: `value` */
	CKPT_TOKEN_STRING,
	CKPT_TOKEN_PUNCTUATOR, /* `text`, `size` */
};

struct ckpt_token {
	enum ckpt_token_kind kind;
	const char *text;
	size_t size;
	int64_t value;
};

/* An enumeration constant. */
struct ckpt_cdecl_constant {
	struct ckpt_cdecl_constant *next;
	const char *name;
	int64_t value;
};

struct ckpt_cdecl {
	struct ckpt_types *types;
	const char *text;
	const struct ckpt_place *place; /* may be NULL */
	const char *next;		/* behind `token` */
	struct ckpt_token token;
	struct ckpt_cdecl_constant *constants;
	int depth;
	enum ckpt_status status;
	struct ckpt_err *err;
};

/* Start reading `text`; the first token is there. */
void ckpt_cdecl_start(struct ckpt_cdecl *p, struct ckpt_types *types,
		      const char *text, const struct ckpt_place *place,
		      struct ckpt_err *err);
void ckpt_cdecl_next(struct ckpt_cdecl *p);
/* Go back (or forward) to where `next` was `to`; keeps an error. */
void ckpt_cdecl_seek(struct ckpt_cdecl *p, const struct ckpt_token *token,
		     const char *next);

/* Note the first error, at the present token. */
void ckpt_cdecl_fail(struct ckpt_cdecl *p, const char *format, ...)
	CKPT_PRINTF(2, 3);
void ckpt_cdecl_fail_nomem(struct ckpt_cdecl *p);

/* Is the token this name or punctuator? */
bool ckpt_cdecl_is(const struct ckpt_cdecl *p, const char *text);
/* If it is, go past it. */
bool ckpt_cdecl_accept(struct ckpt_cdecl *p, const char *text);
/* It must be. */
void ckpt_cdecl_expect(struct ckpt_cdecl *p, const char *text);
/* From "(" or "[" past the bracket that closes it. */
void ckpt_cdecl_skip_brackets(struct ckpt_cdecl *p);
/* A copy of the present name in the arena, "" on failure. */
const char *ckpt_cdecl_name(struct ckpt_cdecl *p);

#endif
