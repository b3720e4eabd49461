/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PLANBUILD_H
#define CKPT_PLANNER_PLANBUILD_H

/*
 * A planning (planner.h) as the bytes of a plan (plan.h): what the runtime
 * needs of it. Equal findings give equal bytes. Set-up world.
 */

#include "shim/common/buf.h"
#include "shim/planner/planner.h"

/* Appends to `out`; `key` is the plan's. Once per planning: its tables grow. */
enum ckpt_status ckpt_planbuild(struct ckpt_planning *planning,
				const struct ckpt_deps *deps,
				struct ckpt_hash128 key,
				struct ckpt_buf *out) CKPT_MUST_CHECK;

/* A plan that does nothing but tell `text` (a config with mistakes, lines), so
 * that it is not made again until a file of `deps` changes. */
enum ckpt_status ckpt_planbuild_mistake(const char *config_path,
					const char *text,
					const struct ckpt_deps *deps,
					struct ckpt_hash128 key,
					struct ckpt_buf *out) CKPT_MUST_CHECK;

#endif
