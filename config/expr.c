/* SPDX-License-Identifier: MIT */
#include "config/expr.h"

#include "config/lexer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct ckpt_expr *read_expr(struct ckpt_lexer *lexer);
static struct ckpt_expr *read_unary(struct ckpt_lexer *lexer);

/* The tree if all went well; else it is freed. */
static struct ckpt_expr *finish(struct ckpt_lexer *lexer,
				struct ckpt_expr *expr)
{
	if (!lexer->status)
		return expr;
	ckpt_expr_destroy(expr);
	return NULL;
}

static struct ckpt_expr *make_expr(struct ckpt_lexer *lexer,
				   enum ckpt_expr_kind kind, size_t offset)
{
	struct ckpt_expr *expr;

	if (lexer->status)
		return NULL;
	expr = calloc(1, sizeof *expr);
	if (!expr) {
		ckpt_lexer_nomem(lexer);
		return NULL;
	}
	expr->kind = kind;
	expr->place = ckpt_lexer_place(lexer, offset);
	return expr;
}

static struct ckpt_expr *make_unary(struct ckpt_lexer *lexer, size_t offset,
				    enum ckpt_expr_operator op,
				    struct ckpt_expr *a)
{
	struct ckpt_expr *expr = make_expr(lexer, CKPT_EXPR_UNARY, offset);

	if (!expr) {
		ckpt_expr_destroy(a);
		return NULL;
	}
	expr->op = op;
	expr->a = a;
	return expr;
}

static struct ckpt_expr *make_integer(struct ckpt_lexer *lexer, size_t offset,
				      uint64_t magnitude, bool is_negative)
{
	struct ckpt_expr *expr = make_expr(lexer, CKPT_EXPR_INTEGER, offset);

	if (!expr)
		return NULL;
	expr->integer = magnitude;
	if (!is_negative)
		return expr;
	return make_unary(lexer, offset, CKPT_OPERATOR_NEG, expr);
}

/* A path without steps, as an expression. Takes `base`. */
static struct ckpt_expr *make_path(struct ckpt_lexer *lexer, size_t offset,
				   char *base)
{
	struct ckpt_expr *expr = make_expr(lexer, CKPT_EXPR_PATH, offset);

	if (expr)
		expr->path = calloc(1, sizeof *expr->path);
	if (!expr || !expr->path || !base) {
		free(base);
		ckpt_expr_destroy(expr);
		ckpt_lexer_nomem(lexer);
		return NULL;
	}
	expr->path->base = base;
	expr->path->place = expr->place;
	return expr;
}

/* Takes name and index. */
static void add_step(struct ckpt_lexer *lexer, struct ckpt_path *path,
		     enum ckpt_step_kind kind, char *name,
		     struct ckpt_expr *index)
{
	struct ckpt_step *steps = NULL;

	if (!lexer->status) {
		steps = reallocarray(path->steps, path->step_count + 1,
				     sizeof *steps);
		if (!steps)
			ckpt_lexer_nomem(lexer);
	}
	if (!steps) {
		free(name);
		ckpt_expr_destroy(index);
		return;
	}
	path->steps = steps;
	steps[path->step_count++] =
		(struct ckpt_step){.kind = kind, .name = name, .index = index};
}

/* Guards every recursion; a false ends it with an error. */
static bool enter(struct ckpt_lexer *lexer)
{
	if (++lexer->depth > CKPT_EXPR_DEPTH_MAX)
		ckpt_lexer_fail(lexer, lexer->token.start,
				"nested deeper than %d levels; write less",
				CKPT_EXPR_DEPTH_MAX);
	return !lexer->status;
}

static void leave(struct ckpt_lexer *lexer)
{
	lexer->depth--;
}

