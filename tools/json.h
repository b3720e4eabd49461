/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_JSON_H
#define CKPT_TOOLS_JSON_H

/*
 * Writing JSON (RFC 8259) to a stream, for commands with --json. Keeps commas
 * and indentation right; the caller keeps begin and end paired. `key` is the
 * member's name inside an object and NULL inside an array or at the top. Bytes
 * of a string that are not UTF-8 become U+FFFD.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Start with {.file = stdout}. */
struct ckpt_json {
	FILE *file;
	int depth;
	bool has_sibling;
};

void ckpt_json_begin_object(struct ckpt_json *json, const char *key);
void ckpt_json_end_object(struct ckpt_json *json);
void ckpt_json_begin_array(struct ckpt_json *json, const char *key);
void ckpt_json_end_array(struct ckpt_json *json);
/* `value` NULL: null */
void ckpt_json_string(struct ckpt_json *json, const char *key,
		      const char *value);
void ckpt_json_uint(struct ckpt_json *json, const char *key, uint64_t value);
void ckpt_json_int(struct ckpt_json *json, const char *key, int64_t value);
/* Not finite: null */
void ckpt_json_real(struct ckpt_json *json, const char *key, double value);
void ckpt_json_bool(struct ckpt_json *json, const char *key, bool value);

#endif
