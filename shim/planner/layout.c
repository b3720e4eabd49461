/* SPDX-License-Identifier: MIT */
#include "shim/planner/compiler.h"

#include <string.h>

enum { FIELDS_MAX = 1 << 16, ELEMENTS_UNROLLED_MAX = 4096 };

/* Where in an aggregate we are. */
struct spot {
	const char *path;   /* canonical, of what is at `off` */
	const char *name;   /* for people, from the aggregate on */
	uint64_t off;	    /* in the aggregate that becomes one node */
	uint32_t condition; /* expression that says whether it is live */
};

/* An aggregate being flattened into fields of one node. */
struct shape {
	struct ckpt_compiler *compiler;
	const struct ckpt_level *level;
	const struct ckpt_terms *terms;
	uint64_t start; /* of the aggregate, in the level's element */
	struct ckpt_buf fields;
	uint32_t count;
	bool has_pointer;
	bool has_gap;  /* bytes that do not count, or not always */
	uint64_t next; /* end of what counted so far */
};

static enum ckpt_status add_member(struct shape *shape,
				   const struct ckpt_type *type,
				   const struct spot *spot);

/* ---- aggregates --------------------------------------------------------- */

static enum ckpt_status add_field(struct shape *shape, uint32_t node,
				  const struct spot *spot)
{
	const struct ckpt_plan_node *n =
		ckpt_layout_node(shape->compiler, node);
	struct ckpt_plan_field field = {
		.off = (uint32_t)spot->off,
		.node = node,
		.name = ckpt_tables_text(shape->compiler->tables, spot->name),
		.condition = spot->condition,
	};

	if (n->kind == CKPT_NODE_POINTER || !(n->flags & CKPT_NODE_FLAT))
		shape->has_pointer = true;
	if (!(n->flags & CKPT_NODE_DENSE) || spot->off != shape->next ||
	    spot->condition != CKPT_PLAN_NONE)
		shape->has_gap = true;
	shape->next = spot->off + n->stride;
	ckpt_buf_add(&shape->fields, &field, sizeof(field));
	if (++shape->count <= FIELDS_MAX)
		return CKPT_OK;
	return ckpt_err_set(shape->compiler->err, CKPT_UNSUPPORTED,
			    "`%s`: more than %d members", spot->path,
			    FIELDS_MAX);
}

static enum ckpt_status add_bits(struct shape *shape,
				 const struct ckpt_type_field *field,
				 const struct spot *spot)
{
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_BITS,
		.flags = CKPT_NODE_FLAT,
		.bit_off = field->bit_off,
		.bit_size = field->bit_size,
		.size = (uint32_t)field->type->size,
		.stride = (uint32_t)field->type->size,
		.type_name = ckpt_node_type_name(shape->compiler, field->type),
	};

	if (field->type->kind == CKPT_TYPE_OTHER || field->type->size > 8)
		return ckpt_node_refuse(
			shape->compiler, spot->path, field->type,
			"bit-field across more than eight bytes");
	return add_field(shape, ckpt_node_add(shape->compiler, &node), spot);
}

static struct spot member_spot(struct ckpt_compiler *compiler,
			       const struct spot *spot,
			       const struct ckpt_type_field *field)
{
	struct spot inner = *spot;

	inner.off += field->off;
	/* An anonymous member's members are the struct's own. */
	if (!*field->name || field->is_base)
		return inner;
	inner.path =
		ckpt_compiler_path(compiler, "%s.%s", spot->path, field->name);
	inner.name = *spot->name ? ckpt_compiler_path(compiler, "%s.%s",
						      spot->name, field->name)
				 : field->name;
	return inner;
}

static bool is_flexible(const struct ckpt_type *type)
{
	return type->kind == CKPT_TYPE_ARRAY && type->is_flexible;
}

/* Terms of a [[type]] that speaks of `type`, found at `spot`. */
static bool type_terms(struct shape *shape, const struct ckpt_type *type,
		       const struct spot *spot, struct ckpt_terms *ret)
{
	const struct ckpt_program_request *request = shape->compiler->request;

	for (size_t i = 0; i < request->type_config_count; i++) {
		const struct ckpt_type_config *config =
			&request->type_configs[i];

		if (!ckpt_terms_is_type(type, config->name))
			continue;
		*ret = (struct ckpt_terms){
			.outer = shape->terms,
			.contracts = config->memory,
			.count = config->memory_count,
			.type = type,
			.level = shape->level,
			.path = spot->path,
			.off = shape->start + spot->off,
			.is_frame_value = shape->level->is_frame,
			.root = shape->compiler->current_root,
		};
		return true;
	}
	return false;
}