/* .name ->name [] [EXPR] behind a path. */
static void read_postfix(struct ckpt_lexer *lexer, struct ckpt_path *path)
{
	static const char field[] = "the name of a field";

	while (!lexer->status) {
		if (ckpt_lexer_accept(lexer, '.')) {
			add_step(lexer, path, CKPT_STEP_FIELD,
				 ckpt_lexer_name(lexer, field), NULL);
		} else if (ckpt_lexer_accept(lexer, CKPT_TOKEN_ARROW)) {
			add_step(lexer, path, CKPT_STEP_DEREF, NULL, NULL);
			add_step(lexer, path, CKPT_STEP_FIELD,
				 ckpt_lexer_name(lexer, field), NULL);
		} else if (ckpt_lexer_accept(lexer, '[')) {
			if (ckpt_lexer_accept(lexer, ']')) {
				add_step(lexer, path, CKPT_STEP_EACH, NULL,
					 NULL);
				continue;
			}
			add_step(lexer, path, CKPT_STEP_INDEX, NULL,
				 read_expr(lexer));
			ckpt_lexer_expect(lexer, ']', "']'");
		} else {
			return;
		}
	}
}

/* pre(E) post(E) */
static struct ckpt_expr *read_timed(struct ckpt_lexer *lexer,
				    enum ckpt_expr_kind kind)
{
	size_t offset = lexer->token.start;
	struct ckpt_expr *expr = make_expr(lexer, kind, offset);

	if (!expr)
		return NULL;
	if (lexer->is_timed)
		ckpt_lexer_fail(lexer, offset,
				"pre() and post() cannot stand inside one "
				"another; each value is read at one time");
	ckpt_lexer_advance(lexer);
	ckpt_lexer_expect(lexer, '(', "'('");
	lexer->is_timed = true;
	expr->a = read_expr(lexer);
	lexer->is_timed = false;
	ckpt_lexer_expect(lexer, ')', "')'");
	return finish(lexer, expr);
}

static struct ckpt_expr *read_sizeof(struct ckpt_lexer *lexer)
{
	struct ckpt_expr *expr =
		make_expr(lexer, CKPT_EXPR_SIZEOF, lexer->token.start);

	if (!expr)
		return NULL;
	ckpt_lexer_advance(lexer);
	ckpt_lexer_expect(lexer, '(', "'('");
	if (lexer->token.kind == '*')
		expr->path = ckpt_path_read(lexer);
	else
		expr->type_name = ckpt_lexer_type(lexer);
	ckpt_lexer_expect(lexer, ')', "')'");
	return finish(lexer, expr);
}

static struct ckpt_expr *read_strlen(struct ckpt_lexer *lexer)
{
	struct ckpt_expr *expr =
		make_expr(lexer, CKPT_EXPR_CALL, lexer->token.start);

	if (!expr)
		return NULL;
	expr->function = CKPT_CALL_STRLEN;
	ckpt_lexer_advance(lexer);
	ckpt_lexer_expect(lexer, '(', "'('");
	expr->path = ckpt_path_read(lexer);
	ckpt_lexer_expect(lexer, ')', "')'");
	return finish(lexer, expr);
}

/* min(a, b, …) becomes min(min(a, b), …). */
static struct ckpt_expr *read_call(struct ckpt_lexer *lexer,
				   enum ckpt_expr_function function)
{
	size_t offset = lexer->token.start;
	bool is_pair = function == CKPT_CALL_MIN || function == CKPT_CALL_MAX;
	struct ckpt_expr *expr = make_expr(lexer, CKPT_EXPR_CALL, offset);

	if (!expr)
		return NULL;
	expr->function = function;
	ckpt_lexer_advance(lexer);
	ckpt_lexer_expect(lexer, '(', "'('");
	expr->a = read_expr(lexer);
	if (is_pair) {
		ckpt_lexer_expect(lexer, ',', "',' and a second value");
		expr->b = read_expr(lexer);
	}
	while (is_pair && ckpt_lexer_accept(lexer, ',')) {
		struct ckpt_expr *outer =
			make_expr(lexer, CKPT_EXPR_CALL, offset);

		if (!outer)
			break;
		outer->function = function;
		outer->a = expr;
		outer->b = read_expr(lexer);
		expr = outer;
	}
	ckpt_lexer_expect(lexer, ')', "')'");
	return finish(lexer, expr);
}

