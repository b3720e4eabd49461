/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/compiler.h"

#include "config/exprtext.h"
#include "shim/frame_x86_64.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- messages ----------------------------------------------------------- */

const char *ckpt_compiler_path(struct ckpt_compiler *compiler,
			       const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return ckpt_types_text(compiler->request->types, text);
}

enum ckpt_status ckpt_compiler_fail(struct ckpt_compiler *compiler,
				    const struct ckpt_place *place,
				    enum ckpt_status status, const char *format,
				    ...)
{
	char text[768];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!place || !place->file)
		return ckpt_err_set(compiler->err, status, "%s", text);
	return ckpt_err_set(compiler->err, status, "%s:%u:%u: %s", place->file,
			    place->line, place->column, text);
}

/* ---- the frame ---------------------------------------------------------- */

static void add_moves(struct ckpt_compiler *compiler,
		      const struct ckpt_abi_value *value, uint32_t *count)
{
	if (!value->is_gathered)
		return;
	for (uint32_t i = 0; i < value->piece_count; i++) {
		const struct ckpt_abi_piece *piece = &value->pieces[i];
		struct ckpt_plan_move move = {
			.register_off = piece->register_off,
			.gather_off = value->off + piece->value_off,
			.size = piece->size,
		};

		(void)ckpt_tables_add(compiler->tables, CKPT_PLAN_MOVES, &move,
				      sizeof(move));
		++*count;
	}
}

static void add_all_moves(struct ckpt_compiler *compiler)
{
	struct ckpt_plan_function *function = compiler->function;
	size_t count = compiler->request->signature->parameter_count;

	function->first_move =
		ckpt_tables_count(compiler->tables, CKPT_PLAN_MOVES);
	function->argument_move_count = 0;
	function->result_move_count = 0;
	for (size_t i = 0; i < count; i++)
		add_moves(compiler, &compiler->abi.parameters[i],
			  &function->argument_move_count);
	if (!compiler->abi.result.is_memory)
		add_moves(compiler, &compiler->abi.result,
			  &function->result_move_count);
}

/* ---- roots -------------------------------------------------------------- */

/* Roots are compiled first and written side by side afterwards. */
struct roots {
	struct ckpt_buf entries; /* struct ckpt_plan_root */
	uint32_t count;
};

static void add_root(struct roots *roots, const struct ckpt_plan_root *root)
{
	ckpt_buf_add(&roots->entries, root, sizeof(*root));
	roots->count++;
}

/* A root that is a pointer with this one clause. */
static void add_pointer_root(struct ckpt_compiler *compiler,
			     struct roots *roots, const char *path,
			     struct ckpt_plan_root root,
			     struct ckpt_plan_clause clause)
{
	struct ckpt_plan_node pointer = {
		.kind = CKPT_NODE_POINTER,
		.size = 8,
		.stride = 8,
		.count = 1,
		.type_name = CKPT_PLAN_NONE,
	};

	clause.path = ckpt_tables_text(compiler->tables, path);
	root.path = clause.path;
	root.object = CKPT_PLAN_NONE;
	pointer.first = ckpt_tables_add(compiler->tables, CKPT_PLAN_CLAUSES,
					&clause, sizeof(clause));
	root.node = ckpt_tables_add(compiler->tables, CKPT_PLAN_NODES, &pointer,
				    sizeof(pointer));
	add_root(roots, &root);
}

/* One `level` behind the pointer `root`. */
static enum ckpt_status add_memory_root(struct ckpt_compiler *compiler,
					struct roots *roots,
					const struct ckpt_level *level,
					const struct ckpt_plan_root *root,
					uint8_t direction)
{
	struct ckpt_plan_clause clause = ckpt_clauses_blank;
	enum ckpt_status status;

	clause.extent = CKPT_EXTENT_COUNT;
	clause.direction = direction;
	clause.count = ckpt_exprcode_constant(compiler, 1);
	status = ckpt_layout_compile(compiler, level->type, level->path, 0,
				     level, &compiler->terms, &clause.node);
	if (!status)
		add_pointer_root(compiler, roots, level->path, *root, clause);
	return status;
}

