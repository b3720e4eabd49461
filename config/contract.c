/* SPDX-License-Identifier: MIT */
#include "config/contract.h"

#include "config/lexer.h"
#include "config/nearest.h"

#include <stdlib.h>
#include <string.h>

/* What a clause has said so far: each part once. */
enum part {
	PART_EXTENT = 1u << 0,
	PART_DIRECTION = 1u << 1,
	PART_OWNER = 1u << 2,
	PART_MAX = 1u << 3,
	PART_CAPACITY = 1u << 4,
	PART_ALIGNED = 1u << 5,
	PART_TYPE = 1u << 6,
	PART_MEMBER = 1u << 7,
	PART_SECRET = 1u << 8,
	PART_CONDITION = 1u << 9,
};

struct parser {
	struct ckpt_lexer lexer;
	struct ckpt_clause clause;
	unsigned parts;
};

static void read_bytes(struct parser *parser)
{
	parser->clause.count = ckpt_expr_read(&parser->lexer);
}

static void read_until(struct parser *parser)
{
	parser->clause.until = ckpt_expr_read(&parser->lexer);
}

static void read_rows(struct parser *parser)
{
	struct ckpt_lexer *lexer = &parser->lexer;
	struct ckpt_clause *clause = &parser->clause;

	ckpt_lexer_expect(lexer, '(', "'(COUNT, LENGTH, step STRIDE)'");
	clause->count = ckpt_expr_read(lexer);
	ckpt_lexer_expect(lexer, ',', "',' and the length of a row");
	clause->length = ckpt_expr_read(lexer);
	ckpt_lexer_expect(lexer, ',', "', step STRIDE'");
	if (!ckpt_lexer_accept_word(lexer, "step"))
		ckpt_lexer_expected(lexer, "'step STRIDE'");
	clause->stride = ckpt_expr_read(lexer);
	ckpt_lexer_expect(lexer, ')', "')'");
}

static void read_handle(struct parser *parser)
{
	struct ckpt_lexer *lexer = &parser->lexer;

	if (!ckpt_lexer_accept_word(lexer, "by"))
		ckpt_lexer_expected(lexer, "'by FUNCTION(PATH)'");
	parser->clause.allocator = ckpt_lexer_name(
		lexer, "the function that tells what the handle means");
	ckpt_lexer_expect(lexer, '(', "'(PATH)'");
	parser->clause.handle = ckpt_path_read(lexer);
	ckpt_lexer_expect(lexer, ')', "')'");
}

static void read_alias(struct parser *parser)
{
	parser->clause.alias = ckpt_path_read(&parser->lexer);
}

static void read_new(struct parser *parser)
{
	struct ckpt_lexer *lexer = &parser->lexer;
	const char *next = lexer->text + lexer->next;

	if (lexer->token.kind != '[' || *(next + strspn(next, " ")) != ']')
		return;
	ckpt_lexer_advance(lexer);
	ckpt_lexer_advance(lexer);
	parser->clause.owner = CKPT_CLAUSE_OWNER_NEW_ARRAY;
}

static void read_allocator(struct parser *parser)
{
	struct ckpt_lexer *lexer = &parser->lexer;
	const struct ckpt_token *token = &lexer->token;

	ckpt_lexer_accept(lexer, '=');
	if (token->kind == CKPT_TOKEN_STRING && token->size > 2) {
		parser->clause.allocator =
			ckpt_lexer_copy(lexer, token->start + 1,
					token->start + token->size - 1);
		ckpt_lexer_advance(lexer);
		return;
	}
	parser->clause.allocator =
		ckpt_lexer_name(lexer, "the name of the allocating function");
}

static void read_max(struct parser *parser)
{
	ckpt_lexer_expect(&parser->lexer, '[', "'[BOUND]'");
	parser->clause.max = ckpt_expr_read(&parser->lexer);
	ckpt_lexer_expect(&parser->lexer, ']', "']'");
}

static void read_capacity(struct parser *parser)
{
	parser->clause.capacity = ckpt_expr_read(&parser->lexer);
}

static void read_aligned(struct parser *parser)
{
	parser->clause.aligned = ckpt_expr_read(&parser->lexer);
}

static void read_as(struct parser *parser)
{
	parser->clause.as_type = ckpt_lexer_type(&parser->lexer);
}

static void read_member(struct parser *parser)
{
	parser->clause.member =
		ckpt_lexer_name(&parser->lexer, "the name of a union's member");
}

static void read_if(struct parser *parser)
{
	parser->clause.condition = ckpt_expr_read(&parser->lexer);
	ckpt_lexer_expect(&parser->lexer, CKPT_TOKEN_END,
			  "an operator or the end ('if' comes last)");
}

