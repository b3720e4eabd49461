/* SPDX-License-Identifier: MIT */
#include "config/keys.h"

#include "config/config.h"
#include "config/nearest.h"

#include <stdio.h>
#include <string.h>

/* In the order of enum ckpt_on_error and enum ckpt_log_level of plan.h, and of
 * enum ckpt_via. */
static const char *const on_error_words[] = {"warn", "raise", "ignore", NULL};
static const char *const log_words[] = {"off", "warn", "info", "debug", NULL};
static const char *const via_words[] = {"auto", "slot", "entry", NULL};
static const char *const indirect_words[] = {"refuse", "object", NULL};

const char *const ckpt_config_impure_classes[] = {
	"reads_file", "writes_file", "stdout", "terminal", "clock",
	"rand",	      "environment", "locale", "signals",  "process",
	"network",    "memory",	     "loader", NULL,
};

/* Whether a key is enforced, and whether a contract library may have it. */
enum { LATER = 0, ENFORCED = 1 };
enum { USER = 0, DESCRIPTION = 1 };

#define CONFIG(member) offsetof(struct ckpt_config, member)
#define FUNCTION(member) offsetof(struct ckpt_function_config, member)
#define TYPE(member) offsetof(struct ckpt_type_config, member)

static const struct ckpt_key root_keys[] = {
	{"use", CKPT_VALUE_LIST, 0, 0, NULL, ENFORCED, USER},
	{"functions", CKPT_VALUE_LIST, 0, 0, NULL, ENFORCED, USER},
	{"program", CKPT_VALUE_TEXT, CONFIG(program), 0, NULL, ENFORCED, USER},
	{"log", CKPT_VALUE_WORD, CONFIG(log_level), 0, log_words, ENFORCED,
	 USER},
	{"plan_wait", CKPT_VALUE_DURATION, CONFIG(plan_wait_s), 0, NULL,
	 ENFORCED, USER},
	{"measure", CKPT_VALUE_BOOLEAN, CONFIG(is_measure), 0, NULL, ENFORCED,
	 USER},
	{"description", CKPT_VALUE_TEXT, CONFIG(description), 0, NULL, ENFORCED,
	 DESCRIPTION},
	{"cache", CKPT_VALUE_TABLE, 0, 0, NULL, ENFORCED, USER},
	{"defaults", CKPT_VALUE_TABLE, 0, 0, NULL, ENFORCED, DESCRIPTION},
	{"function", CKPT_VALUE_TABLES, 0, 0, NULL, ENFORCED, DESCRIPTION},
	{"type", CKPT_VALUE_TABLES, 0, 0, NULL, ENFORCED, DESCRIPTION},
};

static const struct ckpt_key cache_keys[] = {
	{"directory", CKPT_VALUE_PATH, CONFIG(directory), 0, NULL, ENFORCED,
	 USER},
	{"max_size", CKPT_VALUE_SIZE, CONFIG(max_size), 0, NULL, ENFORCED,
	 USER},
	{"max_entries", CKPT_VALUE_COUNT, CONFIG(max_entries), 0, NULL,
	 ENFORCED, USER},
	{"max_age", CKPT_VALUE_SECONDS, CONFIG(max_age_s), 0, NULL, ENFORCED,
	 USER},
	{"shared", CKPT_VALUE_BOOLEAN, CONFIG(is_shared), 0, NULL, ENFORCED,
	 USER},
	{"readonly", CKPT_VALUE_BOOLEAN, CONFIG(is_readonly), 0, NULL, ENFORCED,
	 USER},
	{"lower", CKPT_VALUE_PATHS, CONFIG(lower), 0, NULL, ENFORCED, USER},
	{"remote", CKPT_VALUE_TEXT, CONFIG(remote), 0, NULL, LATER, USER},
	{"secret_file", CKPT_VALUE_PATH, CONFIG(secret_file), 0, NULL, ENFORCED,
	 USER},
	{"namespace", CKPT_VALUE_TEXT, CONFIG(name_space), 0, NULL, ENFORCED,
	 USER},
};