/* Names that mean a number. */
static const struct constant {
	const char *name;
	uint64_t magnitude;
	bool is_negative;
} constants[] = {
	{"NULL", 0, false},
	{"false", 0, false},
	{"true", 1, false},
	{"CHAR_BIT", 8, false},
	{"CHAR_MIN", 1u << 7, true},
	{"CHAR_MAX", INT8_MAX, false},
	{"SCHAR_MIN", 1u << 7, true},
	{"SCHAR_MAX", INT8_MAX, false},
	{"UCHAR_MAX", UINT8_MAX, false},
	{"SHRT_MIN", 1u << 15, true},
	{"SHRT_MAX", INT16_MAX, false},
	{"USHRT_MAX", UINT16_MAX, false},
	{"INT_MIN", 1u << 31, true},
	{"INT_MAX", INT32_MAX, false},
	{"UINT_MAX", UINT32_MAX, false},
	{"LONG_MIN", 1ull << 63, true},
	{"LONG_MAX", INT64_MAX, false},
	{"ULONG_MAX", UINT64_MAX, false},
	{"LLONG_MIN", 1ull << 63, true},
	{"LLONG_MAX", INT64_MAX, false},
	{"ULLONG_MAX", UINT64_MAX, false},
	{"INT8_MIN", 1u << 7, true},
	{"INT8_MAX", INT8_MAX, false},
	{"UINT8_MAX", UINT8_MAX, false},
	{"INT16_MIN", 1u << 15, true},
	{"INT16_MAX", INT16_MAX, false},
	{"UINT16_MAX", UINT16_MAX, false},
	{"INT32_MIN", 1u << 31, true},
	{"INT32_MAX", INT32_MAX, false},
	{"UINT32_MAX", UINT32_MAX, false},
	{"INT64_MIN", 1ull << 63, true},
	{"INT64_MAX", INT64_MAX, false},
	{"UINT64_MAX", UINT64_MAX, false},
	{"INTPTR_MIN", 1ull << 63, true},
	{"INTPTR_MAX", INT64_MAX, false},
	{"UINTPTR_MAX", UINT64_MAX, false},
	{"PTRDIFF_MIN", 1ull << 63, true},
	{"PTRDIFF_MAX", INT64_MAX, false},
	{"SIZE_MAX", UINT64_MAX, false},
	{"SSIZE_MAX", INT64_MAX, false},
};

static const struct constant *find_constant(const struct ckpt_lexer *lexer)
{
	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
		if (ckpt_lexer_is_word(lexer, constants[i].name))
			return &constants[i];
	}
	return NULL;
}

/* Names are functions only in front of '(': a parameter may be called min. */
static bool is_call(const struct ckpt_lexer *lexer)
{
	const char *next = lexer->text + lexer->next;

	return *(next + strspn(next, " \t\r\n")) == '(';
}

static struct ckpt_expr *read_function(struct ckpt_lexer *lexer)
{
	static const struct {
		const char *name;
		enum ckpt_expr_function function;
	} functions[] = {
		{"min", CKPT_CALL_MIN},
		{"max", CKPT_CALL_MAX},
		{"abs", CKPT_CALL_ABS},
		{"pow2", CKPT_CALL_POW2},
	};

	if (ckpt_lexer_is_word(lexer, "sizeof"))
		return read_sizeof(lexer);
	if (ckpt_lexer_is_word(lexer, "strlen"))
		return read_strlen(lexer);
	if (ckpt_lexer_is_word(lexer, "pre"))
		return read_timed(lexer, CKPT_EXPR_PRE);
	if (ckpt_lexer_is_word(lexer, "post"))
		return read_timed(lexer, CKPT_EXPR_POST);
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		if (ckpt_lexer_is_word(lexer, functions[i].name))
			return read_call(lexer, functions[i].function);
	}
	ckpt_lexer_fail(lexer, lexer->token.start,
			"'%.*s' is no function here; there are sizeof, strlen, "
			"min, max, abs, pow2, pre and post",
			(int)lexer->token.size,
			lexer->text + lexer->token.start);
	return NULL;
}

static struct ckpt_expr *read_name(struct ckpt_lexer *lexer)
{
	size_t offset = lexer->token.start;
	const struct constant *constant = find_constant(lexer);

