/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_GLOBALTYPE_H
#define CKPT_PLANNER_GLOBALTYPE_H

/*
 * Types of globals that a contract speaks of, from debug information. Others
 * stay bytes, among which addresses are recognised (program.h): they need no
 * debug information, and a stripped copy of a library gives the same keys.
 *
 * Set-up world; forks, as dwarf.h.
 */

#include "config/config.h"
#include "shim/planner/elf/deps.h"
#include "shim/planner/contract/program.h"
#include "shim/planner/elf/scope.h"

/* Find the types of those of `globals` that a line of `config` names, into
 * `types`. UNSUPPORTED: nothing tells the type of one; err says of which. */
enum ckpt_status ckpt_globaltype_find(
	struct ckpt_scope *scope, const struct ckpt_function_config *config,
	const struct ckpt_signature *signature, struct ckpt_types *types,
	struct ckpt_deps *deps, struct ckpt_program_global *globals,
	size_t count, struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
