/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/abi_x86_64.h"
#include "shim/frame_x86_64.h"

#include <string.h>

/* psABI 3.2.3, "Classification". The order matters to nothing. */
enum abi_class {
	NO_CLASS,
	INTEGER,
	SSE,
	SSEUP,
	X87,
	X87UP,
	COMPLEX_X87,
	MEMORY,
};

enum {
	EIGHTBYTES_MAX = 8,
	GPR_COUNT = 6,
	VEC_COUNT = 8,
	VEC_SIZE = 64, /* of a vector register's home in the frame */
	STACK_ALIGNMENT_MAX = 64,
	/* Of a well-formed type of at most 64 bytes: more is an absurdity. */
	VISITS_MAX = 20000,
	DEPTH_MAX = 64,
};

struct classifier {
	enum abi_class classes[EIGHTBYTES_MAX];
	unsigned int visits;
	int depth;
	const char *problem; /* why the type cannot be passed; or NULL */
};

/* Rules (a) to (f) of the psABI for two fields in one eightbyte. */
static enum abi_class merge(enum abi_class a, enum abi_class b)
{
	if (a == b || b == NO_CLASS)
		return a;
	if (a == NO_CLASS)
		return b;
	if (a == MEMORY || b == MEMORY)
		return MEMORY;
	if (a == INTEGER || b == INTEGER)
		return INTEGER;
	if ((a >= X87 && a <= COMPLEX_X87) || (b >= X87 && b <= COMPLEX_X87))
		return MEMORY;
	return SSE;
}

static void add_class(struct classifier *c, uint64_t off, enum abi_class added)
{
	if (off / 8 < EIGHTBYTES_MAX)
		c->classes[off / 8] = merge(c->classes[off / 8], added);
}

/* The first eightbyte is `first`, those that follow are `rest`. */
static void add_classes(struct classifier *c, uint64_t off, uint64_t size,
			enum abi_class first, enum abi_class rest)
{
	add_class(c, off, first);
	for (uint64_t at = off / 8 * 8 + 8; at < off + size; at += 8)
		add_class(c, at, rest);
}

static void classify(struct classifier *c, const struct ckpt_type *type,
		     uint64_t off);

static void classify_float(struct classifier *c, const struct ckpt_type *type,
			   uint64_t off)
{
	if (type->size == 16 && type->value_size == 10)
		add_classes(c, off, 16, X87, X87UP);
	else
		add_classes(c, off, type->size, SSE, SSEUP);
}

static void classify_vector(struct classifier *c, const struct ckpt_type *type,
			    uint64_t off)
{
	/* Of these gcc and clang agree; smaller ones and vectors of one
	 * element go where the compiler likes. */
	if (type->count < 2 || (type->size != 8 && type->size != 16 &&
				type->size != 32 && type->size != 64))
		c->problem = "a vector of this size";
	add_classes(c, off, type->size, SSE, SSEUP);
}

static void classify_complex(struct classifier *c, const struct ckpt_type *type,
			     uint64_t off)
{
	if (type->element->value_size == 10) {
		add_classes(c, off, type->size, COMPLEX_X87, COMPLEX_X87);
		return;
	}
	classify(c, type->element, off);
	classify(c, type->element, off + type->element->size);
}

static void classify_array(struct classifier *c, const struct ckpt_type *type,
			   uint64_t off)
{
	/* gcc ignores it, clang passes the whole in memory. */
	if (type->is_flexible)
		c->problem = "a struct with a flexible array member";
	if (!type->element->size)
		return;
	for (uint64_t i = 0; i < type->count && i < 8 * EIGHTBYTES_MAX; i++)
		classify(c, type->element, off + i * type->element->size);
}

static void classify_fields(struct classifier *c, const struct ckpt_type *type,
			    uint64_t off)
{
	for (size_t i = 0; i < type->field_count; i++) {
		const struct ckpt_type_field *field = &type->fields[i];
		uint64_t bits = (off + field->off) * 8 + field->bit_off;

		if (!field->bit_size) {
			classify(c, field->type, off + field->off);
			continue;
		}
		add_class(c, bits / 8, INTEGER);
		add_class(c, (bits + field->bit_size - 1) / 8, INTEGER);
	}
}

/* An unaligned scalar puts the whole into memory. */
static bool is_unaligned(const struct ckpt_type *type, uint64_t off)
{
	uint64_t alignment = type->size;

	switch (type->kind) {
	case CKPT_TYPE_COMPLEX:
		alignment /= 2;
		break;
	case CKPT_TYPE_BOOL:
	case CKPT_TYPE_INT:
	case CKPT_TYPE_FLOAT:
	case CKPT_TYPE_POINTER:
	case CKPT_TYPE_VECTOR:
		break;
	default:
		return false;
	}
	return !alignment || off % alignment;
}

