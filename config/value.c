/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include "config/config.h"
#include "config/memory.h"
#include "config/nearest.h"
#include "config/quantity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one call of ckpt_value_read() works on. */
struct reading {
	const struct ckpt_key *key;
	const struct ckpt_toml *value;
	const struct ckpt_document *document;
	struct ckpt_messages *messages;
	void *first;
	void *second;
};

static void refuse(const struct reading *reading, const struct ckpt_toml *value,
		   const char *write)
{
	struct ckpt_place place =
		ckpt_document_place(reading->document, value->spot);

	ckpt_messages_add(reading->messages, &place, "'%s' is %s; write %s",
			  reading->key->name, ckpt_toml_kind_text(value->kind),
			  write);
}

/* A value of the right kind that means nothing. */
static void refuse_value(const struct reading *reading,
			 const struct ckpt_toml *value, const char *write)
{
	struct ckpt_place place =
		ckpt_document_place(reading->document, value->spot);

	ckpt_messages_add(reading->messages, &place,
			  "'%s' cannot be '%s'; write %s", reading->key->name,
			  value->text, write);
}

/* A string that is not empty, or NULL and a message. */
static const char *get_text(const struct reading *reading,
			    const struct ckpt_toml *value)
{
	if (value->kind != CKPT_TOML_STRING) {
		refuse(reading, value, "a string in quotes");
		return NULL;
	}
	if (!*value->text) {
		refuse_value(reading, value,
			     "something, or leave the key away");
		return NULL;
	}
	return value->text;
}

static char *copy_path(const struct reading *reading,
		       const struct ckpt_toml *value)
{
	const char *text = get_text(reading, value);
	char *path;

	if (!text)
		return NULL;
	if (*text == '~') {
		refuse_value(reading, value,
			     "the whole path, '~' is not replaced");
		return NULL;
	}
	path = ckpt_document_resolve(reading->document->directory, text);
	if (!path)
		ckpt_messages_nomem(reading->messages);
	return path;
}

static char *copy_text(const struct reading *reading,
		       const struct ckpt_toml *value)
{
	const char *text = get_text(reading, value);
	char *copy;

	if (!text)
		return NULL;
	copy = strdup(text);
	if (!copy)
		ckpt_messages_nomem(reading->messages);
	return copy;
}

/* <x.h> and "x.h" on the compiler's path, unless it says where it is. */
static char *copy_header(const struct reading *reading,
			 const struct ckpt_toml *value)
{
	const char *text = get_text(reading, value);

	if (!text)
		return NULL;
	return *text == '.' ? copy_path(reading, value)
			    : copy_text(reading, value);
}

static void read_list(const struct reading *reading,
		      char *(*copy)(const struct reading *,
				    const struct ckpt_toml *))
{
	const struct ckpt_toml *value = reading->value;
	bool is_one = value->kind == CKPT_TOML_STRING;

	if (!is_one && value->kind != CKPT_TOML_ARRAY) {
		refuse(reading, value, "a list, as [\"a\", \"b\"]");
		return;
	}
	for (size_t i = 0; i < (is_one ? 1 : value->count); i++) {
		char *text = copy(reading, is_one ? value : &value->items[i]);

		if (text && ckpt_strings_add(reading->first, text))
			ckpt_messages_nomem(reading->messages);
	}
}

static void read_boolean(const struct reading *reading)
{
	if (reading->value->kind == CKPT_TOML_BOOLEAN)
		*(bool *)reading->first = reading->value->boolean;
	else
		refuse(reading, reading->value, "true or false");
}

/* "warn, raise or ignore" */
static void list_words(const char *const *words, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; words[i] && used < size; i++) {
		int n = snprintf(text + used, size - used, "%s\"%s\"",
				 !i		? ""
				 : words[i + 1] ? ", "
						: " or ",
				 words[i]);

		used += n > 0 ? (size_t)n : 0;
	}
}

/* The index of the value in `words`, or -1 and a message. */
static int get_word(const struct reading *reading,
		    const struct ckpt_toml *value, const char *const *words)
{
	const char *text = value->kind == CKPT_TOML_STRING ? value->text : NULL;
	char list[256];

	for (int i = 0; text && words[i]; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
	}
	list_words(words, list, sizeof list);
	if (text)
		refuse_value(reading, value, list);
	else
		refuse(reading, value, list);
	return -1;
}

static void read_word(const struct reading *reading)
{
	int word = get_word(reading, reading->value, reading->key->words);

	if (word >= 0)
		*(int *)reading->first = word;
}

static void read_flag(const struct reading *reading)
{
	int word = get_word(reading, reading->value, reading->key->words);

	if (word >= 0)
		*(bool *)reading->first = word == 1;
}

