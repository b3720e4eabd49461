/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/eval.h"

#include <string.h>

/* Values leave neither [-2^63, 2^64), so no operator can overflow 128 bits. */
static const __int128 VALUE_MIN = -((__int128)1 << 63);
static const __int128 VALUE_MAX = ((__int128)1 << 64) - 1;

enum { STRLEN_MAX = 1 << 30 };

/* One expression being evaluated. Addresses are pushed as values: an operator
 * of the planner never computes with one but by ADD_OFF, POINTEE, INDEX. */
struct machine {
	struct ckpt_call *call;
	const struct ckpt_eval_context *context;
	__int128 stack[CKPT_EXPR_STACK_MAX];
	uint32_t depth;
};

const uint8_t *ckpt_eval_element(const struct ckpt_call *call,
				 const struct ckpt_extent *extent,
				 const uint8_t *address)
{
	uint64_t step = call->program->nodes[extent->node].stride;
	uint64_t off = (uint64_t)(address - extent->address);

	return step ? address - off % step : extent->address;
}

static enum ckpt_status refuse(struct machine *m, enum ckpt_refusal_kind kind,
			       __int128 value)
{
	(void)ckpt_call_refuse(m->call, kind, CKPT_PLAN_NONE,
			       (const void *)(uintptr_t)value, 0);
	m->call->refusal.value = (int64_t)value;
	return CKPT_UNSUPPORTED;
}

static bool is_in_frame(const struct ckpt_call *call, const uint8_t *address,
			uint64_t size)
{
	const uint8_t *frame = (const uint8_t *)call->frame;
	const uint8_t *stack = ckpt_frame_stack(call->frame);
	uint64_t stack_size = call->program->function->stack_size;

	if (address >= frame && address < frame + sizeof(*call->frame))
		return size <=
		       (uint64_t)(frame + sizeof(*call->frame) - address);
	return address >= stack && address <= stack + stack_size &&
	       size <= (uint64_t)(stack + stack_size - address);
}

static enum ckpt_status read_memory(struct machine *m, __int128 at,
				    uint32_t size, uint64_t *ret)
{
	const uint8_t *address = (const uint8_t *)(uintptr_t)at;

	if (size > sizeof(*ret))
		return refuse(m, CKPT_REFUSAL_EXPRESSION, size);
	if (!is_in_frame(m->call, address, size) &&
	    !ckpt_ranges_can_read(m->call->ranges, address, size))
		return refuse(m, CKPT_REFUSAL_WILD, at);
	*ret = 0;
	memcpy(ret, address, size);
	return CKPT_OK;
}

static __int128 widen(uint64_t raw, uint32_t bits, bool is_signed)
{
	uint64_t sign = (uint64_t)1 << (bits - 1);

	if (is_signed && (raw & sign))
		return (__int128)raw - ((__int128)1 << bits);
	return raw;
}

static enum ckpt_status load(struct machine *m, const struct ckpt_plan_op *op,
			     __int128 *value)
{
	enum ckpt_status status;
	uint32_t bit_off = op->a & 0xff;
	uint32_t bit_size = op->a >> 8 & 0xff;
	uint64_t raw;

	if (!op->size)
		return refuse(m, CKPT_REFUSAL_EXPRESSION, 0);
	status = read_memory(m, *value, op->size, &raw);
	if (status)
		return status;
	if (op->code == CKPT_OP_LOAD) {
		*value = widen(raw, op->size * 8u, op->is_signed);
		return CKPT_OK;
	}
	if (!bit_size || bit_size > 64 || bit_off > 63)
		return refuse(m, CKPT_REFUSAL_EXPRESSION, bit_size);
	raw >>= bit_off;
	if (bit_size < 64)
		raw &= ((uint64_t)1 << bit_size) - 1;
	*value = widen(raw, bit_size, op->is_signed);
	return CKPT_OK;
}

static enum ckpt_status load_pointer(struct machine *m, __int128 *value)
{
	enum ckpt_status status;
	uint64_t raw;

