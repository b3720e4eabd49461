/* SPDX-License-Identifier: MIT */
#include "tools/contracts.h"

#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/exprtext.h"
#include "tools/cli.h"

static void print_memory(const struct ckpt_contract *contracts, size_t count)
{
	char path[256];

	for (size_t i = 0; i < count; i++) {
		const struct ckpt_contract *contract = &contracts[i];

		ckpt_path_text(contract->path, path, sizeof(path));
		for (size_t k = 0; k < contract->clause_count; k++)
			printf("    %-20s %s\n", k ? "" : path,
			       contract->clauses[k].text);
	}
}

static void print_text(const char *key, const char *text)
{
	if (text)
		printf("  %-15s %s\n", key, text);
}

static void print_texts(const char *key, const struct ckpt_strings *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		print_text(i ? "" : key, texts->items[i]);
}

/* Declarations have several lines: each is indented like the first. */
static void print_signature(const char *text)
{
	while (text && *text) {
		size_t size = strcspn(text, "\n");

		printf("    %.*s\n", (int)size, text);
		text += size + (text[size] == '\n');
	}
}

static void print_function(const struct ckpt_function_config *function)
{
	static const char *const impure[] = {NULL, "refuse", "allow", NULL};

	printf("\n%s\n", function->name);
	print_signature(function->signature);
	print_text("object", function->object);
	print_text("require", function->require_text);
	print_text("bypass_if", function->bypass_if_text);
	print_text("store_if", function->store_if_text);
	print_texts("env", &function->env);
	print_texts("files", &function->files);
	print_texts("ignore_globals", &function->ignore_globals);
	print_texts("scratch_globals", &function->scratch_globals);
	print_texts("watch", &function->watch);
	print_text("indirect", function->is_indirect_object ? "object" : NULL);
	print_text("impure", impure[function->impure]);
	print_texts("impure", &function->impure_classes);
	print_memory(function->memory, function->memory_count);
}

int ckpt_contracts_print(const char *name)
{
	char **dirs = ckpt_cli_library_dirs_create();
	struct ckpt_config *library = NULL;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status = ckpt_config_load_library(
		name, (const char *const *)dirs, &library, &err);

	ckpt_cli_library_dirs_destroy(dirs);
	if (status)
		return ckpt_cli_fail("inspect", &err);
	printf("%s\n%s\n", library->description ? library->description : name,
	       library->path);
	for (size_t i = 0; i < library->type_count; i++) {
		printf("\n[[type]] %s\n", library->types[i].name);
		print_memory(library->types[i].memory,
			     library->types[i].memory_count);
	}
	for (size_t i = 0; i < library->function_count; i++)
		print_function(&library->functions[i]);
	ckpt_config_destroy(library);
	return ckpt_cli_finish("inspect");
}
