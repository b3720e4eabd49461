/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/exprcoder.h"

#include "config/exprtext.h"
#include "shim/planner/signature/cdecl.h"

#include <string.h>

/* ---- operations --------------------------------------------------------- */

static void emit_constant(struct ckpt_coder *coder, uint64_t value,
			  bool is_signed)
{
	struct ckpt_plan_op op = {
		.code = CKPT_OP_CONST,
		.is_signed = is_signed,
		.imm = (int64_t)value,
	};

	ckpt_coder_emit_op(coder, &op, 1);
}

/* A jump whose target is not known yet; its index. */
static uint32_t emit_jump(struct ckpt_coder *coder, enum ckpt_plan_op_code code)
{
	ckpt_coder_emit(coder, code, 0, 0,
			code == CKPT_OP_JUMP_IF_ZERO ? -1 : 0);
	return ckpt_coder_count(coder) - 1;
}

static void land_jump(struct ckpt_coder *coder, uint32_t jump)
{
	if (!coder->ops.is_failed)
		ckpt_coder_op(coder, jump)->imm =
			ckpt_coder_count(coder) - jump - 1;
}

/* ---- values ------------------------------------------------------------- */

static bool is_integer(const struct ckpt_type *type)
{
	return (type->kind == CKPT_TYPE_INT || type->kind == CKPT_TYPE_BOOL ||
		type->kind == CKPT_TYPE_POINTER) &&
	       type->size <= 8;
}

static enum ckpt_status compile_path(struct ckpt_coder *coder,
				     const struct ckpt_path *path,
				     enum ckpt_moment_rule moment)
{
	struct ckpt_plan_op load = {.code = CKPT_OP_LOAD};
	bool is_zero_test = coder->is_zero_test;
	struct ckpt_lvalue place;
	enum ckpt_status status;

	coder->is_zero_test = false;
	status = ckpt_coder_locate(coder, path, moment, &place);
	if (status)
		return status;
	if (place.type->kind == CKPT_TYPE_ARRAY ||
	    (place.type->kind == CKPT_TYPE_STRUCT && coder->scope->is_place))
		return CKPT_OK;
	if (is_zero_test) {
		status = ckpt_coder_magnitude(coder, path, moment, place.type);
		if (status != CKPT_UNSUPPORTED)
			return status;
	}
	if (!is_integer(place.type))
		return ckpt_coder_fail(coder, path, "is no integer");
	load.size = (uint8_t)place.type->size;
	load.is_signed = place.type->is_signed;
	if (place.bit_size) {
		load.code = CKPT_OP_LOAD_BITS;
		load.a = place.bit_off | (uint32_t)place.bit_size << 8;
	}
	ckpt_coder_emit_op(coder, &load, 0);
	coder->last_type = place.type;
	return CKPT_OK;
}

static enum ckpt_status compile_strlen(struct ckpt_coder *coder,
				       const struct ckpt_path *path,
				       enum ckpt_moment_rule moment)
{
	struct ckpt_lvalue place;
	enum ckpt_status status =
		ckpt_coder_locate(coder, path, moment, &place);

	if (status)
		return status;
	status = ckpt_coder_step_into(coder, path, &place);
	if (status)
		return status;
	if (place.type->size != 1)
		return ckpt_coder_fail(coder, path, "is no string");
	status = ckpt_coder_check_moment(coder, path, moment, &place);
	if (status)
		return status;
	ckpt_coder_emit(coder, CKPT_OP_STRLEN, 0, 0, 0);
	return CKPT_OK;
}

/* What the path names is not read, only its type counts. */
static enum ckpt_status compile_path_size(struct ckpt_coder *coder,
					  const struct ckpt_path *path)
{
	struct ckpt_coder unused = {
		.compiler = coder->compiler,
		.scope = coder->scope,
	};
	struct ckpt_lvalue place = {.type = NULL};
	enum ckpt_status status =
		ckpt_coder_locate(&unused, path, CKPT_MOMENT_POST, &place);

	ckpt_buf_deinit(&unused.ops);
	if (status)
		return status;
	if (!place.type->size)
		return ckpt_coder_fail(coder, path, "is of unknown size");
	emit_constant(coder, place.type->size, false);
	return CKPT_OK;
}

