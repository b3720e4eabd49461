/* SPDX-License-Identifier: MIT */
#include "shim/planner/types/cdecl_expr.h"

#include <string.h>

enum { DEPTH_MAX = 100 };

struct evaluator {
	struct ckpt_cdecl *p;
	struct ckpt_type *(*read_type)(struct ckpt_cdecl *p);
};

struct operation {
	const char *text;
	int precedence;
};

static const struct operation operations[] = {
	{"||", 1}, {"&&", 2}, {"|", 3}, {"^", 4},  {"&", 5},  {"==", 6},
	{"!=", 6}, {"<", 7},  {">", 7}, {"<=", 7}, {">=", 7}, {"<<", 8},
	{">>", 8}, {"+", 9},  {"-", 9}, {"*", 10}, {"/", 10}, {"%", 10},
};

static int64_t evaluate(struct evaluator *e);

static int64_t divide(struct evaluator *e, int64_t a, int64_t b, bool is_rest)
{
	if (b == 0 || (a == INT64_MIN && b == -1)) {
		ckpt_cdecl_fail(e->p, "division by zero or overflow");
		return 0;
	}
	return is_rest ? a % b : a / b;
}

static int64_t shift(int64_t a, int64_t b, bool is_left)
{
	if (b < 0 || b > 63)
		return 0;
	return is_left ? (int64_t)((uint64_t)a << b) : a >> b;
}

static int64_t apply(struct evaluator *e, const char *op, int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	switch (op[0]) {
	case '|':
		return op[1] ? a || b : a | b;
	case '&':
		return op[1] ? a && b : a & b;
	case '^':
		return a ^ b;
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '<':
		return op[1] == '<' ? shift(a, b, true)
		       : op[1]	    ? a <= b
				    : a < b;
	case '>':
		return op[1] == '>' ? shift(a, b, false)
		       : op[1]	    ? a >= b
				    : a > b;
	case '+':
		return (int64_t)(x + y);
	case '-':
		return (int64_t)(x - y);
	case '*':
		return (int64_t)(x * y);
	default:
		return divide(e, a, b, op[0] == '%');
	}
}

static int64_t evaluate_size(struct evaluator *e)
{
	struct ckpt_cdecl *p = e->p;
	bool is_size = ckpt_cdecl_is(p, "sizeof");
	struct ckpt_type *type;

	ckpt_cdecl_next(p);
	ckpt_cdecl_expect(p, "(");
	type = e->read_type(p);
	ckpt_cdecl_expect(p, ")");
	if (!type)
		return 0;
	if (!type->size && type->kind != CKPT_TYPE_STRUCT &&
	    type->kind != CKPT_TYPE_UNION && type->kind != CKPT_TYPE_ARRAY)
		ckpt_cdecl_fail(p, "the size of this type is not known");
	return is_size ? (int64_t)type->size : type->alignment;
}

static int64_t evaluate_name(struct evaluator *e)
{
	struct ckpt_cdecl *p = e->p;
	const struct ckpt_cdecl_constant *c = p->constants;

	if (ckpt_cdecl_is(p, "sizeof") || ckpt_cdecl_is(p, "_Alignof"))
		return evaluate_size(e);
	for (; c; c = c->next)
		if (ckpt_cdecl_accept(p, c->name))
			return c->value;
	ckpt_cdecl_fail(p, "'%.*s' is not a constant that is known here",
			p->token.size > 40 ? 40 : (int)p->token.size,
			p->token.text);
	return 0;
}

static int64_t evaluate_unary(struct evaluator *e)
{
	struct ckpt_cdecl *p = e->p;
	int64_t value;

	if (++p->depth > DEPTH_MAX)
		ckpt_cdecl_fail(p, "nested too deeply");
	if (ckpt_cdecl_accept(p, "-")) {
		value = (int64_t)(0 - (uint64_t)evaluate_unary(e));
	} else if (ckpt_cdecl_accept(p, "+")) {
		value = evaluate_unary(e);
	} else if (ckpt_cdecl_accept(p, "~")) {
		value = ~evaluate_unary(e);
	} else if (ckpt_cdecl_accept(p, "!")) {
		value = !evaluate_unary(e);
	} else if (ckpt_cdecl_accept(p, "(")) {
		value = evaluate(e);
		ckpt_cdecl_expect(p, ")");
	} else if (p->token.kind == CKPT_TOKEN_NUMBER) {
		value = p->token.value;
		ckpt_cdecl_next(p);
	} else {
		value = evaluate_name(e);
	}
	p->depth--;
	return value;
}

static const struct operation *find_operation(const struct ckpt_cdecl *p)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (ckpt_cdecl_is(p, operations[i].text))
			return &operations[i];
	return NULL;
}

/* Precedence climbing: all operations that bind at least as `precedence`. */
static int64_t evaluate_binary(struct evaluator *e, int precedence)
{
	int64_t value = evaluate_unary(e);
	const struct operation *operation = find_operation(e->p);

	while (operation && operation->precedence >= precedence) {
		ckpt_cdecl_next(e->p);
		value = apply(e, operation->text, value,
			      evaluate_binary(e, operation->precedence + 1));
		operation = find_operation(e->p);
	}
	return value;
}

static int64_t evaluate(struct evaluator *e)
{
	int64_t value, otherwise;

	if (++e->p->depth > DEPTH_MAX)
		ckpt_cdecl_fail(e->p, "nested too deeply");
	value = evaluate_binary(e, 1);
	if (ckpt_cdecl_accept(e->p, "?")) {
		int64_t then = evaluate(e);

		ckpt_cdecl_expect(e->p, ":");
		otherwise = evaluate(e);
		value = value ? then : otherwise;
	}
	e->p->depth--;
	return value;
}

int64_t
ckpt_cdecl_constant(struct ckpt_cdecl *p,
		    struct ckpt_type *(*read_type)(struct ckpt_cdecl *p))
{
	struct evaluator e = {p, read_type};
	int64_t value = evaluate(&e);

	return p->status ? 0 : value;
}