	status = read_memory(m, *value, sizeof(raw), &raw);
	if (status)
		return status;
	if (!raw)
		return refuse(m, CKPT_REFUSAL_NULL, 0);
	*value = raw;
	return CKPT_OK;
}

static enum ckpt_status measure_string(struct machine *m, __int128 *value)
{
	const char *text = (const char *)(uintptr_t)*value;
	uint64_t length = 0;

	while (length < STRLEN_MAX) {
		uint64_t size = ckpt_ranges_readable(
			m->call->ranges, text + length, STRLEN_MAX - length);
		const char *end;

		if (!size)
			break;
		end = memchr(text + length, 0, size);
		if (end) {
			*value = end - text;
			return CKPT_OK;
		}
		length += size;
	}
	return refuse(m, CKPT_REFUSAL_ENDLESS, *value);
}

/* `up` extents above the context's element; NULL if there is none. */
static const uint8_t *find_element(const struct machine *m, uint32_t up)
{
	const struct ckpt_eval_context *context = m->context;
	const uint8_t *element = context->element;
	const uint8_t *from = context->from;
	uint32_t parent = context->parent;

	for (; up; up--) {
		const struct ckpt_extent *extent;

		if (parent >= m->call->extent_count)
			return NULL;
		extent = &m->call->extents[parent];
		element = ckpt_eval_element(m->call, extent, from);
		parent = extent->parent;
		from = extent->from;
	}
	return element;
}

static enum ckpt_status push(struct machine *m, __int128 value)
{
	if (m->depth >= CKPT_EXPR_STACK_MAX)
		return refuse(m, CKPT_REFUSAL_EXPRESSION, value);
	m->stack[m->depth++] = value;
	return CKPT_OK;
}

static enum ckpt_status push_op(struct machine *m,
				const struct ckpt_plan_op *op)
{
	const struct ckpt_program *program = m->call->program;
	const uint8_t *address = NULL;

	switch (op->code) {
	case CKPT_OP_CONST:
		return push(m, op->is_signed ? (__int128)op->imm
					     : (__int128)(uint64_t)op->imm);
	case CKPT_OP_PRE:
		if (op->a >= CKPT_CALL_PRE_MAX ||
		    !(m->call->pre_valid >> op->a & 1))
			return refuse(m, CKPT_REFUSAL_NO_PRE, op->a);
		return push(m, m->call->pre[op->a]);
	case CKPT_OP_FRAME:
		address = (const uint8_t *)m->call->frame;
		break;
	case CKPT_OP_STACK:
		address = ckpt_frame_stack(m->call->frame);
		break;
	case CKPT_OP_GLOBAL:
		/* A program that is not PIE has base 0. */
		if (op->a < program->object_count)
			return push(m,
				    (__int128)program->bases[op->a] + op->imm);
		break;
	default:
		address = find_element(m, op->a);
		break;
	}
	if (!address)
		return refuse(m, CKPT_REFUSAL_EXPRESSION, op->a);
	return push(m, (__int128)(uintptr_t)address + op->imm);
}

/* The least power of two that is not less. */
static __int128 round_pow2(__int128 value)
{
	__int128 power = 1;

	while (power < value)
		power <<= 1;
	return power;
}

static enum ckpt_status
run_unary(struct machine *m, const struct ckpt_plan_op *op, __int128 *value)
{
	switch (op->code) {
	case CKPT_OP_LOAD:
	case CKPT_OP_LOAD_BITS:
		return load(m, op, value);
	case CKPT_OP_ADD_OFF:
		*value += op->imm;
		return CKPT_OK;
	case CKPT_OP_POINTEE:
		return load_pointer(m, value);
	case CKPT_OP_STRLEN:
		return measure_string(m, value);
	case CKPT_OP_NEG:
		*value = -*value;
		return CKPT_OK;
	case CKPT_OP_NOT:
		*value = ~*value;
		return CKPT_OK;
	case CKPT_OP_LNOT:
		*value = !*value;
		return CKPT_OK;
	case CKPT_OP_ABS:
		*value = *value < 0 ? -*value : *value;
		return CKPT_OK;
	case CKPT_OP_POW2:
		*value = round_pow2(*value);
		return CKPT_OK;
	default:
		return refuse(m, CKPT_REFUSAL_EXPRESSION, op->code);
	}
}