static enum ckpt_status compile_sizeof(struct ckpt_coder *coder,
				       const struct ckpt_expr *expr)
{
	struct ckpt_types *types = coder->compiler->request->types;
	struct ckpt_type *type = NULL;

	if (expr->path)
		return compile_path_size(coder, expr->path);

	if (ckpt_cdecl_type(types, expr->type_name, &expr->place, &type,
			    NULL) ||
	    !type->size)
		return ckpt_compiler_fail(
			coder->compiler, &expr->place, CKPT_INVALID,
			"sizeof(%s): no such type is known; `signature` or "
			"`headers` can define it",
			expr->type_name);
	emit_constant(coder, type->size, false);
	return CKPT_OK;
}

/* Conditions on each element should be short: -1 is one number. */
static bool is_negative_number(const struct ckpt_expr *expr)
{
	return expr->op == CKPT_OPERATOR_NEG &&
	       expr->a->kind == CKPT_EXPR_INTEGER &&
	       expr->a->integer <= (uint64_t)1 << 63;
}

static bool is_unequal(const struct ckpt_expr *expr)
{
	return expr->op == CKPT_OPERATOR_NOT &&
	       expr->a->kind == CKPT_EXPR_BINARY &&
	       expr->a->op == CKPT_OPERATOR_EQ;
}

static enum ckpt_status compile_unary(struct ckpt_coder *coder,
				      const struct ckpt_expr *expr,
				      enum ckpt_moment_rule moment)
{
	static const enum ckpt_plan_op_code codes[] = {
		[CKPT_OPERATOR_NEG] = CKPT_OP_NEG,
		[CKPT_OPERATOR_BIT_NOT] = CKPT_OP_NOT,
		[CKPT_OPERATOR_NOT] = CKPT_OP_LNOT,
	};
	struct ckpt_expr unequal;
	enum ckpt_status status;

	if (is_negative_number(expr)) {
		emit_constant(coder, -expr->a->integer, true);
		return CKPT_OK;
	}
	if (is_unequal(expr)) {
		unequal = *expr->a;
		unequal.op = CKPT_OPERATOR_NE;
		return ckpt_coder_value(coder, &unequal, moment);
	}
	status = ckpt_coder_value(coder, expr->a, moment);
	if (status)
		return status;
	ckpt_coder_emit(coder, codes[expr->op], 0, 0, 0);
	return CKPT_OK;
}

/* a && b, a || b: 0 or 1. */
static enum ckpt_status compile_logical(struct ckpt_coder *coder,
					const struct ckpt_expr *expr,
					enum ckpt_moment_rule moment)
{
	bool is_or = expr->op == CKPT_OPERATOR_OR;
	uint32_t decided, end;
	enum ckpt_status status = ckpt_coder_value(coder, expr->a, moment);

	if (status)
		return status;
	if (is_or)
		ckpt_coder_emit(coder, CKPT_OP_LNOT, 0, 0, 0);
	decided = emit_jump(coder, CKPT_OP_JUMP_IF_ZERO);
	status = ckpt_coder_value(coder, expr->b, moment);
	if (status)
		return status;
	ckpt_coder_emit(coder, CKPT_OP_LNOT, 0, 0, 0);
	ckpt_coder_emit(coder, CKPT_OP_LNOT, 0, 0, 0);
	end = emit_jump(coder, CKPT_OP_JUMP);
	land_jump(coder, decided);
	coder->depth--;
	emit_constant(coder, is_or, false);
	land_jump(coder, end);
	return CKPT_OK;
}

/* C converts a negative constant to the unsigned type it is compared with;
 * our integers are exact, so that has to be done here. */