/* A C++ object that is not trivial is passed as the address of the caller's
 * own, which the call may change and the caller destroys (psABI 3.2.3; Itanium
 * C++ ABI 3.1.2.3). */
static enum ckpt_status add_object(struct ckpt_compiler *compiler,
				   struct roots *roots,
				   const struct ckpt_parameter *parameter,
				   struct ckpt_plan_root root)
{
	struct ckpt_level level = {
		.type = parameter->type,
		.path = parameter->name,
	};

	if (ckpt_layout_has_pointer(level.type))
		compiler->gives_pointers = true;
	return add_memory_root(compiler, roots, &level, &root, CKPT_DIR_INOUT);
}

static enum ckpt_status add_parameter(struct ckpt_compiler *compiler,
				      struct roots *roots, uint32_t index)
{
	static const struct ckpt_level frame = {.path = "", .is_frame = true};
	const struct ckpt_parameter *parameter =
		&compiler->request->signature->parameters[index];
	const struct ckpt_abi_value *value = &compiler->abi.parameters[index];
	struct ckpt_plan_root root = {
		.kind = CKPT_ROOT_PARAMETER,
		.place = (uint8_t)value->place,
		.off = value->off,
		.object = CKPT_PLAN_NONE,
		.path = ckpt_tables_text(compiler->tables, parameter->name),
		.initial = CKPT_PLAN_NONE,
	};
	enum ckpt_status status = CKPT_OK;

	compiler->current_root = index;
	if (value->is_by_reference)
		return add_object(compiler, roots, parameter, root);
	status = ckpt_layout_root(compiler, parameter->type, parameter->name,
				  &frame, &root.node);
	if (!status)
		add_root(roots, &root);
	return status;
}

/* The memory a result is returned in: the caller passed its address in rdi
 * (psABI 3.2.3, "Returning of Values"). */
static enum ckpt_status add_hidden(struct ckpt_compiler *compiler,
				   struct roots *roots)
{
	struct ckpt_level level = {
		.type = compiler->request->signature->result,
		.path = "return",
		.is_created = true,
		.is_made = true,
	};
	struct ckpt_plan_root root = {
		.kind = CKPT_ROOT_PARAMETER,
		.off = CKPT_FRAME_GPR,
		.initial = CKPT_PLAN_NONE,
	};

	return add_memory_root(compiler, roots, &level, &root, CKPT_DIR_OUT);
}

/* The call gives the same address back in rax. */
static void add_hidden_result(struct ckpt_compiler *compiler,
			      struct roots *roots)
{
	struct ckpt_plan_root root = {
		.kind = CKPT_ROOT_RESULT,
		.off = CKPT_FRAME_RESULT_RAX,
		.initial = CKPT_PLAN_NONE,
	};
	struct ckpt_plan_clause clause = ckpt_clauses_blank;

	clause.direction = CKPT_DIR_OUT;
	clause.owner = CKPT_OWNER_ALIAS;
	clause.flags = CKPT_CLAUSE_CREATED;
	clause.node = ckpt_layout_bytes(compiler, 1, 1, false);
	compiler->gives_pointers = true;
	add_pointer_root(compiler, roots, "return", root, clause);
}

static enum ckpt_status add_result(struct ckpt_compiler *compiler,
				   struct roots *roots)
{
	static const struct ckpt_level frame = {
		.path = "",
		.is_frame = true,
		.is_created = true,
		.is_made = true,
	};
	const struct ckpt_signature *signature = compiler->request->signature;
	struct ckpt_plan_root root = {
		.kind = CKPT_ROOT_RESULT,
		.place = CKPT_PLACE_FRAME,
		.off = compiler->abi.result.off,
		.object = CKPT_PLAN_NONE,
		.path = ckpt_tables_text(compiler->tables, "return"),
		.initial = CKPT_PLAN_NONE,
	};
	enum ckpt_status status = CKPT_OK;

