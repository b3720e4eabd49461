/* SPDX-License-Identifier: MIT */
#include "config/expr.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void ckpt_path_destroy(struct ckpt_path *path)
{
	if (!path)
		return;
	for (size_t i = 0; i < path->step_count; i++) {
		free(path->steps[i].name);
		ckpt_expr_destroy(path->steps[i].index);
	}
	free(path->steps);
	free(path->base);
	free(path);
}

void ckpt_expr_destroy(struct ckpt_expr *expr)
{
	if (!expr)
		return;
	ckpt_path_destroy(expr->path);
	ckpt_expr_destroy(expr->a);
	ckpt_expr_destroy(expr->b);
	ckpt_expr_destroy(expr->c);
	free(expr->type_name);
	free(expr);
}

/* Is any part of the expression such? */
static bool has_part(const struct ckpt_expr *expr,
		     bool (*is_such)(const struct ckpt_expr *expr))
{
	if (!expr)
		return false;
	if (is_such(expr))
		return true;
	for (size_t i = 0; expr->path && i < expr->path->step_count; i++) {
		if (has_part(expr->path->steps[i].index, is_such))
			return true;
	}
	return has_part(expr->a, is_such) || has_part(expr->b, is_such) ||
	       has_part(expr->c, is_such);
}

static bool is_post(const struct ckpt_expr *expr)
{
	return expr->kind == CKPT_EXPR_POST;
}

static bool is_timed(const struct ckpt_expr *expr)
{
	return expr->kind == CKPT_EXPR_POST || expr->kind == CKPT_EXPR_PRE ||
	       (expr->path && !strcmp(expr->path->base, "return"));
}

bool ckpt_expr_has_post(const struct ckpt_expr *expr)
{
	return has_part(expr, is_post);
}

bool ckpt_expr_is_timeless(const struct ckpt_expr *expr)
{
	return expr && !has_part(expr, is_timed);
}

static bool does_path_mention(const struct ckpt_path *path, const char *base)
{
	if (!path)
		return false;
	if (!strcmp(path->base, base))
		return true;
	for (size_t i = 0; i < path->step_count; i++) {
		if (ckpt_expr_mentions(path->steps[i].index, base))
			return true;
	}
	return false;
}

bool ckpt_expr_mentions(const struct ckpt_expr *expr, const char *base)
{
	return expr && (does_path_mention(expr->path, base) ||
			ckpt_expr_mentions(expr->a, base) ||
			ckpt_expr_mentions(expr->b, base) ||
			ckpt_expr_mentions(expr->c, base));
}
