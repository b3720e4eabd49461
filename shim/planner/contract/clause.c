/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/draft.h"

#include "shim/planner/signature/cdecl.h"

#include <string.h>

/* Some contract reaches further through this pointer with * or ->: then it
 * points to one. */
static bool is_implied_one(const struct ckpt_terms *terms, const char *path)
{
	bool is_deref = false;

	for (; terms; terms = terms->outer) {
		if (ckpt_terms_go_through(terms, path, &is_deref) && is_deref)
			return true;
	}
	return false;
}

/* ---- one clause --------------------------------------------------------- */

enum ckpt_status ckpt_draft_fail(const struct ckpt_draft *draft,
				 enum ckpt_status status, const char *what)
{
	return ckpt_compiler_fail(draft->compiler, &draft->clause->place,
				  status, "`%s`: %s", draft->path, what);
}

static bool is_owner_created(enum ckpt_clause_owner owner)
{
	return owner == CKPT_CLAUSE_OWNER_MALLOC ||
	       owner == CKPT_CLAUSE_OWNER_STATIC ||
	       owner == CKPT_CLAUSE_OWNER_ALIAS ||
	       owner == CKPT_CLAUSE_OWNER_CUSTOM ||
	       owner == CKPT_CLAUSE_OWNER_NEW ||
	       owner == CKPT_CLAUSE_OWNER_NEW_ARRAY;
}

static const uint8_t plan_owners[] = {
	[CKPT_CLAUSE_OWNER_CALLER] = CKPT_OWNER_CALLER,
	[CKPT_CLAUSE_OWNER_MALLOC] = CKPT_OWNER_MALLOC,
	[CKPT_CLAUSE_OWNER_REALLOC] = CKPT_OWNER_REALLOC,
	[CKPT_CLAUSE_OWNER_FREED] = CKPT_OWNER_FREED,
	[CKPT_CLAUSE_OWNER_STATIC] = CKPT_OWNER_STATIC,
	[CKPT_CLAUSE_OWNER_ALIAS] = CKPT_OWNER_ALIAS,
	[CKPT_CLAUSE_OWNER_CUSTOM] = CKPT_OWNER_CUSTOM,
	[CKPT_CLAUSE_OWNER_NEW] = CKPT_OWNER_NEW,
	[CKPT_CLAUSE_OWNER_NEW_ARRAY] = CKPT_OWNER_NEW_ARRAY,
};

static const uint8_t plan_extents[] = {
	[CKPT_CLAUSE_EXTENT_DEFAULT] = CKPT_EXTENT_COUNT,
	[CKPT_CLAUSE_EXTENT_ONE] = CKPT_EXTENT_COUNT,
	[CKPT_CLAUSE_EXTENT_COUNT] = CKPT_EXTENT_COUNT,
	[CKPT_CLAUSE_EXTENT_SLICE] = CKPT_EXTENT_SLICE,
	[CKPT_CLAUSE_EXTENT_GROW] = CKPT_EXTENT_GROW,
	[CKPT_CLAUSE_EXTENT_BYTES] = CKPT_EXTENT_BYTES,
	[CKPT_CLAUSE_EXTENT_UNTIL] = CKPT_EXTENT_UNTIL,
	[CKPT_CLAUSE_EXTENT_STRING] = CKPT_EXTENT_STRING,
	[CKPT_CLAUSE_EXTENT_ROWS] = CKPT_EXTENT_ROWS,
	[CKPT_CLAUSE_EXTENT_NULL] = CKPT_EXTENT_NONE,
	[CKPT_CLAUSE_EXTENT_IGNORE] = CKPT_EXTENT_IGNORE,
	[CKPT_CLAUSE_EXTENT_OPAQUE] = CKPT_EXTENT_OPAQUE,
	[CKPT_CLAUSE_EXTENT_CODE] = CKPT_EXTENT_CODE,
	[CKPT_CLAUSE_EXTENT_FILE] = CKPT_EXTENT_FILE,
	[CKPT_CLAUSE_EXTENT_HANDLE] = CKPT_EXTENT_HANDLE,
};

