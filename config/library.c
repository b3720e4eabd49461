/* SPDX-License-Identifier: MIT */
#include "config/library.h"

#include "config/keys.h"
#include "config/nearest.h"
#include "shim/common/cleanup.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ".toml";

enum ckpt_status ckpt_config_add_file(struct ckpt_config *config,
				      const char *path, bool is_present)
{
	struct ckpt_config_file *files = reallocarray(
		config->files, config->file_count + 1, sizeof *files);

	if (!files)
		return CKPT_NOMEM;
	config->files = files;
	files[config->file_count].path = strdup(path);
	files[config->file_count].is_present = is_present;
	if (!files[config->file_count].path)
		return CKPT_NOMEM;
	config->file_count++;
	return CKPT_OK;
}

enum ckpt_status ckpt_config_add_document(struct ckpt_config *config,
					  struct ckpt_document *document)
{
	struct ckpt_document **documents =
		reallocarray(config->documents, config->document_count + 1,
			     sizeof(struct ckpt_document *));

	if (!documents) {
		ckpt_document_close(document);
		return CKPT_NOMEM;
	}
	documents[config->document_count++] = document;
	config->documents = documents;
	return CKPT_OK;
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text);

	return size > strlen(end) &&
	       strcmp(text + size - strlen(end), end) == 0;
}

/* "a/b/lapack.toml" is called lapack. */
static char *get_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t size = strlen(base);

	if (ends_with(base, suffix))
		size -= strlen(suffix);
	return strndup(base, size);
}

/* Open one place. The config's files list it whether it is there or not. */
static enum ckpt_status open_place(struct ckpt_config *config, const char *path,
				   struct ckpt_document **ret,
				   struct ckpt_err *err)
{
	_cleanup_free_ char *name = get_name(path);
	struct ckpt_document *document = NULL;
	enum ckpt_status status;

	if (!name)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = ckpt_document_open(path, name, &document, err);
	if (ckpt_config_add_file(config, path, status != CKPT_NOTFOUND)) {
		ckpt_document_close(document);
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	if (status)
		return status;
	if (ckpt_config_add_document(config, document))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	*ret = document;
	return CKPT_OK;
}

/* The names of the libraries in one folder. */
static void list_folder(const char *folder, struct ckpt_strings *names)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name != '.' && ends_with(entry->d_name, suffix) &&
		    ckpt_strings_add(names, get_name(entry->d_name)))
			break;
	}
	if (dir)
		(void)closedir(dir);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum ckpt_status describe_missing(const char *const *dirs,
					 const char *name, struct ckpt_err *err)
{
	struct ckpt_strings names = {0};
	const char *nearest;
	char list[512] = "";

	for (; dirs && *dirs; dirs++)
		list_folder(*dirs, &names);
	if (names.count)
		qsort(names.items, names.count, sizeof *names.items,
		      compare_names);
	for (size_t i = 0, used = 0; i < names.count && used < sizeof list;
	     i++) {
		int n = snprintf(list + used, sizeof list - used, "%s%s",
				 i ? ", " : "", names.items[i]);

		used += n > 0 ? (size_t)n : 0;
	}
	nearest = ckpt_nearest(name, (const char *const *)names.items,
			       names.count, sizeof *names.items);
	if (nearest)
		(void)ckpt_err_set(err, CKPT_NOTFOUND,
				   "no contract library '%s'; did you mean "
				   "'%s'?",
				   name, nearest);
	else
		(void)ckpt_err_set(err, CKPT_NOTFOUND,
				   "no contract library '%s'; there are %s; "
				   "one of your own is named by its path",
				   name, *list ? list : "none");
	ckpt_strings_deinit(&names);
	return CKPT_NOTFOUND;
}

static enum ckpt_status open_path(struct ckpt_config *config,
				  const char *directory, const char *name,
				  struct ckpt_document **ret,
				  struct ckpt_err *err)
{
	_cleanup_free_ char *path = ckpt_document_resolve(directory, name);

	if (!path)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	return open_place(config, path, ret, err);
}

