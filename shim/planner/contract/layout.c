/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/layout_private.h"

#include <string.h>

enum { FIELDS_MAX = 1 << 16, ELEMENTS_UNROLLED_MAX = 4096 };

/* ---- aggregates --------------------------------------------------------- */

enum ckpt_status ckpt_shape_add_field(struct ckpt_shape *shape, uint32_t node,
				      const struct ckpt_spot *spot)
{
	const struct ckpt_plan_node *n =
		ckpt_layout_node(shape->compiler, node);
	struct ckpt_plan_field field = {
		.off = (uint32_t)spot->off,
		.node = node,
		.name = ckpt_tables_text(shape->compiler->tables, spot->name),
		.condition = spot->condition,
		.length = spot->length,
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

static enum ckpt_status add_bits(struct ckpt_shape *shape,
				 const struct ckpt_type_field *field,
				 const struct ckpt_spot *spot)
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
	return ckpt_shape_add_field(
		shape, ckpt_node_add(shape->compiler, &node), spot);
}

struct ckpt_spot ckpt_shape_member(struct ckpt_compiler *compiler,
				   const struct ckpt_spot *spot,
				   const struct ckpt_type_field *field)
{
	struct ckpt_spot inner = *spot;

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

/* `count` elements behind the struct that a pointer leads to. */
static enum ckpt_status add_flexible(struct ckpt_shape *shape,
				     const struct ckpt_type *type,
				     const struct ckpt_spot *spot,
				     bool is_whole)
{
	struct ckpt_compiler *compiler = shape->compiler;
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_ARRAY,
		.flags = CKPT_NODE_FLAT,
		.type_name = ckpt_node_type_name(compiler, type),
	};
	const struct ckpt_terms *terms = NULL;
	const struct ckpt_contract *contract =
		ckpt_terms_find(shape->terms, spot->path, &terms);
	struct ckpt_spot own = *spot;
	enum ckpt_status status;

	if (!is_whole || ckpt_layout_has_pointer(type->element))
		return ckpt_node_refuse(
			compiler, spot->path, type,
			"flexible array member of pointers, or of a struct "
			"that is no pointer's target: give a pointer to it "
			"`bytes EXPR as char`");
	if (!contract || contract->clause_count != 1 ||
	    contract->clauses[0].extent != CKPT_CLAUSE_EXTENT_COUNT)
		return ckpt_node_refuse(
			compiler, spot->path, type,
			"flexible array member: how many elements there are "
			"must be said: [COUNT]");
	status = ckpt_layout_compile(
		compiler, type->element,
		ckpt_compiler_path(compiler, "%s[]", spot->path), spot->off,
		shape->level, shape->terms, &node.first);
	if (!status)
		status = ckpt_member_expr(
			shape, terms, contract->clauses[0].count, &own.length);
	shape->is_flexible = true;
	shape->has_gap = true;
	return status ? status
		      : ckpt_shape_add_field(
				shape, ckpt_node_add(compiler, &node), &own);
}

/* Is the aggregate this struct, and it alone, behind a pointer? */
static bool is_target(const struct ckpt_shape *shape,
		      const struct ckpt_type *type)
{
	return shape->level->is_target &&
	       shape->level->type->fields == type->fields;
}

/* Terms of a [[type]] that speaks of `type`, found at `spot`. */
static bool type_terms(struct ckpt_shape *shape, const struct ckpt_type *type,
		       const struct ckpt_spot *spot, struct ckpt_terms *ret)
{
	const struct ckpt_program_request *request = shape->compiler->request;
	bool is_const = type->is_const || shape->level->is_constant;

	for (size_t i = 0; i < request->type_config_count; i++) {
		const struct ckpt_type_config *config =
			&request->type_configs[i];

		if (!ckpt_terms_is_type(type, is_const, config->name))
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

static enum ckpt_status add_struct(struct ckpt_shape *shape,
				   const struct ckpt_type *type,
				   const struct ckpt_spot *spot)
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
		struct ckpt_spot inner =
			ckpt_shape_member(shape->compiler, spot, field);

		if (field->bit_size)
			status = add_bits(shape, field, &inner);
		else if (is_flexible(field->type))
			status = add_flexible(shape, field->type, &inner,
					      is_target(shape, type));
		else
			status = ckpt_member_add(shape, field->type, &inner);
	}
	shape->terms = outer;
	return status;
}

/* Element `index` counts only where the array is longer than that. */
static enum ckpt_status restrict_to_length(struct ckpt_compiler *compiler,
					   const struct ckpt_spot *array,
					   uint64_t index,
					   struct ckpt_spot *element)
{
	uint32_t is_inside = CKPT_PLAN_NONE;
	enum ckpt_status status =
		ckpt_exprcode_above(compiler, array->length, index, &is_inside);

	return status ? status
		      : ckpt_exprcode_both(compiler, array->condition,
					   is_inside, &element->condition);
}

/* Element by element: each is a member of its own. */
static enum ckpt_status unroll_array(struct ckpt_shape *shape,
				     const struct ckpt_type *type,
				     const struct ckpt_spot *spot)
{
	struct ckpt_compiler *compiler = shape->compiler;
	enum ckpt_status status = CKPT_OK;

	if (type->count > ELEMENTS_UNROLLED_MAX)
		return ckpt_node_refuse(compiler, spot->path, type,
					"an array of so many pointers inside a "
					"struct");
	for (uint64_t i = 0; i < type->count && !status; i++) {
		struct ckpt_spot inner = *spot;

		inner.off += i * type->element->size;
		inner.path = ckpt_compiler_path(compiler, "%s[]", spot->path);
		inner.name =
			ckpt_compiler_path(compiler, "%s[%llu]", spot->name,
					   (unsigned long long)i);
		if (spot->length != CKPT_PLAN_NONE)
			status = restrict_to_length(compiler, spot, i, &inner);
		if (!status)
			status = ckpt_member_add(shape, type->element, &inner);
	}
	return status;
}

/* Conditions start from the element that an extent consists of, so they cannot
 * be in a node that an array repeats. */
static bool has_conditions(struct ckpt_compiler *compiler, uint32_t node)
{
	const struct ckpt_plan_node *n = ckpt_layout_node(compiler, node);
	const struct ckpt_buf *buf =
		&compiler->tables->sections[CKPT_PLAN_FIELDS];
	const struct ckpt_plan_field *fields = (const void *)buf->data;

	if (n->kind != CKPT_NODE_STRUCT || buf->is_failed)
		return false;
	for (uint32_t i = n->first; i < n->first + n->count; i++) {
		if (fields[i].condition != CKPT_PLAN_NONE ||
		    fields[i].length != CKPT_PLAN_NONE)
			return true;
	}
	return false;
}

static enum ckpt_status add_array(struct ckpt_shape *shape,
				  const struct ckpt_type *type,
				  const struct ckpt_spot *spot)
{
	struct ckpt_compiler *compiler = shape->compiler;
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_ARRAY,
		.count = (uint32_t)type->count,
		.size = (uint32_t)type->size,
		.stride = (uint32_t)type->size,
		.type_name = ckpt_node_type_name(compiler, type),
	};
	const char *path = ckpt_compiler_path(compiler, "%s[]", spot->path);
	enum ckpt_status status;

	if (ckpt_layout_has_pointer(type->element))
		return unroll_array(shape, type, spot);
	status = ckpt_layout_compile(compiler, type->element, path,
				     shape->start + spot->off, shape->level,
				     shape->terms, &node.first);
	if (status)
		return status;
	if (has_conditions(compiler, node.first))
		return unroll_array(shape, type, spot);
	node.flags = ckpt_layout_node(compiler, node.first)->flags;
	return ckpt_shape_add_field(shape, ckpt_node_add(compiler, &node),
				    spot);
}