	if (constant) {
		ckpt_lexer_advance(lexer);
		return make_integer(lexer, offset, constant->magnitude,
				    constant->is_negative);
	}
	if (is_call(lexer))
		return read_function(lexer);
	return make_path(lexer, offset, ckpt_lexer_name(lexer, "a name"));
}

static struct ckpt_expr *read_primary(struct ckpt_lexer *lexer)
{
	const struct ckpt_token token = lexer->token;
	struct ckpt_expr *expr = NULL;

	if (token.kind == CKPT_TOKEN_NAME) {
		expr = read_name(lexer);
	} else if (token.kind == '.') { /* .field of the element */
		expr = make_path(lexer, token.start, strdup(""));
	} else if (ckpt_lexer_accept(lexer, CKPT_TOKEN_INTEGER)) {
		expr = make_integer(lexer, token.start, token.integer,
				    token.is_negative);
	} else if (ckpt_lexer_accept(lexer, '(')) {
		expr = read_expr(lexer);
		ckpt_lexer_expect(lexer, ')', "')'");
	} else {
		ckpt_lexer_expected(lexer, "a value");
	}
	if (expr && expr->kind == CKPT_EXPR_PATH)
		read_postfix(lexer, expr->path);
	return finish(lexer, expr);
}

static struct ckpt_expr *read_dereference(struct ckpt_lexer *lexer)
{
	size_t operand;
	struct ckpt_expr *expr;

	ckpt_lexer_advance(lexer);
	operand = lexer->token.start;
	expr = read_unary(lexer);
	if (!expr)
		return NULL;
	if (expr->kind != CKPT_EXPR_PATH)
		ckpt_lexer_fail(lexer, operand,
				"'*' in front needs the path of a pointer");
	else
		add_step(lexer, expr->path, CKPT_STEP_DEREF, NULL, NULL);
	return finish(lexer, expr);
}

static struct ckpt_expr *read_unary_here(struct ckpt_lexer *lexer)
{
	size_t offset = lexer->token.start;

	switch (lexer->token.kind) {
	case '*':
		return read_dereference(lexer);
	case '+':
		ckpt_lexer_advance(lexer);
		return read_unary(lexer);
	case '-':
		ckpt_lexer_advance(lexer);
		return make_unary(lexer, offset, CKPT_OPERATOR_NEG,
				  read_unary(lexer));
	case '~':
		ckpt_lexer_advance(lexer);
		return make_unary(lexer, offset, CKPT_OPERATOR_BIT_NOT,
				  read_unary(lexer));
	case '!':
		ckpt_lexer_advance(lexer);
		return make_unary(lexer, offset, CKPT_OPERATOR_NOT,
				  read_unary(lexer));
	default:
		return read_primary(lexer);
	}
}

static struct ckpt_expr *read_unary(struct ckpt_lexer *lexer)
{
	struct ckpt_expr *expr = NULL;

	if (enter(lexer))
		expr = read_unary_here(lexer);
	leave(lexer);
	return expr;
}

/* C11 6.5.5 … 6.5.14: the higher, the tighter; all from left to right. */
static const struct binary {
	int token;
	int precedence;
	enum ckpt_expr_operator op;
} binaries[] = {
	{'*', 10, CKPT_OPERATOR_MUL},
	{'/', 10, CKPT_OPERATOR_DIV},
	{'%', 10, CKPT_OPERATOR_MOD},
	{'+', 9, CKPT_OPERATOR_ADD},
	{'-', 9, CKPT_OPERATOR_SUB},
	{CKPT_TOKEN_SHL, 8, CKPT_OPERATOR_SHL},
	{CKPT_TOKEN_SHR, 8, CKPT_OPERATOR_SHR},
	{'<', 7, CKPT_OPERATOR_LT},
	{CKPT_TOKEN_LE, 7, CKPT_OPERATOR_LE},
	{'>', 7, CKPT_OPERATOR_GT},
	{CKPT_TOKEN_GE, 7, CKPT_OPERATOR_GE},
	{CKPT_TOKEN_EQ, 6, CKPT_OPERATOR_EQ},
	{CKPT_TOKEN_NE, 6, CKPT_OPERATOR_NE},
	{'&', 5, CKPT_OPERATOR_BIT_AND},
	{'^', 4, CKPT_OPERATOR_BIT_XOR},
	{'|', 3, CKPT_OPERATOR_BIT_OR},
	{CKPT_TOKEN_AND, 2, CKPT_OPERATOR_AND},
	{CKPT_TOKEN_OR, 1, CKPT_OPERATOR_OR},
};

