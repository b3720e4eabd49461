/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_TOML_H
#define CKPT_CONFIG_TOML_H

/*
 * TOML 1.0 text to plain data with places: a C face over toml++. Nothing is
 * known here of what the keys mean.
 *
 * toml++ is built without exceptions and frees trees by recursion, so this
 * module bounds what it is given: the size of the text, the nesting of values
 * and the number of dots in one statement. Set-up world.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "shim/common/status.h"

enum {
	CKPT_TOML_SIZE_MAX = 4 << 20,
	CKPT_TOML_NESTING_MAX = 64,
	CKPT_TOML_DOTS_MAX = 1000,
};

enum ckpt_toml_kind {
	CKPT_TOML_TABLE,
	CKPT_TOML_ARRAY,
	CKPT_TOML_STRING,
	CKPT_TOML_INTEGER,
	CKPT_TOML_FLOAT,
	CKPT_TOML_BOOLEAN,
	CKPT_TOML_DATE, /* a date, a time or both; its value is not kept */
};

/* Lines and columns (characters) count from 1. */
struct ckpt_toml_spot {
	uint32_t line;
	uint32_t column;
};

struct ckpt_toml {
	enum ckpt_toml_kind kind;
	char *key; /* NULL for the root and for elements of an array */
	struct ckpt_toml_spot key_spot;
	struct ckpt_toml_spot key_text_spot; /* behind its quote, if any */
	struct ckpt_toml_spot spot;	     /* of the value */
	/* of the first character of a string's content */
	struct ckpt_toml_spot text_spot;
	char *text; /* of a STRING: UTF-8 without a NUL inside */
	int64_t integer;
	double number; /* of a FLOAT, and of an INTEGER */
	bool boolean;
	struct ckpt_toml *items; /* of a TABLE or ARRAY, in the text's order */
	size_t count;
};

/* Parse `text`; `path` names it in messages only. INVALID: err has the place
 * and the first mistake. */
enum ckpt_status ckpt_toml_parse(const char *text, size_t size,
				 const char *path, struct ckpt_toml **ret,
				 struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_toml_destroy(struct ckpt_toml *toml);

/* The table's value of that key, or NULL. */
const struct ckpt_toml *ckpt_toml_get(const struct ckpt_toml *table,
				      const char *key);
/* "a table", "a string" … */
const char *ckpt_toml_kind_text(enum ckpt_toml_kind kind);

#ifdef __cplusplus
}
#endif

#endif