bool ckpt_draft_is_followed(const struct ckpt_draft *draft)
{
	if (draft->is_alias)
		return false;
	switch (draft->clause->extent) {
	case CKPT_CLAUSE_EXTENT_NULL:
	case CKPT_CLAUSE_EXTENT_IGNORE:
	case CKPT_CLAUSE_EXTENT_OPAQUE:
	case CKPT_CLAUSE_EXTENT_CODE:
	case CKPT_CLAUSE_EXTENT_FILE:
	case CKPT_CLAUSE_EXTENT_HANDLE:
		return false;
	default:
		return true;
	}
}

static const struct ckpt_type *byte_type(const struct ckpt_draft *draft)
{
	return ckpt_types_find(draft->compiler->request->types,
			       "unsigned char");
}

static enum ckpt_status choose_element(struct ckpt_draft *draft)
{
	const struct ckpt_clause *clause = draft->clause;
	struct ckpt_types *types = draft->compiler->request->types;
	struct ckpt_type *as = NULL;

	draft->element = draft->pointer->element;
	if (clause->as_type &&
	    ckpt_cdecl_type(types, clause->as_type, &clause->place, &as, NULL))
		return ckpt_draft_fail(
			draft, CKPT_INVALID,
			"`as` names a type that is not known; `signature` "
			"or `headers` can define it");
	if (as)
		draft->element = as;
	if (clause->extent == CKPT_CLAUSE_EXTENT_BYTES &&
	    ckpt_layout_has_pointer(draft->element))
		return ckpt_draft_fail(
			draft, CKPT_UNSUPPORTED,
			"holds pointers, so it is not just bytes: say "
			"`[COUNT]`, or `as char` to take them as they are");
	if (clause->extent == CKPT_CLAUSE_EXTENT_BYTES)
		draft->element = byte_type(draft);
	if (!ckpt_draft_is_followed(draft) || draft->element->size)
		return CKPT_OK;
	return ckpt_draft_fail(
		draft, CKPT_UNSUPPORTED,
		"points to a type of unknown size: say `as TYPE`, `bytes "
		"EXPR`, `opaque` or `ignore`");
}

static void choose_direction(struct ckpt_draft *draft)
{
	static const uint8_t directions[] = {
		[CKPT_CLAUSE_DIRECTION_IN] = CKPT_DIR_IN,
		[CKPT_CLAUSE_DIRECTION_OUT] = CKPT_DIR_OUT,
		[CKPT_CLAUSE_DIRECTION_INOUT] = CKPT_DIR_INOUT,
		[CKPT_CLAUSE_DIRECTION_SCRATCH] = CKPT_DIR_SCRATCH,
	};

	if (draft->clause->direction != CKPT_CLAUSE_DIRECTION_DEFAULT)
		draft->entry.direction = directions[draft->clause->direction];
	else if (draft->is_moving)
		draft->entry.direction = CKPT_DIR_INOUT;
	else if (draft->is_created)
		draft->entry.direction = CKPT_DIR_OUT;
	else if (draft->pointer->element->is_const ||
		 draft->clause->owner == CKPT_CLAUSE_OWNER_FREED)
		draft->entry.direction = CKPT_DIR_IN;
	else
		draft->entry.direction = CKPT_DIR_INOUT;
}

/* Is the size of the extent known only after the call? */
static bool ends_after_call(const struct ckpt_draft *draft)
{
	const struct ckpt_clause *clause = draft->clause;
	bool is_terminated = clause->extent == CKPT_CLAUSE_EXTENT_STRING ||
			     clause->extent == CKPT_CLAUSE_EXTENT_UNTIL;

	if (draft->is_created || draft->is_moving)
		return false;
	return ckpt_expr_has_post(clause->count) ||
	       ckpt_expr_has_post(clause->low) ||
	       (is_terminated &&
		(draft->entry.direction == CKPT_DIR_OUT || clause->max));
}