enum ckpt_status ckpt_shape_add_value(struct ckpt_shape *shape,
				      const struct ckpt_type *type,
				      const struct ckpt_spot *spot)
{
	enum ckpt_status status;
	uint32_t node = 0;

	switch (type->kind) {
	case CKPT_TYPE_STRUCT:
		return add_struct(shape, type, spot);
	case CKPT_TYPE_ARRAY:
		return add_array(shape, type, spot);
	default:
		status = ckpt_layout_compile(shape->compiler, type, spot->path,
					     shape->start + spot->off,
					     shape->level, shape->terms, &node);
		return status ? status
			      : ckpt_shape_add_field(shape, node, spot);
	}
}

static void write_fields(struct ckpt_shape *shape, struct ckpt_plan_node *node)
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
	struct ckpt_shape shape = {
		.compiler = compiler,
		.level = level,
		.terms = terms,
		.start = off,
	};
	struct ckpt_spot spot = {
		.path = path,
		.name = "",
		.condition = CKPT_PLAN_NONE,
		.length = CKPT_PLAN_NONE,
	};
	struct ckpt_plan_node node = {
		.kind = CKPT_NODE_STRUCT,
		.size = (uint32_t)type->size,
		.stride = (uint32_t)type->size,
		.type_name = ckpt_node_type_name(compiler, type),
	};
	enum ckpt_status status;

	*ret = ckpt_node_add(compiler, &node);
	status = ckpt_member_add(&shape, type, &spot);
	if (!status) {
		write_fields(&shape, &node);
		if (!shape.has_pointer)
			node.flags |= CKPT_NODE_FLAT;
		if (!shape.has_pointer && !shape.has_gap &&
		    shape.next == type->size)
			node.flags |= CKPT_NODE_DENSE;
		if (shape.is_flexible)
			node.flags |= CKPT_NODE_FLEXIBLE;
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

enum ckpt_status ckpt_layout_root(struct ckpt_compiler *compiler,
				  const struct ckpt_type *type,
				  const char *path,
				  const struct ckpt_level *level, uint32_t *ret)
{
	const struct ckpt_terms *terms = &compiler->terms;
	const struct ckpt_terms *own = NULL;

	if (type->kind != CKPT_TYPE_POINTER &&
	    ckpt_terms_find(terms, path, &own))
		return compile_aggregate(compiler, type, path, 0, level, terms,
					 ret);
	return ckpt_layout_compile(compiler, type, path, 0, level, terms, ret);
}
