/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_DRAFT_H
#define CKPT_TOOLS_DRAFT_H

/*
 * The text of a first ckpt.toml. What is known is written so that it counts,
 * what is guessed only as comments.
 */

#include "shim/common/buf.h"
#include "tools/shelf.h"
#include "tools/survey.h"

/* The contract library that describes a function that was found, or NULL. */
const struct ckpt_shelf_library *
ckpt_draft_library(const struct ckpt_shelf *shelf,
		   const struct ckpt_survey *survey,
		   const struct ckpt_planned_function *f);

/* A whole config for all functions of the survey. */
void ckpt_draft_config(const struct ckpt_shelf *shelf,
		       const struct ckpt_survey *survey, struct ckpt_buf *out);
/* The [[function]] block of one. */
void ckpt_draft_block(const struct ckpt_survey *survey,
		      const struct ckpt_planned_function *f,
		      struct ckpt_buf *out);
/* A basic string of TOML. */
void ckpt_draft_string(struct ckpt_buf *out, const char *text);
/* `text`, each line as a comment. */
void ckpt_draft_comment(struct ckpt_buf *out, const char *text);

/* Into a new file, or for "-" to standard output. IO: err says why; what is
 * there is never overwritten. */
enum ckpt_status ckpt_draft_write(const char *path, const struct ckpt_buf *text,
				  struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