	compiler->current_root = (uint32_t)signature->parameter_count;
	if (signature->result->kind == CKPT_TYPE_VOID)
		return CKPT_OK;
	if (compiler->abi.result.is_memory) {
		add_hidden_result(compiler, roots);
		return CKPT_OK;
	}
	/* Compilers extend small integers to 32 bits, and some callers rely on
	 * it though psABI does not say so. */
	if (root.off == CKPT_FRAME_RESULT_RAX && signature->result->size < 4 &&
	    (signature->result->kind == CKPT_TYPE_INT ||
	     signature->result->kind == CKPT_TYPE_BOOL))
		root.node = ckpt_layout_bytes(compiler, 4, 4, false);
	else
		status = ckpt_layout_compile(compiler, signature->result,
					     "return", 0, &frame,
					     &compiler->terms, &root.node);
	if (!status)
		add_root(roots, &root);
	return status;
}

/* More would only make the plan large. */
enum { INITIAL_MAX = 1 << 18 };

/* The runtime needs the bytes only where they could be taken for addresses. */
static uint32_t add_initial(struct ckpt_compiler *compiler,
			    const struct ckpt_program_global *global)
{
	if (!global->initial || global->size > INITIAL_MAX)
		return CKPT_PLAN_NONE;
	for (uint64_t off = -global->vaddr & 7; off + 8 <= global->size;
	     off += 8) {
		uint64_t word;

		memcpy(&word, global->initial + off, sizeof(word));
		if (word >= CKPT_PLAN_ADDRESS_MIN &&
		    word < CKPT_PLAN_ADDRESS_MAX)
			return ckpt_tables_bytes(compiler->tables,
						 global->initial, global->size);
	}
	return CKPT_PLAN_NONE;
}

/* By its type and what the contract says. */
static enum ckpt_status compile_global(struct ckpt_compiler *compiler,
				       const struct ckpt_program_global *global,
				       uint32_t *ret)
{
	struct ckpt_level level = {
		.type = global->type,
		.path = global->name,
		.is_constant = !global->is_written,
	};

	return ckpt_layout_root(compiler, global->type, global->name, &level,
				ret);
}

static enum ckpt_status add_global(struct ckpt_compiler *compiler,
				   struct roots *roots,
				   const struct ckpt_program_global *global)
{
	struct ckpt_plan_root root = {
		.kind = global->is_tls ? CKPT_ROOT_TLS : CKPT_ROOT_GLOBAL,
		.off = global->vaddr,
		.object = global->object,
		.path = ckpt_tables_text(compiler->tables, global->name),
		.initial = CKPT_PLAN_NONE,
	};
	enum ckpt_status status = CKPT_OK;

	if (global->size > UINT32_MAX)
		return ckpt_err_set(compiler->err, CKPT_UNSUPPORTED,
				    "global `%s`: larger than 4 GiB",
				    global->name);
	if (global->is_written)
		root.flags |= CKPT_ROOT_WRITTEN;
	if (global->is_scratch)
		root.flags |= CKPT_ROOT_SCRATCH;
	/* It may be left with a pointer into an argument. */
	if (global->is_written && !global->is_scratch)
		compiler->gives_pointers = true;
	if (global->is_scratch || !global->type) {
		root.flags |= global->is_scratch ? 0 : CKPT_ROOT_UNTYPED;
		if (!global->is_scratch)
			root.initial = add_initial(compiler, global);
		root.node = ckpt_layout_bytes(compiler, global->size,
					      global->size, global->is_scratch);
	} else {
		status = compile_global(compiler, global, &root.node);
	}
	if (!status)
		add_root(roots, &root);
	return status;
}

static enum ckpt_status add_all_roots(struct ckpt_compiler *compiler,
				      struct roots *roots)
{
	const struct ckpt_program_request *request = compiler->request;
	enum ckpt_status status = CKPT_OK;