static enum ckpt_status run_division(struct machine *m,
				     const struct ckpt_plan_op *op, __int128 *a,
				     __int128 b)
{
	if (!b)
		return refuse(m, CKPT_REFUSAL_EXPRESSION, *a);
	*a = op->code == CKPT_OP_DIV ? *a / b : *a % b;
	return CKPT_OK;
}

static enum ckpt_status run_shift(struct machine *m,
				  const struct ckpt_plan_op *op, __int128 *a,
				  __int128 b)
{
	if (b < 0 || b > 63)
		return refuse(m, CKPT_REFUSAL_EXPRESSION, b);
	if (op->code == CKPT_OP_SHR)
		*a >>= (int)b;
	else if (*a > VALUE_MAX >> (int)b || *a < VALUE_MIN >> (int)b)
		return refuse(m, CKPT_REFUSAL_OVERFLOW, *a);
	else
		*a *= (__int128)1 << (int)b;
	return CKPT_OK;
}

/* Two factors of up to 65 bits: their product may leave 128. */
static enum ckpt_status run_product(struct machine *m, __int128 *a, __int128 b)
{
	if (__builtin_mul_overflow(*a, b, a))
		return refuse(m, CKPT_REFUSAL_OVERFLOW, b);
	return CKPT_OK;
}

static enum ckpt_status run_binary(struct machine *m,
				   const struct ckpt_plan_op *op, __int128 *a,
				   __int128 b)
{
	switch (op->code) {
	case CKPT_OP_INDEX:
		return __builtin_mul_overflow(b, (__int128)op->imm, &b) ||
				       __builtin_add_overflow(*a, b, a)
			       ? refuse(m, CKPT_REFUSAL_OVERFLOW, b)
			       : CKPT_OK;
	case CKPT_OP_MUL:
		return run_product(m, a, b);
	case CKPT_OP_DIV:
	case CKPT_OP_MOD:
		return run_division(m, op, a, b);
	case CKPT_OP_SHL:
	case CKPT_OP_SHR:
		return run_shift(m, op, a, b);
	case CKPT_OP_ADD:
		*a += b;
		return CKPT_OK;
	case CKPT_OP_SUB:
		*a -= b;
		return CKPT_OK;
	case CKPT_OP_AND:
		*a &= b;
		return CKPT_OK;
	case CKPT_OP_OR:
		*a |= b;
		return CKPT_OK;
	case CKPT_OP_XOR:
		*a ^= b;
		return CKPT_OK;
	case CKPT_OP_MIN:
		*a = b < *a ? b : *a;
		return CKPT_OK;
	case CKPT_OP_MAX:
		*a = b > *a ? b : *a;
		return CKPT_OK;
	case CKPT_OP_EQ:
		*a = *a == b;
		return CKPT_OK;
	case CKPT_OP_NE:
		*a = *a != b;
		return CKPT_OK;
	case CKPT_OP_LT:
		*a = *a < b;
		return CKPT_OK;
	case CKPT_OP_LE:
		*a = *a <= b;
		return CKPT_OK;
	case CKPT_OP_GT:
		*a = *a > b;
		return CKPT_OK;
	case CKPT_OP_GE:
		*a = *a >= b;
		return CKPT_OK;
	default:
		return refuse(m, CKPT_REFUSAL_EXPRESSION, op->code);
	}
}

static bool is_push(uint8_t code)
{
	return code <= CKPT_OP_ELEMENT;
}

static bool is_unary(uint8_t code)
{
	return (code >= CKPT_OP_LOAD && code <= CKPT_OP_POINTEE) ||
	       code == CKPT_OP_STRLEN ||
	       (code >= CKPT_OP_NEG && code <= CKPT_OP_LNOT) ||
	       code == CKPT_OP_ABS || code == CKPT_OP_POW2;
}

static enum ckpt_status run_op(struct machine *m, const struct ckpt_plan_op *op)
{
	enum ckpt_status status;
	__int128 *top;

