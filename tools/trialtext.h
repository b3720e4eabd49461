/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_TRIALTEXT_H
#define CKPT_TOOLS_TRIALTEXT_H

/*
 * What a trial found, for people and for scripts.
 */

#include "tools/trial.h"

#include <stdio.h>

/* A table with the most worthwhile functions, or with all. */
void ckpt_trialtext_print(const struct ckpt_trial *trial, const char *program,
			  bool is_all, FILE *file);
/* One JSON object with all of them. */
void ckpt_trialtext_json(const struct ckpt_trial *trial, const char *program,
			 FILE *file);

/* Why its calls cannot be served, as far as was seen; "" if they can, or
 * nobody knows yet. */
void ckpt_trialtext_note(const struct ckpt_trial_function *function, char *text,
			 size_t size);

#endif