static void read_count(const struct reading *reading)
{
	const struct ckpt_toml *value = reading->value;

	if (value->kind == CKPT_TOML_INTEGER && value->integer > 0)
		*(uint64_t *)reading->first = (uint64_t)value->integer;
	else
		refuse(reading, value, "a whole number above 0");
}

/* A number of `unit`s: bare, or a string with a unit. */
static bool get_quantity(const struct reading *reading,
			 enum ckpt_quantity quantity, double *ret)
{
	const struct ckpt_toml *value = reading->value;
	bool is_number = value->kind == CKPT_TOML_INTEGER ||
			 value->kind == CKPT_TOML_FLOAT;
	const char *write = quantity == CKPT_QUANTITY_BYTES
				    ? "a size, as \"5 GiB\" or 1000000"
				    : "a time, as \"30 days\", \"10 ms\" or a "
				      "number of seconds";

	if (is_number && isfinite(value->number) && value->number >= 0) {
		*ret = value->number;
		return true;
	}
	if (value->kind == CKPT_TOML_STRING) {
		if (ckpt_quantity_parse(value->text, quantity, ret))
			return true;
		refuse_value(reading, value, write);
		return false;
	}
	refuse(reading, value, write);
	return false;
}

static void read_quantity(const struct reading *reading,
			  enum ckpt_quantity quantity, double scale)
{
	double number;

	if (!get_quantity(reading, quantity, &number))
		return;
	number *= scale;
	/* The largest double below 2^64; later than that is for ever. */
	*(uint64_t *)reading->first =
		number >= 0x1p64 ? UINT64_MAX : (uint64_t)ceil(number);
}

static void read_duration(const struct reading *reading)
{
	double number;

	if (get_quantity(reading, CKPT_QUANTITY_SECONDS, &number))
		*(double *)reading->first = number;
}

static void read_rate(const struct reading *reading)
{
	const struct ckpt_toml *value = reading->value;

	if ((value->kind == CKPT_TOML_INTEGER ||
	     value->kind == CKPT_TOML_FLOAT) &&
	    value->number >= 0 && value->number <= 1)
		*(double *)reading->first = value->number;
	else
		refuse(reading, value, "a share from 0 to 1, as 0.01");
}

static void read_signature(const struct reading *reading)
{
	*(char **)reading->first = copy_text(reading, reading->value);
	*(struct ckpt_place *)reading->second = ckpt_document_place(
		reading->document, reading->value->text_spot);
}

static void read_expr(const struct reading *reading)
{
	const char *text = get_text(reading, reading->value);
	struct ckpt_place place;
	struct ckpt_err err;

	if (!text)
		return;
	place = ckpt_document_place(reading->document,
				    reading->value->text_spot);
	if (ckpt_expr_parse(text, &place, reading->first, &err))
		ckpt_messages_add_err(reading->messages, &err);
	else
		*(char **)reading->second = copy_text(reading, reading->value);
}

static void read_impure(const struct reading *reading)
{
	static const char *const states[] = {"observe", "refuse", "allow",
					     NULL};
	const struct ckpt_toml *value = reading->value;
	int word;

	if (value->kind != CKPT_TOML_ARRAY) {
		word = get_word(reading, value, states);
		if (word >= 0)
			*(enum ckpt_impure *)reading->first =
				(enum ckpt_impure)word;
		return;
	}
	*(enum ckpt_impure *)reading->first = CKPT_IMPURE_LIST;
	for (size_t i = 0; i < value->count; i++) {
		word = get_word(reading, &value->items[i],
				ckpt_config_impure_classes);
		if (word >= 0 &&
		    ckpt_strings_add(reading->second,
				     strdup(ckpt_config_impure_classes[word])))
			ckpt_messages_nomem(reading->messages);
	}
}

/* once = true | false | "processes" */
static void read_once(const struct reading *reading)
{
	static const char *const words[] = {"no", "threads", "processes", NULL};
	enum ckpt_once *once = reading->first;
	int word;

	if (reading->value->kind == CKPT_TOML_BOOLEAN) {
		*once = reading->value->boolean ? CKPT_ONCE_THREADS
						: CKPT_ONCE_NO;
		return;
	}
	word = get_word(reading, reading->value, words);
	if (word >= 0)
		*once = (enum ckpt_once)word;
}

static void check_list(const struct reading *reading)
{
	const struct ckpt_toml *value = reading->value;

	if (value->kind != CKPT_TOML_ARRAY)
		refuse(reading, value, "a list, as [\"a\", \"b\"]");
	for (size_t i = 0; value->kind == CKPT_TOML_ARRAY && i < value->count;
	     i++)
		(void)get_text(reading, &value->items[i]);
}