/* Every word a clause can have; `value` goes where `part` says. */
static const struct word {
	const char *text;
	enum part part;
	int value;
	void (*read)(struct parser *parser);
} words[] = {
	{"in", PART_DIRECTION, CKPT_CLAUSE_DIRECTION_IN, NULL},
	{"out", PART_DIRECTION, CKPT_CLAUSE_DIRECTION_OUT, NULL},
	{"inout", PART_DIRECTION, CKPT_CLAUSE_DIRECTION_INOUT, NULL},
	{"scratch", PART_DIRECTION, CKPT_CLAUSE_DIRECTION_SCRATCH, NULL},
	{"one", PART_EXTENT, CKPT_CLAUSE_EXTENT_ONE, NULL},
	{"bytes", PART_EXTENT, CKPT_CLAUSE_EXTENT_BYTES, read_bytes},
	{"until", PART_EXTENT, CKPT_CLAUSE_EXTENT_UNTIL, read_until},
	{"string", PART_EXTENT, CKPT_CLAUSE_EXTENT_STRING, NULL},
	{"rows", PART_EXTENT, CKPT_CLAUSE_EXTENT_ROWS, read_rows},
	{"null", PART_EXTENT, CKPT_CLAUSE_EXTENT_NULL, NULL},
	{"ignore", PART_EXTENT, CKPT_CLAUSE_EXTENT_IGNORE, NULL},
	{"opaque", PART_EXTENT, CKPT_CLAUSE_EXTENT_OPAQUE, NULL},
	{"code", PART_EXTENT, CKPT_CLAUSE_EXTENT_CODE, NULL},
	{"file", PART_EXTENT, CKPT_CLAUSE_EXTENT_FILE, NULL},
	{"handle", PART_EXTENT, CKPT_CLAUSE_EXTENT_HANDLE, read_handle},
	{"malloc", PART_OWNER, CKPT_CLAUSE_OWNER_MALLOC, NULL},
	{"realloc", PART_OWNER, CKPT_CLAUSE_OWNER_REALLOC, NULL},
	{"freed", PART_OWNER, CKPT_CLAUSE_OWNER_FREED, NULL},
	{"static", PART_OWNER, CKPT_CLAUSE_OWNER_STATIC, NULL},
	{"alias", PART_OWNER, CKPT_CLAUSE_OWNER_ALIAS, read_alias},
	{"new", PART_OWNER, CKPT_CLAUSE_OWNER_NEW, read_new},
	{"allocator", PART_OWNER, CKPT_CLAUSE_OWNER_CUSTOM, read_allocator},
	{"max", PART_MAX, 0, read_max},
	{"capacity", PART_CAPACITY, 0, read_capacity},
	{"aligned", PART_ALIGNED, 0, read_aligned},
	{"as", PART_TYPE, 0, read_as},
	{"member", PART_MEMBER, 0, read_member},
	{"secret", PART_SECRET, 0, NULL},
	{"if", PART_CONDITION, 0, read_if},
};

enum { WORD_COUNT = sizeof words / sizeof *words };

/* A list is how one path has several clauses. */
static bool add_part(struct parser *parser, enum part part)
{
	static const char *const names[] = {
		"extent",    "direction", "ownership", "'max'",	   "capacity",
		"alignment", "type",	  "'member'",  "'secret'", "'if'",
	};

	if (parser->parts & part) {
		ckpt_lexer_fail(&parser->lexer, parser->lexer.token.start,
				"a second %s; write each clause as its own "
				"string: [\"…\", \"…\"]",
				names[__builtin_ctz(part)]);
		return false;
	}
	parser->parts |= part;
	return true;
}

static const struct word *find_word(struct parser *parser)
{
	const struct ckpt_lexer *lexer = &parser->lexer;
	const char *nearest;
	char found[40] = "";

	for (size_t i = 0; i < WORD_COUNT; i++) {
		if (ckpt_lexer_is_word(lexer, words[i].text))
			return &words[i];
	}
	if (lexer->token.kind != CKPT_TOKEN_NAME ||
	    lexer->token.size >= sizeof found) {
		ckpt_lexer_expected(&parser->lexer, "a word of a contract, as "
						    "in, out, [n] or malloc");
		return NULL;
	}
	memcpy(found, lexer->text + lexer->token.start, lexer->token.size);
	nearest = ckpt_nearest(found, &words[0].text, WORD_COUNT,
			       sizeof words[0]);
	if (nearest)
		ckpt_lexer_fail(&parser->lexer, lexer->token.start,
				"'%s' is no word of a contract; did you mean "
				"'%s'?",
				found, nearest);
	else
		ckpt_lexer_fail(&parser->lexer, lexer->token.start,
				"'%s' is no word of a contract; see "
				"ckpt.toml(5), CONTRACTS",
				found);
	return NULL;
}