static bool emit_converted(struct ckpt_coder *coder,
			   const struct ckpt_expr *expr,
			   const struct ckpt_type *with)
{
	uint64_t value;

	if (!with || with->is_signed || with->size < 4 || with->size > 8 ||
	    expr->kind != CKPT_EXPR_UNARY || expr->op != CKPT_OPERATOR_NEG ||
	    expr->a->kind != CKPT_EXPR_INTEGER)
		return false;
	value = -expr->a->integer;
	if (with->size == 4)
		value = (uint32_t)value;
	emit_constant(coder, value, false);
	return true;
}

static bool is_comparison(enum ckpt_expr_operator op)
{
	return op >= CKPT_OPERATOR_EQ && op <= CKPT_OPERATOR_GE;
}

static enum ckpt_status compile_binary(struct ckpt_coder *coder,
				       const struct ckpt_expr *expr,
				       enum ckpt_moment_rule moment)
{
	static const enum ckpt_plan_op_code codes[] = {
		[CKPT_OPERATOR_ADD] = CKPT_OP_ADD,
		[CKPT_OPERATOR_SUB] = CKPT_OP_SUB,
		[CKPT_OPERATOR_MUL] = CKPT_OP_MUL,
		[CKPT_OPERATOR_DIV] = CKPT_OP_DIV,
		[CKPT_OPERATOR_MOD] = CKPT_OP_MOD,
		[CKPT_OPERATOR_SHL] = CKPT_OP_SHL,
		[CKPT_OPERATOR_SHR] = CKPT_OP_SHR,
		[CKPT_OPERATOR_BIT_AND] = CKPT_OP_AND,
		[CKPT_OPERATOR_BIT_OR] = CKPT_OP_OR,
		[CKPT_OPERATOR_BIT_XOR] = CKPT_OP_XOR,
		[CKPT_OPERATOR_EQ] = CKPT_OP_EQ,
		[CKPT_OPERATOR_NE] = CKPT_OP_NE,
		[CKPT_OPERATOR_LT] = CKPT_OP_LT,
		[CKPT_OPERATOR_LE] = CKPT_OP_LE,
		[CKPT_OPERATOR_GT] = CKPT_OP_GT,
		[CKPT_OPERATOR_GE] = CKPT_OP_GE,
	};
	enum ckpt_status status;

	if (expr->op == CKPT_OPERATOR_AND || expr->op == CKPT_OPERATOR_OR)
		return compile_logical(coder, expr, moment);
	coder->is_zero_test = ckpt_coder_is_zero_test(expr);
	status = ckpt_coder_value(coder, expr->a, moment);
	if (status)
		return status;
	if (!is_comparison(expr->op) || expr->a->kind != CKPT_EXPR_PATH ||
	    !emit_converted(coder, expr->b, coder->last_type)) {
		status = ckpt_coder_value(coder, expr->b, moment);
		if (status)
			return status;
	}
	ckpt_coder_emit(coder, codes[expr->op], 0, 0, -1);
	return CKPT_OK;
}

static enum ckpt_status compile_conditional(struct ckpt_coder *coder,
					    const struct ckpt_expr *expr,
					    enum ckpt_moment_rule moment)
{
	uint32_t otherwise, end;
	enum ckpt_status status = ckpt_coder_value(coder, expr->a, moment);

	if (status)
		return status;
	otherwise = emit_jump(coder, CKPT_OP_JUMP_IF_ZERO);
	status = ckpt_coder_value(coder, expr->b, moment);
	if (status)
		return status;
	end = emit_jump(coder, CKPT_OP_JUMP);
	land_jump(coder, otherwise);
	coder->depth--;
	status = ckpt_coder_value(coder, expr->c, moment);
	land_jump(coder, end);
	return status;
}

