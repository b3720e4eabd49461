/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_PLANNER_H
#define CKPT_PLANNER_PLANNER_H

/*
 * From what the user wrote and the objects of a process to a plan: finds the
 * functions a config names, asks signature, codehash and program about each,
 * and keeps what they said. `ckpt plan` writes the result, `ckpt inspect` and
 * `ckpt check` print it.
 *
 * Nothing that goes wrong with one function touches another: it becomes its
 * refusal, a text with parameter, cause and remedy. A planning owns all it
 * shows except the config and the scope it was given, which must outlive it.
 * Set-up world, one thread.
 */

#include "shim/planner/code/codehash.h"
#include "shim/planner/code/entrypatch_x86_64.h"
#include "shim/planner/elf/match.h"
#include "shim/planner/contract/program.h"

struct ckpt_planned_function {
	const struct ckpt_function_config *config;
	/* Object, address and names (match.h); object CKPT_PLAN_NONE: no object
	 * has it, it may come by dlopen. */
	struct ckpt_match match;
	/* What is known; each is set as far as planning came. */
	struct ckpt_types *types; /* its own */
	bool has_signature;
	struct ckpt_signature signature;
	bool has_closure;
	struct ckpt_closure closure;
	/* Reached by its entry, not by slots. */
	bool has_entry;
	struct ckpt_entrypatch entry_patch;
	/* NULL: it can be checkpointed. Lines; the first says why not. */
	char *refusal;
	/* What the plan has about it, without its names (planner's own). */
	struct ckpt_plan_function entry;
};

/* Something to tell that is not one function's refusal. */
struct ckpt_planned_note {
	uint32_t function; /* index, or CKPT_PLAN_NONE */
	bool is_error;	   /* else a note of level info */
	char *text;
};

struct ckpt_planning {
	struct ckpt_config *config;
	struct ckpt_scope *scope;
	struct ckpt_tables tables;
	struct ckpt_planned_function *functions;
	size_t function_count;
	struct ckpt_planned_note *notes;
	size_t note_count;
	bool is_other_program; /* `program` of the config names another */
};

/* Look at all that `config` names in `scope`. Files that are read or looked
 * for are noted in `deps`. Failures are of the machine (NOMEM, IO), never of
 * one function. `config` keeps the blocks that its patterns expand to. */
enum ckpt_status ckpt_planner_run(struct ckpt_config *config,
				  struct ckpt_scope *scope,
				  struct ckpt_deps *deps,
				  struct ckpt_planning **ret,
				  struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_planning_destroy(struct ckpt_planning *planning);

#endif
