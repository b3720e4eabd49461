/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/plancheck.h"

#include "shim/frame_x86_64.h"
#include "shim/planentry.h"
#include "shim/runtime/marshal/call.h"
#include "shim/runtime/plan/exprcheck.h"
#include "shim/runtime/plan/layoutcheck.h"

#include <stdbool.h>
#include <string.h>

enum {
	STACK_ARGUMENTS_MAX = 1 << 16,
	ENTRIES_MAX = 1 << 28,
};

static const char *const section_names[CKPT_PLAN_SECTION_COUNT] = {
	"strings", "files",  "objects", "functions", "names", "moves",	"roots",
	"nodes",   "fields", "clauses", "exprs",     "ops",   "inputs", "texts",
	"edges",   "diags",  "watches", "entries",   "code",  "fixups", "runs",
};

/* A 32-bit member that refers to an entry of another section. */
struct reference {
	uint8_t section;
	uint8_t target;
	bool is_optional; /* may be CKPT_PLAN_NONE */
	uint16_t off;
};

#define MUST(section, type, member, target)                       \
	{                                                         \
		CKPT_PLAN_##section, CKPT_PLAN_##target, false,   \
			offsetof(struct ckpt_plan_##type, member) \
	}
#define MAY(section, type, member, target)                        \
	{                                                         \
		CKPT_PLAN_##section, CKPT_PLAN_##target, true,    \
			offsetof(struct ckpt_plan_##type, member) \
	}

static const struct reference references[] = {
	MUST(FILES, file, path, STRINGS),
	MUST(OBJECTS, object, path, STRINGS),
	MAY(OBJECTS, object, file, FILES),
	MUST(FUNCTIONS, function, name, STRINGS),
	MUST(FUNCTIONS, function, config_name, STRINGS),
	MUST(FUNCTIONS, function, object, OBJECTS),
	MAY(FUNCTIONS, function, refusal, STRINGS),
	MAY(FUNCTIONS, function, object_pattern, STRINGS),
	MAY(FUNCTIONS, function, from, STRINGS),
	MAY(FUNCTIONS, function, require, EXPRS),
	MAY(FUNCTIONS, function, bypass_if, EXPRS),
	MAY(FUNCTIONS, function, store_if, EXPRS),
	MUST(NAMES, name, name, STRINGS),
	MAY(NAMES, name, version, STRINGS),
	MUST(ROOTS, root, node, NODES),
	MUST(ROOTS, root, path, STRINGS),
	MAY(NODES, node, type_name, STRINGS),
	MUST(FIELDS, field, node, NODES),
	MUST(FIELDS, field, name, STRINGS),
	MAY(FIELDS, field, condition, EXPRS),
	MAY(FIELDS, field, length, EXPRS),
	MAY(CLAUSES, clause, node, NODES),
	MAY(CLAUSES, clause, condition, EXPRS),
	MAY(CLAUSES, clause, count, EXPRS),
	MAY(CLAUSES, clause, low, EXPRS),
	MAY(CLAUSES, clause, max, EXPRS),
	MAY(CLAUSES, clause, length, EXPRS),
	MAY(CLAUSES, clause, stride, EXPRS),
	MAY(CLAUSES, clause, until, EXPRS),
	MAY(CLAUSES, clause, capacity, EXPRS),
	MAY(CLAUSES, clause, room, EXPRS),
	MAY(CLAUSES, clause, allocator, STRINGS),
	MAY(CLAUSES, clause, path, STRINGS),
	MAY(EXPRS, expr, text, STRINGS),
	MUST(INPUTS, input, name, STRINGS),
	MUST(TEXTS, text, object, OBJECTS),
	MUST(EDGES, edge, from, OBJECTS),
	MUST(EDGES, edge, to, OBJECTS),
	MUST(EDGES, edge, name, STRINGS),
	MAY(EDGES, edge, version, STRINGS),
	MAY(DIAGS, diag, function, FUNCTIONS),
	MUST(DIAGS, diag, text, STRINGS),
	MUST(WATCHES, watch, object, OBJECTS),
	MUST(WATCHES, watch, name, STRINGS),
	MUST(WATCHES, watch, chain, STRINGS),
	MUST(ENTRIES, entry, function, FUNCTIONS),
	MUST(ENTRIES, entry, object, OBJECTS),
};

static enum ckpt_status damaged(struct ckpt_err *err,
				enum ckpt_plan_section_id section,
				uint32_t index, const char *what)
{
	return ckpt_err_set(err, CKPT_BADDATA, "%s[%u]: %s",
			    section_names[section], index, what);
}

static bool is_slice(uint64_t first, uint64_t count, uint64_t limit)
{
	return first <= limit && count <= limit - first;
}

/* ---- header and sections ---- */

static enum ckpt_status check_header(const struct ckpt_plan_header *header,
				     size_t size, struct ckpt_err *err)
{
	size_t summed = offsetof(struct ckpt_plan_header, key);
	struct ckpt_hash128 sum;

	if (size < sizeof(*header) ||
	    memcmp(header->magic, CKPT_PLAN_MAGIC, sizeof(header->magic)) != 0)
		return ckpt_err_set(err, CKPT_BADDATA, "not a plan");
	if (header->version != CKPT_PLAN_VERSION ||
	    header->header_size != sizeof(*header))
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "plan format %u, want %u", header->version,
				    CKPT_PLAN_VERSION);
	if (header->file_size != size)
		return ckpt_err_set(err, CKPT_BADDATA, "cut short or grown");
	sum = ckpt_hash(NULL, (const char *)header + summed, size - summed);
	if (!ckpt_hash_equal(sum, header->checksum))
		return ckpt_err_set(err, CKPT_BADDATA, "checksum is wrong");
	return CKPT_OK;
}

static enum ckpt_status check_section(const struct ckpt_plan_header *header,
				      enum ckpt_plan_section_id id,
				      struct ckpt_err *err)
{
	const struct ckpt_plan_section *section = &header->sections[id];

	if (section->entry_size != ckpt_plan_entry_size(id))
		return damaged(err, id, 0, "entry size is wrong");
	if (section->count > ENTRIES_MAX || section->off % 8 ||
	    section->off < sizeof(*header) ||
	    !is_slice(section->off,
		      (uint64_t)section->count * section->entry_size,
		      header->file_size))
		return damaged(err, id, 0, "section is not inside the file");
	return CKPT_OK;
}

static void set_view(const struct ckpt_plan_header *header,
		     struct ckpt_plan_view *view)
{
	const char *start = (const char *)header;

#define AT(id) (const void *)(start + header->sections[CKPT_PLAN_##id].off)
	view->header = header;
	view->strings = AT(STRINGS);
	view->files = AT(FILES);
	view->objects = AT(OBJECTS);
	view->functions = AT(FUNCTIONS);
	view->names = AT(NAMES);
	view->moves = AT(MOVES);
	view->roots = AT(ROOTS);
	view->nodes = AT(NODES);
	view->fields = AT(FIELDS);
	view->clauses = AT(CLAUSES);
	view->exprs = AT(EXPRS);
	view->ops = AT(OPS);
	view->inputs = AT(INPUTS);
	view->texts = AT(TEXTS);
	view->edges = AT(EDGES);
	view->diags = AT(DIAGS);
	view->watches = AT(WATCHES);
	view->entries = AT(ENTRIES);
	view->code = AT(CODE);
	view->fixups = AT(FIXUPS);
	view->runs = AT(RUNS);
#undef AT
	for (int id = 0; id < CKPT_PLAN_SECTION_COUNT; id++)
		view->counts[id] = header->sections[id].count;
}

/* ---- references ---- */

static bool is_reference(const struct ckpt_plan_view *view, uint32_t value,
			 enum ckpt_plan_section_id target, bool is_optional)
{
	return value < view->counts[target] ||
	       (is_optional && value == CKPT_PLAN_NONE);
}

static enum ckpt_status check_references(const struct ckpt_plan_view *view,
					 const struct reference *reference,
					 struct ckpt_err *err)
{
	const char *entry = (const char *)view->header +
			    view->header->sections[reference->section].off;
	uint32_t value;

	for (uint32_t i = 0; i < view->counts[reference->section]; i++) {
		memcpy(&value, entry + reference->off, sizeof(value));
		if (!is_reference(view, value, reference->target,
				  reference->is_optional))
			return damaged(err, reference->section, i,
				       "refers to what is not there");
		entry += ckpt_plan_entry_size(reference->section);
	}
	return CKPT_OK;
}

static enum ckpt_status check_all_references(const struct ckpt_plan_view *view,
					     struct ckpt_err *err)
{
	const struct ckpt_plan_header *header = view->header;
	size_t count = sizeof(references) / sizeof(references[0]);
	enum ckpt_status status;

	if (!view->counts[CKPT_PLAN_STRINGS] ||
	    view->strings[view->counts[CKPT_PLAN_STRINGS] - 1] != '\0')
		return damaged(err, CKPT_PLAN_STRINGS, 0, "no end");
	if (!is_reference(view, header->program_version, CKPT_PLAN_STRINGS,
			  false) ||
	    !is_reference(view, header->config_path, CKPT_PLAN_STRINGS,
			  false) ||
	    !is_reference(view, header->store_directory, CKPT_PLAN_STRINGS,
			  false) ||
	    !is_reference(view, header->lower, CKPT_PLAN_STRINGS, false) ||
	    !is_reference(view, header->secret_file, CKPT_PLAN_STRINGS, true) ||
	    !is_reference(view, header->name_space, CKPT_PLAN_STRINGS, true) ||
	    header->log_level > CKPT_LOG_DEBUG ||
	    header->on_error > CKPT_ON_ERROR_IGNORE)
		return ckpt_err_set(err, CKPT_BADDATA, "header is damaged");
	for (size_t i = 0; i < count; i++) {
		status = check_references(view, &references[i], err);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* ---- clauses and expressions ---- */

static bool has(uint32_t reference)
{
	return reference != CKPT_PLAN_NONE;
}

/* Is there memory to measure: does `step`, an element's size, lead on? */
static bool has_elements(const struct ckpt_plan_view *view,
			 const struct ckpt_plan_clause *clause)
{
	return has(clause->node) && view->nodes[clause->node].stride > 0;
}

/* What each kind of extent cannot be without. */
static bool has_operands(const struct ckpt_plan_view *view,
			 const struct ckpt_plan_clause *clause)
{
	switch (clause->extent) {
	case CKPT_EXTENT_COUNT:
	case CKPT_EXTENT_BYTES:
		return has_elements(view, clause) && has(clause->count);
	case CKPT_EXTENT_SLICE:
	case CKPT_EXTENT_GROW:
		return has_elements(view, clause) && has(clause->count) &&
		       has(clause->low);
	case CKPT_EXTENT_UNTIL:
		return has_elements(view, clause) && has(clause->until);
	case CKPT_EXTENT_STRING:
		return has_elements(view, clause);
	case CKPT_EXTENT_ROWS:
		return has_elements(view, clause) && has(clause->count) &&
		       has(clause->length) && has(clause->stride);
	case CKPT_EXTENT_HANDLE:
		return has(clause->allocator);
	default:
		return clause->extent < CKPT_EXTENT_KIND_COUNT;
	}
}

static bool is_clause_sound(const struct ckpt_plan_view *view,
			    const struct ckpt_plan_clause *clause)
{
	if (clause->direction > CKPT_DIR_SCRATCH ||
	    clause->owner >= CKPT_OWNER_KIND_COUNT ||
	    (clause->alignment & (clause->alignment - 1)))
		return false;
	if (clause->owner == CKPT_OWNER_CUSTOM && !has(clause->allocator))
		return false;
	if ((clause->flags & CKPT_CLAUSE_POST_COUNT) && !has(clause->max))
		return false;
	/* An alias is recognised, never measured. */
	if (clause->owner == CKPT_OWNER_ALIAS)
		return clause->extent < CKPT_EXTENT_KIND_COUNT;
	return has_operands(view, clause);
}

static enum ckpt_status check_clauses(const struct ckpt_plan_view *view,
				      struct ckpt_err *err)
{
	for (uint32_t i = 0; i < view->counts[CKPT_PLAN_CLAUSES]; i++) {
		if (!is_clause_sound(view, &view->clauses[i]))
			return damaged(err, CKPT_PLAN_CLAUSES, i, "bad clause");
	}
	return CKPT_OK;
}

static enum ckpt_status check_exprs(const struct ckpt_plan_view *view,
				    struct ckpt_err *err)
{
	for (uint32_t i = 0; i < view->counts[CKPT_PLAN_EXPRS]; i++) {
		const struct ckpt_plan_expr *expr = &view->exprs[i];

		if (!is_slice(expr->first_op, expr->op_count,
			      view->counts[CKPT_PLAN_OPS]) ||
		    !ckpt_expr_check(view->ops + expr->first_op, expr->op_count,
				     expr->stack_size,
				     view->counts[CKPT_PLAN_OBJECTS]))
			return damaged(err, CKPT_PLAN_EXPRS, i,
				       "bad expression");
	}
	return CKPT_OK;
}

/* ---- entry patches ---- */

enum { JUMP_SIZE = 5 };

static bool are_fixups_sound(const struct ckpt_plan_view *view,
			     const struct ckpt_plan_entry *entry)
{
	if (!is_slice(entry->first_fixup, entry->fixup_count,
		      view->counts[CKPT_PLAN_FIXUPS]))
		return false;
	for (uint32_t i = 0; i < entry->fixup_count; i++) {
		const struct ckpt_plan_fixup *fixup =
			&view->fixups[entry->first_fixup + i];

		if (!is_slice(fixup->off, 4, entry->code_size) ||
		    fixup->end > entry->code_size)
			return false;
	}
	return true;
}

static bool is_entry_sound(const struct ckpt_plan_view *view,
			   const struct ckpt_plan_entry *entry)
{
	return entry->window_size >= JUMP_SIZE &&
	       entry->window_size <= CKPT_ENTRY_WINDOW_MAX &&
	       entry->code_size <= CKPT_ENTRY_CODE_MAX &&
	       is_slice(entry->first_code, entry->code_size,
			view->counts[CKPT_PLAN_CODE]) &&
	       view->functions[entry->function].object == entry->object &&
	       are_fixups_sound(view, entry);
}

static enum ckpt_status check_entries(const struct ckpt_plan_view *view,
				      struct ckpt_err *err)
{
	for (uint32_t i = 0; i < view->counts[CKPT_PLAN_ENTRIES]; i++)
		if (!is_entry_sound(view, &view->entries[i]))
			return damaged(err, CKPT_PLAN_ENTRIES, i, "bad entry");
	return CKPT_OK;
}

static bool is_entry_reference(const struct ckpt_plan_view *view,
			       const struct ckpt_plan_function *f)
{
	return !(f->flags & CKPT_FUNCTION_ENTRY) ||
	       (f->entry < view->counts[CKPT_PLAN_ENTRIES] &&
		&view->functions[view->entries[f->entry].function] == f);
}

/* ---- functions ---- */

static bool is_argument_home(uint64_t off, uint64_t size)
{
	return is_slice(off, size, CKPT_FRAME_RESULT_RAX);
}

static bool is_result_home(uint64_t off, uint64_t size)
{
	return (off >= CKPT_FRAME_RESULT_RAX &&
		is_slice(off, size, CKPT_FRAME_ENTRY_SP)) ||
	       (off >= CKPT_FRAME_RESULT_VEC &&
		is_slice(off, size, CKPT_FRAME_GATHER));
}

static bool is_gather_home(uint64_t off, uint64_t size)
{
	return off >= CKPT_FRAME_GATHER && is_slice(off, size, CKPT_FRAME_CALL);
}

static bool are_moves_sound(const struct ckpt_plan_view *view,
			    const struct ckpt_plan_function *function)
{
	uint64_t count = (uint64_t)function->argument_move_count +
			 function->result_move_count;

	if (!is_slice(function->first_move, count,
		      view->counts[CKPT_PLAN_MOVES]))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct ckpt_plan_move *move =
			&view->moves[function->first_move + i];
		bool is_home = i < function->argument_move_count
				       ? is_argument_home(move->register_off,
							  move->size)
				       : is_result_home(move->register_off,
							move->size);

		if (!is_home || !is_gather_home(move->gather_off, move->size))
			return false;
	}
	return true;
}

/* A value in the frame: arguments, results, or what was gathered. The hidden
 * pointer to a result in memory may be read where it was passed. */
static bool is_frame_value(const struct ckpt_plan_root *root, uint64_t size)
{
	return is_argument_home(root->off, size) ||
	       is_gather_home(root->off, size) ||
	       (root->kind == CKPT_ROOT_RESULT &&
		is_result_home(root->off, size));
}

static bool is_root_sound(const struct ckpt_plan_view *view,
			  const struct ckpt_plan_function *function,
			  const struct ckpt_plan_root *root)
{
	uint64_t size = view->nodes[root->node].size;

	if (root->initial != CKPT_PLAN_NONE &&
	    !is_slice(root->initial, view->nodes[root->node].stride,
		      view->counts[CKPT_PLAN_STRINGS]))
		return false;
	switch (root->kind) {
	case CKPT_ROOT_GLOBAL:
	case CKPT_ROOT_TLS:
		return root->object < view->counts[CKPT_PLAN_OBJECTS];
	case CKPT_ROOT_PARAMETER:
		if (root->place == CKPT_PLACE_STACK)
			return is_slice(root->off, size, function->stack_size);
		/* fall through */
	case CKPT_ROOT_RESULT:
		return root->place == CKPT_PLACE_FRAME &&
		       is_frame_value(root, size);
	default:
		return false;
	}
}

static bool are_roots_sound(const struct ckpt_plan_view *view,
			    const struct ckpt_plan_function *function)
{
	if (!is_slice(function->first_root, function->root_count,
		      view->counts[CKPT_PLAN_ROOTS]))
		return false;
	for (uint32_t i = 0; i < function->root_count; i++)
		if (!is_root_sound(view, function,
				   &view->roots[function->first_root + i]))
			return false;
	return true;
}

static bool are_slices_sound(const struct ckpt_plan_view *view,
			     const struct ckpt_plan_function *f)
{
	return is_slice(f->first_name, f->name_count,
			view->counts[CKPT_PLAN_NAMES]) &&
	       is_slice(f->first_clause, f->clause_count,
			view->counts[CKPT_PLAN_CLAUSES]) &&
	       is_slice(f->first_pre, f->pre_count,
			view->counts[CKPT_PLAN_EXPRS]) &&
	       is_slice(f->first_input, f->input_count,
			view->counts[CKPT_PLAN_INPUTS]) &&
	       is_slice(f->first_text, f->text_count,
			view->counts[CKPT_PLAN_TEXTS]) &&
	       is_slice(f->first_edge_run, f->edge_run_count,
			view->counts[CKPT_PLAN_RUNS]) &&
	       is_slice(f->first_watch, f->watch_count,
			view->counts[CKPT_PLAN_WATCHES]);
}

static bool is_function_sound(const struct ckpt_plan_view *view,
			      const struct ckpt_plan_function *f)
{
	return f->on_error <= CKPT_ON_ERROR_IGNORE &&
	       f->vector_width <= CKPT_VECTOR_ZMM &&
	       f->once <= CKPT_PLAN_ONCE_PROCESSES &&
	       f->pre_count <= CKPT_CALL_PRE_MAX &&
	       f->stack_size <= STACK_ARGUMENTS_MAX &&
	       (f->stack_alignment == 16 || f->stack_alignment == 32 ||
		f->stack_alignment == 64) &&
	       f->verify_rate >= 0 && f->verify_rate <= 1 &&
	       is_entry_reference(view, f) && are_slices_sound(view, f) &&
	       are_moves_sound(view, f) && are_roots_sound(view, f);
}

static enum ckpt_status check_functions(const struct ckpt_plan_view *view,
					struct ckpt_err *err)
{
	for (uint32_t i = 0; i < view->counts[CKPT_PLAN_FUNCTIONS]; i++)
		if (!is_function_sound(view, &view->functions[i]))
			return damaged(err, CKPT_PLAN_FUNCTIONS, i,
				       "bad function");
	for (uint32_t i = 0; i < view->counts[CKPT_PLAN_RUNS]; i++)
		if (!is_slice(view->runs[i].first, view->runs[i].count,
			      view->counts[CKPT_PLAN_EDGES]))
			return damaged(err, CKPT_PLAN_RUNS, i, "bad run");
	for (uint32_t i = 0; i < view->counts[CKPT_PLAN_INPUTS]; i++)
		if (view->inputs[i].kind > CKPT_INPUT_FILE)
			return damaged(err, CKPT_PLAN_INPUTS, i, "bad kind");
	return CKPT_OK;
}

enum ckpt_status ckpt_plan_check(const void *data, size_t size,
				 struct ckpt_plan_view *ret,
				 struct ckpt_err *err)
{
	enum ckpt_status (*const checks[])(const struct ckpt_plan_view *,
					   struct ckpt_err *) = {
		check_all_references, ckpt_layout_check, check_clauses,
		check_entries,	      check_exprs,	 check_functions,
	};
	struct ckpt_plan_view view;
	enum ckpt_status status;

	status = check_header(data, size, err);
	if (status)
		return status;
	for (int id = 0; id < CKPT_PLAN_SECTION_COUNT; id++) {
		status = check_section(data, id, err);
		if (status)
			return status;
	}
	set_view(data, &view);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		status = checks[i](&view, err);
		if (status)
			return status;
	}
	*ret = view;
	return CKPT_OK;
}
