/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PROGRAM_H
#define CKPT_PLANNER_PROGRAM_H

/*
 * The compiler from signature + contract to the marshalling program that the
 * runtime's walk runs: nodes, fields, clauses, expressions (plan.h). Decides
 * which clause covers which pointer, at which time each expression is read,
 * and refuses what no contract covers, with the line to add.
 *
 * A builder collects the tables of all functions of one plan. Set-up world.
 */

#include "config/config.h"
#include "shim/plan.h"
#include "shim/planner/signature/signature.h"
#include "shim/planner/plan/tables.h"

/* A global the closure refers to, with its type where one is known. */
struct ckpt_program_global {
	const char *name; /* for people */
	uint32_t object;
	uint64_t vaddr, size;
	bool is_tls, is_written, is_scratch;
	struct ckpt_type *type; /* NULL: untyped bytes */
	const uint8_t *initial; /* as in the file, or NULL */
};

struct ckpt_program_request {
	const struct ckpt_signature *signature;
	const struct ckpt_function_config *config;
	const struct ckpt_type_config *type_configs; /* [[type]] */
	size_t type_config_count;
	const struct ckpt_program_global *globals;
	size_t global_count;
	struct ckpt_types *types; /* for `as TYPE` and sizeof */
};

/*
 * Compile into `tables` and fill the members of `function` that describe
 * marshalling (roots, moves, pre, require …, widths, stack size,
 * program_digest, on_error, flags). UNSUPPORTED or INVALID: the function
 * cannot be checkpointed, err has the reason and the remedy, one line each;
 * tables may then hold unused entries.
 */
enum ckpt_status
ckpt_program_compile(struct ckpt_tables *tables,
		     const struct ckpt_program_request *request,
		     struct ckpt_plan_function *function,
		     struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