static enum ckpt_status check_bound(struct ckpt_draft *draft)
{
	const struct ckpt_clause *clause = draft->clause;

	if (draft->is_post_count && !clause->max)
		return ckpt_draft_fail(
			draft, CKPT_INVALID,
			"how far it reaches is known only after the call: "
			"add `max [EXPR]`, the room there is");
	return CKPT_OK;
}

/* A struct with an array of its own length at the end stands alone, and what
 * the call has yet to write does not tell how long it is. */
static enum ckpt_status check_flexible(const struct ckpt_draft *draft)
{
	const struct ckpt_clause *clause = draft->clause;
	const struct ckpt_plan_node *node =
		ckpt_layout_node(draft->compiler, draft->entry.node);

	if (!(node->flags & CKPT_NODE_FLEXIBLE))
		return CKPT_OK;
	if (clause->extent != CKPT_CLAUSE_EXTENT_DEFAULT &&
	    clause->extent != CKPT_CLAUSE_EXTENT_ONE)
		return ckpt_draft_fail(
			draft, CKPT_INVALID,
			"a struct with a flexible array member: there is "
			"`one` of it");
	if (draft->entry.direction == CKPT_DIR_OUT && !draft->is_created)
		return ckpt_draft_fail(
			draft, CKPT_INVALID,
			"a struct with a flexible array member: how long "
			"it is must be known before the call: `inout`");
	return CKPT_OK;
}

/* Is the path the parameter being described? */
static bool is_itself(const struct ckpt_draft *draft,
		      const struct ckpt_path *path)
{
	return path && !path->step_count && !strcmp(path->base, draft->path);
}

/* What the accessor returns: an integer, of which as many bytes count as its
 * type has, or text. */
static enum ckpt_status compile_answer(struct ckpt_draft *draft)
{
	const struct ckpt_type *type = draft->element;
	bool is_text = type->kind == CKPT_TYPE_POINTER &&
		       type->element->kind == CKPT_TYPE_INT &&
		       type->element->size == 1;
	bool is_number =
		(type->kind == CKPT_TYPE_INT || type->kind == CKPT_TYPE_BOOL) &&
		type->size <= 8;
	uint64_t size = draft->clause->as_type ? type->size : 8;

	if (draft->clause->as_type && !is_text && !is_number)
		return ckpt_draft_fail(
			draft, CKPT_UNSUPPORTED,
			"`handle by FUNC(PATH) as TYPE`: TYPE is what FUNC "
			"returns, an integer or `char *`");
	if (draft->clause->as_type && is_text)
		draft->entry.flags |= CKPT_CLAUSE_TEXT;
	draft->entry.node =
		ckpt_layout_bytes(draft->compiler, size, size, false);
	return CKPT_OK;
}

/* The accessor is called with the handle, or with what PATH leads to. */
static enum ckpt_status compile_handle(struct ckpt_draft *draft)
{
	struct ckpt_expr argument = {
		.kind = CKPT_EXPR_PATH,
		.path = draft->clause->handle,
		.place = draft->clause->place,
	};
	enum ckpt_status status = compile_answer(draft);

	if (status || is_itself(draft, draft->clause->handle))
		return status;
	return ckpt_draft_expr(draft, &argument, CKPT_MOMENT_PRE,
			       &draft->entry.count);
}

static enum ckpt_status compile_item(struct ckpt_draft *draft)
{
	struct ckpt_compiler *compiler = draft->compiler;
	struct ckpt_plan_clause *entry = &draft->entry;
	enum ckpt_status status;

