/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/message.h"

#include "shim/runtime/guest/format.h"

/* What can be said besides the text itself. */
enum {
	SAY_VALUE = 1u << 0,  /* the number that was computed */
	SAY_EXTENT = 1u << 1, /* address and size */
	SAY_ADDRESS = 1u << 2,
	SAY_NOTHING = 1u << 3, /* an answer, not a mistake */
};

struct refusal_text {
	const char *cause;
	const char *what;
	const char *remedy;
	uint32_t flags;
};

static const struct refusal_text TEXTS[CKPT_REFUSAL_KIND_COUNT] = {
	[CKPT_REFUSAL_NONE] = {"none", "no reason noted",
			       "report this as a bug", 0},
	[CKPT_REFUSAL_REQUIRE] = {"require", "`require` does not hold",
				  "such calls run as ever", 0},
	[CKPT_REFUSAL_BYPASS] = {"bypass_if", "`bypass_if` holds",
				 "such calls run as ever", SAY_NOTHING},
	[CKPT_REFUSAL_EXPRESSION] = {"expression",
				     "an expression has no value (division by "
				     "zero, a shift out of 0..63)",
				     "guard it with `c ? a : b` or `if`",
				     SAY_VALUE},
	[CKPT_REFUSAL_OVERFLOW] = {"overflow", "an expression leaves 64 bits",
				   "check what it is computed from", 0},
	[CKPT_REFUSAL_NULL] = {"null in expression",
			       "an expression follows a NULL pointer",
			       "guard it with `p ? … : 0` or `if p`", 0},
	[CKPT_REFUSAL_WILD] = {"wild expression",
			       "an expression reads memory that is not mapped",
			       "check the path it reads", SAY_ADDRESS},
	[CKPT_REFUSAL_NO_PRE] = {"pre", "pre() had no value before the call",
				 "guard the clause with `if`", 0},
	[CKPT_REFUSAL_NEGATIVE] = {"negative extent", "the extent is negative",
				   "bound it with max(0, …), or exclude such "
				   "calls with require or bypass_if",
				   SAY_VALUE},
	[CKPT_REFUSAL_ABSURD] = {"absurd extent",
				 "the extent is larger than any memory",
				 "check the expression and its units",
				 SAY_VALUE},
	[CKPT_REFUSAL_UNREADABLE] = {"unreadable",
				     "not all of the extent can be read",
				     "the contract says more than there is: "
				     "check the count",
				     SAY_EXTENT},
	[CKPT_REFUSAL_UNWRITABLE] = {"unwritable",
				     "a recorded result cannot be written here",
				     "if the memory is only read, write `in`",
				     SAY_EXTENT},
	[CKPT_REFUSAL_ENDLESS] = {"endless",
				  "no terminator before the end of memory",
				  "if it is not terminated, write [COUNT]",
				  SAY_EXTENT},
	[CKPT_REFUSAL_NO_CLAUSE] = {"no clause",
				    "no clause of the contract covers this "
				    "pointer",
				    "add a clause for this case, or `ignore` "
				    "if it takes no part",
				    SAY_ADDRESS},
	[CKPT_REFUSAL_NOT_NULL] = {"not null", "`null` does not hold",
				   "describe what it points at, or bypass_if "
				   "it is set",
				   SAY_ADDRESS},
	[CKPT_REFUSAL_GLOBAL_CODE] =
		{"function in global",
		 "a global leads to a function of another object, with inputs "
		 "and effects of its own",
		 "if what that does does not matter, name the global in "
		 "ignore_globals",
		 SAY_EXTENT},
	[CKPT_REFUSAL_GLOBAL_ADDRESS] =
		{"address in global",
		 "a global without type information holds an address",
		 "if the result does not depend on it, name it in "
		 "ignore_globals or scratch_globals; else describe it by a "
		 "line in memory",
		 SAY_EXTENT},
	[CKPT_REFUSAL_GLOBAL_MISSING] = {"global missing",
					 "a global cannot be found or read",
					 "name it in ignore_globals if the "
					 "result does not depend on it",
					 SAY_EXTENT},
	[CKPT_REFUSAL_CODE] = {"code",
			       "the code behind a function pointer is not "
			       "known",
			       "exclude such calls with bypass_if",
			       SAY_ADDRESS},
	[CKPT_REFUSAL_FILE] = {"file",
			       "the file is not a regular one, cannot be read, "
			       "or was changed moments ago or during the call",
			       "such calls run as ever", 0},
	[CKPT_REFUSAL_HANDLE] =
		{"handle",
		 "the accessor of the handle is not known where "
		 "the function is defined",
		 "name an exported function: handle by "
		 "FUNC(PATH)",
		 SAY_ADDRESS},
	[CKPT_REFUSAL_UNKNOWN_TARGET] =
		{"unknown target",
		 "the call set a pointer to memory the contract does not know",
		 "say where it comes from: malloc, static, or alias PATH",
		 SAY_ADDRESS},
	[CKPT_REFUSAL_UNKNOWN_OBJECT] =
		{"unknown object",
		 "a result points into an object whose identity is not known",
		 "run again after the object is planned, or report this",
		 SAY_ADDRESS},
	[CKPT_REFUSAL_RESULT_ADDRESS] =
		{"address as result",
		 "the result is a number that is an address of this process",
		 "declare it as the pointer it is, or take the function out",
		 SAY_ADDRESS},
	[CKPT_REFUSAL_OVERLAP] = {"overlapping blocks",
				  "blocks that the call is said to have "
				  "allocated overlap",
				  "write alias for all pointers into a block "
				  "but the first",
				  SAY_EXTENT},
	[CKPT_REFUSAL_SCRATCH] = {"scratch",
				  "scratch memory is also another argument's",
				  "what the call leaves there can be seen: "
				  "write inout where that is so",
				  SAY_EXTENT},
	[CKPT_REFUSAL_MOVED] = {"moved",
				"the pointer was set before the call and is "
				"the same after it",
				"write `realloc` if the call may keep or move "
				"the block, or `out` for the memory that "
				"holds the pointer",
				SAY_ADDRESS},
	[CKPT_REFUSAL_BOUND] = {"bound", "the call used more than `max` allows",
				"raise max, or check the count", SAY_EXTENT},
	[CKPT_REFUSAL_ARRAY] = {"array", "more elements than the array has",
				"check the count, or bound it with min(…)",
				SAY_VALUE},
	[CKPT_REFUSAL_STORE_IF] = {"store_if", "`store_if` does not hold",
				   "such results are not kept", SAY_NOTHING},
	[CKPT_REFUSAL_ALLOCATOR] = {"allocator",
				    "the allocator of the contract is not "
				    "known where the function is defined",
				    "name it with allocator = \"FUNC\"", 0},
	[CKPT_REFUSAL_ENVIRONMENT] = {"environment",
				      "an input outside the arguments could "
				      "not be read",
				      "check env and files", 0},
	[CKPT_REFUSAL_MEMORY] = {"memory", "out of memory",
				 "such calls run as ever", 0},
	[CKPT_REFUSAL_LIMIT] = {"limit",
				"more extents or deeper structures than ckpt "
				"follows",
				"describe less, or ignore what takes no part",
				0},
};

