/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_REACH_H
#define CKPT_PLANNER_REACH_H

/*
 * How calls of a function are intercepted: by the words they go through
 * (slots), or by its first instructions (entry), where calls are direct. By
 * `via` of its config: auto takes the entry of what the program defines and of
 * what is not exported, and slots else. The choice must not depend on which
 * other objects are loaded: it is made anew when one comes by dlopen.
 * Set-up world.
 */

#include "config/config.h"
#include "shim/planner/code/entrypatch_x86_64.h"
#include "shim/planner/elf/match.h"

struct ckpt_reach {
	bool has_entry; /* else by slots */
	struct ckpt_entrypatch entry;
};

/* UNSUPPORTED: neither way leads to it; err says why and what to do. */
enum ckpt_status ckpt_reach_choose(struct ckpt_scope *scope,
				   const struct ckpt_match *match,
				   const struct ckpt_function_config *config,
				   struct ckpt_reach *ret,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