static void check_tables(const struct reading *reading)
{
	const struct ckpt_toml *value = reading->value;
	char write[80];

	(void)snprintf(write, sizeof write, "[[%s]], with two brackets",
		       reading->key->name);
	if (value->kind != CKPT_TOML_ARRAY) {
		refuse(reading, value, write);
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		if (value->items[i].kind != CKPT_TOML_TABLE)
			refuse(reading, &value->items[i], write);
	}
}

static void read_text(const struct reading *reading)
{
	*(char **)reading->first = copy_text(reading, reading->value);
}

static void read_path(const struct reading *reading)
{
	*(char **)reading->first = copy_path(reading, reading->value);
}

static void read_texts(const struct reading *reading)
{
	read_list(reading, copy_text);
}

static void read_paths(const struct reading *reading)
{
	read_list(reading, copy_path);
}

static void read_headers(const struct reading *reading)
{
	read_list(reading, copy_header);
}

static void read_size(const struct reading *reading)
{
	read_quantity(reading, CKPT_QUANTITY_BYTES, 1);
}

static void read_seconds(const struct reading *reading)
{
	read_quantity(reading, CKPT_QUANTITY_SECONDS, 1);
}

static void read_nanos(const struct reading *reading)
{
	read_quantity(reading, CKPT_QUANTITY_SECONDS, 1e9);
}

static void read_memory(const struct reading *reading)
{
	ckpt_memory_read(reading->value, reading->document, reading->messages,
			 reading->first, reading->second);
}

static void check_table(const struct reading *reading)
{
	if (reading->value->kind != CKPT_TOML_TABLE)
		refuse(reading, reading->value, "it as a [table]");
}

static void (*const readers[])(const struct reading *) = {
	[CKPT_VALUE_TEXT] = read_text,
	[CKPT_VALUE_TEXTS] = read_texts,
	[CKPT_VALUE_PATH] = read_path,
	[CKPT_VALUE_PATHS] = read_paths,
	[CKPT_VALUE_HEADERS] = read_headers,
	[CKPT_VALUE_BOOLEAN] = read_boolean,
	[CKPT_VALUE_WORD] = read_word,
	[CKPT_VALUE_FLAG] = read_flag,
	[CKPT_VALUE_COUNT] = read_count,
	[CKPT_VALUE_SIZE] = read_size,
	[CKPT_VALUE_SECONDS] = read_seconds,
	[CKPT_VALUE_DURATION] = read_duration,
	[CKPT_VALUE_NANOS] = read_nanos,
	[CKPT_VALUE_RATE] = read_rate,
	[CKPT_VALUE_SIGNATURE] = read_signature,
	[CKPT_VALUE_EXPR] = read_expr,
	[CKPT_VALUE_IMPURE] = read_impure,
	[CKPT_VALUE_ONCE] = read_once,
	[CKPT_VALUE_MEMORY] = read_memory,
	[CKPT_VALUE_LIST] = check_list,
	[CKPT_VALUE_TABLE] = check_table,
	[CKPT_VALUE_TABLES] = check_tables,
};

void ckpt_value_read(const struct ckpt_key *key, const struct ckpt_toml *value,
		     const struct ckpt_document *document,
		     struct ckpt_messages *messages, void *to)
{
	struct reading reading = {
		.key = key,
		.value = value,
		.document = document,
		.messages = messages,
		.first = (char *)to + key->off,
		.second = (char *)to + key->second_off,
	};

	readers[key->kind](&reading);
}

void ckpt_value_free(const struct ckpt_key *key, void *of)
{
	void *first = (char *)of + key->off;
	void *second = (char *)of + key->second_off;

	switch (key->kind) {
	case CKPT_VALUE_TEXT:
	case CKPT_VALUE_PATH:
	case CKPT_VALUE_SIGNATURE:
		free(*(char **)first);
		return;
	case CKPT_VALUE_TEXTS:
	case CKPT_VALUE_PATHS:
	case CKPT_VALUE_HEADERS:
		ckpt_strings_deinit(first);
		return;
	case CKPT_VALUE_EXPR:
		ckpt_expr_destroy(*(struct ckpt_expr **)first);
		free(*(char **)second);
		return;
	case CKPT_VALUE_IMPURE:
		ckpt_strings_deinit(second);
		return;
	case CKPT_VALUE_MEMORY:
		ckpt_memory_free(*(struct ckpt_contract **)first,
				 *(size_t *)second);
		return;
	default:
		return;
	}
}