/* [count] [low .. count] [low -> count] */
static void read_bracket(struct parser *parser)
{
	struct ckpt_lexer *lexer = &parser->lexer;
	struct ckpt_clause *clause = &parser->clause;

	if (!add_part(parser, PART_EXTENT))
		return;
	ckpt_lexer_advance(lexer);
	clause->extent = CKPT_CLAUSE_EXTENT_COUNT;
	clause->count = ckpt_expr_read(lexer);
	if (ckpt_lexer_accept(lexer, CKPT_TOKEN_DOTS))
		clause->extent = CKPT_CLAUSE_EXTENT_SLICE;
	else if (ckpt_lexer_accept(lexer, CKPT_TOKEN_ARROW))
		clause->extent = CKPT_CLAUSE_EXTENT_GROW;
	if (clause->extent != CKPT_CLAUSE_EXTENT_COUNT) {
		clause->low = clause->count;
		clause->count = ckpt_expr_read(lexer);
	}
	ckpt_lexer_expect(lexer, ']', "']'");
}

static void read_word(struct parser *parser)
{
	const struct word *word = find_word(parser);

	if (!word || !add_part(parser, word->part))
		return;
	ckpt_lexer_advance(&parser->lexer);
	switch (word->part) {
	case PART_EXTENT:
		parser->clause.extent = (enum ckpt_clause_extent)word->value;
		break;
	case PART_DIRECTION:
		parser->clause.direction =
			(enum ckpt_clause_direction)word->value;
		break;
	case PART_OWNER:
		parser->clause.owner = (enum ckpt_clause_owner)word->value;
		break;
	case PART_SECRET:
		parser->clause.is_secret = true;
		break;
	default:
		break;
	}
	if (word->read)
		word->read(parser);
}

static bool is_created(enum ckpt_clause_owner owner)
{
	return owner == CKPT_CLAUSE_OWNER_MALLOC ||
	       owner == CKPT_CLAUSE_OWNER_CUSTOM ||
	       owner == CKPT_CLAUSE_OWNER_NEW ||
	       owner == CKPT_CLAUSE_OWNER_NEW_ARRAY;
}

/* What an extent that is not memory allows beside itself. */
static const char *check_extent(const struct parser *parser)
{
	const struct ckpt_clause *clause = &parser->clause;
	unsigned others =
		parser->parts &
		~(unsigned)(PART_EXTENT | PART_CONDITION | PART_MEMBER);

	switch (clause->extent) {
	case CKPT_CLAUSE_EXTENT_NULL:
	case CKPT_CLAUSE_EXTENT_IGNORE:
	case CKPT_CLAUSE_EXTENT_OPAQUE:
	case CKPT_CLAUSE_EXTENT_CODE:
		return others ? "null, ignore, opaque and code stand alone, or "
				"with 'if'"
			      : NULL;
	case CKPT_CLAUSE_EXTENT_FILE:
	case CKPT_CLAUSE_EXTENT_HANDLE:
		if (clause->extent == CKPT_CLAUSE_EXTENT_HANDLE)
			others &= ~(unsigned)PART_TYPE;
		if (clause->direction == CKPT_CLAUSE_DIRECTION_IN)
			others &= ~(unsigned)PART_DIRECTION;
		return others ? "file and handle are inputs: they stand alone, "
				"or with 'if'"
			      : NULL;
	default:
		return NULL;
	}
}

static const char *check_owner(const struct parser *parser)
{
	const struct ckpt_clause *clause = &parser->clause;
	bool is_grow = clause->extent == CKPT_CLAUSE_EXTENT_GROW;
	bool is_realloc = clause->owner == CKPT_CLAUSE_OWNER_REALLOC;
	bool is_new = clause->owner == CKPT_CLAUSE_OWNER_NEW ||
		      clause->owner == CKPT_CLAUSE_OWNER_NEW_ARRAY;
	bool is_input = clause->direction != CKPT_CLAUSE_DIRECTION_DEFAULT &&
			clause->direction != CKPT_CLAUSE_DIRECTION_OUT;

	if (is_created(clause->owner) && is_input && !is_grow)
		return "memory that the call allocates is only 'out'; leave "
		       "the direction away";
	if (clause->owner == CKPT_CLAUSE_OWNER_FREED &&
	    clause->direction != CKPT_CLAUSE_DIRECTION_DEFAULT &&
	    clause->direction != CKPT_CLAUSE_DIRECTION_IN)
		return "memory that the call frees is only 'in'";
	if (is_grow ? !is_realloc && !is_new : is_realloc)
		return "a block that grows is written [pre(E) -> post(E)] "
		       "with realloc, new or new[]";
	if (is_grow && clause->direction != CKPT_CLAUSE_DIRECTION_DEFAULT &&
	    clause->direction != CKPT_CLAUSE_DIRECTION_INOUT)
		return "a block that grows is 'inout'";
	if (clause->capacity && !is_created(clause->owner) && !is_realloc)
		return "'capacity' is of memory that the call allocates; add "
		       "malloc, realloc, new[] or allocator";
	if (clause->aligned && !is_created(clause->owner))
		return "'aligned' is of memory that the call allocates; add "
		       "malloc, new[] or allocator";
	return NULL;
}

