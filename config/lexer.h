/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_LEXER_H
#define CKPT_CONFIG_LEXER_H

/*
 * The words of contracts and expressions: what expr.h and contract.h both
 * parse with. One token of look-ahead; names are not told apart from keywords
 * here. The text is borrowed and must outlive the lexer.
 *
 * A lexer that failed stays failed: its token is CKPT_TOKEN_BAD, `err` has the
 * first message, and later messages are dropped, so a parser may go on and
 * look at the status once. Set-up world.
 */

#include "config/expr.h"

#include <stdbool.h>

/* Punctuation of one character is its own code. */
enum ckpt_token_kind {
	CKPT_TOKEN_END = 0,
	CKPT_TOKEN_NAME = 256, /* also C++: a::b */
	CKPT_TOKEN_INTEGER,    /* also character literals */
	CKPT_TOKEN_STRING,     /* "text", no escapes */
	CKPT_TOKEN_ARROW,      /* -> */
	CKPT_TOKEN_DOTS,       /* .. */
	CKPT_TOKEN_SHL,
	CKPT_TOKEN_SHR,
	CKPT_TOKEN_LE,
	CKPT_TOKEN_GE,
	CKPT_TOKEN_EQ,
	CKPT_TOKEN_NE,
	CKPT_TOKEN_AND, /* && */
	CKPT_TOKEN_OR,	/* || */
	CKPT_TOKEN_BAD,
};

struct ckpt_token {
	int kind; /* enum ckpt_token_kind or a character */
	size_t start, size;
	uint64_t integer;
	bool is_negative; /* of a character literal: '\xff' is -1 in C */
};

struct ckpt_lexer {
	const char *text;
	struct ckpt_place place; /* where text starts */
	size_t next;		 /* behind the token */
	size_t end_of_last;	 /* behind the token before it */
	struct ckpt_token token; /* the one to look at */
	int depth;		 /* of nesting, see CKPT_EXPR_DEPTH_MAX */
	bool is_timed;		 /* inside pre() or post() */
	enum ckpt_status status;
	struct ckpt_err *err;
};

/* Reads the first token. A text longer than CKPT_EXPR_TEXT_MAX fails. */
void ckpt_lexer_init(struct ckpt_lexer *lexer, const char *text,
		     const struct ckpt_place *place, struct ckpt_err *err);
void ckpt_lexer_advance(struct ckpt_lexer *lexer);
/* Step over the token if it is `kind`. */
bool ckpt_lexer_accept(struct ckpt_lexer *lexer, int kind);
/* Is the token this name? */
bool ckpt_lexer_is_word(const struct ckpt_lexer *lexer, const char *word);
bool ckpt_lexer_accept_word(struct ckpt_lexer *lexer, const char *word);
/* Step over `kind` or fail with "expected WHAT, found …". */
void ckpt_lexer_expect(struct ckpt_lexer *lexer, int kind, const char *what);

/* The place of byte `offset` of the text. */
struct ckpt_place ckpt_lexer_place(const struct ckpt_lexer *lexer,
				   size_t offset);
/* Fail at byte `offset` of the text. Returns the status. */
enum ckpt_status ckpt_lexer_fail(struct ckpt_lexer *lexer, size_t offset,
				 const char *format, ...) CKPT_PRINTF(3, 4);
/* Fail at the token: "expected WHAT, found TOKEN". */
enum ckpt_status ckpt_lexer_expected(struct ckpt_lexer *lexer,
				     const char *what);
enum ckpt_status ckpt_lexer_nomem(struct ckpt_lexer *lexer);

/* A copy of bytes [start, end) with each run of white space as one blank.
 * NULL and failed without memory. */
char *ckpt_lexer_copy(struct ckpt_lexer *lexer, size_t start, size_t end);
/* The name that is the token, and step over it; NULL and failed, saying that
 * `what` was expected, if it is none. */
char *ckpt_lexer_name(struct ckpt_lexer *lexer, const char *what);
/* A C or C++ type name: "unsigned long", "struct svm_node *", "std::pair<int,
 * int>". As ckpt_lexer_name(). */
char *ckpt_lexer_type(struct ckpt_lexer *lexer);

#endif
