/* SPDX-License-Identifier: MIT */
#include "tools/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/target.h"

static enum ckpt_status fill_survey(struct ckpt_survey *survey,
				    const char *program,
				    struct ckpt_config *config,
				    struct ckpt_err *err)
{
	enum ckpt_status status;

	status = ckpt_target_find(program, &survey->program, err);
	if (status)
		return status;
	status = ckpt_target_check(survey->program, err);
	if (status)
		return status;
	status = ckpt_scope_of_program(survey->program, &survey->deps,
				       &survey->scope, err);
	if (status)
		return status;
	return ckpt_planner_run(config, survey->scope, &survey->deps,
				&survey->planning, err);
}

enum ckpt_status ckpt_survey_open(struct ckpt_survey *ret, const char *program,
				  struct ckpt_config *config,
				  struct ckpt_err *err)
{
	struct ckpt_survey survey = {.program = NULL};
	enum ckpt_status status;

	status = fill_survey(&survey, program, config, err);
	if (status)
		ckpt_survey_close(&survey);
	else
		*ret = survey;
	return status;
}

void ckpt_survey_close(struct ckpt_survey *survey)
{
	ckpt_planning_destroy(survey->planning);
	ckpt_scope_destroy(survey->scope);
	ckpt_deps_deinit(&survey->deps);
	free(survey->program);
}

const char *ckpt_survey_object(const struct ckpt_survey *survey, uint32_t index)
{
	if (index >= ckpt_scope_count(survey->scope))
		return "?";
	return ckpt_scope_object(survey->scope, index)->path;
}

bool ckpt_survey_is_absent(const struct ckpt_planned_function *function)
{
	return function->match.object == CKPT_PLAN_NONE;
}

const char *ckpt_survey_absence(const struct ckpt_survey *survey,
				const struct ckpt_planned_function *function)
{
	const struct ckpt_planning *planning = survey->planning;
	size_t index = (size_t)(function - planning->functions);

	for (size_t i = 0; i < planning->note_count; i++)
		if (planning->notes[i].function == index &&
		    planning->notes[i].is_error)
			return planning->notes[i].text;
	return NULL;
}

size_t ckpt_survey_print_notes(const struct ckpt_survey *survey)
{
	const struct ckpt_planning *planning = survey->planning;
	size_t errors = 0;

	for (size_t i = 0; i < planning->note_count; i++) {
		const struct ckpt_planned_note *note = &planning->notes[i];

		if (note->function != CKPT_PLAN_NONE)
			continue;
		errors += note->is_error;
		fprintf(stderr, "ckpt: %s\n", note->text);
	}
	return errors;
}
