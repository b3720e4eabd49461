/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_SURVEY_H
#define CKPT_TOOLS_SURVEY_H

/*
 * What the library would do in a program, found out without running it: the
 * planner over the objects that the program's own loader would load. Objects
 * that come by dlopen are not seen. For `ckpt inspect` and `ckpt check`.
 */

#include "shim/planner/planner.h"

struct ckpt_survey {
	char *program; /* as found in PATH */
	struct ckpt_deps deps;
	struct ckpt_scope *scope;
	struct ckpt_planning *planning;
};

/* `config` must outlive the survey. NOTFOUND: no such program. UNSUPPORTED:
 * nothing can be preloaded into it. */
enum ckpt_status ckpt_survey_open(struct ckpt_survey *ret, const char *program,
				  struct ckpt_config *config,
				  struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_survey_close(struct ckpt_survey *survey);

/* Path of object `index`: "/lib/x86_64-linux-gnu/libm.so.6". */
const char *ckpt_survey_object(const struct ckpt_survey *survey,
			       uint32_t index);

/* Does no object define it? Then there is nothing to know of it. */
bool ckpt_survey_is_absent(const struct ckpt_planned_function *function);

/* Why an absent function is not there, if more is known; else NULL. */
const char *ckpt_survey_absence(const struct ckpt_survey *survey,
				const struct ckpt_planned_function *function);

/* What the planner has to say of no single function, to stderr. Returns how
 * many of them are errors. */
size_t ckpt_survey_print_notes(const struct ckpt_survey *survey);

#endif