enum ckpt_status ckpt_library_open(struct ckpt_config *config,
				   const char *const *dirs,
				   const char *directory, const char *name,
				   struct ckpt_document **ret,
				   struct ckpt_err *err)
{
	if (strchr(name, '/') || ends_with(name, suffix))
		return open_path(config, directory, name, ret, err);
	for (size_t i = 0; dirs && dirs[i]; i++) {
		char place[PATH_MAX];
		enum ckpt_status status;

		if (snprintf(place, sizeof place, "%s/%s%s", dirs[i], name,
			     suffix) >= PATH_MAX)
			continue;
		status = open_path(config, NULL, place, ret, err);
		if (status != CKPT_NOTFOUND)
			return status;
	}
	return describe_missing(dirs, name, err);
}

static void check_function(const struct ckpt_document *library,
			   const struct ckpt_toml *table,
			   struct ckpt_messages *messages)
{
	struct ckpt_layer layer = {table, library};
	struct ckpt_place place = ckpt_document_place(library, table->spot);
	struct ckpt_function_config function = {0};

	ckpt_keys_check(CKPT_SECTION_FUNCTION, CKPT_TABLE_LIBRARY, table,
			library, messages, NULL);
	ckpt_block_read(&layer, 1, messages, &function);
	if (!ckpt_toml_get(table, "name"))
		ckpt_messages_add(messages, &place,
				  "a [[function]] without a name; write name = "
				  "\"…\"");
	ckpt_block_deinit(&function);
}

static const struct ckpt_toml *
get_functions(const struct ckpt_document *library)
{
	const struct ckpt_toml *functions =
		ckpt_toml_get(library->toml, "function");

	return functions && functions->kind == CKPT_TOML_ARRAY ? functions
							       : NULL;
}

void ckpt_library_check(const struct ckpt_document *library,
			struct ckpt_messages *messages)
{
	const struct ckpt_toml *functions = get_functions(library);

	ckpt_keys_check(CKPT_SECTION_ROOT, CKPT_TABLE_LIBRARY, library->toml,
			library, messages, NULL);
	ckpt_keys_check_shape(library, messages);
	for (size_t i = 0; functions && i < functions->count; i++) {
		if (functions->items[i].kind == CKPT_TOML_TABLE)
			check_function(library, &functions->items[i], messages);
	}
}

/* Can two globs over names of objects mean the same object? Folders in them do
 * not count. */
static bool can_be_same_object(const char *a, const char *b)
{
	const char *a_base = strrchr(a, '/') ? strrchr(a, '/') + 1 : a;
	const char *b_base = strrchr(b, '/') ? strrchr(b, '/') + 1 : b;

	return fnmatch(a_base, b_base, 0) == 0 ||
	       fnmatch(b_base, a_base, 0) == 0;
}

static bool is_text(const struct ckpt_toml *value, const char *text)
{
	return value && value->kind == CKPT_TOML_STRING &&
	       strcmp(value->text, text) == 0;
}

static bool find_in_library(const struct ckpt_document *library,
			    const char *name, const char *object,
			    struct ckpt_layer layers[2])
{
	const struct ckpt_toml *functions = get_functions(library);

	layers[1].table = ckpt_toml_get(library->toml, "defaults");
	layers[0].document = layers[1].document = library;
	for (size_t i = 0; functions && i < functions->count; i++) {
		const struct ckpt_toml *known;

		layers[0].table = &functions->items[i];
		if (!is_text(ckpt_toml_get(layers[0].table, "name"), name))
			continue;
		known = ckpt_layers_get(layers, 2, "object", NULL);
		if (!object || !known || known->kind != CKPT_TOML_STRING ||
		    can_be_same_object(known->text, object))
			return true;
	}
	return false;
}

void ckpt_library_find(const struct ckpt_config *config, const char *name,
		       const char *object, struct ckpt_layer layers[2])
{
	for (size_t i = 0; i < config->document_count; i++) {
		const struct ckpt_document *document = config->documents[i];

		if (document->library &&
		    find_in_library(document, name, object, layers))
			return;
	}
	layers[0] = layers[1] = (struct ckpt_layer){0};
}
