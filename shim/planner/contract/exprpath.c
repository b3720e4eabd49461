/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/exprcoder.h"

#include "config/exprtext.h"
#include "shim/frame_x86_64.h"

#include <string.h>

/* ---- operations --------------------------------------------------------- */

uint32_t ckpt_coder_count(const struct ckpt_coder *coder)
{
	return (uint32_t)(coder->ops.size / sizeof(struct ckpt_plan_op));
}

struct ckpt_plan_op *ckpt_coder_op(const struct ckpt_coder *coder,
				   uint32_t index)
{
	return (struct ckpt_plan_op *)(void *)coder->ops.data + index;
}

void ckpt_coder_emit_op(struct ckpt_coder *coder, const struct ckpt_plan_op *op,
			int pushed)
{
	ckpt_buf_add(&coder->ops, op, sizeof(*op));
	coder->depth = (uint32_t)((int)coder->depth + pushed);
	if (coder->depth > coder->deepest)
		coder->deepest = coder->depth;
}

void ckpt_coder_emit(struct ckpt_coder *coder, enum ckpt_plan_op_code code,
		     uint32_t a, int64_t imm, int pushed)
{
	struct ckpt_plan_op op = {.code = (uint8_t)code, .a = a, .imm = imm};

	ckpt_coder_emit_op(coder, &op, pushed);
}

static bool is_base_op(uint8_t code)
{
	return code == CKPT_OP_FRAME || code == CKPT_OP_STACK ||
	       code == CKPT_OP_ELEMENT || code == CKPT_OP_ADD_OFF;
}

void ckpt_coder_emit_offset(struct ckpt_coder *coder, uint64_t off)
{
	uint32_t count = ckpt_coder_count(coder);

	if (!off || coder->ops.is_failed)
		return;
	if (count && is_base_op(ckpt_coder_op(coder, count - 1)->code))
		ckpt_coder_op(coder, count - 1)->imm += (int64_t)off;
	else
		ckpt_coder_emit(coder, CKPT_OP_ADD_OFF, 0, (int64_t)off, 0);
}

/* ---- bases -------------------------------------------------------------- */

enum ckpt_status ckpt_coder_fail(struct ckpt_coder *coder,
				 const struct ckpt_path *path, const char *what)
{
	char text[128];

	ckpt_path_text(path, text, sizeof(text));
	return ckpt_compiler_fail(coder->compiler, &path->place, CKPT_INVALID,
				  "`%s`: %s", text, what);
}

/* How the runtime counts `level` from where the expression is evaluated;
 * -1 if it is not among the elements around it. */
static int count_up(const struct ckpt_coder *coder,
		    const struct ckpt_level *level)
{
	const struct ckpt_level *at = coder->scope->level;
	int up = 0;

	if (coder->scope->item) {
		if (coder->scope->item == level)
			return 0;
		up = 1;
	}
	for (; at; at = at->outer, up++) {
		if (at == level)
			return at->is_frame ? -1 : up;
	}
	return -1;
}

/* Canonical path of the first `count` steps. */
static const char *prefix_path(struct ckpt_coder *coder,
			       const struct ckpt_path *path, size_t count)
{
	const struct ckpt_terms *terms = coder->scope->terms;
	const char *text =
		terms->type ? ckpt_compiler_path(coder->compiler, "%s.%s",
						 terms->path, path->base)
			    : path->base;

	for (size_t i = 0; i < count && text; i++) {
		const struct ckpt_step *step = &path->steps[i];

		if (step->kind == CKPT_STEP_INDEX)
			return NULL;
		text = step->kind == CKPT_STEP_FIELD
			       ? ckpt_compiler_path(coder->compiler, "%s.%s",
						    text, step->name)
			       : ckpt_compiler_path(coder->compiler, "%s[]",
						    text);
	}
	return text;
}

static const struct ckpt_level *level_of(const struct ckpt_coder *coder,
					 const char *path)
{
	const struct ckpt_level *at = coder->scope->item;

	if (at && !strcmp(at->path, path))
		return at;
	for (at = coder->scope->level; at; at = at->outer) {
		if (!at->is_frame && !strcmp(at->path, path))
			return at;
	}
	return NULL;
}

/* `x[]` in an expression is the current element: find the longest such start
 * of the path. 0: there is none. */
static size_t start_at_current(struct ckpt_coder *coder,
			       const struct ckpt_path *path,
			       struct ckpt_lvalue *at)
{
	for (size_t i = path->step_count; i > 0; i--) {
		const struct ckpt_level *level = NULL;
		const char *prefix = NULL;

		if (path->steps[i - 1].kind != CKPT_STEP_EACH)
			continue;
		prefix = prefix_path(coder, path, i);
		level = prefix ? level_of(coder, prefix) : NULL;
		if (!level)
			continue;
		ckpt_coder_emit(coder, CKPT_OP_ELEMENT,
				(uint32_t)count_up(coder, level), 0, 1);
		*at = (struct ckpt_lvalue){.type = level->type,
					   .is_memory = true};
		return i;
	}
	return 0;
}