static enum ckpt_status add_struct(struct shape *shape,
				   const struct ckpt_type *type,
				   const struct spot *spot)
{
	const struct ckpt_terms *outer = shape->terms;
	struct ckpt_terms *terms = ckpt_types_alloc(
		shape->compiler->request->types, sizeof(struct ckpt_terms));
	enum ckpt_status status = CKPT_OK;

	if (!terms)
		return CKPT_NOMEM;
	if (type_terms(shape, type, spot, terms))
		shape->terms = terms;
	for (size_t i = 0; i < type->field_count && !status; i++) {
		const struct ckpt_type_field *field = &type->fields[i];
		struct spot inner = member_spot(shape->compiler, spot, field);

		if (field->bit_size)
			status = add_bits(shape, field, &inner);
		else if (is_flexible(field->type))
			status = ckpt_node_refuse(
				shape->compiler, inner.path, field->type,
				"flexible array member: how long it is cannot "
				"be said of a member; give the pointer to the "
				"struct `bytes EXPR as char`");
		else
			status = add_member(shape, field->type, &inner);
	}
	shape->terms = outer;
	return status;
}

/* A new operator over expressions that live as long as the types. */
static struct ckpt_expr *make_expr(struct shape *shape,
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
	const struct spot *spot;
	struct ckpt_expr *none; /* none of the clauses so far; NULL: none yet */
};

static enum ckpt_status compile_choice(struct shape *shape,
				       const struct choice *choice,
				       const struct ckpt_expr *condition,
				       uint32_t *ret)
{
	struct ckpt_expr_scope scope = {
		.terms = choice->terms,
		.level = shape->level,
		.moment = shape->level->is_created ? CKPT_MOMENT_POST
						   : CKPT_MOMENT_PRE,
	};

	return ckpt_exprcode_compile(shape->compiler, condition, &scope, ret);
}

/* This clause holds, and none before it. */
static enum ckpt_status add_union_member(struct shape *shape,
					 const struct ckpt_clause *clause,
					 struct choice *choice)
{
	struct ckpt_expr *condition = clause->condition;
	struct ckpt_expr *here = condition;
	struct ckpt_expr *not_here = NULL;
	struct spot inner;
	uint64_t off = 0;
	const struct ckpt_type_field *field =
		clause->member
			? ckpt_type_field(choice->type, clause->member, &off)
			: NULL;
	enum ckpt_status status;

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
	inner = member_spot(shape->compiler, choice->spot, field);
	status = compile_choice(shape, choice, here, &inner.condition);
	if (status)
		return status;
	shape->has_gap = true;
	if (condition)
		not_here = make_expr(shape, CKPT_OPERATOR_NOT, condition, NULL);
	if (choice->none && not_here)
		not_here = make_expr(shape, CKPT_OPERATOR_AND, choice->none,
				     not_here);
	choice->none = not_here;
	return add_member(shape, field->type, &inner);
}

/* Where no clause holds, nobody knows what stands there. */
static enum ckpt_status add_no_member(struct shape *shape,
				      const struct choice *choice)
{
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_REFUSE,
		.size = (uint32_t)choice->type->size,
		.stride = (uint32_t)choice->type->size,
		.count = 1,
		.type_name = ckpt_node_type_name(shape->compiler, choice->type),
	};
	struct spot inner = *choice->spot;
	enum ckpt_status status;

	status = compile_choice(shape, choice, choice->none, &inner.condition);
	if (status)
		return status;
	node.first = ckpt_clauses_none(shape->compiler, inner.path);
	return add_field(shape, ckpt_node_add(shape->compiler, &node), &inner);
}

/* A union without pointers counts as its bytes, unless the contract tells
 * which member is the live one. */
static enum ckpt_status add_union(struct shape *shape,
				  const struct ckpt_type *type,
				  const struct spot *spot)
{
	struct choice choice = {.type = type, .spot = spot};
	const struct ckpt_contract *contract =
		ckpt_terms_find(shape->terms, spot->path, &choice.terms);
	enum ckpt_status status = CKPT_OK;
	size_t i = 0;

	if (!contract && ckpt_layout_has_pointer(type))
		return ckpt_node_refuse(
			shape->compiler, spot->path, type,
			"a union that may hold a pointer needs a "
			"contract: \"member NAME if EXPR\"");
	if (!contract)
		return add_field(shape,
				 ckpt_layout_bytes(shape->compiler, type->size,
						   type->size, false),
				 spot);
	if (spot->condition != CKPT_PLAN_NONE)
		return ckpt_node_refuse(
			shape->compiler, spot->path, type,
			"a contract for a union inside a member of "
			"a union");
	do
		status =
			add_union_member(shape, &contract->clauses[i], &choice);
	while (!status && choice.none && ++i < contract->clause_count);
	return status || !choice.none ? status : add_no_member(shape, &choice);
}

