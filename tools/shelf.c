/* SPDX-License-Identifier: MIT */
#include "tools/shelf.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"

static bool is_known(const struct ckpt_shelf *shelf, const char *name)
{
	for (size_t i = 0; i < shelf->count; i++)
		if (!strcmp(shelf->libraries[i].name, name))
			return true;
	return false;
}

/* `file` is NAME.toml. */
static enum ckpt_status add_library(struct ckpt_shelf *shelf, const char *file,
				    char **dirs)
{
	struct ckpt_shelf_library *grown, library;
	size_t length = strlen(file);

	if (length <= 5 || strcmp(file + length - 5, ".toml") != 0)
		return CKPT_OK;
	library.name = strndup(file, length - 5);
	grown = reallocarray(shelf->libraries, shelf->count + 1,
			     sizeof(*grown));
	if (grown)
		shelf->libraries = grown;
	if (!library.name || !grown) {
		free(library.name);
		return CKPT_NOMEM;
	}
	if (is_known(shelf, library.name) ||
	    ckpt_config_load_library(library.name, (const char *const *)dirs,
				     &library.config, NULL)) {
		free(library.name);
		return CKPT_OK;
	}
	shelf->libraries[shelf->count++] = library;
	return CKPT_OK;
}

static enum ckpt_status add_directory(struct ckpt_shelf *shelf,
				      const char *path, char **dirs)
{
	enum ckpt_status status = CKPT_OK;
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		if (!status)
			status = add_library(shelf, entries[i]->d_name, dirs);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return status;
}

enum ckpt_status ckpt_shelf_open(struct ckpt_shelf *ret, struct ckpt_err *err)
{
	struct ckpt_shelf shelf = {.count = 0};
	char **dirs = ckpt_cli_library_dirs_create();
	enum ckpt_status status = dirs ? CKPT_OK : CKPT_NOMEM;

	for (char **dir = dirs; !status && *dir; dir++)
		status = add_directory(&shelf, *dir, dirs);
	ckpt_cli_library_dirs_destroy(dirs);
	if (status) {
		ckpt_shelf_close(&shelf);
		return ckpt_err_set(err, status, "out of memory");
	}
	*ret = shelf;
	return CKPT_OK;
}

void ckpt_shelf_close(struct ckpt_shelf *shelf)
{
	for (size_t i = 0; i < shelf->count; i++) {
		ckpt_config_destroy(shelf->libraries[i].config);
		free(shelf->libraries[i].name);
	}
	free(shelf->libraries);
}

static bool describes(const struct ckpt_function_config *function,
		      const char *name, const char *object)
{
	return !strcmp(function->name, name) &&
	       (!function->object || !fnmatch(function->object, object, 0));
}

const struct ckpt_shelf_library *ckpt_shelf_find(const struct ckpt_shelf *shelf,
						 const char *name,
						 const char *object)
{
	for (size_t i = 0; i < shelf->count; i++) {
		const struct ckpt_config *config = shelf->libraries[i].config;

		for (size_t j = 0; j < config->function_count; j++)
			if (describes(&config->functions[j], name, object))
				return &shelf->libraries[i];
	}
	return NULL;
}