static enum ckpt_status start_at_element(struct ckpt_coder *coder,
					 const struct ckpt_path *path,
					 struct ckpt_lvalue *at)
{
	const struct ckpt_level *level =
		coder->scope->item ? coder->scope->item : coder->scope->level;

	if (!level || level->is_frame)
		return ckpt_coder_fail(coder, path, "there is no element here");
	ckpt_coder_emit(coder, CKPT_OP_ELEMENT, 0, 0, 1);
	*at = (struct ckpt_lvalue){.type = level->type, .is_memory = true};
	return CKPT_OK;
}

static void emit_frame_value(struct ckpt_coder *coder,
			     const struct ckpt_abi_value *value)
{
	ckpt_coder_emit(coder,
			value->place == CKPT_PLACE_FRAME ? CKPT_OP_FRAME
							 : CKPT_OP_STACK,
			0, value->off, 1);
}

static enum ckpt_status start_at_result(struct ckpt_coder *coder,
					const struct ckpt_path *path,
					enum ckpt_moment_rule moment,
					struct ckpt_lvalue *at)
{
	struct ckpt_compiler *compiler = coder->compiler;
	const struct ckpt_type *type = compiler->request->signature->result;

	if (moment == CKPT_MOMENT_PRE || moment == CKPT_MOMENT_OUT)
		return ckpt_coder_fail(coder, path,
				       "is not known before the call");
	if (type->kind == CKPT_TYPE_VOID)
		return ckpt_coder_fail(coder, path,
				       "the function returns nothing");
	if (compiler->abi.result.is_memory) {
		ckpt_coder_emit(coder, CKPT_OP_FRAME, 0, CKPT_FRAME_GPR, 1);
		ckpt_coder_emit(coder, CKPT_OP_POINTEE, 0, 0, 0);
	} else {
		emit_frame_value(coder, &compiler->abi.result);
	}
	*at = (struct ckpt_lvalue){.type = type};
	return CKPT_OK;
}

static const struct ckpt_abi_value *frame_value(const struct ckpt_coder *coder,
						uint32_t root)
{
	const struct ckpt_compiler *compiler = coder->compiler;

	if (root < compiler->request->signature->parameter_count)
		return &compiler->abi.parameters[root];
	return &compiler->abi.result;
}

/* A member of the struct whose [[type]] the expression is from. */
static enum ckpt_status start_at_member(struct ckpt_coder *coder,
					const struct ckpt_path *path,
					struct ckpt_lvalue *at)
{
	const struct ckpt_terms *terms = coder->scope->terms;
	const struct ckpt_type_field *field = NULL;
	uint64_t off = 0;
	int up = 0;

	field = ckpt_type_field(terms->type, path->base, &off);
	if (!field)
		return ckpt_coder_fail(coder, path,
				       "the struct has no such member");
	if (terms->is_frame_value) {
		emit_frame_value(coder, frame_value(coder, terms->root));
	} else {
		up = count_up(coder, terms->level);
		if (up < 0)
			return ckpt_coder_fail(coder, path,
					       "cannot be reached here");
		ckpt_coder_emit(coder, CKPT_OP_ELEMENT, (uint32_t)up, 0, 1);
	}
	ckpt_coder_emit_offset(coder, terms->off + off);
	*at = (struct ckpt_lvalue){
		.type = field->type,
		.bit_off = field->bit_off,
		.bit_size = field->bit_size,
		.is_memory = !terms->is_frame_value,
	};
	return CKPT_OK;
}

/* A global whose type is known. */
static enum ckpt_status start_at_global(struct ckpt_coder *coder,
					const struct ckpt_path *path,
					struct ckpt_lvalue *at)
{
	const struct ckpt_program_request *request = coder->compiler->request;

	for (size_t i = 0; i < request->global_count; i++) {
		const struct ckpt_program_global *global = &request->globals[i];

		if (!global->type || global->is_tls ||
		    strcmp(global->name, path->base) != 0)
			continue;
		ckpt_coder_emit(coder, CKPT_OP_GLOBAL, global->object,
				(int64_t)global->vaddr, 1);
		*at = (struct ckpt_lvalue){
			.type = global->type,
			.is_memory = global->is_written,
		};
		return CKPT_OK;
	}
	return ckpt_coder_fail(coder, path,
			       "the function has no such parameter, nor a "
			       "global of that name that the contract "
			       "describes");
}

static enum ckpt_status start_at_parameter(struct ckpt_coder *coder,
					   const struct ckpt_path *path,
					   struct ckpt_lvalue *at)
{
	const struct ckpt_signature *signature =
		coder->compiler->request->signature;

	for (size_t i = 0; i < signature->parameter_count; i++) {
		const struct ckpt_abi_value *value =
			&coder->compiler->abi.parameters[i];

		if (strcmp(signature->parameters[i].name, path->base) != 0)
			continue;
		emit_frame_value(coder, value);
		if (value->is_by_reference)
			ckpt_coder_emit(coder, CKPT_OP_POINTEE, 0, 0, 0);
		*at = (struct ckpt_lvalue){
			.type = signature->parameters[i].type,
			.is_memory = value->is_by_reference,
		};
		return CKPT_OK;
	}
	return start_at_global(coder, path, at);
}