static enum ckpt_status unroll_array(struct shape *shape,
				     const struct ckpt_type *type,
				     const struct spot *spot)
{
	enum ckpt_status status = CKPT_OK;

	if (type->count > ELEMENTS_UNROLLED_MAX)
		return ckpt_node_refuse(shape->compiler, spot->path, type,
					"an array of so many pointers inside a "
					"struct");
	for (uint64_t i = 0; i < type->count && !status; i++) {
		struct spot inner = *spot;

		inner.off += i * type->element->size;
		inner.path =
			ckpt_compiler_path(shape->compiler, "%s[]", spot->path);
		inner.name =
			ckpt_compiler_path(shape->compiler, "%s[%llu]",
					   spot->name, (unsigned long long)i);
		status = add_member(shape, type->element, &inner);
	}
	return status;
}

static enum ckpt_status add_array(struct shape *shape,
				  const struct ckpt_type *type,
				  const struct spot *spot)
{
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_ARRAY,
		.count = (uint32_t)type->count,
		.size = (uint32_t)type->size,
		.stride = (uint32_t)type->size,
		.type_name = ckpt_node_type_name(shape->compiler, type),
	};
	const char *path =
		ckpt_compiler_path(shape->compiler, "%s[]", spot->path);
	enum ckpt_status status;

	if (ckpt_layout_has_pointer(type->element))
		return unroll_array(shape, type, spot);
	status = ckpt_layout_compile(shape->compiler, type->element, path,
				     shape->start + spot->off, shape->level,
				     shape->terms, &node.first);
	if (status)
		return status;
	node.flags = ckpt_layout_node(shape->compiler, node.first)->flags;
	return add_field(shape, ckpt_node_add(shape->compiler, &node), spot);
}

/* The clause by which the user said that this takes no part, or NULL. */
static const struct ckpt_clause *find_ignore(const struct shape *shape,
					     const char *path,
					     const struct ckpt_terms **terms)
{
	const struct ckpt_contract *contract =
		ckpt_terms_find(shape->terms, path, terms);

	return contract && contract->clause_count == 1 &&
			       contract->clauses[0].extent ==
				       CKPT_CLAUSE_EXTENT_IGNORE
		       ? contract->clauses
		       : NULL;
}

/* The same of a union without a name, by all its members. */
static const struct ckpt_clause *
find_ignored_members(const struct shape *shape, const struct ckpt_type *type,
		     const struct spot *spot, const struct ckpt_terms **terms)
{
	const struct ckpt_clause *clause = NULL;

	for (size_t i = 0; i < type->field_count; i++) {
		struct spot inner =
			member_spot(shape->compiler, spot, &type->fields[i]);

		clause = find_ignore(shape, inner.path, terms);
		if (!clause || clause->condition)
			return NULL;
	}
	return clause;
}

/* `ignore if EXPR`: a field that counts only where EXPR is false, such as what
 * stands beside a sentinel. */
static enum ckpt_status add_condition(struct shape *shape,
				      const struct ckpt_clause *clause,
				      const struct ckpt_terms *terms,
				      struct spot *spot)
{
	struct choice choice = {.terms = terms, .spot = spot};
	struct ckpt_expr negation = {
		.kind = CKPT_EXPR_UNARY,
		.op = CKPT_OPERATOR_NOT,
		.a = clause->condition,
		.place = clause->place,
	};

	if (spot->condition != CKPT_PLAN_NONE)
		return ckpt_compiler_fail(shape->compiler, &clause->place,
					  CKPT_UNSUPPORTED,
					  "`%s`: a condition inside another; "
					  "say it where the outer one stands",
					  spot->path);
	shape->has_gap = true;
	return compile_choice(shape, &choice, &negation, &spot->condition);
}

static enum ckpt_status add_counted(struct shape *shape,
				    const struct ckpt_type *type,
				    const struct spot *spot);