static enum ckpt_status compile_call(struct ckpt_coder *coder,
				     const struct ckpt_expr *expr,
				     enum ckpt_moment_rule moment)
{
	static const enum ckpt_plan_op_code codes[] = {
		[CKPT_CALL_MIN] = CKPT_OP_MIN,
		[CKPT_CALL_MAX] = CKPT_OP_MAX,
		[CKPT_CALL_ABS] = CKPT_OP_ABS,
		[CKPT_CALL_POW2] = CKPT_OP_POW2,
	};
	bool is_binary = expr->function == CKPT_CALL_MIN ||
			 expr->function == CKPT_CALL_MAX;
	enum ckpt_status status;

	if (expr->function == CKPT_CALL_STRLEN)
		return compile_strlen(coder, expr->path, moment);
	status = ckpt_coder_value(coder, expr->a, moment);
	if (!status && is_binary)
		status = ckpt_coder_value(coder, expr->b, moment);
	if (status)
		return status;
	ckpt_coder_emit(coder, codes[expr->function], 0, 0, is_binary ? -1 : 0);
	return CKPT_OK;
}

/* ---- pre() and post() --------------------------------------------------- */

static uint32_t write_ops(struct ckpt_coder *coder)
{
	uint32_t first =
		ckpt_tables_count(coder->compiler->tables, CKPT_PLAN_OPS);

	for (uint32_t i = 0; i < ckpt_coder_count(coder); i++)
		(void)ckpt_tables_add(coder->compiler->tables, CKPT_PLAN_OPS,
				      ckpt_coder_op(coder, i),
				      sizeof(struct ckpt_plan_op));
	return first;
}

static struct ckpt_plan_expr finish(struct ckpt_coder *coder,
				    const struct ckpt_expr *expr)
{
	struct ckpt_plan_expr entry = {
		.op_count = ckpt_coder_count(coder),
		.stack_size = coder->deepest,
		.text = CKPT_PLAN_NONE,
	};
	char text[256];

	if (expr) {
		ckpt_expr_text(expr, text, sizeof(text));
		entry.text = ckpt_tables_text(coder->compiler->tables, text);
	}
	entry.first_op = write_ops(coder);
	return entry;
}

static bool is_same_code(const struct ckpt_compiler *compiler,
			 const struct ckpt_plan_expr *expr,
			 const struct ckpt_coder *coder)
{
	const struct ckpt_buf *ops = &compiler->tables->sections[CKPT_PLAN_OPS];

	return expr->op_count == ckpt_coder_count(coder) &&
	       !memcmp(ops->data + expr->first_op * sizeof(struct ckpt_plan_op),
		       coder->ops.data, coder->ops.size);
}

/* The value of `expr` before the call, remembered: its slot. */
static enum ckpt_status remember(struct ckpt_coder *coder,
				 const struct ckpt_expr *expr, uint32_t *ret)
{
	struct ckpt_compiler *compiler = coder->compiler;
	struct ckpt_expr_scope scope = *coder->scope;
	struct ckpt_coder own = {.compiler = compiler, .scope = &scope};
	enum ckpt_status status;

	/* Evaluated once, outside any element. */
	scope.level = NULL;
	scope.item = NULL;
	status = ckpt_coder_value(&own, expr, CKPT_MOMENT_PRE);
	*ret = 0;
	if (!status) {
		status = ckpt_buf_status(&own.ops);
		while (*ret < compiler->pre_count &&
		       !is_same_code(compiler, &compiler->pres[*ret], &own))
			++*ret;
	}
	if (!status && *ret == CKPT_PLAN_PRE_MAX)
		status = ckpt_compiler_fail(
			compiler, &expr->place, CKPT_UNSUPPORTED,
			"more than %d different pre()", CKPT_PLAN_PRE_MAX);
	if (!status && *ret == compiler->pre_count)
		compiler->pres[compiler->pre_count++] = finish(&own, expr);
	ckpt_buf_deinit(&own.ops);
	return status;
}