static enum ckpt_status start_path(struct ckpt_coder *coder,
				   const struct ckpt_path *path,
				   enum ckpt_moment_rule moment,
				   struct ckpt_lvalue *at, size_t *ret_step)
{
	*ret_step = start_at_current(coder, path, at);
	if (*ret_step)
		return CKPT_OK;
	if (!*path->base)
		return start_at_element(coder, path, at);
	if (!strcmp(path->base, "return"))
		return start_at_result(coder, path, moment, at);
	if (coder->scope->terms->type)
		return start_at_member(coder, path, at);
	return start_at_parameter(coder, path, at);
}

/* ---- steps -------------------------------------------------------------- */

enum ckpt_status ckpt_coder_step_into(struct ckpt_coder *coder,
				      const struct ckpt_path *path,
				      struct ckpt_lvalue *at)
{
	if (at->type->kind == CKPT_TYPE_ARRAY) {
		at->type = at->type->element;
		return CKPT_OK;
	}
	if (at->type->kind != CKPT_TYPE_POINTER)
		return ckpt_coder_fail(coder, path, "is no pointer to follow");
	ckpt_coder_emit(coder, CKPT_OP_POINTEE, 0, 0, 0);
	at->type = at->type->element;
	at->is_memory = true;
	return CKPT_OK;
}

static enum ckpt_status step_index(struct ckpt_coder *coder,
				   const struct ckpt_path *path,
				   const struct ckpt_step *step,
				   enum ckpt_moment_rule moment,
				   struct ckpt_lvalue *at)
{
	enum ckpt_status status = ckpt_coder_step_into(coder, path, at);

	if (status)
		return status;
	if (!at->type->size)
		return ckpt_coder_fail(coder, path, "elements of unknown size");
	status = ckpt_coder_value(coder, step->index, moment);
	if (status)
		return status;
	ckpt_coder_emit(coder, CKPT_OP_INDEX, 0, (int64_t)at->type->size, -1);
	return CKPT_OK;
}

static enum ckpt_status step_field(struct ckpt_coder *coder,
				   const struct ckpt_path *path,
				   const struct ckpt_step *step,
				   struct ckpt_lvalue *at)
{
	const struct ckpt_type_field *field = NULL;
	uint64_t off = 0;

	if (at->type->kind != CKPT_TYPE_STRUCT &&
	    at->type->kind != CKPT_TYPE_UNION)
		return ckpt_coder_fail(coder, path,
				       "is no struct with members");
	field = ckpt_type_field(at->type, step->name, &off);
	if (!field)
		return ckpt_coder_fail(coder, path,
				       "the struct has no such member");
	ckpt_coder_emit_offset(coder, off);
	at->type = field->type;
	at->bit_off = field->bit_off;
	at->bit_size = field->bit_size;
	return CKPT_OK;
}

static enum ckpt_status follow(struct ckpt_coder *coder,
			       const struct ckpt_path *path, size_t from,
			       enum ckpt_moment_rule moment,
			       struct ckpt_lvalue *at)
{
	enum ckpt_status status = CKPT_OK;

	for (size_t i = from; i < path->step_count && !status; i++) {
		const struct ckpt_step *step = &path->steps[i];

		switch (step->kind) {
		case CKPT_STEP_DEREF:
			status = ckpt_coder_step_into(coder, path, at);
			break;
		case CKPT_STEP_INDEX:
			status = step_index(coder, path, step, moment, at);
			break;
		case CKPT_STEP_FIELD:
			status = step_field(coder, path, step, at);
			break;
		case CKPT_STEP_EACH:
			return ckpt_coder_fail(
				coder, path,
				"[] means the current element, and there "
				"is none of it here");
		}
	}
	return status;
}

/* May the call change what is read here, without the user having said which
 * value is meant? */
enum ckpt_status ckpt_coder_check_moment(struct ckpt_coder *coder,
					 const struct ckpt_path *path,
					 enum ckpt_moment_rule moment,
					 const struct ckpt_lvalue *at)
{
	if (!at->is_memory ||
	    (moment != CKPT_MOMENT_OUT && moment != CKPT_MOMENT_POST_OUT))
		return CKPT_OK;
	return ckpt_coder_fail(
		coder, path,
		"the call may change it: write pre() or post() around it");
}

enum ckpt_status ckpt_coder_locate(struct ckpt_coder *coder,
				   const struct ckpt_path *path,
				   enum ckpt_moment_rule moment,
				   struct ckpt_lvalue *at)
{
	size_t step = 0;
	enum ckpt_status status = start_path(coder, path, moment, at, &step);

	if (status)
		return status;
	status = follow(coder, path, step, moment, at);
	if (status)
		return status;
	return ckpt_coder_check_moment(coder, path, moment, at);
}
