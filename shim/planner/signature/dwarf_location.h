/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_LOCATION_H
#define CKPT_PLANNER_DWARF_LOCATION_H

/*
 * Where debug info says a parameter is when the function is entered: what a
 * compiler that changed the prototype (IPA-SRA, constant propagation, dead
 * argument elimination) cannot hide. In the child only, see dwarf_die.h.
 */

#include "shim/common/buf.h"
#include "shim/planner/signature/dwarf.h"
#include "shim/planner/signature/dwarf_die.h"

/* Of parameter `die` of a function that begins at `vaddr`. `is_cfa_based`:
 * the function's DW_AT_frame_base is DW_OP_call_frame_cfa. */
void ckpt_location_read(struct ckpt_dies *dies, struct ckpt_die die,
			uint64_t vaddr, bool is_cfa_based,
			struct ckpt_location *ret);
bool ckpt_location_is_cfa_based(struct ckpt_dies *dies,
				struct ckpt_die function);

void ckpt_location_encode(const struct ckpt_location *location,
			  struct ckpt_buf *out);
enum ckpt_status
ckpt_location_decode(struct ckpt_reader *in,
		     struct ckpt_location *ret) CKPT_MUST_CHECK;

#endif