	if (draft->clause->extent == CKPT_CLAUSE_EXTENT_HANDLE)
		return compile_handle(draft);
	if (!ckpt_draft_is_followed(draft)) {
		entry->node = ckpt_layout_bytes(compiler, 1, 1, false);
		return CKPT_OK;
	}
	if (entry->direction == CKPT_DIR_SCRATCH) {
		entry->node = ckpt_layout_bytes(compiler, draft->element->size,
						draft->element->size, true);
		return CKPT_OK;
	}
	status = ckpt_layout_element(compiler, draft->item, draft->in_force,
				     &entry->node);
	return status ? status : check_flexible(draft);
}

static enum ckpt_status make_item(struct ckpt_draft *draft)
{
	struct ckpt_types *types = draft->compiler->request->types;

	draft->item = ckpt_types_alloc(types, sizeof(*draft->item));
	if (!draft->item)
		return CKPT_NOMEM;
	draft->item->outer = draft->level;
	draft->item->type = draft->element;
	draft->item->path =
		ckpt_compiler_path(draft->compiler, "%s[]", draft->path);
	/* What stands in memory that the call fills means nothing before. */
	draft->item->is_created =
		draft->is_created || draft->entry.direction == CKPT_DIR_OUT;
	draft->item->is_made = draft->is_created;
	draft->item->is_constant = draft->entry.direction == CKPT_DIR_IN;
	draft->item->is_target = true;
	return draft->item->path ? CKPT_OK : CKPT_NOMEM;
}

/* A pointer that the call sets is not looked at before it, so it must stand
 * where the call can set it; and what a replay makes, it must fill. */
static enum ckpt_status check_holder(const struct ckpt_draft *draft)
{
	const struct ckpt_level *level = draft->level;
	bool is_fixed = level->is_frame || level->is_constant;
	bool is_unknown = !ckpt_draft_is_followed(draft) && !draft->is_alias &&
			  draft->clause->extent != CKPT_CLAUSE_EXTENT_NULL;

	if (draft->is_moving && (is_fixed || level->is_created))
		return ckpt_draft_fail(
			draft, CKPT_INVALID,
			"the call cannot tell where the block moved: the "
			"pointer has to stand in memory that is inout");
	if (draft->is_created && !level->is_created && is_fixed)
		return ckpt_draft_fail(
			draft, CKPT_INVALID,
			"the call cannot set it: it stands in a parameter "
			"or in memory that is only read; a pointer that "
			"the call sets is reached through another, as "
			"`*p`");
	if (is_unknown && level->is_made)
		return ckpt_draft_fail(
			draft, CKPT_INVALID,
			"the call makes it, so a replay has to know what "
			"to put there");
	return CKPT_OK;
}

/* Blocks from operator new have the alignment of any scalar; std::allocator
 * asks for more where a type needs it, and then frees another way. */
static enum ckpt_status check_alignment(const struct ckpt_draft *draft)
{
	bool is_new = draft->clause->owner == CKPT_CLAUSE_OWNER_NEW ||
		      draft->clause->owner == CKPT_CLAUSE_OWNER_NEW_ARRAY;

	if (!is_new || draft->entry.alignment ||
	    draft->element->alignment <= 16)
		return CKPT_OK;
	return ckpt_draft_fail(
		draft, CKPT_UNSUPPORTED,
		"elements of more than the usual alignment: say `aligned "
		"N` if they are allocated by the aligned operator new");
}

static enum ckpt_status check_string(struct ckpt_draft *draft)
{
	if (draft->clause->extent != CKPT_CLAUSE_EXTENT_STRING ||
	    draft->element->size == 1)
		return CKPT_OK;
	return ckpt_draft_fail(draft, CKPT_INVALID,
			       "`string` is for characters");
}

static void note_traits(struct ckpt_draft *draft)
{
	struct ckpt_compiler *compiler = draft->compiler;

	if (draft->clause->is_secret) {
		draft->entry.flags |= CKPT_CLAUSE_SECRET;
		compiler->has_secret = true;
	}
	if (draft->is_created) {
		draft->entry.flags |= CKPT_CLAUSE_CREATED;
		compiler->gives_pointers = true;
	}
	if (draft->is_post_count)
		draft->entry.flags |= CKPT_CLAUSE_POST_COUNT;
	if (draft->entry.direction != CKPT_DIR_IN &&
	    ckpt_layout_has_pointer(draft->element))
		compiler->gives_pointers = true;
}

