/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PLANWRITER_H
#define CKPT_PLANNER_PLANWRITER_H

/*
 * Tables → plan file (plan.h). Canonical: equal tables and header give equal
 * bytes. A reader finds the old plan or the new one, never a part of it: the
 * file is written to a temporary name and renamed. Set-up world.
 */

#include "shim/planner/plan/tables.h"

/* The plan as bytes, appended to `out`. `header` gives what describes the plan
 * as a whole; magic, sizes, sections and checksum are filled in here. */
enum ckpt_status ckpt_planwriter_build(const struct ckpt_tables *tables,
				       const struct ckpt_plan_header *header,
				       struct ckpt_buf *out) CKPT_MUST_CHECK;

/* Write `size` bytes to `path` (0600), making its directory and those of the
 * cache above it (0700, with .gitignore and CACHEDIR.TAG) if need be. */
enum ckpt_status ckpt_planwriter_write(const char *path, const void *data,
				       size_t size,
				       struct ckpt_err *err) CKPT_MUST_CHECK;

/* Make the directories above `path`, which is CACHE/v1/plan/NAME. */
enum ckpt_status ckpt_planwriter_prepare(const char *path,
					 struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
