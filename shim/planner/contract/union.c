/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/layout_private.h"

/* A new operator over expressions that live as long as the types. */
static struct ckpt_expr *make_expr(struct ckpt_shape *shape,
				   enum ckpt_expr_operator op,
				   struct ckpt_expr *a, struct ckpt_expr *b)
{
	struct ckpt_expr *expr = ckpt_types_alloc(
		shape->compiler->request->types, sizeof(struct ckpt_expr));

	if (!expr)
		return NULL;
	expr->kind = b ? CKPT_EXPR_BINARY : CKPT_EXPR_UNARY;
	expr->op = op;
	expr->a = a;
	expr->b = b;
	expr->place = a->place;
	return expr;
}

/* The clauses of a union, one after the other. */
struct choice {
	const struct ckpt_type *type;
	const struct ckpt_terms *terms;
	const struct ckpt_spot *spot;
	struct ckpt_expr *none; /* none of the clauses so far; NULL: none yet */
};

/* This clause holds, and none before it. */
static enum ckpt_status add_union_member(struct ckpt_shape *shape,
					 const struct ckpt_clause *clause,
					 struct choice *choice)
{
	struct ckpt_expr *condition = clause->condition;
	struct ckpt_expr *here = condition;
	struct ckpt_expr *not_here = NULL;
	struct ckpt_spot inner;
	uint64_t off = 0;
	const struct ckpt_type_field *field =
		clause->member
			? ckpt_type_field(choice->type, clause->member, &off)
			: NULL;
	enum ckpt_status status = CKPT_OK;

	if (!field)
		return ckpt_compiler_fail(shape->compiler, &clause->place,
					  CKPT_INVALID,
					  "`%s` is a union: say `member NAME "
					  "if EXPR`",
					  choice->spot->path);
	if (choice->none)
		here = condition ? make_expr(shape, CKPT_OPERATOR_AND,
					     choice->none, condition)
				 : choice->none;
	inner = ckpt_shape_member(shape->compiler, choice->spot, field);
	if (here)
		status = ckpt_member_restrict(shape, choice->terms, here,
					      &inner);
	if (status)
		return status;
	if (condition)
		not_here = make_expr(shape, CKPT_OPERATOR_NOT, condition, NULL);
	if (choice->none && not_here)
		not_here = make_expr(shape, CKPT_OPERATOR_AND, choice->none,
				     not_here);
	choice->none = not_here;
	return ckpt_member_add(shape, field->type, &inner);
}

/* Where no clause holds, nobody knows what stands there. */
static enum ckpt_status add_no_member(struct ckpt_shape *shape,
				      const struct choice *choice)
{
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_REFUSE,
		.size = (uint32_t)choice->type->size,
		.stride = (uint32_t)choice->type->size,
		.count = 1,
		.type_name = ckpt_node_type_name(shape->compiler, choice->type),
	};
	struct ckpt_spot inner = *choice->spot;
	enum ckpt_status status;

	status = ckpt_member_restrict(shape, choice->terms, choice->none,
				      &inner);
	if (status)
		return status;
	node.first = ckpt_clauses_none(shape->compiler, inner.path);
	return ckpt_shape_add_field(
		shape, ckpt_node_add(shape->compiler, &node), &inner);
}

/* A contract for each of its members: each counts as that says. */
static bool is_spoken_of(struct ckpt_shape *shape, const struct ckpt_type *type,
			 const struct ckpt_spot *spot)
{
	for (size_t i = 0; i < type->field_count; i++) {
		struct ckpt_spot inner = ckpt_shape_member(
			shape->compiler, spot, &type->fields[i]);
		const struct ckpt_terms *terms = NULL;

		if (!ckpt_terms_find(shape->terms, inner.path, &terms))
			return false;
	}
	return type->field_count > 0;
}

static enum ckpt_status add_all_members(struct ckpt_shape *shape,
					const struct ckpt_type *type,
					const struct ckpt_spot *spot)
{
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; i < type->field_count && !status; i++) {
		struct ckpt_spot inner = ckpt_shape_member(
			shape->compiler, spot, &type->fields[i]);

		status = ckpt_member_add(shape, type->fields[i].type, &inner);
	}
	return status;
}

static enum ckpt_status add_live_member(struct ckpt_shape *shape,
					const struct ckpt_contract *contract,
					struct choice *choice)
{
	enum ckpt_status status = CKPT_OK;
	bool is_decided = false;

	for (size_t i = 0; i < contract->clause_count && !status && !is_decided;
	     i++) {
		/* What is ignored was looked at before. */
		if (contract->clauses[i].extent == CKPT_CLAUSE_EXTENT_IGNORE)
			continue;
		status = add_union_member(shape, &contract->clauses[i], choice);
		is_decided = !choice->none;
	}
	return status || is_decided ? status : add_no_member(shape, choice);
}

/* A union without pointers counts as its bytes, unless the contract tells
 * which member is the live one. */
enum ckpt_status ckpt_union_add(struct ckpt_shape *shape,
				const struct ckpt_type *type,
				const struct ckpt_contract *contract,
				const struct ckpt_terms *terms,
				const struct ckpt_spot *spot)
{
	struct choice choice = {.type = type, .terms = terms, .spot = spot};

	if (contract)
		return add_live_member(shape, contract, &choice);
	if (is_spoken_of(shape, type, spot))
		return add_all_members(shape, type, spot);
	if (ckpt_layout_has_pointer(type))
		return ckpt_node_refuse(
			shape->compiler, spot->path, type,
			"a union that may hold a pointer needs a "
			"contract: \"member NAME if EXPR\"");
	return ckpt_shape_add_field(shape,
				    ckpt_layout_bytes(shape->compiler,
						      type->size, type->size,
						      false),
				    spot);
}