/* What the pointer is to the call: a moving block has been there before, unless
 * the memory that holds it is itself made by the call. */
static void choose_kind(struct ckpt_draft *draft)
{
	static const uint8_t moving[] = {
		[CKPT_CLAUSE_OWNER_REALLOC] = CKPT_OWNER_REALLOC,
		[CKPT_CLAUSE_OWNER_NEW] = CKPT_OWNER_RENEW,
		[CKPT_CLAUSE_OWNER_NEW_ARRAY] = CKPT_OWNER_RENEW_ARRAY,
	};
	const struct ckpt_clause *clause = draft->clause;
	bool grows = clause->extent == CKPT_CLAUSE_EXTENT_GROW;

	draft->is_moving = grows && !draft->level->is_made;
	draft->is_alias = clause->owner == CKPT_CLAUSE_OWNER_ALIAS &&
			  clause->extent == CKPT_CLAUSE_EXTENT_DEFAULT;
	draft->is_distance = draft->is_alias && !draft->level->is_created;
	draft->is_created = draft->level->is_created ||
			    (is_owner_created(clause->owner) &&
			     !draft->is_distance && !draft->is_moving);
	draft->entry.extent = plan_extents[clause->extent];
	draft->entry.owner = plan_owners[clause->owner];
	if (draft->is_alias)
		draft->entry.extent = CKPT_EXTENT_OPAQUE;
	if (draft->is_moving)
		draft->entry.owner = moving[clause->owner];
	else if (grows)
		draft->entry.extent = CKPT_EXTENT_COUNT;
	if (grows && clause->owner == CKPT_CLAUSE_OWNER_REALLOC &&
	    !draft->is_moving)
		draft->entry.owner = CKPT_OWNER_MALLOC;
}

static enum ckpt_status compile_clause(struct ckpt_draft *draft)
{
	const struct ckpt_clause *clause = draft->clause;
	enum ckpt_status status;

	choose_kind(draft);
	status = choose_element(draft);
	if (status)
		return status;
	draft->entry.allocator =
		ckpt_tables_text(draft->compiler->tables, clause->allocator);
	draft->entry.path =
		ckpt_tables_text(draft->compiler->tables, draft->path);
	choose_direction(draft);
	draft->is_post_count = ends_after_call(draft);
	status = make_item(draft);
	if (!status)
		status = check_bound(draft);
	if (!status)
		status = check_holder(draft);
	if (!status)
		status = check_string(draft);
	if (!status)
		status = ckpt_draft_alignment(draft);
	if (!status)
		status = check_alignment(draft);
	if (!status)
		status = ckpt_draft_sizes(draft);
	if (!status)
		status = ckpt_draft_expr(draft, clause->condition,
					 draft->is_created ? CKPT_MOMENT_POST
							   : CKPT_MOMENT_PRE,
					 &draft->entry.condition);
	if (!status)
		status = compile_item(draft);
	if (!status)
		note_traits(draft);
	return status;
}

/* ---- the clauses of a pointer ------------------------------------------- */

static void set_clause(struct ckpt_compiler *compiler, uint32_t index,
		       const struct ckpt_plan_clause *entry)
{
	struct ckpt_buf *clauses =
		&compiler->tables->sections[CKPT_PLAN_CLAUSES];

	if (!clauses->is_failed)
		memcpy(clauses->data + index * sizeof(*entry), entry,
		       sizeof(*entry));
}

