/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_LAYOUT_PRIVATE_H
#define CKPT_PLANNER_LAYOUT_PRIVATE_H

/*
 * What layout, member and union share while an aggregate is flattened into
 * the fields of one node.
 *
 *   layout   structs and arrays by their types
 *   member   what a contract says of a value that is no pointer
 *   union    which member of a union counts when
 */

#include "shim/planner/contract/compiler.h"

/* Where in an aggregate we are. */
struct ckpt_spot {
	const char *path;   /* canonical, of what is at `off` */
	const char *name;   /* for people, from the aggregate on */
	uint64_t off;	    /* in the aggregate that becomes one node */
	uint32_t condition; /* expression that says whether it is live */
	uint32_t length;    /* of an array: how many elements count */
};

/* An aggregate being flattened into fields of one node. */
struct ckpt_shape {
	struct ckpt_compiler *compiler;
	const struct ckpt_level *level;
	const struct ckpt_terms *terms;
	uint64_t start; /* of the aggregate, in the level's element */
	struct ckpt_buf fields;
	uint32_t count;
	bool has_pointer;
	bool has_gap;	  /* bytes that do not count, or not always */
	bool is_flexible; /* ends with an array of its own length */
	uint64_t next;	  /* end of what counted so far */
};

/* The spot of a member of the struct or union at `spot`. */
struct ckpt_spot ckpt_shape_member(struct ckpt_compiler *compiler,
				   const struct ckpt_spot *spot,
				   const struct ckpt_type_field *field);

/* A node that was made becomes the next field. */
enum ckpt_status
ckpt_shape_add_field(struct ckpt_shape *shape, uint32_t node,
		     const struct ckpt_spot *spot) CKPT_MUST_CHECK;

/* The value of `type` at `spot` by its type alone. */
enum ckpt_status
ckpt_shape_add_value(struct ckpt_shape *shape, const struct ckpt_type *type,
		     const struct ckpt_spot *spot) CKPT_MUST_CHECK;

/* ---- member ---- */

/* Add what is at `spot` as far as the contract says that it counts. */
enum ckpt_status ckpt_member_add(struct ckpt_shape *shape,
				 const struct ckpt_type *type,
				 const struct ckpt_spot *spot) CKPT_MUST_CHECK;

/* The expression, in the words of `terms`, about the element we are in. */
enum ckpt_status ckpt_member_expr(struct ckpt_shape *shape,
				  const struct ckpt_terms *terms,
				  const struct ckpt_expr *expr,
				  uint32_t *ret) CKPT_MUST_CHECK;

/* What is at `spot` counts only where `condition` holds, too. */
enum ckpt_status ckpt_member_restrict(struct ckpt_shape *shape,
				      const struct ckpt_terms *terms,
				      const struct ckpt_expr *condition,
				      struct ckpt_spot *spot) CKPT_MUST_CHECK;

/* ---- union ---- */

/* `contract`, of `terms`, names the live member; NULL: it says nothing. */
enum ckpt_status ckpt_union_add(struct ckpt_shape *shape,
				const struct ckpt_type *type,
				const struct ckpt_contract *contract,
				const struct ckpt_terms *terms,
				const struct ckpt_spot *spot) CKPT_MUST_CHECK;

#endif