static enum ckpt_status add_member(struct shape *shape,
				   const struct ckpt_type *type,
				   const struct spot *spot)
{
	const struct ckpt_terms *terms = NULL;
	const struct ckpt_clause *clause = NULL;
	struct spot own = *spot;
	enum ckpt_status status = CKPT_OK;

	if (type->kind != CKPT_TYPE_POINTER)
		clause = find_ignore(shape, spot->path, &terms);
	if (!clause && type->kind == CKPT_TYPE_UNION)
		clause = find_ignored_members(shape, type, spot, &terms);
	if (clause && !clause->condition && shape->level->is_made)
		return ckpt_node_refuse(shape->compiler, spot->path, type,
					"the call makes it, so a replay has to "
					"know what to put there");
	if (clause && !clause->condition)
		return add_field(shape,
				 ckpt_layout_bytes(shape->compiler, type->size,
						   type->size, true),
				 spot);
	if (clause)
		status = add_condition(shape, clause, terms, &own);
	return status ? status : add_counted(shape, type, &own);
}

/* By kind, once it is known that it counts. */
static enum ckpt_status add_counted(struct shape *shape,
				    const struct ckpt_type *type,
				    const struct spot *spot)
{
	enum ckpt_status status;
	uint32_t node = 0;

	switch (type->kind) {
	case CKPT_TYPE_STRUCT:
		return add_struct(shape, type, spot);
	case CKPT_TYPE_UNION:
		return add_union(shape, type, spot);
	case CKPT_TYPE_ARRAY:
		return add_array(shape, type, spot);
	default:
		status = ckpt_layout_compile(shape->compiler, type, spot->path,
					     shape->start + spot->off,
					     shape->level, shape->terms, &node);
		return status ? status : add_field(shape, node, spot);
	}
}

static void write_fields(struct shape *shape, struct ckpt_plan_node *node)
{
	struct ckpt_tables *tables = shape->compiler->tables;

	node->first = ckpt_tables_count(tables, CKPT_PLAN_FIELDS);
	node->count = shape->count;
	ckpt_buf_add(&tables->sections[CKPT_PLAN_FIELDS], shape->fields.data,
		     shape->fields.size);
}

static enum ckpt_status compile_aggregate(struct ckpt_compiler *compiler,
					  const struct ckpt_type *type,
					  const char *path, uint64_t off,
					  const struct ckpt_level *level,
					  const struct ckpt_terms *terms,
					  uint32_t *ret)
{
	struct shape shape = {
		.compiler = compiler,
		.level = level,
		.terms = terms,
		.start = off,
	};
	struct spot spot = {
		.path = path, .name = "", .condition = CKPT_PLAN_NONE};
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_STRUCT,
		.size = (uint32_t)type->size,
		.stride = (uint32_t)type->size,
		.type_name = ckpt_node_type_name(compiler, type),
	};
	enum ckpt_status status;

	*ret = ckpt_node_add(compiler, &node);
	status = add_member(&shape, type, &spot);
	if (!status) {
		write_fields(&shape, &node);
		if (!shape.has_pointer)
			node.flags |= CKPT_NODE_FLAT;
		if (!shape.has_pointer && !shape.has_gap &&
		    shape.next == type->size)
			node.flags |= CKPT_NODE_DENSE;
		node.flags |= ckpt_layout_node(compiler, *ret)->flags &
			      CKPT_NODE_GRAPH;
		ckpt_layout_set_node(compiler, *ret, &node);
		status = ckpt_buf_status(&shape.fields);
	}
	ckpt_buf_deinit(&shape.fields);
	return status;
}

enum ckpt_status ckpt_layout_compile(struct ckpt_compiler *compiler,
				     const struct ckpt_type *type,
				     const char *path, uint64_t off,
				     const struct ckpt_level *level,
				     const struct ckpt_terms *terms,
				     uint32_t *ret)
{
	if (type->size > UINT32_MAX)
		return ckpt_node_refuse(compiler, path, type,
					"larger than 4 GiB");
	switch (type->kind) {
	case CKPT_TYPE_BOOL:
	case CKPT_TYPE_INT:
	case CKPT_TYPE_FLOAT:
	case CKPT_TYPE_VECTOR:
		return ckpt_layout_scalar(compiler, type, ret);
	case CKPT_TYPE_COMPLEX:
		return ckpt_layout_pair(compiler, type, ret);
	case CKPT_TYPE_POINTER:
		return ckpt_layout_pointer(compiler, type, path, level, terms,
					   ret);
	case CKPT_TYPE_STRUCT:
	case CKPT_TYPE_UNION:
	case CKPT_TYPE_ARRAY:
		return compile_aggregate(compiler, type, path, off, level,
					 terms, ret);
	default:
		return ckpt_node_refuse(compiler, path, type,
					"this type cannot be marshalled");
	}
}