	if (is_push(op->code))
		return push_op(m, op);
	if (m->depth < (is_unary(op->code) ? 1u : 2u))
		return refuse(m, CKPT_REFUSAL_EXPRESSION, op->code);
	top = &m->stack[m->depth - 1];
	if (is_unary(op->code)) {
		status = run_unary(m, op, top);
	} else {
		m->depth--;
		top--;
		status = run_binary(m, op, top, top[1]);
	}
	if (status)
		return status;
	if (*top < VALUE_MIN || *top > VALUE_MAX)
		return refuse(m, CKPT_REFUSAL_OVERFLOW, *top);
	return CKPT_OK;
}

/* How many ops to go on by; 0 refuses. */
static uint64_t run_jump(struct machine *m, const struct ckpt_plan_op *op)
{
	if (op->imm <= 0)
		return 0;
	if (op->code == CKPT_OP_JUMP)
		return 1 + (uint64_t)op->imm;
	if (!m->depth)
		return 0;
	return m->stack[--m->depth] ? 1 : 1 + (uint64_t)op->imm;
}

static enum ckpt_status run(struct machine *m, const struct ckpt_plan_expr *e)
{
	enum ckpt_status status;
	uint64_t i = 0;

	while (i < e->op_count) {
		const struct ckpt_plan_op *op =
			&m->call->program->ops[e->first_op + i];

		if (op->code >= CKPT_OP_JUMP) {
			uint64_t step = run_jump(m, op);

			if (!step)
				return refuse(m, CKPT_REFUSAL_EXPRESSION, 0);
			i += step;
			continue;
		}
		status = run_op(m, op);
		if (status)
			return status;
		i++;
	}
	return m->depth == 1 ? CKPT_OK : refuse(m, CKPT_REFUSAL_EXPRESSION, 0);
}

enum ckpt_status ckpt_eval(struct ckpt_call *call, uint32_t expr,
			   const struct ckpt_eval_context *context,
			   __int128 *ret)
{
	struct machine m;
	enum ckpt_status status;

	m.call = call;
	m.context = context;
	m.depth = 0;
	status = run(&m, &call->program->exprs[expr]);
	if (status) {
		call->refusal.expr = expr;
		return status;
	}
	*ret = m.stack[0];
	return CKPT_OK;
}

/* `.index == -1`, asked of each element of an array: what would take the
 * longest of all. False: it is something else, or cannot be read. */
static bool compare_field(struct ckpt_call *call, uint32_t expr,
			  const struct ckpt_eval_context *context, bool *ret)
{
	const struct ckpt_plan_expr *e = &call->program->exprs[expr];
	const struct ckpt_plan_op *op = &call->program->ops[e->first_op];
	const uint8_t *at = context->element;
	uint64_t raw = 0;
	__int128 number;

	if (e->op_count != 4 || op[0].code != CKPT_OP_ELEMENT || op[0].a ||
	    op[1].code != CKPT_OP_LOAD || op[2].code != CKPT_OP_CONST ||
	    (op[3].code != CKPT_OP_EQ && op[3].code != CKPT_OP_NE) || !at)
		return false;
	at += op[0].imm;
	if (!op[1].size || op[1].size > sizeof(raw) ||
	    !ckpt_ranges_can_read(call->ranges, at, op[1].size))
		return false;
	memcpy(&raw, at, op[1].size);
	number = op[2].is_signed ? (__int128)op[2].imm
				 : (__int128)(uint64_t)op[2].imm;
	*ret = (widen(raw, op[1].size * 8u, op[1].is_signed) == number) ==
	       (op[3].code == CKPT_OP_EQ);
	return true;
}

enum ckpt_status ckpt_eval_is_true(struct ckpt_call *call, uint32_t expr,
				   const struct ckpt_eval_context *context,
				   bool *ret)
{
	__int128 value = 1;
	enum ckpt_status status;

	if (expr != CKPT_PLAN_NONE) {
		if (compare_field(call, expr, context, ret))
			return CKPT_OK;
		status = ckpt_eval(call, expr, context, &value);
		if (status)
			return status;
	}
	*ret = value != 0;
	return CKPT_OK;
}
