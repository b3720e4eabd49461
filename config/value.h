/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_VALUE_H
#define CKPT_CONFIG_VALUE_H

/*
 * One value of a config: from TOML to the member of a struct, by the kind its
 * key has. What cannot be taken becomes a message that says what to write, and
 * the member stays as it was. Set-up world.
 */

#include "config/contract.h"
#include "config/document.h"
#include "config/messages.h"

enum ckpt_value_kind {
	CKPT_VALUE_TEXT,      /* char * */
	CKPT_VALUE_TEXTS,     /* struct ckpt_strings; one string will do */
	CKPT_VALUE_PATH,      /* char *, made absolute */
	CKPT_VALUE_PATHS,     /* struct ckpt_strings, made absolute */
	CKPT_VALUE_HEADERS,   /* struct ckpt_strings: ./x.h made absolute */
	CKPT_VALUE_BOOLEAN,   /* bool */
	CKPT_VALUE_WORD,      /* int: index in key->words */
	CKPT_VALUE_FLAG,      /* bool: is it the second of key->words? */
	CKPT_VALUE_COUNT,     /* uint64_t, > 0 */
	CKPT_VALUE_SIZE,      /* uint64_t bytes: 1000, "5 GiB" */
	CKPT_VALUE_SECONDS,   /* uint64_t: 60, "30 days" */
	CKPT_VALUE_DURATION,  /* double seconds: 0.5, "500 ms" */
	CKPT_VALUE_NANOS,     /* uint64_t nanoseconds */
	CKPT_VALUE_RATE,      /* double from 0 to 1 */
	CKPT_VALUE_SIGNATURE, /* char *, and struct ckpt_place */
	CKPT_VALUE_EXPR,      /* struct ckpt_expr *, and char * */
	CKPT_VALUE_IMPURE,    /* enum ckpt_impure, and struct ckpt_strings */
	CKPT_VALUE_ONCE,      /* enum ckpt_once */
	CKPT_VALUE_MEMORY,    /* struct ckpt_contract *, and size_t */
	/* Read by modules of their own; here only their shape is checked. */
	CKPT_VALUE_LIST,   /* strings */
	CKPT_VALUE_TABLE,  /* [x] */
	CKPT_VALUE_TABLES, /* [[x]] */
};

/* A key that may stand in a table, and where its value goes. */
struct ckpt_key {
	const char *name;
	enum ckpt_value_kind kind;
	size_t off;		  /* of the member in its struct */
	size_t second_off;	  /* of the second member of its kind */
	const char *const *words; /* of WORD and FLAG; NULL at the end */
	/* Does this version do what the key says? If not, a note tells. */
	bool is_enforced;
	bool is_description; /* may stand in a contract library */
};

/* Read `value` into the members of `key` in the struct `to`, which are zero
 * or hold what a layer of higher precedence said: contracts for paths that are
 * already there are left away. */
void ckpt_value_read(const struct ckpt_key *key, const struct ckpt_toml *value,
		     const struct ckpt_document *document,
		     struct ckpt_messages *messages, void *to);
/* Free what the members of `key` own. */
void ckpt_value_free(const struct ckpt_key *key, void *of);

#endif