	if (compiler->abi.result.is_memory)
		status = add_hidden(compiler, roots);
	for (uint32_t i = 0; i < request->signature->parameter_count && !status;
	     i++)
		status = add_parameter(compiler, roots, i);
	for (size_t i = 0; i < request->global_count && !status; i++)
		status = add_global(compiler, roots, &request->globals[i]);
	if (!status)
		status = add_result(compiler, roots);
	return status;
}

static void write_roots(struct ckpt_compiler *compiler,
			const struct roots *roots)
{
	compiler->function->first_root =
		ckpt_tables_count(compiler->tables, CKPT_PLAN_ROOTS);
	compiler->function->root_count = roots->count;
	ckpt_buf_add(&compiler->tables->sections[CKPT_PLAN_ROOTS],
		     roots->entries.data, roots->entries.size);
}

/* ---- the rest of a function --------------------------------------------- */

static enum ckpt_status compile_conditions(struct ckpt_compiler *compiler)
{
	const struct ckpt_function_config *config = compiler->request->config;
	struct ckpt_plan_function *function = compiler->function;
	struct ckpt_expr_scope scope = {
		.terms = &compiler->terms,
		.moment = CKPT_MOMENT_PRE,
	};
	enum ckpt_status status = ckpt_exprcode_compile(
		compiler, config->require, &scope, &function->require);

	if (!status)
		status = ckpt_exprcode_compile(compiler, config->bypass_if,
					       &scope, &function->bypass_if);
	scope.moment = CKPT_MOMENT_POST;
	if (!status)
		status = ckpt_exprcode_compile(compiler, config->store_if,
					       &scope, &function->store_if);
	return status;
}

static void add_inputs(struct ckpt_compiler *compiler,
		       const struct ckpt_strings *names,
		       enum ckpt_plan_input_kind kind)
{
	for (size_t i = 0; i < names->count; i++) {
		struct ckpt_plan_input input = {
			.kind = kind,
			.name = ckpt_tables_text(compiler->tables,
						 names->items[i]),
		};

		(void)ckpt_tables_add(compiler->tables, CKPT_PLAN_INPUTS,
				      &input, sizeof(input));
	}
}

static void set_settings(struct ckpt_compiler *compiler)
{
	const struct ckpt_function_config *config = compiler->request->config;
	struct ckpt_plan_function *function = compiler->function;

	function->on_error = (uint8_t)config->on_error;
	function->min_time_ns = config->min_time_ns;
	function->max_age_s = config->max_age_s;
	function->verify_rate = config->verify;
	function->stack_size = compiler->abi.stack_size;
	function->stack_alignment = compiler->abi.stack_alignment;
	function->vector_width = (uint8_t)compiler->abi.vector_width;
	if (config->is_nested)
		function->flags |= CKPT_FUNCTION_NESTED;
	if (config->is_alignment)
		function->flags |= CKPT_FUNCTION_ALIGNMENT;
	if (config->is_portable)
		function->flags |= CKPT_FUNCTION_PORTABLE;
	if (config->keeps_inputs)
		function->flags |= CKPT_FUNCTION_KEEP_INPUTS;
	if (compiler->has_secret)
		function->flags |= CKPT_FUNCTION_SECRET;
	if (compiler->gives_pointers)
		function->flags |= CKPT_FUNCTION_POINTERS;
	if (compiler->abi.x87_count > 0)
		function->flags |= CKPT_FUNCTION_X87_RESULT;
	if (compiler->abi.x87_count > 1)
		function->flags |= CKPT_FUNCTION_X87_PAIR;
}

static enum ckpt_status check_signature(struct ckpt_compiler *compiler)
{
	const struct ckpt_signature *signature = compiler->request->signature;