static void classify(struct classifier *c, const struct ckpt_type *type,
		     uint64_t off)
{
	if (++c->visits > VISITS_MAX || c->depth > DEPTH_MAX) {
		c->problem = "a type nested this deeply";
		return;
	}
	if (is_unaligned(type, off)) {
		c->classes[0] = MEMORY;
		return;
	}
	c->depth++;
	switch (type->kind) {
	case CKPT_TYPE_BOOL:
	case CKPT_TYPE_INT:
	case CKPT_TYPE_POINTER:
		add_classes(c, off, type->size, INTEGER, INTEGER);
		break;
	case CKPT_TYPE_FLOAT:
		classify_float(c, type, off);
		break;
	case CKPT_TYPE_COMPLEX:
		classify_complex(c, type, off);
		break;
	case CKPT_TYPE_VECTOR:
		classify_vector(c, type, off);
		break;
	case CKPT_TYPE_ARRAY:
		classify_array(c, type, off);
		break;
	case CKPT_TYPE_STRUCT:
	case CKPT_TYPE_UNION:
		classify_fields(c, type, off);
		break;
	case CKPT_TYPE_INCOMPLETE:
		c->problem = "an incomplete type";
		break;
	default:
		c->problem = "such a type";
	}
	c->depth--;
}

/* "Post merger cleanup", 3.2.3 rule 5. True if the whole goes to memory. */
static bool clean_up(struct classifier *c, size_t count)
{
	bool is_vector = c->classes[0] == SSE;

	for (size_t i = 0; i < count; i++) {
		if (c->classes[i] == MEMORY)
			return true;
		if (c->classes[i] == X87UP && (!i || c->classes[i - 1] != X87))
			return true;
		if (c->classes[i] == SSEUP &&
		    (!i ||
		     (c->classes[i - 1] != SSE && c->classes[i - 1] != SSEUP)))
			c->classes[i] = SSE;
		if (i && c->classes[i] != SSEUP)
			is_vector = false;
	}
	return count > 2 && !is_vector && c->classes[0] != COMPLEX_X87;
}

/* Of an eightbyte that holds nothing but an unnamed bit-field gcc and clang
 * do not think the same, and debug info does not show those. Padding that
 * stricter alignment explains is no such case. */
static bool has_hidden_padding(const struct classifier *c,
			       const struct ckpt_type *type)
{
	if (type->size <= 8 || c->classes[0] == MEMORY)
		return false;
	if (c->classes[0] == NO_CLASS)
		return c->classes[1] != NO_CLASS;
	return c->classes[1] == NO_CLASS && type->alignment <= 8;
}

/* Classes of a value of `type`; MEMORY as the first one stands for all. */
static enum ckpt_status classify_value(struct classifier *c,
				       const struct ckpt_type *type,
				       const char *what, struct ckpt_err *err)
{
	char text[200];

	memset(c, 0, sizeof(*c));
	if (type->is_nontrivial) {
		c->classes[0] = MEMORY;
		return CKPT_OK;
	}
	if (type->size > 8 * EIGHTBYTES_MAX)
		c->classes[0] = MEMORY;
	else
		classify(c, type, 0);
	if (clean_up(c, (type->size + 7) / 8))
		c->classes[0] = MEMORY;
	if (!c->problem && has_hidden_padding(c, type))
		c->problem = "eight bytes of nothing but padding";
	if (c->problem) {
		ckpt_type_text(type, text, sizeof(text));
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: '%s' cannot be passed by value: it "
				    "is or has %s",
				    what, text, c->problem);
	}
	return CKPT_OK;
}

/* Where the next argument, or piece of a result, goes. */
struct cursor {
	unsigned int gpr_used;
	unsigned int vec_used;
	uint32_t gather_used;
	uint32_t stack_used;
	uint32_t stack_alignment;
	enum ckpt_vector_width width;
	bool is_result;
};

static void raise_width(struct cursor *cursor, uint32_t size)
{
	enum ckpt_vector_width width = size > 32   ? CKPT_VECTOR_ZMM
				       : size > 16 ? CKPT_VECTOR_YMM
						   : CKPT_VECTOR_XMM;

	if (width > cursor->width)
		cursor->width = width;
}

static uint32_t find_gpr(struct cursor *cursor)
{
	unsigned int number = cursor->gpr_used++;

	if (cursor->is_result)
		return number ? CKPT_FRAME_RESULT_RDX : CKPT_FRAME_RESULT_RAX;
	return CKPT_FRAME_GPR + 8 * number;
}