static uint32_t reserve_clauses(struct ckpt_compiler *compiler, size_t count)
{
	uint32_t first = ckpt_tables_count(compiler->tables, CKPT_PLAN_CLAUSES);
	struct ckpt_plan_clause blank = {.extent = CKPT_EXTENT_REFUSE};

	for (size_t i = 0; i < count; i++)
		(void)ckpt_tables_add(compiler->tables, CKPT_PLAN_CLAUSES,
				      &blank, sizeof(blank));
	return first;
}

const struct ckpt_plan_clause ckpt_clauses_blank = {
	.extent = CKPT_EXTENT_REFUSE,
	.condition = CKPT_PLAN_NONE,
	.count = CKPT_PLAN_NONE,
	.low = CKPT_PLAN_NONE,
	.max = CKPT_PLAN_NONE,
	.length = CKPT_PLAN_NONE,
	.stride = CKPT_PLAN_NONE,
	.until = CKPT_PLAN_NONE,
	.capacity = CKPT_PLAN_NONE,
	.room = CKPT_PLAN_NONE,
	.allocator = CKPT_PLAN_NONE,
	.path = CKPT_PLAN_NONE,
};

uint32_t ckpt_clauses_none(struct ckpt_compiler *compiler, const char *path)
{
	struct ckpt_plan_clause entry = ckpt_clauses_blank;

	entry.path = ckpt_tables_text(compiler->tables, path);
	return ckpt_tables_add(compiler->tables, CKPT_PLAN_CLAUSES, &entry,
			       sizeof(entry));
}

/* No contract: one object where that is certain, else refused, now or (where
 * only the call makes the pointer) when it turns out to lead elsewhere than
 * into the arguments. */
static enum ckpt_status compile_default(struct ckpt_draft *draft,
					uint32_t first)
{
	static const struct ckpt_clause one = {
		.extent = CKPT_CLAUSE_EXTENT_ONE,
	};
	struct ckpt_compiler *compiler = draft->compiler;
	enum ckpt_status status;

	if (draft->pointer->is_reference ||
	    is_implied_one(draft->in_force, draft->path)) {
		draft->clause = &one;
		status = compile_clause(draft);
		if (!status)
			set_clause(compiler, first, &draft->entry);
		return status;
	}
	if (!draft->level->is_created)
		ckpt_missing_note(compiler, draft->pointer, draft->path);
	draft->entry.flags = CKPT_CLAUSE_CREATED;
	draft->entry.direction = CKPT_DIR_OUT;
	draft->entry.path = ckpt_tables_text(compiler->tables, draft->path);
	draft->entry.node = ckpt_layout_bytes(compiler, 1, 1, false);
	compiler->gives_pointers = true;
	set_clause(compiler, first, &draft->entry);
	return CKPT_OK;
}

enum ckpt_status ckpt_clauses_compile(struct ckpt_compiler *compiler,
				      const struct ckpt_type *pointer,
				      const char *path,
				      const struct ckpt_level *level,
				      const struct ckpt_terms *terms,
				      uint32_t *ret_first, uint32_t *ret_count)
{
	const struct ckpt_terms *own = NULL;
	const struct ckpt_contract *contract =
		ckpt_terms_find(terms, path, &own);
	size_t count = contract ? contract->clause_count : 1;
	struct ckpt_draft draft = {
		.compiler = compiler,
		.pointer = pointer,
		.path = path,
		.level = level,
		.terms = contract ? own : &compiler->terms,
		.in_force = terms,
		.entry = ckpt_clauses_blank,
	};
	enum ckpt_status status = CKPT_OK;

	*ret_first = reserve_clauses(compiler, count);
	*ret_count = (uint32_t)count;
	if (!contract)
		return compile_default(&draft, *ret_first);
	draft.own_path = contract->path;
	for (size_t i = 0; i < count && !status; i++) {
		draft.clause = &contract->clauses[i];
		draft.entry = ckpt_clauses_blank;
		draft.is_post_count = false;
		status = compile_clause(&draft);
		if (!status)
			set_clause(compiler, *ret_first + (uint32_t)i,
				   &draft.entry);
	}
	return status;
}