static enum ckpt_status compile_pre(struct ckpt_coder *coder,
				    const struct ckpt_expr *expr,
				    enum ckpt_moment_rule moment)
{
	enum ckpt_status status;
	uint32_t slot = 0;

	if (moment == CKPT_MOMENT_PRE || moment == CKPT_MOMENT_OUT)
		return ckpt_coder_value(coder, expr->a, CKPT_MOMENT_PRE);
	status = remember(coder, expr->a, &slot);
	if (status)
		return status;
	ckpt_coder_emit(coder, CKPT_OP_PRE, slot, 0, 1);
	return CKPT_OK;
}

static enum ckpt_status compile_post(struct ckpt_coder *coder,
				     const struct ckpt_expr *expr,
				     enum ckpt_moment_rule moment)
{
	if (moment == CKPT_MOMENT_PRE || moment == CKPT_MOMENT_OUT)
		return ckpt_compiler_fail(
			coder->compiler, &expr->place, CKPT_INVALID,
			"post() is not known before the call");
	return ckpt_coder_value(coder, expr->a, CKPT_MOMENT_POST);
}

/* ---- expressions -------------------------------------------------------- */

enum ckpt_status ckpt_coder_value(struct ckpt_coder *coder,
				  const struct ckpt_expr *expr,
				  enum ckpt_moment_rule moment)
{
	switch (expr->kind) {
	case CKPT_EXPR_INTEGER:
		emit_constant(coder, expr->integer, false);
		return CKPT_OK;
	case CKPT_EXPR_PATH:
		return compile_path(coder, expr->path, moment);
	case CKPT_EXPR_SIZEOF:
		return compile_sizeof(coder, expr);
	case CKPT_EXPR_UNARY:
		return compile_unary(coder, expr, moment);
	case CKPT_EXPR_BINARY:
		return compile_binary(coder, expr, moment);
	case CKPT_EXPR_CONDITIONAL:
		return compile_conditional(coder, expr, moment);
	case CKPT_EXPR_CALL:
		return compile_call(coder, expr, moment);
	case CKPT_EXPR_PRE:
		return compile_pre(coder, expr, moment);
	case CKPT_EXPR_POST:
		return compile_post(coder, expr, moment);
	}
	return CKPT_INVALID;
}

static enum ckpt_status check_size(struct ckpt_coder *coder,
				   const struct ckpt_expr *expr)
{
	enum ckpt_status status = ckpt_buf_status(&coder->ops);

	if (status)
		return status;
	if (coder->deepest <= CKPT_EXPR_STACK_MAX &&
	    ckpt_coder_count(coder) <= CKPT_EXPR_OPS_MAX)
		return CKPT_OK;
	return ckpt_compiler_fail(coder->compiler, &expr->place,
				  CKPT_UNSUPPORTED,
				  "the expression is too deep or too long");
}

enum ckpt_status ckpt_exprcode_compile(struct ckpt_compiler *compiler,
				       const struct ckpt_expr *expr,
				       const struct ckpt_expr_scope *scope,
				       uint32_t *ret)
{
	struct ckpt_coder coder = {.compiler = compiler, .scope = scope};
	struct ckpt_plan_expr entry;
	enum ckpt_status status;

	if (!expr) {
		*ret = CKPT_PLAN_NONE;
		return CKPT_OK;
	}
	status = ckpt_coder_value(&coder, expr, scope->moment);
	if (!status)
		status = check_size(&coder, expr);
	if (!status) {
		entry = finish(&coder, expr);
		*ret = ckpt_tables_add(compiler->tables, CKPT_PLAN_EXPRS,
				       &entry, sizeof(entry));
	}
	ckpt_buf_deinit(&coder.ops);
	return status;
}

uint32_t ckpt_exprcode_constant(struct ckpt_compiler *compiler, int64_t value)
{
	struct ckpt_coder coder = {.compiler = compiler};
	struct ckpt_plan_expr entry;
	uint32_t index;

	emit_constant(&coder, (uint64_t)value, true);
	entry = finish(&coder, NULL);
	index = ckpt_tables_add(compiler->tables, CKPT_PLAN_EXPRS, &entry,
				sizeof(entry));
	ckpt_buf_deinit(&coder.ops);
	return index;
}

