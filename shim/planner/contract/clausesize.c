/* SPDX-License-Identifier: MIT */
/* How far a clause says that its pointer reaches. */
#include "shim/planner/contract/draft.h"

static enum ckpt_moment_rule moment_of(const struct ckpt_draft *draft)
{
	if (draft->is_created)
		return CKPT_MOMENT_POST;
	if (draft->is_post_count)
		return CKPT_MOMENT_POST_OUT;
	return draft->entry.direction == CKPT_DIR_OUT ? CKPT_MOMENT_OUT
						      : CKPT_MOMENT_PRE;
}

enum ckpt_status ckpt_draft_expr(struct ckpt_draft *draft,
				 const struct ckpt_expr *expr,
				 enum ckpt_moment_rule moment, uint32_t *ret)
{
	struct ckpt_expr_scope scope = {
		.terms = draft->terms,
		.level = draft->level,
		.moment = moment,
	};

	return ckpt_exprcode_compile(draft->compiler, expr, &scope, ret);
}

static enum ckpt_status compile_until(struct ckpt_draft *draft)
{
	struct ckpt_expr_scope scope = {
		.terms = draft->terms,
		.level = draft->level,
		.item = draft->item,
		.moment = draft->is_created || draft->is_post_count
				  ? CKPT_MOMENT_POST
				  : CKPT_MOMENT_PRE,
	};

	return ckpt_exprcode_compile(draft->compiler, draft->clause->until,
				     &scope, &draft->entry.until);
}

enum ckpt_status ckpt_draft_alignment(struct ckpt_draft *draft)
{
	const struct ckpt_expr *aligned = draft->clause->aligned;

	if (!aligned)
		return CKPT_OK;
	if (aligned->kind != CKPT_EXPR_INTEGER || !aligned->integer ||
	    aligned->integer > 1 << 30 ||
	    (aligned->integer & (aligned->integer - 1)))
		return ckpt_draft_fail(draft, CKPT_INVALID,
				       "`aligned` takes a power of two");
	draft->entry.alignment = (uint32_t)aligned->integer;
	return CKPT_OK;
}

static bool has_each(const struct ckpt_path *path)
{
	for (size_t i = 0; i < path->step_count; i++) {
		if (path->steps[i].kind == CKPT_STEP_EACH)
			return true;
	}
	return false;
}

/* This pointer less the one it is an alias of. Where that is not the one of
 * the element we are in, `prob->x[]` is any of the rows: the distance from it
 * says nothing. */
static enum ckpt_status compile_distance(struct ckpt_draft *draft)
{
	struct ckpt_expr own = {
		.kind = CKPT_EXPR_PATH,
		.path = (struct ckpt_path *)draft->own_path,
		.place = draft->clause->place,
	};
	struct ckpt_expr other = {
		.kind = CKPT_EXPR_PATH,
		.path = draft->clause->alias,
		.place = draft->clause->place,
	};
	struct ckpt_expr distance = {
		.kind = CKPT_EXPR_BINARY,
		.op = CKPT_OPERATOR_SUB,
		.a = &own,
		.b = &other,
		.place = draft->clause->place,
	};
	struct ckpt_expr_scope scope = {
		.terms = draft->terms,
		.level = draft->level,
		.moment =
			draft->is_created ? CKPT_MOMENT_POST : CKPT_MOMENT_PRE,
		.is_place = true,
	};

	struct ckpt_err *err = draft->compiler->err;
	struct ckpt_err own_err = {.text = ""};
	enum ckpt_status status;

	draft->compiler->err = &own_err;
	status = ckpt_exprcode_compile(draft->compiler, &distance, &scope,
				       &draft->entry.count);
	draft->compiler->err = err;
	if (!status || (draft->is_created && has_each(draft->clause->alias)))
		return CKPT_OK;
	return ckpt_err_set(err, status, "%s", own_err.text);
}

/* How much room the block has: `capacity`, which is also what it had before
 * where it does not say which time is meant. */
static enum ckpt_status compile_capacity(struct ckpt_draft *draft)
{
	const struct ckpt_expr *capacity = draft->clause->capacity;
	enum ckpt_status status = CKPT_OK;

	if (draft->is_moving && ckpt_expr_is_timeless(capacity))
		status = ckpt_draft_expr(draft, capacity, CKPT_MOMENT_PRE,
					 &draft->entry.room);
	return status ? status
		      : ckpt_draft_expr(draft, capacity, CKPT_MOMENT_POST,
					&draft->entry.capacity);
}

/* `[low -> count]` of what was not there before is `[count]`. */
static enum ckpt_status compile_low(struct ckpt_draft *draft,
				    enum ckpt_moment_rule moment)
{
	if (draft->clause->extent == CKPT_CLAUSE_EXTENT_GROW &&
	    !draft->is_moving)
		return CKPT_OK;
	/* Where the call begins to write is known before it. */
	if (draft->is_post_count && !ckpt_expr_has_post(draft->clause->low)) {
		draft->entry.flags |= CKPT_CLAUSE_EARLY_LOW;
		moment = draft->entry.direction == CKPT_DIR_OUT
				 ? CKPT_MOMENT_OUT
				 : CKPT_MOMENT_PRE;
	}
	return ckpt_draft_expr(draft, draft->clause->low,
			       draft->is_moving ? CKPT_MOMENT_PRE : moment,
			       &draft->entry.low);
}

enum ckpt_status ckpt_draft_sizes(struct ckpt_draft *draft)
{
	const struct ckpt_clause *clause = draft->clause;
	struct ckpt_plan_clause *entry = &draft->entry;
	enum ckpt_moment_rule moment = moment_of(draft);
	enum ckpt_moment_rule late = draft->is_moving || draft->is_created
					     ? CKPT_MOMENT_POST
					     : moment;
	enum ckpt_status status;

	status = ckpt_draft_expr(draft, clause->count, late, &entry->count);
	if (!status)
		status = compile_low(draft, moment);
	if (!status)
		status = ckpt_draft_expr(draft, clause->length, moment,
					 &entry->length);
	if (!status)
		status = ckpt_draft_expr(draft, clause->stride, moment,
					 &entry->stride);
	if (!status)
		status = ckpt_draft_expr(draft, clause->max, CKPT_MOMENT_PRE,
					 &entry->max);
	if (!status)
		status = compile_capacity(draft);
	if (!status)
		status = compile_until(draft);
	if (!status && draft->is_alias)
		status = compile_distance(draft);
	if (!status && ckpt_draft_is_followed(draft) &&
	    entry->count == CKPT_PLAN_NONE &&
	    entry->extent == CKPT_EXTENT_COUNT)
		entry->count = ckpt_exprcode_constant(draft->compiler, 1);
	return status;
}
