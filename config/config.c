/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "config/block.h"
#include "config/keys.h"
#include "config/library.h"
#include "shim/common/cleanup.h"

#include <string.h>

enum {
	PLAN_WAIT_S = 10,
	LOG_WARN = 1, /* enum ckpt_log_level */
	LAYERS_MAX = 4,
};

/* What one load works on. */
struct loader {
	struct ckpt_config *config;
	const struct ckpt_document *document; /* the config itself */
	const struct ckpt_toml *root;
	const char *const *library_dirs;
	struct ckpt_messages messages;
	struct ckpt_messages notes;
};

static struct ckpt_place get_place(const struct loader *loader,
				   struct ckpt_toml_spot spot)
{
	return ckpt_document_place(loader->document, spot);
}

/* A table of the config, or NULL; what is no table has its message already. */
static const struct ckpt_toml *get_table(const struct loader *loader,
					 const char *key,
					 enum ckpt_toml_kind kind)
{
	const struct ckpt_toml *table = ckpt_toml_get(loader->root, key);

	return table && table->kind == kind ? table : NULL;
}

static void read_libraries(struct loader *loader)
{
	const struct ckpt_toml *use = get_table(loader, "use", CKPT_TOML_ARRAY);

	for (size_t i = 0; use && i < use->count; i++) {
		const struct ckpt_toml *name = &use->items[i];
		struct ckpt_place place = get_place(loader, name->spot);
		struct ckpt_document *library = NULL;
		struct ckpt_err err = {0};
		enum ckpt_status status;

		if (name->kind != CKPT_TOML_STRING || !*name->text)
			continue;
		status = ckpt_library_open(loader->config, loader->library_dirs,
					   loader->document->directory,
					   name->text, &library, &err);
		if (!status)
			ckpt_library_check(library, &loader->messages);
		else if (status == CKPT_NOTFOUND)
			ckpt_messages_add(&loader->messages, &place, "%s",
					  err.text);
		else
			ckpt_messages_add_err(&loader->messages, &err);
	}
}

/* The library that needs no `use`, where it is installed. */
static void read_builtin(struct loader *loader)
{
	static const char name[] = "libstdcxx";
	struct ckpt_config *config = loader->config;
	struct ckpt_document *library = NULL;
	struct ckpt_err err = {0};
	enum ckpt_status status;

	for (size_t i = 0; i < config->document_count; i++) {
		const char *used = config->documents[i]->library;

		if (used && strcmp(used, name) == 0)
			return;
	}
	status = ckpt_library_open(config, loader->library_dirs, NULL, name,
				   &library, &err);
	if (!status)
		ckpt_library_check(library, &loader->messages);
	else if (status != CKPT_NOTFOUND)
		ckpt_messages_add_err(&loader->messages, &err);
}

/* The layers of one block, highest precedence first. */
static size_t find_layers(const struct ckpt_config *config,
			  const struct ckpt_document *document,
			  const struct ckpt_toml *table, const char *name,
			  const char *object, struct ckpt_layer *layers)
{
	const struct ckpt_toml *own;

	layers[0] = (struct ckpt_layer){table, document};
	layers[1].table = ckpt_toml_get(document->toml, "defaults");
	layers[1].document = document;
	own = ckpt_layers_get(layers, 2, "object", NULL);
	if (!object && own && own->kind == CKPT_TOML_STRING)
		object = own->text;
	if (document->library)
		return 2;
	ckpt_library_find(config, name, object, layers + 2);
	return LAYERS_MAX;
}

/* Replace a text that is owned. */
static void set_text(char **text, const char *value,
		     struct ckpt_messages *messages)
{
	char *copy = strdup(value);

	if (!copy) {
		ckpt_messages_nomem(messages);
		return;
	}
	free(*text);
	*text = copy;
}

/* Read the function `name`; `table` and `object` may be NULL. */
static void read_function(const struct ckpt_config *config,
			  const struct ckpt_document *document,
			  const struct ckpt_toml *table, const char *name,
			  const char *object, struct ckpt_messages *messages,
			  struct ckpt_function_config *to)
{
	struct ckpt_layer layers[LAYERS_MAX];
	size_t count =
		find_layers(config, document, table, name, object, layers);

	ckpt_block_read(layers, count, messages, to);
	set_text(&to->name, name, messages);
	if (object)
		set_text(&to->object, object, messages);
	to->is_pattern = ckpt_block_is_pattern(name);
	to->document = document;
	to->table = table;
	to->library = document->library;
	if (count > 2 && layers[2].table)
		to->library = layers[2].document->library;
}