static struct ckpt_plan_expr get_expr(const struct ckpt_compiler *compiler,
				      uint32_t index)
{
	const struct ckpt_buf *exprs =
		&compiler->tables->sections[CKPT_PLAN_EXPRS];
	struct ckpt_plan_expr expr = {.text = CKPT_PLAN_NONE};

	if (!exprs->is_failed)
		memcpy(&expr, exprs->data + index * sizeof(expr), sizeof(expr));
	return expr;
}

/* The code of another expression, which leaves its value. */
static void append_code(struct ckpt_coder *coder, uint32_t index)
{
	const struct ckpt_buf *ops =
		&coder->compiler->tables->sections[CKPT_PLAN_OPS];
	struct ckpt_plan_expr expr = get_expr(coder->compiler, index);

	if (!ops->is_failed)
		ckpt_buf_add(&coder->ops,
			     ops->data + expr.first_op *
						 sizeof(struct ckpt_plan_op),
			     expr.op_count * sizeof(struct ckpt_plan_op));
	if (coder->depth + expr.stack_size > coder->deepest)
		coder->deepest = coder->depth + expr.stack_size;
	coder->depth++;
}

/* Add the code as an entry of its own, with the text of another. */
static enum ckpt_status add_joined(struct ckpt_coder *coder, uint32_t like,
				   uint32_t *ret)
{
	static const struct ckpt_expr nowhere;
	enum ckpt_status status = check_size(coder, &nowhere);
	struct ckpt_plan_expr entry;

	if (!status) {
		entry = finish(coder, NULL);
		entry.text = get_expr(coder->compiler, like).text;
		*ret = ckpt_tables_add(coder->compiler->tables, CKPT_PLAN_EXPRS,
				       &entry, sizeof(entry));
	}
	ckpt_buf_deinit(&coder->ops);
	return status;
}

enum ckpt_status ckpt_exprcode_both(struct ckpt_compiler *compiler, uint32_t a,
				    uint32_t b, uint32_t *ret)
{
	struct ckpt_coder coder = {.compiler = compiler};
	uint32_t decided, end;

	if (a == CKPT_PLAN_NONE || b == CKPT_PLAN_NONE) {
		*ret = a == CKPT_PLAN_NONE ? b : a;
		return CKPT_OK;
	}
	append_code(&coder, a);
	decided = emit_jump(&coder, CKPT_OP_JUMP_IF_ZERO);
	append_code(&coder, b);
	end = emit_jump(&coder, CKPT_OP_JUMP);
	land_jump(&coder, decided);
	coder.depth--;
	emit_constant(&coder, 0, false);
	land_jump(&coder, end);
	return add_joined(&coder, b, ret);
}

enum ckpt_status ckpt_exprcode_above(struct ckpt_compiler *compiler,
				     uint32_t expr, uint64_t bound,
				     uint32_t *ret)
{
	struct ckpt_coder coder = {.compiler = compiler};

	append_code(&coder, expr);
	emit_constant(&coder, bound, false);
	ckpt_coder_emit(&coder, CKPT_OP_GT, 0, 0, -1);
	return add_joined(&coder, expr, ret);
}

void ckpt_exprcode_flush_pres(struct ckpt_compiler *compiler)
{
	struct ckpt_plan_function *function = compiler->function;

	function->first_pre =
		ckpt_tables_count(compiler->tables, CKPT_PLAN_EXPRS);
	function->pre_count = compiler->pre_count;
	for (uint32_t i = 0; i < compiler->pre_count; i++)
		(void)ckpt_tables_add(compiler->tables, CKPT_PLAN_EXPRS,
				      &compiler->pres[i],
				      sizeof(compiler->pres[i]));
}
