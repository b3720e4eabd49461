/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_PLANNING_H
#define CKPT_RUNTIME_PLANNING_H

/*
 * Getting a plan for this process: the one that lies there, or a new one from
 * the planner. Set-up world.
 */

#include "shim/common/buf.h"
#include "shim/runtime/plan/planfile.h"
#include "shim/runtime/guest/settings.h"

struct ckpt_planning {
	const struct ckpt_settings *settings;
	const struct ckpt_config_file *config;
	const char *library; /* absolute path of libckpt.so */
	struct ckpt_planfile_known known;
	bool is_verbose; /* the planner may write to standard error */
};

/*
 * The plan for this text of objects (objects.h). UNSUPPORTED: none can be had
 * now, the process runs without; INVALID: one lies there that may not be used.
 */
enum ckpt_status ckpt_planning_get(const struct ckpt_planning *planning,
				   const struct ckpt_buf *objects,
				   struct ckpt_planfile *ret,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