static const struct refusal_text *text_of(const struct ckpt_refusal *refusal)
{
	uint32_t kind = (uint32_t)refusal->kind;

	if (kind >= CKPT_REFUSAL_KIND_COUNT || !TEXTS[kind].cause)
		kind = CKPT_REFUSAL_NONE;
	return &TEXTS[kind];
}

/* The path people wrote; "" if the refusal has no place. */
static const char *path_of(const struct ckpt_call *call)
{
	const struct ckpt_program *program = call->program;
	const struct ckpt_refusal *refusal = &call->refusal;
	uint32_t text = CKPT_PLAN_NONE;

	if (refusal->clause != CKPT_PLAN_NONE)
		text = program->clauses[refusal->clause].path;
	else if (refusal->root != CKPT_PLAN_NONE)
		text = program->roots[refusal->root].path;
	return text == CKPT_PLAN_NONE ? "" : program->strings + text;
}

static const char *expr_text(const struct ckpt_call *call)
{
	uint32_t expr = call->refusal.expr;
	uint32_t text;

	switch (call->refusal.kind) {
	case CKPT_REFUSAL_REQUIRE:
		expr = call->program->function->require;
		break;
	case CKPT_REFUSAL_BYPASS:
		expr = call->program->function->bypass_if;
		break;
	case CKPT_REFUSAL_STORE_IF:
		expr = call->program->function->store_if;
		break;
	default:
		break;
	}
	if (expr == CKPT_PLAN_NONE)
		return NULL;
	text = call->program->exprs[expr].text;
	return text == CKPT_PLAN_NONE ? NULL : call->program->strings + text;
}

void ckpt_message_cause(const struct ckpt_call *call, char *text, size_t size)
{
	const char *path = path_of(call);

	(void)ckpt_format(text, size, "%s%s%s", text_of(&call->refusal)->cause,
			  *path ? " " : "", path);
}

bool ckpt_message_is_silent(const struct ckpt_refusal *refusal)
{
	return text_of(refusal)->flags & SAY_NOTHING;
}

/* "n * lda = -3", "at 0x… (40 bytes)" */
static void format_values(const struct ckpt_call *call, char *text, size_t size)
{
	const struct ckpt_refusal *refusal = &call->refusal;
	uint32_t flags = text_of(refusal)->flags;
	const char *expr = expr_text(call);
	size_t used = 0;

	text[0] = 0;
	if (expr && flags & SAY_VALUE)
		used = ckpt_format(text, size, " (%s = %ld)", expr,
				   (long)refusal->value);
	else if (expr)
		used = ckpt_format(text, size, " (%s)", expr);
	else if (flags & SAY_VALUE)
		used = ckpt_format(text, size, " (%ld)", (long)refusal->value);
	if (flags & SAY_EXTENT && refusal->address)
		(void)ckpt_format(
			text + used, size - used, " (%lu bytes at %p)",
			(unsigned long)refusal->size, refusal->address);
	else if (flags & SAY_ADDRESS && refusal->address)
		(void)ckpt_format(text + used, size - used, " (%p)",
				  refusal->address);
}

void ckpt_message_refusal(const struct ckpt_call *call, char *text, size_t size)
{
	const struct refusal_text *reason = text_of(&call->refusal);
	const char *path = path_of(call);
	char values[256];

	format_values(call, values, sizeof(values));
	(void)ckpt_format(text, size, "%s%s%s%s; %s", path, *path ? ": " : "",
			  reason->what, values, reason->remedy);
}