static const struct ckpt_key function_keys[] = {
	{"name", CKPT_VALUE_TEXT, FUNCTION(name), 0, NULL, ENFORCED,
	 DESCRIPTION},
	{"object", CKPT_VALUE_TEXT, FUNCTION(object), 0, NULL, ENFORCED,
	 DESCRIPTION},
	{"from", CKPT_VALUE_TEXT, FUNCTION(from), 0, NULL, ENFORCED, USER},
	{"via", CKPT_VALUE_WORD, FUNCTION(via), 0, via_words, ENFORCED, USER},
	{"address_taken", CKPT_VALUE_BOOLEAN, FUNCTION(is_address_taken), 0,
	 NULL, ENFORCED, USER},
	{"on_error", CKPT_VALUE_WORD, FUNCTION(on_error), 0, on_error_words,
	 ENFORCED, USER},
	{"signature", CKPT_VALUE_SIGNATURE, FUNCTION(signature),
	 FUNCTION(signature_place), NULL, ENFORCED, DESCRIPTION},
	{"headers", CKPT_VALUE_HEADERS, FUNCTION(headers), 0, NULL, ENFORCED,
	 DESCRIPTION},
	{"debug_file", CKPT_VALUE_PATH, FUNCTION(debug_file), 0, NULL, ENFORCED,
	 USER},
	{"memory", CKPT_VALUE_MEMORY, FUNCTION(memory), FUNCTION(memory_count),
	 NULL, ENFORCED, DESCRIPTION},
	{"require", CKPT_VALUE_EXPR, FUNCTION(require), FUNCTION(require_text),
	 NULL, ENFORCED, DESCRIPTION},
	{"bypass_if", CKPT_VALUE_EXPR, FUNCTION(bypass_if),
	 FUNCTION(bypass_if_text), NULL, ENFORCED, DESCRIPTION},
	{"store_if", CKPT_VALUE_EXPR, FUNCTION(store_if),
	 FUNCTION(store_if_text), NULL, ENFORCED, DESCRIPTION},
	{"env", CKPT_VALUE_TEXTS, FUNCTION(env), 0, NULL, ENFORCED,
	 DESCRIPTION},
	{"files", CKPT_VALUE_PATHS, FUNCTION(files), 0, NULL, ENFORCED,
	 DESCRIPTION},
	{"ignore_globals", CKPT_VALUE_TEXTS, FUNCTION(ignore_globals), 0, NULL,
	 ENFORCED, DESCRIPTION},
	{"scratch_globals", CKPT_VALUE_TEXTS, FUNCTION(scratch_globals), 0,
	 NULL, ENFORCED, DESCRIPTION},
	{"watch", CKPT_VALUE_TEXTS, FUNCTION(watch), 0, NULL, ENFORCED,
	 DESCRIPTION},
	{"indirect", CKPT_VALUE_FLAG, FUNCTION(is_indirect_object), 0,
	 indirect_words, ENFORCED, DESCRIPTION},
	{"impure", CKPT_VALUE_IMPURE, FUNCTION(impure),
	 FUNCTION(impure_classes), NULL, ENFORCED, DESCRIPTION},
	{"portable", CKPT_VALUE_BOOLEAN, FUNCTION(is_portable), 0, NULL,
	 ENFORCED, USER},
	{"alignment", CKPT_VALUE_BOOLEAN, FUNCTION(is_alignment), 0, NULL,
	 ENFORCED, DESCRIPTION},
	{"nested", CKPT_VALUE_BOOLEAN, FUNCTION(is_nested), 0, NULL, ENFORCED,
	 USER},
	{"keep_inputs", CKPT_VALUE_BOOLEAN, FUNCTION(keeps_inputs), 0, NULL,
	 ENFORCED, USER},
	{"once", CKPT_VALUE_ONCE, FUNCTION(once), 0, NULL, ENFORCED, USER},
	{"once_wait", CKPT_VALUE_DURATION, FUNCTION(once_wait_s), 0, NULL,
	 ENFORCED, USER},
	{"verify", CKPT_VALUE_RATE, FUNCTION(verify), 0, NULL, ENFORCED, USER},
	{"min_time", CKPT_VALUE_NANOS, FUNCTION(min_time_ns), 0, NULL, ENFORCED,
	 USER},
	{"max_age", CKPT_VALUE_SECONDS, FUNCTION(max_age_s), 0, NULL, ENFORCED,
	 USER},
};

static const struct ckpt_key type_keys[] = {
	{"name", CKPT_VALUE_TEXT, TYPE(name), 0, NULL, ENFORCED, DESCRIPTION},
	{"memory", CKPT_VALUE_MEMORY, TYPE(memory), TYPE(memory_count), NULL,
	 ENFORCED, DESCRIPTION},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct section {
	const char *name;
	const char *remedy; /* for a key that stands elsewhere */
	const struct ckpt_key *keys;
	size_t count;
} sections[] = {
	[CKPT_SECTION_ROOT] = {"at the top of the file",
			       "at the top of the file", root_keys,
			       COUNT(root_keys)},
	[CKPT_SECTION_CACHE] = {"in [cache]", "in [cache]", cache_keys,
				COUNT(cache_keys)},
	[CKPT_SECTION_FUNCTION] = {"in [[function]]",
				   "in [[function]], or in [defaults] for all",
				   function_keys, COUNT(function_keys)},
	[CKPT_SECTION_TYPE] = {"in [[type]]", "in [[type]]", type_keys,
			       COUNT(type_keys)},
};

const struct ckpt_key *ckpt_keys(enum ckpt_section section, size_t *ret_count)
{
	*ret_count = sections[section].count;
	return sections[section].keys;
}

static const struct ckpt_key *find_key(enum ckpt_section section,
				       const char *name)
{
	for (size_t i = 0; i < sections[section].count; i++) {
		if (strcmp(sections[section].keys[i].name, name) == 0)
			return &sections[section].keys[i];
	}
	return NULL;
}

/* "directory, max_size, …" */
static void list_keys(enum ckpt_section section, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < sections[section].count && used < size; i++) {
		int n = snprintf(text + used, size - used, "%s%s",
				 i ? ", " : "", sections[section].keys[i].name);

		used += n > 0 ? (size_t)n : 0;
	}
}

