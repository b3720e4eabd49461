/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_COMPILER_H
#define CKPT_PLANNER_COMPILER_H

/*
 * What the parts of the contract compiler share while one function is
 * compiled (program.h): where we are in the graph of types, which contracts
 * are in force there, and what has been made so far.
 *
 *   node     single nodes
 *   layout   types in memory → nodes and fields
 *   member, union  what a contract says of values that are no pointers
 *   element  what a pointer leads to, compiled once where that is possible
 *   terms    which contract speaks of a path
 *   clause, clausesize  a contract's clauses → what a pointer reaches
 *   missing  what to write where nothing is said
 *   exprcode expressions → stack code
 *   program  a whole function: frame, globals, result, conditions
 *   programdigest  the hash of all that was made
 *
 * A pointer is found in an *element*: one item of an extent, or the frame.
 * Levels are the chain of elements from the frame to where we are, as the
 * runtime's ELEMENT operator counts them. A place has a canonical path:
 * "prob[].x[]" for prob->x[], whatever way the user wrote it.
 *
 * *Terms* are a set of contracts in force: the function's own, and of each
 * [[type]] whose struct we are in; the function's win, then outer types.
 *
 * Set-up world. Strings and levels live in the arena of the request's types.
 */

#include "shim/planner/signature/abi_x86_64.h"
#include "shim/planner/contract/program.h"

/* An element that can hold pointers. */
struct ckpt_level {
	const struct ckpt_level *outer; /* the one a pointer led here from */
	const struct ckpt_type *type;
	const char *path; /* canonical; "" where the place does not matter */
	bool is_created;  /* looked at only after the call */
	bool is_made;	  /* the memory itself is made by the call */
	bool is_constant; /* the call does not write it: `in` */
	bool is_frame;	  /* not an element: registers and stack arguments */
	bool is_target;	  /* what a pointer of the program leads to */
};

/* Where the struct of a [[type]] starts. */
struct ckpt_terms {
	const struct ckpt_terms *outer;
	const struct ckpt_contract *contracts;
	size_t count;
	bool *used; /* per contract; NULL for types */
	/* Of a [[type]]: the struct, the level it is in, its path, and its
	 * offset in the element. NULL type: the function's own. */
	const struct ckpt_type *type;
	const struct ckpt_level *level;
	const char *path;
	uint64_t off;
	bool is_frame_value; /* `off` is into the frame's value `root` */
	uint32_t root; /* a parameter's index, or their count: the result */
};

/* A struct compiled for wherever it appears. */
struct ckpt_shared_node {
	const struct ckpt_type_field *fields; /* identity of the struct */
	bool is_created;
	bool is_made;
	bool is_constant;
	bool is_open; /* being compiled: met again, it is a graph */
	uint32_t node;
};

enum { CKPT_COMPILER_DEPTH_MAX = 64, CKPT_COMPILER_SHARED_MAX = 512 };

struct ckpt_compiler {
	struct ckpt_tables *tables;
	const struct ckpt_program_request *request;
	struct ckpt_plan_function *function;
	struct ckpt_abi_call abi;
	struct ckpt_err *err;
	struct ckpt_terms terms; /* the function's own */
	struct ckpt_buf missing; /* lines about pointers without contract */
	struct ckpt_plan_expr pres[CKPT_PLAN_PRE_MAX];
	uint32_t pre_count;
	struct ckpt_shared_node shared[CKPT_COMPILER_SHARED_MAX];
	uint32_t shared_count;
	uint32_t depth;
	uint32_t current_root; /* being compiled, as in terms */
	bool has_secret;
	bool gives_pointers; /* results or outputs hold pointers */
};

/* A canonical path, in the arena. */
const char *ckpt_compiler_path(struct ckpt_compiler *compiler,
			       const char *format, ...) CKPT_PRINTF(2, 3);

/* Put "file:line:column: " before a message of the given status. */
enum ckpt_status ckpt_compiler_fail(struct ckpt_compiler *compiler,
				    const struct ckpt_place *place,
				    enum ckpt_status status, const char *format,
				    ...) CKPT_PRINTF(4, 5);

/* ---- terms ---- */

/* The contract that says something of exactly `path`, and the terms it is
 * from; NULL if there is none. */
const struct ckpt_contract *
ckpt_terms_find(const struct ckpt_terms *terms, const char *path,
		const struct ckpt_terms **ret_terms);

/* Does a [[type]] called `name` mean `type`? "struct tag", "tag" and the
 * typedef name all do, "*" stands for any one template argument, and "const …"
 * means only what the call cannot change (`is_const`). */
bool ckpt_terms_is_type(const struct ckpt_type *type, bool is_const,
			const char *name);

/* Does a contract of `terms` (not of outer ones) speak of something reached
 * through `path`? *ret_is_deref: it dereferences it with * or ->. */
bool ckpt_terms_go_through(const struct ckpt_terms *terms, const char *path,
			   bool *ret_is_deref);

/* ---- node ---- */

uint32_t ckpt_node_add(struct ckpt_compiler *compiler,
		       const struct ckpt_plan_node *node);

/* The type's spelling among the strings. */
uint32_t ckpt_node_type_name(struct ckpt_compiler *compiler,
			     const struct ckpt_type *type);

/* Why what stands at `path` cannot be marshalled. */
enum ckpt_status ckpt_node_refuse(struct ckpt_compiler *compiler,
				  const char *path,
				  const struct ckpt_type *type,
				  const char *why);

/* ---- layout ---- */

/* The node of a value of `type` at canonical `path` in `level`, in whose
 * element (or frame value `root`) it starts at `off`. */
