/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_RECORDTEXT_H
#define CKPT_TOOLS_RECORDTEXT_H

/* Recorded values (recorded.h) for people, and as JSON. */

#include "tools/json.h"
#include "tools/recorded.h"

/* A title and a few lines for each value; nothing if there is none. */
void ckpt_recordtext_print(FILE *file, const char *title,
			   const struct ckpt_recorded *recorded);

/* An array of objects, null if `recorded` is. */
void ckpt_recordtext_json(struct ckpt_json *json, const char *key,
			  const struct ckpt_recorded *recorded);

/* Append the elements, "1, 2, 3"; for values of a few bytes. */
void ckpt_recordtext_brief(const struct ckpt_recorded_value *value,
			   struct ckpt_buf *out);

/* "[3].value: 1.5, was 2.5": the first element and part in which `mine`
 * differs from `other`, another value of the same path. False: there is no
 * such part among what was kept. */
bool ckpt_recordtext_compare(const struct ckpt_recorded_value *mine,
			     const struct ckpt_recorded_value *other,
			     struct ckpt_buf *out);

#endif
