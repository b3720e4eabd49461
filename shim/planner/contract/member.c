/* SPDX-License-Identifier: MIT */
/* What a contract says of a value that is no pointer: `ignore`, perhaps `if`,
 * how many elements of an array count, which member of a union is live. */
#include "shim/planner/contract/layout_private.h"

/* What is said of one value. */
struct saying {
	const struct ckpt_contract *contract; /* NULL: nothing */
	const struct ckpt_terms *terms;	      /* whose words it is in */
	size_t next;			      /* clause */
};

static const struct ckpt_clause *next_clause(const struct saying *saying)
{
	return saying->contract && saying->next < saying->contract->clause_count
		       ? &saying->contract->clauses[saying->next]
		       : NULL;
}

enum ckpt_status ckpt_member_expr(struct ckpt_shape *shape,
				  const struct ckpt_terms *terms,
				  const struct ckpt_expr *expr, uint32_t *ret)
{
	struct ckpt_expr_scope scope = {
		.terms = terms,
		.level = shape->level,
		.moment = shape->level->is_created ? CKPT_MOMENT_POST
						   : CKPT_MOMENT_PRE,
	};

	return ckpt_exprcode_compile(shape->compiler, expr, &scope, ret);
}

enum ckpt_status ckpt_member_restrict(struct ckpt_shape *shape,
				      const struct ckpt_terms *terms,
				      const struct ckpt_expr *condition,
				      struct ckpt_spot *spot)
{
	uint32_t own = CKPT_PLAN_NONE;
	enum ckpt_status status =
		ckpt_member_expr(shape, terms, condition, &own);

	if (status)
		return status;
	shape->has_gap = true;
	return ckpt_exprcode_both(shape->compiler, spot->condition, own,
				  &spot->condition);
}

static bool is_ignored(const struct ckpt_clause *clause)
{
	return clause && clause->extent == CKPT_CLAUSE_EXTENT_IGNORE;
}

/* `ignore` without a condition: of the value, or of each member of a union
 * without a name. */
static bool takes_no_part(struct ckpt_shape *shape,
			  const struct ckpt_type *type,
			  const struct ckpt_spot *spot,
			  const struct saying *saying)
{
	const struct ckpt_clause *clause = next_clause(saying);

	if (clause || type->kind != CKPT_TYPE_UNION)
		return is_ignored(clause) && !clause->condition;
	for (size_t i = 0; i < type->field_count; i++) {
		struct ckpt_spot inner = ckpt_shape_member(
			shape->compiler, spot, &type->fields[i]);
		struct saying own = {NULL, NULL, 0};

		own.contract =
			ckpt_terms_find(shape->terms, inner.path, &own.terms);
		if (!is_ignored(next_clause(&own)) ||
		    next_clause(&own)->condition)
			return false;
	}
	return type->field_count > 0;
}

static enum ckpt_status add_nothing(struct ckpt_shape *shape,
				    const struct ckpt_type *type,
				    const struct ckpt_spot *spot)
{
	if (shape->level->is_made)
		return ckpt_node_refuse(shape->compiler, spot->path, type,
					"the call makes it, so a replay has to "
					"know what to put there");
	return ckpt_shape_add_field(shape,
				    ckpt_layout_bytes(shape->compiler,
						      type->size, type->size,
						      true),
				    spot);
}

/* `ignore if EXPR`: it counts only where EXPR is false, such as what stands
 * beside a sentinel. */
static enum ckpt_status restrict_spot(struct ckpt_shape *shape,
				      struct saying *saying,
				      struct ckpt_spot *spot)
{
	enum ckpt_status status = CKPT_OK;

	while (!status && is_ignored(next_clause(saying))) {
		const struct ckpt_clause *clause = next_clause(saying);
		struct ckpt_expr negation = {
			.kind = CKPT_EXPR_UNARY,
			.op = CKPT_OPERATOR_NOT,
			.a = clause->condition,
			.place = clause->place,
		};

		if (!clause->condition)
			break;
		status = ckpt_member_restrict(shape, saying->terms, &negation,
					      spot);
		saying->next++;
	}
	return status;
}

static enum ckpt_status misplaced(const struct ckpt_shape *shape,
				  const struct ckpt_clause *clause,
				  const struct ckpt_spot *spot)
{
	return ckpt_compiler_fail(
		shape->compiler, &clause->place, CKPT_INVALID,
		"`%s`: is no pointer: a contract can say `ignore`, of an array "
		"[COUNT] or `string`, of a union `member NAME if EXPR`",
		spot->path);
}

/* Characters up to NUL: as many as C's strlen(), and the NUL. */
static enum ckpt_status measure_text(struct ckpt_shape *shape,
				     const struct saying *saying,
				     const struct ckpt_clause *clause,
				     uint32_t *ret)
{
	struct ckpt_expr length = {
		.kind = CKPT_EXPR_CALL,
		.function = CKPT_CALL_STRLEN,
		.path = saying->contract->path,
		.place = clause->place,
	};
	struct ckpt_expr one = {
		.kind = CKPT_EXPR_INTEGER,
		.integer = 1,
		.place = clause->place,
	};
	struct ckpt_expr size = {
		.kind = CKPT_EXPR_BINARY,
		.op = CKPT_OPERATOR_ADD,
		.a = &length,
		.b = &one,
		.place = clause->place,
	};

	return ckpt_member_expr(shape, saying->terms, &size, ret);
}

/* How much of an array counts. */
static enum ckpt_status measure_array(struct ckpt_shape *shape,
				      const struct ckpt_type *type,
				      const struct saying *saying,
				      struct ckpt_spot *spot)
{
	const struct ckpt_clause *clause = next_clause(saying);
	bool is_text = clause->extent == CKPT_CLAUSE_EXTENT_STRING;

	if ((clause->extent != CKPT_CLAUSE_EXTENT_COUNT && !is_text) ||
	    (is_text && type->element->size != 1) ||
	    clause->direction != CKPT_CLAUSE_DIRECTION_DEFAULT ||
	    clause->owner != CKPT_CLAUSE_OWNER_CALLER || clause->condition ||
	    clause->max || clause->as_type || clause->is_secret ||
	    saying->next + 1 < saying->contract->clause_count)
		return misplaced(shape, clause, spot);
	shape->has_gap = true;
	if (is_text)
		return measure_text(shape, saying, clause, &spot->length);
	return ckpt_member_expr(shape, saying->terms, clause->count,
				&spot->length);
}

enum ckpt_status ckpt_member_add(struct ckpt_shape *shape,
				 const struct ckpt_type *type,
				 const struct ckpt_spot *spot)
{
	struct saying saying = {NULL, NULL, 0};
	struct ckpt_spot own = *spot;
	enum ckpt_status status;

	own.length = CKPT_PLAN_NONE;
	if (type->kind == CKPT_TYPE_POINTER)
		return ckpt_shape_add_value(shape, type, &own);
	saying.contract =
		ckpt_terms_find(shape->terms, spot->path, &saying.terms);
	if (takes_no_part(shape, type, spot, &saying))
		return add_nothing(shape, type, &own);
	status = restrict_spot(shape, &saying, &own);
	if (status)
		return status;
	if (type->kind == CKPT_TYPE_UNION)
		return ckpt_union_add(shape, type,
				      next_clause(&saying) ? saying.contract
							   : NULL,
				      saying.terms, &own);
	if (next_clause(&saying)) {
		if (type->kind != CKPT_TYPE_ARRAY)
			return misplaced(shape, next_clause(&saying), &own);
		status = measure_array(shape, type, &saying, &own);
	}
	return status ? status : ckpt_shape_add_value(shape, type, &own);
}