enum ckpt_status ckpt_layout_compile(struct ckpt_compiler *compiler,
				     const struct ckpt_type *type,
				     const char *path, uint64_t off,
				     const struct ckpt_level *level,
				     const struct ckpt_terms *terms,
				     uint32_t *ret) CKPT_MUST_CHECK;

/* The same of a whole parameter or global, of which the contract may say that
 * it takes no part though it is no pointer. */
enum ckpt_status ckpt_layout_root(struct ckpt_compiler *compiler,
				  const struct ckpt_type *type,
				  const char *path,
				  const struct ckpt_level *level,
				  uint32_t *ret) CKPT_MUST_CHECK;

/* ---- element ---- */

/* The nodes of a number, a complex number, a pointer at `path` (simple.c). */
enum ckpt_status ckpt_layout_scalar(struct ckpt_compiler *compiler,
				    const struct ckpt_type *type,
				    uint32_t *ret) CKPT_MUST_CHECK;
enum ckpt_status ckpt_layout_pair(struct ckpt_compiler *compiler,
				  const struct ckpt_type *type,
				  uint32_t *ret) CKPT_MUST_CHECK;
enum ckpt_status ckpt_layout_pointer(struct ckpt_compiler *compiler,
				     const struct ckpt_type *type,
				     const char *path,
				     const struct ckpt_level *level,
				     const struct ckpt_terms *terms,
				     uint32_t *ret) CKPT_MUST_CHECK;

/* The node of one element of `level`, shared where nothing but [[type]]s
 * speaks of what it holds. */
enum ckpt_status ckpt_layout_element(struct ckpt_compiler *compiler,
				     struct ckpt_level *level,
				     const struct ckpt_terms *terms,
				     uint32_t *ret) CKPT_MUST_CHECK;

/* May a value of this type hold a pointer? */
bool ckpt_layout_has_pointer(const struct ckpt_type *type);

/* A node of `size` plain bytes that count, or (is_skipped) do not. */
uint32_t ckpt_layout_bytes(struct ckpt_compiler *compiler, uint64_t size,
			   uint64_t stride, bool is_skipped);

/* A node that was made: to look at until the next one is, and to replace. */
const struct ckpt_plan_node *ckpt_layout_node(struct ckpt_compiler *compiler,
					      uint32_t index);
void ckpt_layout_set_node(struct ckpt_compiler *compiler, uint32_t index,
			  const struct ckpt_plan_node *node);

/* ---- clause ---- */

/* A clause of which nothing is known yet. */
extern const struct ckpt_plan_clause ckpt_clauses_blank;

/* The clauses of the pointer at `path` and their number. */
enum ckpt_status ckpt_clauses_compile(struct ckpt_compiler *compiler,
				      const struct ckpt_type *pointer,
				      const char *path,
				      const struct ckpt_level *level,
				      const struct ckpt_terms *terms,
				      uint32_t *ret_first,
				      uint32_t *ret_count) CKPT_MUST_CHECK;

/* A clause that covers nothing, for the message about `path`; its index. */
uint32_t ckpt_clauses_none(struct ckpt_compiler *compiler, const char *path);

/* ---- missing ---- */

/* Note that the pointer at `path` has no contract, with the line to add. */
void ckpt_missing_note(struct ckpt_compiler *compiler,
		       const struct ckpt_type *pointer, const char *path);

/* ---- exprcode ---- */

enum ckpt_moment_rule {
	CKPT_MOMENT_PRE, /* evaluated before the call */
	/* The same for an `out` of the caller's memory: what the call may
	 * change must be under pre() or post(). */
	CKPT_MOMENT_OUT,
	CKPT_MOMENT_POST, /* evaluated after the call: pre() is remembered */
	CKPT_MOMENT_POST_OUT, /* and what may have changed must say which */
};

struct ckpt_expr_scope {
	const struct ckpt_terms *terms; /* whose names are meant */
	const struct ckpt_level *level; /* of the pointer (ELEMENT 0) */
	const struct ckpt_level *item;	/* of `until`: the element itself */
	enum ckpt_moment_rule moment;
	/* A struct stands for where it is, as arrays do. */
	bool is_place;
};

/* Code of `expr`; its index. NULL → NONE. */
enum ckpt_status ckpt_exprcode_compile(struct ckpt_compiler *compiler,
				       const struct ckpt_expr *expr,
				       const struct ckpt_expr_scope *scope,
				       uint32_t *ret) CKPT_MUST_CHECK;

/* Code of the constant `value`; its index. */
uint32_t ckpt_exprcode_constant(struct ckpt_compiler *compiler, int64_t value);

/* Code of "both a and b hold" (NONE always does), and of "the value is above
 * `bound`", from code for the same place; their index. */
enum ckpt_status ckpt_exprcode_both(struct ckpt_compiler *compiler, uint32_t a,
				    uint32_t b, uint32_t *ret) CKPT_MUST_CHECK;
enum ckpt_status ckpt_exprcode_above(struct ckpt_compiler *compiler,
				     uint32_t expr, uint64_t bound,
				     uint32_t *ret) CKPT_MUST_CHECK;

/* The remembered pre expressions, as entries side by side. */
void ckpt_exprcode_flush_pres(struct ckpt_compiler *compiler);

/* ---- programdigest ---- */

/* Where the tables stood before the function. */
struct ckpt_table_marks {
	uint32_t counts[CKPT_PLAN_SECTION_COUNT];
};

struct ckpt_table_marks ckpt_program_marks(const struct ckpt_tables *tables);

/* Unkeyed hash of all entries since `marks` and of the members of `function`
 * that describe marshalling; the same for the same program wherever its
 * entries, globals and objects stand. */
struct ckpt_hash128
ckpt_program_digest(const struct ckpt_tables *tables,
		    const struct ckpt_table_marks *marks,
		    const struct ckpt_plan_function *function);

#endif