static bool is_same_object(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_twice(struct loader *loader,
			const struct ckpt_function_config *function)
{
	for (size_t i = 0; i < loader->config->function_count; i++) {
		const struct ckpt_function_config *other =
			&loader->config->functions[i];

		if (function->name && other->name &&
		    strcmp(function->name, other->name) == 0 &&
		    is_same_object(function->object, other->object))
			ckpt_messages_add(&loader->messages, &function->place,
					  "'%s' is named in line %u already; "
					  "write everything in one place",
					  function->name, other->place.line);
	}
}

static void add_function(struct loader *loader, const struct ckpt_toml *table,
			 struct ckpt_place place, const char *name,
			 const char *object)
{
	struct ckpt_config *config = loader->config;
	struct ckpt_function_config *functions =
		reallocarray(config->functions, config->function_count + 1,
			     sizeof *functions);
	struct ckpt_function_config *function;

	if (!functions) {
		ckpt_messages_nomem(&loader->messages);
		return;
	}
	config->functions = functions;
	function = &functions[config->function_count];
	*function = (struct ckpt_function_config){.place = place};
	read_function(config, loader->document, table, name, object,
		      &loader->messages, function);
	if (!loader->document->library)
		check_twice(loader, function);
	config->function_count++;
}

/* "libx.so:solve", but not "ns::f": the colon between object and name. */
static const char *find_colon(const char *text)
{
	for (; *text; text++) {
		if (text[0] == ':' && text[1] == ':')
			text++;
		else if (text[0] == ':')
			return text;
	}
	return NULL;
}

/* libx.so means every version of it: libx.so.1 too. */
static char *copy_object(const char *text, const char *end)
{
	size_t size = (size_t)(end - text);
	bool is_bare = size > 3 && strncmp(end - 3, ".so", 3) == 0 &&
		       !memchr(text, '*', size);
	char *object;

	if (asprintf(&object, "%.*s%s", (int)size, text, is_bare ? "*" : "") <
	    0)
		return NULL;
	return object;
}

static void read_short_form(struct loader *loader,
			    const struct ckpt_toml *value)
{
	struct ckpt_place place = get_place(loader, value->spot);
	const char *colon = find_colon(value->text);
	_cleanup_free_ char *object = NULL;

	if (!colon) {
		add_function(loader, NULL, place, value->text, NULL);
		return;
	}
	if (colon == value->text || !colon[1]) {
		ckpt_messages_add(&loader->messages, &place,
				  "'%s' names no function; write "
				  "\"libx.so:solve\" or \"solve\"",
				  value->text);
		return;
	}
	object = copy_object(value->text, colon);
	if (!object)
		ckpt_messages_nomem(&loader->messages);
	else
		add_function(loader, NULL, place, colon + 1, object);
}

static void read_block(struct loader *loader, const struct ckpt_toml *table)
{
	struct ckpt_place place = get_place(loader, table->spot);
	const struct ckpt_toml *name = ckpt_toml_get(table, "name");

	ckpt_keys_check(CKPT_SECTION_FUNCTION, CKPT_TABLE_CONFIG, table,
			loader->document, &loader->messages, &loader->notes);
	if (!name) {
		ckpt_messages_add(&loader->messages, &place,
				  "a [[function]] without a name; write name = "
				  "\"…\"");
		add_function(loader, table, place, "", NULL);
	} else {
		add_function(loader, table, place,
			     name->kind == CKPT_TOML_STRING ? name->text : "",
			     NULL);
	}
}

static void read_functions(struct loader *loader)
{
	const struct ckpt_toml *names =
		get_table(loader, "functions", CKPT_TOML_ARRAY);
	const struct ckpt_toml *blocks =
		get_table(loader, "function", CKPT_TOML_ARRAY);

	for (size_t i = 0; names && i < names->count; i++) {
		if (names->items[i].kind == CKPT_TOML_STRING &&
		    *names->items[i].text)
			read_short_form(loader, &names->items[i]);
	}
	for (size_t i = 0; blocks && i < blocks->count; i++) {
		if (blocks->items[i].kind == CKPT_TOML_TABLE)
			read_block(loader, &blocks->items[i]);
	}
}

static void read_type(struct loader *loader,
		      const struct ckpt_document *document,
		      const struct ckpt_toml *table)
{
	struct ckpt_config *config = loader->config;
	struct ckpt_type_config *types = reallocarray(
		config->types, config->type_count + 1, sizeof *types);
	struct ckpt_type_config *type;

	if (!types) {
		ckpt_messages_nomem(&loader->messages);
		return;
	}
	config->types = types;
	type = &types[config->type_count++];
	*type = (struct ckpt_type_config){
		.place = ckpt_document_place(document, table->spot)};
	ckpt_keys_check(CKPT_SECTION_TYPE, CKPT_TABLE_CONFIG, table, document,
			&loader->messages, NULL);
	ckpt_keys_read(CKPT_SECTION_TYPE, table, document, &loader->messages,
		       type);
	if (!ckpt_toml_get(table, "name"))
		ckpt_messages_add(&loader->messages, &type->place,
				  "a [[type]] without a name; write name = "
				  "\"struct …\"");
}

/* The config's own first: they win. */
static void read_types(struct loader *loader)
{
	for (size_t i = 0; i < loader->config->document_count; i++) {
		const struct ckpt_document *document =
			loader->config->documents[i];
		const struct ckpt_toml *types =
			ckpt_toml_get(document->toml, "type");

		if (!types || types->kind != CKPT_TOML_ARRAY)
			continue;
		for (size_t j = 0; j < types->count; j++) {
			if (types->items[j].kind == CKPT_TOML_TABLE)
				read_type(loader, document, &types->items[j]);
		}
	}
}

/* Mistakes in [defaults] are told even if no function is named. */
static void check_defaults(struct loader *loader)
{
	const struct ckpt_toml *table =
		get_table(loader, "defaults", CKPT_TOML_TABLE);
	struct ckpt_layer layer = {table, loader->document};
	struct ckpt_function_config function = {0};

	if (!table)
		return;
	ckpt_keys_check(CKPT_SECTION_FUNCTION, CKPT_TABLE_DEFAULTS, table,
			loader->document, &loader->messages, &loader->notes);
	ckpt_block_read(&layer, 1, &loader->messages, &function);
	loader->config->on_error = function.on_error;
	ckpt_block_deinit(&function);
}

static void read_cache(struct loader *loader)
{
	struct ckpt_config *config = loader->config;
	const struct ckpt_toml *table =
		get_table(loader, "cache", CKPT_TOML_TABLE);

	if (table) {
		ckpt_keys_check(CKPT_SECTION_CACHE, CKPT_TABLE_CONFIG, table,
				loader->document, &loader->messages,
				&loader->notes);
		ckpt_keys_read(CKPT_SECTION_CACHE, table, loader->document,
			       &loader->messages, config);
	}
	if (config->directory)
		return;
	config->directory =
		ckpt_document_resolve(loader->document->directory, ".ckpt");
	if (!config->directory)
		ckpt_messages_nomem(&loader->messages);
}

static void read_config(struct loader *loader)
{
	struct ckpt_config *config = loader->config;

	config->log_level = LOG_WARN;
	config->plan_wait_s = PLAN_WAIT_S;
	ckpt_keys_check(CKPT_SECTION_ROOT, CKPT_TABLE_CONFIG, loader->root,
			loader->document, &loader->messages, &loader->notes);
	ckpt_keys_read(CKPT_SECTION_ROOT, loader->root, loader->document,
		       &loader->messages, config);
	read_cache(loader);
	read_libraries(loader);
	read_builtin(loader);
	check_defaults(loader);
	read_functions(loader);
	read_types(loader);
}

static void read_library(struct loader *loader)
{
	ckpt_library_check(loader->document, &loader->messages);
	ckpt_keys_read(CKPT_SECTION_ROOT, loader->root, loader->document,
		       &loader->messages, loader->config);
	read_functions(loader);
	read_types(loader);
}

/* The notes as strings of the config. */
static void keep_notes(struct loader *loader)
{
	char *lines = (char *)loader->notes.lines.data;
	size_t left = loader->notes.lines.size;

	while (left) {
		size_t size =
			(size_t)((char *)memchr(lines, '\n', left) - lines);

		if (ckpt_strings_add(&loader->config->notes,
				     strndup(lines, size))) {
			ckpt_messages_nomem(&loader->messages);
			return;
		}
		lines += size + 1;
		left -= size + 1;
	}
}

/* Read the document that was opened as the config's first one. */
static enum ckpt_status load_document(struct loader *loader,
				      struct ckpt_config **ret,
				      struct ckpt_err *err)
{
	struct ckpt_config *config = loader->config;
	enum ckpt_status status;

	loader->document = config->documents[0];
	loader->root = loader->document->toml;
	if (!config->path)
		set_text(&config->path, loader->document->path,
			 &loader->messages);
	if (loader->document->library)
		read_library(loader);
	else
		read_config(loader);
	keep_notes(loader);
	status = ckpt_messages_status(&loader->messages, err);
	ckpt_messages_deinit(&loader->messages);
	ckpt_messages_deinit(&loader->notes);
	if (!status)
		*ret = TAKE(loader->config);
	return status;
}

static enum ckpt_status open_config(struct ckpt_config *config,
				    const char *path, struct ckpt_err *err)
{
	struct ckpt_document *document = NULL;
	enum ckpt_status status;

	config->path = ckpt_document_resolve(NULL, path);
	if (!config->path)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = ckpt_document_open(config->path, NULL, &document, err);
	if (ckpt_config_add_file(config, config->path,
				 status != CKPT_NOTFOUND)) {
		ckpt_document_close(document);
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	if (status)
		return status;
	status = ckpt_config_add_document(config, document);
	if (status)
		return ckpt_err_set(err, status, "out of memory");
	return CKPT_OK;
}

enum ckpt_status ckpt_config_load_keeping(const char *path,
					  const char *const *library_dirs,
					  struct ckpt_config **ret,
					  struct ckpt_config **ret_failed,
					  struct ckpt_err *err)
{
	struct loader loader = {.library_dirs = library_dirs};
	enum ckpt_status status;

	loader.config = calloc(1, sizeof *loader.config);
	if (!loader.config)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = open_config(loader.config, path, err);
	if (!status)
		status = load_document(&loader, ret, err);
	if (status == CKPT_INVALID)
		*ret_failed = TAKE(loader.config);
	ckpt_config_destroy(loader.config);
	return status;
}

enum ckpt_status ckpt_config_load(const char *path,
				  const char *const *library_dirs,
				  struct ckpt_config **ret,
				  struct ckpt_err *err)
{
	struct ckpt_config *failed = NULL;
	enum ckpt_status status =
		ckpt_config_load_keeping(path, library_dirs, ret, &failed, err);

	ckpt_config_destroy(failed);
	return status;
}

enum ckpt_status ckpt_config_load_library(const char *name,
					  const char *const *library_dirs,
					  struct ckpt_config **ret,
					  struct ckpt_err *err)
{
	struct loader loader = {.library_dirs = library_dirs};
	struct ckpt_document *library = NULL;
	enum ckpt_status status;

	loader.config = calloc(1, sizeof *loader.config);
	if (!loader.config)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = ckpt_library_open(loader.config, library_dirs, NULL, name,
				   &library, err);
	if (!status)
		status = load_document(&loader, ret, err);
	ckpt_config_destroy(loader.config);
	return status;
}

static void destroy_parts(struct ckpt_config *config)
{
	for (size_t i = 0; i < config->function_count; i++)
		ckpt_block_deinit(&config->functions[i]);
	for (size_t i = 0; i < config->expanded_count; i++) {
		ckpt_block_deinit(config->expanded[i]);
		free(config->expanded[i]);
	}
	for (size_t i = 0; i < config->type_count; i++)
		ckpt_keys_free(CKPT_SECTION_TYPE, &config->types[i]);
	for (size_t i = 0; i < config->file_count; i++)
		free(config->files[i].path);
	for (size_t i = 0; i < config->document_count; i++)
		ckpt_document_close(config->documents[i]);
}

void ckpt_config_destroy(struct ckpt_config *config)
{
	if (!config)
		return;
	destroy_parts(config);
	ckpt_keys_free(CKPT_SECTION_ROOT, config);
	ckpt_keys_free(CKPT_SECTION_CACHE, config);
	ckpt_strings_deinit(&config->notes);
	free(config->functions);
	free(config->expanded);
	free(config->types);
	free(config->files);
	free(config->documents);
	free(config->path);
	free(config);
}

static struct ckpt_function_config *add_expanded(struct ckpt_config *config)
{
	struct ckpt_function_config **expanded =
		reallocarray(config->expanded, config->expanded_count + 1,
			     sizeof(struct ckpt_function_config *));
	struct ckpt_function_config *function = calloc(1, sizeof *function);

	if (expanded)
		config->expanded = expanded;
	if (!expanded || !function) {
		free(function);
		return NULL;
	}
	expanded[config->expanded_count++] = function;
	return function;
}

enum ckpt_status ckpt_config_expand(struct ckpt_config *config,
				    const struct ckpt_function_config *pattern,
				    const char *name,
				    const struct ckpt_function_config **ret,
				    struct ckpt_err *err)
{
	struct ckpt_function_config *function = add_expanded(config);
	struct ckpt_messages messages = {0};
	enum ckpt_status status;

	if (!function)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	read_function(config, pattern->document, pattern->table, name,
		      pattern->object, &messages, function);
	function->place = pattern->place;
	status = ckpt_messages_status(&messages, err);
	ckpt_messages_deinit(&messages);
	if (!status)
		*ret = function;
	return status;
}
