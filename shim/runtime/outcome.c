/* SPDX-License-Identifier: MIT */
#include "shim/runtime/outcome.h"

#include "shim/runtime/guest/fpstate_x86_64.h"

#include <errno.h>
#include <stddef.h>

struct ckpt_moment ckpt_outcome_now(void)
{
	struct ckpt_moment now = {
		.error = errno,
		.fp_flags = ckpt_fpstate_flags(),
		.fp_control = ckpt_fpstate_control(),
	};

	return now;
}

static enum ckpt_errno_effect
conclude_errno(const struct ckpt_moment *before,
	       const struct ckpt_moment *after, bool keeps_errno,
	       const struct ckpt_payload_header *known)
{
	if (after->error != before->error)
		return CKPT_ERRNO_SET;
	if (keeps_errno)
		return CKPT_ERRNO_UNTOUCHED;
	/* It left two different values as they were: it does not touch it. */
	if (known && known->errno_effect == CKPT_ERRNO_UNKNOWN &&
	    known->errno_value != before->error)
		return CKPT_ERRNO_UNTOUCHED;
	if (known && known->errno_effect == CKPT_ERRNO_UNTOUCHED)
		return CKPT_ERRNO_UNTOUCHED;
	return CKPT_ERRNO_UNKNOWN;
}

void ckpt_outcome_conclude(const struct ckpt_moment *before,
			   const struct ckpt_moment *after, bool keeps_errno,
			   const struct ckpt_payload_header *known,
			   struct ckpt_payload_header *header)
{
	header->errno_effect =
		(uint16_t)conclude_errno(before, after, keeps_errno, known);
	header->errno_value = after->error;
	header->fp_raised = after->fp_flags & ~before->fp_flags;
	header->fp_unknown = before->fp_flags;
	if (!known)
		return;
	/* A flag that one of the two runs found clear is settled by it. */
	header->fp_raised |= known->fp_raised & before->fp_flags;
	header->fp_unknown &= known->fp_unknown;
}

bool ckpt_outcome_can_serve(const struct ckpt_payload_header *header,
			    const struct ckpt_moment *now)
{
	if (header->errno_effect == CKPT_ERRNO_UNKNOWN &&
	    header->errno_value != now->error)
		return false;
	return (header->fp_unknown & ~now->fp_flags) == 0;
}

void ckpt_outcome_apply(const struct ckpt_payload_header *header,
			const struct ckpt_moment *now)
{
	if (header->errno_effect == CKPT_ERRNO_SET)
		errno = header->errno_value;
	if (header->fp_raised & ~now->fp_flags)
		ckpt_fpstate_set_flags(now->fp_flags | header->fp_raised);
}