static void refuse_unknown(enum ckpt_section section, const char *name,
			   const struct ckpt_place *place,
			   struct ckpt_messages *messages)
{
	const struct ckpt_key *keys = sections[section].keys;
	const char *where = sections[section].name;
	const char *nearest = ckpt_nearest(
		name, &keys->name, sections[section].count, sizeof *keys);
	char list[600] = "";

	if (nearest) {
		ckpt_messages_add(messages, place,
				  "unknown key '%s' %s; did you mean '%s'?",
				  name, where, nearest);
		return;
	}
	for (int other = 0; other < CKPT_SECTION_COUNT; other++) {
		if (find_key((enum ckpt_section)other, name)) {
			ckpt_messages_add(messages, place,
					  "'%s' has no meaning %s; write it %s",
					  name, where, sections[other].remedy);
			return;
		}
	}
	list_keys(section, list, sizeof list);
	ckpt_messages_add(messages, place, "unknown key '%s' %s; there are %s",
			  name, where, list);
}

/* Why a key that exists may not stand in this table, or NULL. */
static const char *check_table(const struct ckpt_key *key,
			       enum ckpt_section section,
			       enum ckpt_table_kind kind)
{
	if (kind == CKPT_TABLE_LIBRARY && !key->is_description)
		return "'%s' is for the user to say; a contract library only "
		       "describes";
	if (kind == CKPT_TABLE_CONFIG && section == CKPT_SECTION_ROOT &&
	    strcmp(key->name, "description") == 0)
		return "'%s' is for contract libraries; leave it away";
	if (kind == CKPT_TABLE_DEFAULTS &&
	    (strcmp(key->name, "name") == 0 ||
	     strcmp(key->name, "signature") == 0))
		return "'%s' belongs to one function; write it in [[function]]";
	return NULL;
}

static void check_key(enum ckpt_section section, enum ckpt_table_kind kind,
		      const char *name, const struct ckpt_place *place,
		      struct ckpt_messages *messages,
		      struct ckpt_messages *notes)
{
	const struct ckpt_key *key = find_key(section, name);
	const char *mistake;

	if (!key) {
		refuse_unknown(section, name, place, messages);
		return;
	}
	mistake = check_table(key, section, kind);
	if (mistake)
		ckpt_messages_add(messages, place, mistake, name);
	else if (notes && !key->is_enforced)
		ckpt_messages_add(
			notes, place,
			"'%s' is understood, but this version of ckpt "
			"does not act on it yet",
			name);
}

void ckpt_keys_check(enum ckpt_section section, enum ckpt_table_kind kind,
		     const struct ckpt_toml *table,
		     const struct ckpt_document *document,
		     struct ckpt_messages *messages,
		     struct ckpt_messages *notes)
{
	for (size_t i = 0; i < table->count; i++) {
		struct ckpt_place place =
			ckpt_document_place(document, table->items[i].key_spot);

		check_key(section, kind, table->items[i].key, &place, messages,
			  notes);
	}
}

void ckpt_keys_check_shape(const struct ckpt_document *document,
			   struct ckpt_messages *messages)
{
	char nothing; /* these kinds are only looked at */

	for (size_t i = 0; i < COUNT(root_keys); i++) {
		const struct ckpt_toml *value =
			ckpt_toml_get(document->toml, root_keys[i].name);

		if (value && root_keys[i].kind >= CKPT_VALUE_LIST)
			ckpt_value_read(&root_keys[i], value, document,
					messages, &nothing);
	}
}

void ckpt_keys_read(enum ckpt_section section, const struct ckpt_toml *table,
		    const struct ckpt_document *document,
		    struct ckpt_messages *messages, void *to)
{
	for (size_t i = 0; i < sections[section].count; i++) {
		const struct ckpt_key *key = &sections[section].keys[i];
		const struct ckpt_toml *value = ckpt_toml_get(table, key->name);

		if (value)
			ckpt_value_read(key, value, document, messages, to);
	}
}

void ckpt_keys_free(enum ckpt_section section, void *of)
{
	for (size_t i = 0; i < sections[section].count; i++)
		ckpt_value_free(&sections[section].keys[i], of);
}
