/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_CALLERS_H
#define CKPT_TOOLS_CALLERS_H

/*
 * Each place that can call a function of a survey, and whether such calls are
 * served or why not: as text for people, or as JSON. A part of inspect.h.
 */

#include "tools/json.h"
#include "tools/survey.h"

/* At most a few of them, unless `is_all`. */
void ckpt_callers_print(struct ckpt_survey *survey,
			const struct ckpt_planned_function *function,
			bool is_all);
/* All of them: an array "callers". */
void ckpt_callers_json(struct ckpt_survey *survey,
		       const struct ckpt_planned_function *function,
		       struct ckpt_json *json);

#endif