	if (signature->is_variadic)
		return ckpt_err_set(compiler->err, CKPT_UNSUPPORTED,
				    "takes a variable number of arguments: "
				    "what they are cannot be known");
	if (!signature->has_prototype)
		return ckpt_err_set(compiler->err, CKPT_UNSUPPORTED,
				    "its declaration has no parameter types: "
				    "write `signature`");
	return ckpt_abi_layout(compiler->request->types, signature,
			       &compiler->abi, compiler->err);
}

/* A contract line that speaks of nothing is a mistake, perhaps a dangerous
 * one: the pointer it was meant for might be taken for another. */
static enum ckpt_status check_used(struct ckpt_compiler *compiler)
{
	const struct ckpt_terms *terms = &compiler->terms;
	char text[128];

	for (size_t i = 0; i < terms->count; i++) {
		const struct ckpt_path *path = terms->contracts[i].path;

		if (terms->used[i])
			continue;
		ckpt_path_text(path, text, sizeof(text));
		return ckpt_compiler_fail(
			compiler, &path->place, CKPT_INVALID,
			"\"%s\": the function has no such pointer; its "
			"parameters are as `ckpt inspect` shows them",
			text);
	}
	return CKPT_OK;
}

static enum ckpt_status check_missing(struct ckpt_compiler *compiler)
{
	if (!compiler->missing.size)
		return CKPT_OK;
	return ckpt_err_set(compiler->err, CKPT_UNSUPPORTED, "%.*s",
			    (int)compiler->missing.size,
			    (const char *)compiler->missing.data);
}

static enum ckpt_status compile(struct ckpt_compiler *compiler,
				struct roots *roots)
{
	const struct ckpt_function_config *config = compiler->request->config;
	struct ckpt_plan_function *function = compiler->function;
	enum ckpt_status status = check_signature(compiler);

	if (status)
		return status;
	function->first_clause =
		ckpt_tables_count(compiler->tables, CKPT_PLAN_CLAUSES);
	function->first_input =
		ckpt_tables_count(compiler->tables, CKPT_PLAN_INPUTS);
	add_all_moves(compiler);
	add_inputs(compiler, &config->env, CKPT_INPUT_ENV);
	add_inputs(compiler, &config->files, CKPT_INPUT_FILE);
	status = add_all_roots(compiler, roots);
	if (!status)
		status = check_used(compiler);
	if (!status)
		status = check_missing(compiler);
	if (!status)
		status = compile_conditions(compiler);
	if (status)
		return status;
	write_roots(compiler, roots);
	ckpt_exprcode_flush_pres(compiler);
	function->input_count =
		ckpt_tables_count(compiler->tables, CKPT_PLAN_INPUTS) -
		function->first_input;
	function->clause_count =
		ckpt_tables_count(compiler->tables, CKPT_PLAN_CLAUSES) -
		function->first_clause;
	set_settings(compiler);
	return ckpt_tables_status(compiler->tables);
}

enum ckpt_status
ckpt_program_compile(struct ckpt_tables *tables,
		     const struct ckpt_program_request *request,
		     struct ckpt_plan_function *function, struct ckpt_err *err)
{
	struct ckpt_table_marks marks = ckpt_program_marks(tables);
	size_t count = request->config->memory_count;
	struct ckpt_compiler *compiler =
		ckpt_types_alloc(request->types, sizeof(*compiler));
	bool *used = ckpt_types_alloc(request->types, count + 1);
	struct roots roots = {0};
	enum ckpt_status status;

	if (!compiler || !used)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	compiler->tables = tables;
	compiler->request = request;
	compiler->function = function;
	compiler->err = err;
	compiler->terms.contracts = request->config->memory;
	compiler->terms.count = count;
	compiler->terms.used = used;
	compiler->terms.path = "";
	status = compile(compiler, &roots);
	if (!status)
		function->program_digest =
			ckpt_program_digest(tables, &marks, function);
	ckpt_buf_deinit(&roots.entries);
	ckpt_buf_deinit(&compiler->missing);
	return status;
}