static uint32_t find_vec(struct cursor *cursor)
{
	uint32_t start =
		cursor->is_result ? CKPT_FRAME_RESULT_VEC : CKPT_FRAME_VEC;

	return start + VEC_SIZE * cursor->vec_used++;
}

static void add_piece(struct ckpt_abi_value *value, uint64_t value_off,
		      uint32_t register_off, uint64_t size)
{
	value->pieces[value->piece_count++] = (struct ckpt_abi_piece){
		(uint32_t)value_off, register_off, (uint32_t)size};
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One register for each eightbyte (a run of SSE, SSEUP … has one). */
static void add_pieces(struct cursor *cursor, const struct classifier *c,
		       const struct ckpt_type *type,
		       struct ckpt_abi_value *value)
{
	size_t count = (type->size + 7) / 8;

	for (size_t i = 0; i < count; i++) {
		uint64_t size = lesser(8, type->size - 8 * i), end = i + 1;

		if (c->classes[i] == INTEGER) {
			add_piece(value, 8 * i, find_gpr(cursor), size);
		} else if (c->classes[i] == SSE) {
			while (end < count && c->classes[end] == SSEUP)
				end++;
			size = lesser(8 * (end - i), type->size - 8 * i);
			add_piece(value, 8 * i, find_vec(cursor), size);
			raise_width(cursor, (uint32_t)size);
		} else if (c->classes[i] == X87) {
			add_piece(value, 8 * i, CKPT_FRAME_RESULT_ST0, 10);
		}
	}
}

/* A value whose pieces are neighbours in the frame can be read there; the
 * rest is put together in the gather area. */
static void find_place(struct cursor *cursor, const struct ckpt_type *type,
		       struct ckpt_abi_value *value)
{
	value->place = CKPT_PLACE_FRAME;
	value->off = CKPT_FRAME_GATHER;
	if (!value->piece_count)
		return;
	for (uint32_t i = 0; i < value->piece_count; i++)
		if (value->pieces[i].register_off -
			    value->pieces[i].value_off !=
		    value->pieces[0].register_off)
			value->is_gathered = true;
	value->off = value->pieces[0].register_off;
	if (!value->is_gathered && !value->pieces[0].value_off)
		return;
	value->is_gathered = true;
	value->off = CKPT_FRAME_GATHER + cursor->gather_used;
	cursor->gather_used += ((uint32_t)type->size + 15) / 16 * 16;
}

/* 3.2.3 "Passing": each on its own alignment, at least an eightbyte. */
static enum ckpt_status pass_on_stack(struct cursor *cursor,
				      const struct ckpt_type *type,
				      struct ckpt_abi_value *value,
				      const char *what, struct ckpt_err *err)
{
	uint32_t alignment = type->alignment < 8 ? 8 : type->alignment;
	uint64_t start, end;

	start = ((uint64_t)cursor->stack_used + alignment - 1) / alignment *
		alignment;
	end = start + (type->size + 7) / 8 * 8;
	if (alignment > STACK_ALIGNMENT_MAX || type->size > UINT32_MAX / 4 ||
	    end > UINT32_MAX / 4)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: too large or too strictly aligned to "
				    "be passed on the stack",
				    what);
	if (alignment > cursor->stack_alignment)
		cursor->stack_alignment = alignment;
	value->place = CKPT_PLACE_STACK;
	value->off = (uint32_t)start;
	cursor->stack_used = (uint32_t)end;
	return CKPT_OK;
}

static void count_registers(const struct classifier *c,
			    const struct ckpt_type *type, unsigned int *gpr,
			    unsigned int *vec)
{
	*gpr = *vec = 0;
	for (size_t i = 0; i < (type->size + 7) / 8; i++) {
		*gpr += c->classes[i] == INTEGER;
		*vec += c->classes[i] == SSE;
	}
}

static bool is_in_memory(const struct classifier *c)
{
	return c->classes[0] == MEMORY || c->classes[0] == X87 ||
	       c->classes[0] == COMPLEX_X87;
}

static enum ckpt_status pass_reference(struct ckpt_types *types,
				       struct cursor *cursor,
				       struct ckpt_abi_value *value,
				       const char *what, struct ckpt_err *err)
{
	value->is_by_reference = true;
	if (cursor->gpr_used == GPR_COUNT)
		return pass_on_stack(cursor, ckpt_types_find(types, "long"),
				     value, what, err);
	add_piece(value, 0, find_gpr(cursor), 8);
	value->place = CKPT_PLACE_FRAME;
	value->off = value->pieces[0].register_off;
	return CKPT_OK;
}