static const char *check_max(const struct parser *parser)
{
	const struct ckpt_clause *clause = &parser->clause;

	if (!clause->max)
		return NULL;
	if (clause->extent == CKPT_CLAUSE_EXTENT_DEFAULT ||
	    clause->extent == CKPT_CLAUSE_EXTENT_ONE)
		return "'max' bounds an extent; write the extent, as [post(*n)]"
		       " max [pre(*n)]";
	if (clause->direction == CKPT_CLAUSE_DIRECTION_IN ||
	    clause->direction == CKPT_CLAUSE_DIRECTION_SCRATCH)
		return "'max' bounds what the call writes; it goes with out or "
		       "inout";
	return NULL;
}

static void check_clause(struct parser *parser)
{
	const char *mistake = NULL;

	if (!parser->parts)
		mistake = "an empty clause; write an extent, as [n], string or "
			  "one";
	if (!mistake)
		mistake = check_extent(parser);
	if (!mistake)
		mistake = check_owner(parser);
	if (!mistake)
		mistake = check_max(parser);
	if (mistake)
		ckpt_lexer_fail(&parser->lexer, 0, "%s", mistake);
}

enum ckpt_status ckpt_clause_parse(const char *text,
				   const struct ckpt_place *place,
				   struct ckpt_clause *ret,
				   struct ckpt_err *err)
{
	struct parser parser = {.clause.place = *place};
	struct ckpt_lexer *lexer = &parser.lexer;

	ckpt_lexer_init(lexer, text, place, err);
	while (!lexer->status && lexer->token.kind != CKPT_TOKEN_END) {
		if (lexer->token.kind == '[')
			read_bracket(&parser);
		else
			read_word(&parser);
	}
	check_clause(&parser);
	if (!lexer->status)
		parser.clause.text = strdup(text);
	if (!lexer->status && !parser.clause.text)
		ckpt_lexer_nomem(lexer);
	if (lexer->status) {
		ckpt_clause_deinit(&parser.clause);
		return lexer->status;
	}
	*ret = parser.clause;
	return CKPT_OK;
}

void ckpt_clause_deinit(struct ckpt_clause *clause)
{
	ckpt_expr_destroy(clause->count);
	ckpt_expr_destroy(clause->low);
	ckpt_expr_destroy(clause->max);
	ckpt_expr_destroy(clause->length);
	ckpt_expr_destroy(clause->stride);
	ckpt_expr_destroy(clause->until);
	ckpt_expr_destroy(clause->capacity);
	ckpt_expr_destroy(clause->aligned);
	ckpt_expr_destroy(clause->condition);
	ckpt_path_destroy(clause->alias);
	ckpt_path_destroy(clause->handle);
	free(clause->allocator);
	free(clause->as_type);
	free(clause->member);
	free(clause->text);
	*clause = (struct ckpt_clause){0};
}

bool ckpt_clause_mentions(const struct ckpt_clause *clause, const char *base)
{
	const struct ckpt_expr *const exprs[] = {
		clause->count,	  clause->low,	   clause->max,
		clause->length,	  clause->stride,  clause->until,
		clause->capacity, clause->aligned, clause->condition};

	for (size_t i = 0; i < sizeof exprs / sizeof *exprs; i++) {
		if (ckpt_expr_mentions(exprs[i], base))
			return true;
	}
	return (clause->alias && !strcmp(clause->alias->base, base)) ||
	       (clause->handle && !strcmp(clause->handle->base, base));
}

void ckpt_contract_deinit(struct ckpt_contract *contract)
{
	ckpt_path_destroy(contract->path);
	for (size_t i = 0; i < contract->clause_count; i++)
		ckpt_clause_deinit(&contract->clauses[i]);
	free(contract->clauses);
	*contract = (struct ckpt_contract){0};
}
