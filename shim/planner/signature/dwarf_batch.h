/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_BATCH_H
#define CKPT_PLANNER_DWARF_BATCH_H

/*
 * Questions about many functions, asked in one child instead of one each: the
 * fork and the reading of the file's sections take most of the time of a
 * question. What a child said is kept as bytes until it is asked for; where it
 * died, nothing is kept, and each question is asked again by itself.
 *
 * Set-up world; as dwarf.h.
 */

#include "shim/common/buf.h"
#include "shim/planner/signature/dwarf.h"

/* Zero-initialise. */
struct ckpt_dwarf_batch {
	struct ckpt_dwarf_batch_item *items;
	size_t count;
	size_t asked; /* of them: a child was asked */
};

void ckpt_dwarf_batch_deinit(struct ckpt_dwarf_batch *batch);

/* Remember a question about a definition, of a file without a common part and
 * without types by name. Its texts must outlive the batch. */
enum ckpt_status
ckpt_dwarf_batch_add(struct ckpt_dwarf_batch *batch,
		     const struct ckpt_dwarf_request *request) CKPT_MUST_CHECK;

/* Ask the new ones. */
void ckpt_dwarf_batch_ask(struct ckpt_dwarf_batch *batch);

/* What was answered, if it was: *ret_status is the status of the question, with
 * err's text, and *ret points into the batch. */
bool ckpt_dwarf_batch_find(const struct ckpt_dwarf_batch *batch,
			   const struct ckpt_dwarf_request *request,
			   enum ckpt_status *ret_status,
			   struct ckpt_reader *ret, struct ckpt_err *err);

#endif
