/* SPDX-License-Identifier: MIT */
#include "config/memory.h"

#include "config/exprtext.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_TEXT_MAX = 512 };

/* One line of a table. */
struct line {
	const struct ckpt_toml *value;
	const struct ckpt_document *document;
	struct ckpt_messages *messages;
};

static void refuse(const struct line *line, const struct ckpt_toml *value,
		   const char *message)
{
	struct ckpt_place place =
		ckpt_document_place(line->document, value->spot);

	ckpt_messages_add(line->messages, &place, message, line->value->key);
}

static void read_clause(const struct line *line, const struct ckpt_toml *value,
			struct ckpt_contract *contract)
{
	struct ckpt_clause *clauses;
	struct ckpt_place place;
	struct ckpt_err err;

	if (value->kind != CKPT_TOML_STRING) {
		refuse(line, value,
		       "the contract of '%s' is not in quotes; write a string "
		       "or a list of strings");
		return;
	}
	clauses = reallocarray(contract->clauses, contract->clause_count + 1,
			       sizeof *clauses);
	if (!clauses) {
		ckpt_messages_nomem(line->messages);
		return;
	}
	contract->clauses = clauses;
	place = ckpt_document_place(line->document, value->text_spot);
	if (ckpt_clause_parse(value->text, &place,
			      &clauses[contract->clause_count], &err))
		ckpt_messages_add_err(line->messages, &err);
	else
		contract->clause_count++;
}

static void read_clauses(const struct line *line,
			 struct ckpt_contract *contract)
{
	const struct ckpt_toml *value = line->value;

	if (value->kind == CKPT_TOML_TABLE) {
		refuse(line, value,
		       "'%s' is a table here; write the whole path in quotes, "
		       "as \"m.rows\" = \"[n]\"");
		return;
	}
	if (value->kind != CKPT_TOML_ARRAY) {
		read_clause(line, value, contract);
		return;
	}
	if (!value->count)
		refuse(line, value, "the contract of '%s' is an empty list");
	for (size_t i = 0; i < value->count; i++)
		read_clause(line, &value->items[i], contract);
}

static const struct ckpt_contract *
find_contract(const struct ckpt_contract *contracts, size_t first, size_t end,
	      const struct ckpt_path *path)
{
	char text[PATH_TEXT_MAX], other[PATH_TEXT_MAX];

	ckpt_path_text(path, text, sizeof text);
	for (size_t i = first; i < end; i++) {
		ckpt_path_text(contracts[i].path, other, sizeof other);
		if (strcmp(text, other) == 0)
			return &contracts[i];
	}
	return NULL;
}

/* Is the path of `line` new? A table must not say one twice. */
static bool is_new(const struct line *line, const struct ckpt_path *path,
		   const struct ckpt_contract *contracts, size_t count,
		   size_t first_of_table)
{
	struct ckpt_place place =
		ckpt_document_place(line->document, line->value->key_text_spot);
	const struct ckpt_contract *other;

	if (find_contract(contracts, 0, first_of_table, path))
		return false;
	other = find_contract(contracts, first_of_table, count, path);
	if (!other)
		return true;
	ckpt_messages_add(line->messages, &place,
			  "'%s' is the same path as in line %u; write its "
			  "clauses as one list",
			  line->value->key, other->path->place.line);
	return false;
}

static void read_line(const struct line *line, size_t first_of_table,
		      struct ckpt_contract **contracts, size_t *count)
{
	struct ckpt_place place =
		ckpt_document_place(line->document, line->value->key_text_spot);
	struct ckpt_contract contract = {0};
	struct ckpt_contract *grown;
	struct ckpt_err err;

	if (ckpt_path_parse(line->value->key, &place, &contract.path, &err))
		ckpt_messages_add_err(line->messages, &err);
	read_clauses(line, &contract);
	if (!contract.path ||
	    !is_new(line, contract.path, *contracts, *count, first_of_table)) {
		ckpt_contract_deinit(&contract);
		return;
	}
	grown = reallocarray(*contracts, *count + 1, sizeof *grown);
	if (!grown) {
		ckpt_messages_nomem(line->messages);
		ckpt_contract_deinit(&contract);
		return;
	}
	grown[(*count)++] = contract;
	*contracts = grown;
}

void ckpt_memory_read(const struct ckpt_toml *table,
		      const struct ckpt_document *document,
		      struct ckpt_messages *messages,
		      struct ckpt_contract **contracts, size_t *count)
{
	struct ckpt_place place = ckpt_document_place(document, table->spot);
	size_t first = *count;

	if (table->kind != CKPT_TOML_TABLE) {
		ckpt_messages_add(messages, &place,
				  "'memory' is %s; write a table, as "
				  "[function.memory] and then \"x\" = \"[n]\"",
				  ckpt_toml_kind_text(table->kind));
		return;
	}
	for (size_t i = 0; i < table->count; i++) {
		struct line line = {&table->items[i], document, messages};

		read_line(&line, first, contracts, count);
	}
}

void ckpt_memory_free(struct ckpt_contract *contracts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ckpt_contract_deinit(&contracts[i]);
	free(contracts);
}
