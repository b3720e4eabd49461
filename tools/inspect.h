/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_INSPECT_H
#define CKPT_TOOLS_INSPECT_H

/*
 * What a survey found, as text for people or as JSON, on stdout.
 */

#include "tools/shelf.h"
#include "tools/survey.h"

struct ckpt_inspect_options {
	bool is_json;
	bool is_all;			/* whole lists, not their first lines */
	const struct ckpt_shelf *shelf; /* to tell which library knows one */
};

/* Returns how many functions cannot be checkpointed or are not there. */
size_t ckpt_inspect_print(struct ckpt_survey *survey,
			  const struct ckpt_inspect_options *options);

#endif