static const struct binary *find_binary(int token, int precedence)
{
	for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
		if (binaries[i].token == token)
			return binaries[i].precedence >= precedence
				       ? &binaries[i]
				       : NULL;
	}
	return NULL;
}

static struct ckpt_expr *read_binary(struct ckpt_lexer *lexer, int precedence)
{
	struct ckpt_expr *left = read_unary(lexer);
	const struct binary *binary;

	while (left && (binary = find_binary(lexer->token.kind, precedence))) {
		struct ckpt_expr *expr =
			make_expr(lexer, CKPT_EXPR_BINARY, lexer->token.start);

		if (!expr)
			break;
		expr->op = binary->op;
		expr->a = left;
		left = expr;
		ckpt_lexer_advance(lexer);
		expr->b = read_binary(lexer, binary->precedence + 1);
	}
	return finish(lexer, left);
}

static struct ckpt_expr *read_conditional(struct ckpt_lexer *lexer)
{
	struct ckpt_expr *condition = read_binary(lexer, 1);
	struct ckpt_expr *expr;

	if (!condition || lexer->token.kind != '?')
		return condition;
	expr = make_expr(lexer, CKPT_EXPR_CONDITIONAL, lexer->token.start);
	if (!expr) {
		ckpt_expr_destroy(condition);
		return NULL;
	}
	expr->a = condition;
	ckpt_lexer_advance(lexer);
	expr->b = read_expr(lexer);
	ckpt_lexer_expect(lexer, ':', "':' and the other value");
	expr->c = read_expr(lexer);
	return finish(lexer, expr);
}

static struct ckpt_expr *read_expr(struct ckpt_lexer *lexer)
{
	struct ckpt_expr *expr = NULL;

	if (enter(lexer))
		expr = read_conditional(lexer);
	leave(lexer);
	return expr;
}

struct ckpt_expr *ckpt_expr_read(struct ckpt_lexer *lexer)
{
	return read_expr(lexer);
}

struct ckpt_path *ckpt_path_read(struct ckpt_lexer *lexer)
{
	size_t offset = lexer->token.start;
	struct ckpt_expr *expr = read_unary(lexer);
	struct ckpt_path *path = NULL;

	if (!expr)
		return NULL;
	if (expr->kind == CKPT_EXPR_PATH) {
		path = expr->path;
		expr->path = NULL;
	} else {
		ckpt_lexer_fail(lexer, offset,
				"expected a path, as x, *x, x->field, x[] or "
				"return");
	}
	ckpt_expr_destroy(expr);
	return path;
}

enum ckpt_status ckpt_expr_parse(const char *text,
				 const struct ckpt_place *place,
				 struct ckpt_expr **ret, struct ckpt_err *err)
{
	struct ckpt_lexer lexer;
	struct ckpt_expr *expr;

	ckpt_lexer_init(&lexer, text, place, err);
	expr = ckpt_expr_read(&lexer);
	ckpt_lexer_expect(&lexer, CKPT_TOKEN_END, "an operator or the end");
	if (lexer.status) {
		ckpt_expr_destroy(expr);
		return lexer.status;
	}
	*ret = expr;
	return CKPT_OK;
}

enum ckpt_status ckpt_path_parse(const char *text,
				 const struct ckpt_place *place,
				 struct ckpt_path **ret, struct ckpt_err *err)
{
	struct ckpt_lexer lexer;
	struct ckpt_path *path;

	ckpt_lexer_init(&lexer, text, place, err);
	path = ckpt_path_read(&lexer);
	ckpt_lexer_expect(&lexer, CKPT_TOKEN_END,
			  "'.', '->', '[' or the end of the path");
	if (lexer.status) {
		ckpt_path_destroy(path);
		return lexer.status;
	}
	*ret = path;
	return CKPT_OK;
}
