/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_TRIALDRAFT_H
#define CKPT_TOOLS_TRIALDRAFT_H

/*
 * A ckpt.toml for what a trial found worth it: functions that a contract
 * library describes, or whose prototype says all, count; the next best are
 * there as comments, with what is known and wanted of each.
 */

#include "tools/draft.h"
#include "tools/trial.h"

/* False: nothing is worth a line. `argv` is the command that was measured. */
bool ckpt_trialdraft_config(const struct ckpt_trial *trial, char *const *argv,
			    struct ckpt_buf *out);

#endif
