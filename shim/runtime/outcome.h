/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_OUTCOME_H
#define CKPT_RUNTIME_OUTCOME_H

/*
 * errno and FP exception flags as effects of a call (DESIGN 6): what can be
 * concluded from their values before and after one run, whether a record can
 * serve a caller, and a second run settling what the first left open.
 *
 * Hot path; pure functions of their arguments but for ckpt_outcome_apply().
 */

#include "shim/common/payload.h"

#include <stdbool.h>
#include <stdint.h>

/* errno and FP status at one moment. */
struct ckpt_moment {
	int32_t error;
	uint32_t fp_flags;
	uint32_t fp_control;
};

struct ckpt_moment ckpt_outcome_now(void);

/* Fill the outcome members of `header` from the moments before and after the
 * original ran. `known`, if not NULL, is the record this run replaces because
 * it could not serve: the two runs together may settle it. `keeps_errno`: the
 * code is known not to touch errno. */
void ckpt_outcome_conclude(const struct ckpt_moment *before,
			   const struct ckpt_moment *after, bool keeps_errno,
			   const struct ckpt_payload_header *known,
			   struct ckpt_payload_header *header);

/* Is it known what the recorded call would leave for a caller at `now`? */
bool ckpt_outcome_can_serve(const struct ckpt_payload_header *header,
			    const struct ckpt_moment *now);

/* Set errno and raise flags as the recorded call did. */
void ckpt_outcome_apply(const struct ckpt_payload_header *header,
			const struct ckpt_moment *now);

#endif
