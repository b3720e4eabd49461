/* SPDX-License-Identifier: MIT */
#include "shim/planner/contract/globaltype.h"

#include "shim/planner/signature/dwarf.h"
#include "shim/planner/signature/dwarf_file.h"

#include <string.h>

static bool does_mention(const struct ckpt_contract *contract, const char *name)
{
	if (!strcmp(contract->path->base, name))
		return true;
	for (size_t i = 0; i < contract->clause_count; i++) {
		if (ckpt_clause_mentions(&contract->clauses[i], name))
			return true;
	}
	return false;
}

/* A parameter of the same name is what is meant. */
static bool is_spoken_of(const struct ckpt_function_config *config,
			 const struct ckpt_signature *signature,
			 const char *name)
{
	for (size_t i = 0; i < signature->parameter_count; i++) {
		if (!strcmp(signature->parameters[i].name, name))
			return false;
	}
	for (size_t i = 0; i < config->memory_count; i++) {
		if (does_mention(&config->memory[i], name))
			return true;
	}
	return ckpt_expr_mentions(config->require, name) ||
	       ckpt_expr_mentions(config->bypass_if, name) ||
	       ckpt_expr_mentions(config->store_if, name);
}

static enum ckpt_status read_files(const struct ckpt_debug_files *files,
				   struct ckpt_types *types,
				   struct ckpt_type **ret, struct ckpt_err *err)
{
	enum ckpt_status status = CKPT_NOTFOUND;

	for (size_t i = 0; status == CKPT_NOTFOUND && i < files->count; i++)
		status = ckpt_dwarf_read_variable(types, files->items[i].path,
						  files->items[i].vaddr, ret,
						  err);
	return status;
}

static enum ckpt_status find_type(const struct ckpt_image *image,
				  struct ckpt_types *types,
				  struct ckpt_deps *deps,
				  struct ckpt_program_global *global,
				  struct ckpt_err *err)
{
	struct ckpt_debug_files files = {.count = 0};
	struct ckpt_type *type = NULL;
	enum ckpt_status status = CKPT_NOTFOUND;

	/* Where a thread has its own cannot be told by an address. */
	if (!global->is_tls)
		status = ckpt_debug_files_find(image, global->name,
					       global->vaddr, NULL, deps,
					       &files, err);
	if (!status)
		status = read_files(&files, types, &type, err);
	ckpt_debug_files_deinit(&files);
	if (status == CKPT_NOMEM)
		return status;
	/* A struct that ends with an array of its own length is longer. */
	if (status || type->size != global->size)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "global `%s`: no debug information tells "
				    "its type, which the contract needs",
				    global->name);
	global->type = type;
	return CKPT_OK;
}

enum ckpt_status ckpt_globaltype_find(struct ckpt_scope *scope,
				      const struct ckpt_function_config *config,
				      const struct ckpt_signature *signature,
				      struct ckpt_types *types,
				      struct ckpt_deps *deps,
				      struct ckpt_program_global *globals,
				      size_t count, struct ckpt_err *err)
{
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; !status && i < count; i++) {
		const struct ckpt_image *image;

		if (globals[i].is_scratch ||
		    !is_spoken_of(config, signature, globals[i].name))
			continue;
		image = ckpt_scope_image(scope, globals[i].object, err);
		status = image ? find_type(image, types, deps, &globals[i], err)
			       : CKPT_UNSUPPORTED;
	}
	return status;
}
