/* SPDX-License-Identifier: MIT */
#include "config/exprtext.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct writer {
	char *text;
	size_t size;
	size_t used;
};

static void write_expr(struct writer *writer, const struct ckpt_expr *expr,
		       bool is_nested);

CKPT_PRINTF(2, 3)
static void put(struct writer *writer, const char *format, ...)
{
	va_list args;
	int size;

	if (writer->used >= writer->size)
		return;
	va_start(args, format);
	size = vsnprintf(writer->text + writer->used,
			 writer->size - writer->used, format, args);
	va_end(args);
	writer->used += size > 0 ? (size_t)size : 0;
}

/* The path up to its first `count` steps. In front of a postfix (`is_inner`)
 * a '*' needs parentheses. */
static void write_steps(struct writer *writer, const struct ckpt_path *path,
			size_t count, bool is_inner)
{
	const struct ckpt_step *step;

	if (!count) {
		put(writer, "%s", path->base);
		return;
	}
	step = &path->steps[count - 1];
	switch (step->kind) {
	case CKPT_STEP_DEREF:
		put(writer, is_inner ? "(*" : "*");
		write_steps(writer, path, count - 1, false);
		put(writer, is_inner ? ")" : "");
		return;
	case CKPT_STEP_EACH:
		write_steps(writer, path, count - 1, true);
		put(writer, "[]");
		return;
	case CKPT_STEP_INDEX:
		write_steps(writer, path, count - 1, true);
		put(writer, "[");
		write_expr(writer, step->index, false);
		put(writer, "]");
		return;
	case CKPT_STEP_FIELD:
		if (count > 1 && step[-1].kind == CKPT_STEP_DEREF) {
			write_steps(writer, path, count - 2, true);
			put(writer, "->%s", step->name);
			return;
		}
		write_steps(writer, path, count - 1, true);
		put(writer, ".%s", step->name);
		return;
	}
}

static void write_call(struct writer *writer, const struct ckpt_expr *expr)
{
	static const char *const names[] = {
		[CKPT_CALL_STRLEN] = "strlen", [CKPT_CALL_MIN] = "min",
		[CKPT_CALL_MAX] = "max",       [CKPT_CALL_ABS] = "abs",
		[CKPT_CALL_POW2] = "pow2",
	};

	put(writer, "%s(", names[expr->function]);
	if (expr->path)
		write_steps(writer, expr->path, expr->path->step_count, false);
	if (expr->a)
		write_expr(writer, expr->a, false);
	if (expr->b) {
		put(writer, ", ");
		write_expr(writer, expr->b, false);
	}
	put(writer, ")");
}

static const char *const operators[] = {
	[CKPT_OPERATOR_ADD] = "+",    [CKPT_OPERATOR_SUB] = "-",
	[CKPT_OPERATOR_MUL] = "*",    [CKPT_OPERATOR_DIV] = "/",
	[CKPT_OPERATOR_MOD] = "%",    [CKPT_OPERATOR_SHL] = "<<",
	[CKPT_OPERATOR_SHR] = ">>",   [CKPT_OPERATOR_BIT_AND] = "&",
	[CKPT_OPERATOR_BIT_OR] = "|", [CKPT_OPERATOR_BIT_XOR] = "^",
	[CKPT_OPERATOR_EQ] = "==",    [CKPT_OPERATOR_NE] = "!=",
	[CKPT_OPERATOR_LT] = "<",     [CKPT_OPERATOR_LE] = "<=",
	[CKPT_OPERATOR_GT] = ">",     [CKPT_OPERATOR_GE] = ">=",
	[CKPT_OPERATOR_AND] = "&&",   [CKPT_OPERATOR_OR] = "||",
	[CKPT_OPERATOR_NEG] = "-",    [CKPT_OPERATOR_BIT_NOT] = "~",
	[CKPT_OPERATOR_NOT] = "!",
};

static void write_operation(struct writer *writer, const struct ckpt_expr *expr)
{
	write_expr(writer, expr->a, true);
	if (expr->kind == CKPT_EXPR_BINARY) {
		put(writer, " %s ", operators[expr->op]);
		write_expr(writer, expr->b, true);
		return;
	}
	put(writer, " ? ");
	write_expr(writer, expr->b, true);
	put(writer, " : ");
	write_expr(writer, expr->c, true);
}

static void write_expr(struct writer *writer, const struct ckpt_expr *expr,
		       bool is_nested)
{
	switch (expr->kind) {
	case CKPT_EXPR_INTEGER:
		put(writer, "%" PRIu64, expr->integer);
		return;
	case CKPT_EXPR_PATH:
		write_steps(writer, expr->path, expr->path->step_count, false);
		return;
	case CKPT_EXPR_SIZEOF:
		put(writer, "sizeof(");
		if (expr->path)
			write_steps(writer, expr->path, expr->path->step_count,
				    false);
		else
			put(writer, "%s", expr->type_name);
		put(writer, ")");
		return;
	case CKPT_EXPR_UNARY:
		put(writer, "%s", operators[expr->op]);
		write_expr(writer, expr->a, true);
		return;
	case CKPT_EXPR_CALL:
		write_call(writer, expr);
		return;
	case CKPT_EXPR_PRE:
	case CKPT_EXPR_POST:
		put(writer, expr->kind == CKPT_EXPR_PRE ? "pre(" : "post(");
		write_expr(writer, expr->a, false);
		put(writer, ")");
		return;
	case CKPT_EXPR_BINARY:
	case CKPT_EXPR_CONDITIONAL:
		put(writer, is_nested ? "(" : "");
		write_operation(writer, expr);
		put(writer, is_nested ? ")" : "");
		return;
	}
}

void ckpt_path_text(const struct ckpt_path *path, char *text, size_t size)
{
	struct writer writer = {text, size, 0};

	put(&writer, "%s", "");
	write_steps(&writer, path, path->step_count, false);
}

void ckpt_expr_text(const struct ckpt_expr *expr, char *text, size_t size)
{
	struct writer writer = {text, size, 0};

	put(&writer, "%s", "");
	write_expr(&writer, expr, false);
}