static enum ckpt_status pass(struct ckpt_types *types, struct cursor *cursor,
			     const struct ckpt_parameter *parameter,
			     struct ckpt_abi_value *value, struct ckpt_err *err)
{
	const struct ckpt_type *type = parameter->type;
	struct classifier c;
	unsigned int gpr, vec;
	enum ckpt_status status;

	status = classify_value(&c, type, parameter->name, err);
	if (status)
		return status;
	if (type->is_nontrivial)
		return pass_reference(types, cursor, value, parameter->name,
				      err);
	if (is_in_memory(&c))
		return pass_on_stack(cursor, type, value, parameter->name, err);
	count_registers(&c, type, &gpr, &vec);
	/* All of a value in registers or none: __int128 is never split. */
	if (cursor->gpr_used + gpr > GPR_COUNT ||
	    cursor->vec_used + vec > VEC_COUNT)
		return pass_on_stack(cursor, type, value, parameter->name, err);
	add_pieces(cursor, &c, type, value);
	find_place(cursor, type, value);
	return CKPT_OK;
}

/* The hidden pointer comes in rdi and goes out in rax. */
static void return_in_memory(struct cursor *arguments,
			     struct ckpt_abi_value *value)
{
	arguments->gpr_used = 1;
	value->is_memory = true;
	value->place = CKPT_PLACE_FRAME;
	value->off = CKPT_FRAME_RESULT_RAX;
	add_piece(value, 0, CKPT_FRAME_RESULT_RAX, 8);
}

static void return_complex_x87(struct ckpt_abi_value *value)
{
	value->place = CKPT_PLACE_FRAME;
	value->off = CKPT_FRAME_RESULT_ST0;
	add_piece(value, 0, CKPT_FRAME_RESULT_ST0, 10);
	add_piece(value, 16, CKPT_FRAME_RESULT_ST1, 10);
}

static enum ckpt_status return_value(struct cursor *arguments,
				     struct cursor *results,
				     const struct ckpt_type *type,
				     struct ckpt_abi_call *call,
				     struct ckpt_err *err)
{
	struct ckpt_abi_value *value = &call->result;
	struct classifier c;
	enum ckpt_status status;

	if (type->kind == CKPT_TYPE_VOID)
		return CKPT_OK;
	status = classify_value(&c, type, "the result", err);
	if (status)
		return status;
	if (c.classes[0] == MEMORY) {
		return_in_memory(arguments, value);
		return CKPT_OK;
	}
	if (c.classes[0] == COMPLEX_X87) {
		return_complex_x87(value);
		call->x87_count = 2;
		return CKPT_OK;
	}
	call->x87_count = c.classes[0] == X87;
	add_pieces(results, &c, type, value);
	find_place(results, type, value);
	return CKPT_OK;
}

static enum ckpt_status pass_all(struct ckpt_types *types,
				 struct cursor *arguments,
				 const struct ckpt_signature *signature,
				 struct ckpt_abi_call *call,
				 struct ckpt_err *err)
{
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; !status && i < signature->parameter_count; i++)
		status = pass(types, arguments, &signature->parameters[i],
			      &call->parameters[i], err);
	if (status)
		return status;
	if (arguments->gather_used > CKPT_FRAME_GATHER_SIZE)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "too many arguments are split over "
				    "registers of different kinds");
	return CKPT_OK;
}

enum ckpt_status ckpt_abi_layout(struct ckpt_types *types,
				 const struct ckpt_signature *signature,
				 struct ckpt_abi_call *ret,
				 struct ckpt_err *err)
{
	struct cursor arguments = {.stack_alignment = 16};
	struct cursor results = {.is_result = true};
	struct ckpt_abi_call call = {.parameters = NULL};
	size_t count = signature->parameter_count;
	enum ckpt_status status;

	call.parameters =
		ckpt_types_alloc(types, count * sizeof(*call.parameters));
	if (!call.parameters)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = return_value(&arguments, &results, signature->result, &call,
			      err);
	if (status)
		return status;
	/* The result is gathered in front of the arguments. */
	arguments.gather_used = results.gather_used;
	status = pass_all(types, &arguments, signature, &call, err);
	if (status)
		return status;
	call.stack_size = arguments.stack_used;
	call.stack_alignment = arguments.stack_alignment;
	call.vector_width = arguments.width > results.width ? arguments.width
							    : results.width;
	/* What the unnamed arguments of a variadic call need is not known. */
	if (signature->is_variadic || !signature->has_prototype)
		call.vector_width = CKPT_VECTOR_ZMM;
	*ret = call;
	return CKPT_OK;
}
