/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_DWARF_WORK_H
#define CKPT_PLANNER_DWARF_WORK_H

/*
 * The child's half of dwarf.h: finds what was asked for and writes it down as
 * bytes. Format of an answer about a function:
 *
 *   u8 flags, u32 parameters, u32 extra types, then for each parameter its
 *   name and location (dwarf_location.h), then the type graph (typewire.h)
 *   with roots: result, parameters, extra types.
 *
 * About a variable: a type graph with one root.
 */

#include "shim/common/buf.h"
#include "shim/planner/signature/dwarf.h"
#include "shim/planner/signature/dwarf_die.h"

enum {
	CKPT_DWARF_EXTERNAL = 1 << 0,
	CKPT_DWARF_DEFINITION = 1 << 1,
	CKPT_DWARF_ODD_CONVENTION = 1 << 2,
	CKPT_DWARF_VARIADIC = 1 << 3,
	CKPT_DWARF_PROTOTYPED = 1 << 4,
	CKPT_DWARF_CXX = 1 << 5,
	CKPT_DWARF_PARAMETERS_MAX = 512,
};

/* An answer about one of several functions of an open file. */
enum ckpt_status ckpt_dwarf_work_one(struct ckpt_dies *dies,
				     const struct ckpt_dwarf_request *request,
				     struct ckpt_buf *out,
				     struct ckpt_err *err) CKPT_MUST_CHECK;

/* Both have the shape of ckpt_child_work.run; the argument is a request. */
enum ckpt_status ckpt_dwarf_work_function(void *request, struct ckpt_buf *out,
					  struct ckpt_err *err) CKPT_MUST_CHECK;
enum ckpt_status ckpt_dwarf_work_variable(void *request, struct ckpt_buf *out,
					  struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
