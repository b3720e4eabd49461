/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_EXPRTEXT_H
#define CKPT_CONFIG_EXPRTEXT_H

/*
 * Paths and expressions in words again, in one canonical spelling, for
 * messages. Parsing the text gives the same tree. Set-up world.
 */

#include "config/expr.h"

/* Both cut what does not fit and always end the text with a NUL. */
void ckpt_path_text(const struct ckpt_path *path, char *text, size_t size);
void ckpt_expr_text(const struct ckpt_expr *expr, char *text, size_t size);

#endif
