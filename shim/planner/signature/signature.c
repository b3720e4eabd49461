/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/signature.h"
#include "shim/planner/signature/cdecl.h"
#include "shim/planner/signature/dwarf.h"
#include "shim/planner/signature/dwarf_batch.h"
#include "shim/planner/signature/dwarf_file.h"
#include "shim/planner/signature/header.h"
#include "shim/planner/signature/location_x86_64.h"

#include "shim/common/cleanup.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { TYPE_NAMES_MAX = 64 };

struct finder {
	struct ckpt_types *types;
	const struct ckpt_image *image;
	const char *symbol;
	uint64_t vaddr;
	const struct ckpt_function_config *config;
	struct ckpt_deps *deps;
	const struct ckpt_dwarf_batch *batch;
	char *directory; /* of the config file; or NULL */
	/* Types that contracts name: `as TYPE`, sizeof(TYPE). */
	const char *type_names[TYPE_NAMES_MAX];
	size_t type_count;
	struct ckpt_buf notes; /* where we looked, a line each */
};

static const char *format_source(struct ckpt_types *types, const char *format,
				 const char *what)
{
	char text[PATH_MAX + 64];

	(void)snprintf(text, sizeof(text), format, what);
	return ckpt_types_text(types, text);
}

static enum ckpt_status set_source(struct finder *finder, const char *format,
				   const char *what,
				   struct ckpt_signature *signature,
				   struct ckpt_err *err)
{
	signature->source = format_source(finder->types, format, what);
	if (signature->source)
		return CKPT_OK;
	return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
}

/* --- what contracts name --- */

/* "const struct foo *" → "struct foo"; already known ones are left out. */
static void add_type_name(struct finder *finder, const char *text)
{
	char name[256];
	size_t size;

	while (strncmp(text, "const ", 6) == 0)
		text += 6;
	size = strcspn(text, "*[(&");
	while (size && text[size - 1] == ' ')
		size--;
	if (!size || size >= sizeof(name) ||
	    finder->type_count == TYPE_NAMES_MAX)
		return;
	memcpy(name, text, size);
	name[size] = '\0';
	if (ckpt_types_find(finder->types, name))
		return;
	text = ckpt_types_text(finder->types, name);
	if (text)
		finder->type_names[finder->type_count++] = text;
}

static void add_expr_types(struct finder *finder, const struct ckpt_expr *expr,
			   int depth)
{
	if (!expr || depth > 100)
		return;
	if (expr->kind == CKPT_EXPR_SIZEOF && expr->type_name)
		add_type_name(finder, expr->type_name);
	add_expr_types(finder, expr->a, depth + 1);
	add_expr_types(finder, expr->b, depth + 1);
	add_expr_types(finder, expr->c, depth + 1);
}

static void add_clause_types(struct finder *finder,
			     const struct ckpt_clause *clause)
{
	const struct ckpt_expr *const exprs[] = {
		clause->count,	  clause->low,	   clause->max,
		clause->length,	  clause->stride,  clause->until,
		clause->capacity, clause->aligned, clause->condition};

	if (clause->as_type)
		add_type_name(finder, clause->as_type);
	for (size_t i = 0; i < sizeof(exprs) / sizeof(exprs[0]); i++)
		add_expr_types(finder, exprs[i], 0);
}

static void add_types(struct finder *finder)
{
	const struct ckpt_function_config *config = finder->config;

	for (size_t i = 0; i < config->memory_count; i++)
		for (size_t j = 0; j < config->memory[i].clause_count; j++)
			add_clause_types(finder, &config->memory[i].clauses[j]);
	add_expr_types(finder, config->require, 0);
	add_expr_types(finder, config->bypass_if, 0);
	add_expr_types(finder, config->store_if, 0);
}

/* --- the sources --- */

static enum ckpt_status use_declaration(struct finder *finder,
					struct ckpt_signature *ret,
					struct ckpt_err *err)
{
	const struct ckpt_function_config *config = finder->config;
	enum ckpt_status status;

	status = ckpt_cdecl_parse(finder->types, config->signature,
				  &config->signature_place, ret, NULL, err);
	if (status)
		return status;
	return set_source(finder, "signature in %s",
			  config->signature_place.file
				  ? config->signature_place.file
				  : "the config",
			  ret, err);
}

static const struct ckpt_symbol *find_at(const struct ckpt_symbol *symbols,
					 size_t count, uint64_t vaddr)
{
	for (size_t i = 0; i < count; i++)
		if (symbols[i].shndx != SHN_UNDEF &&
		    symbols[i].vaddr == vaddr &&
		    (symbols[i].type == STT_FUNC ||
		     symbols[i].type == STT_GNU_IFUNC))
			return &symbols[i];
	return NULL;
}

/* The exported symbol at the function's address, NULL if there is none. */
static const struct ckpt_symbol *find_export(const struct finder *finder)
{
	size_t count;
	const struct ckpt_symbol *symbols;

	symbols = ckpt_image_dynamic_symbols(finder->image, &count);
	return find_at(symbols, count, finder->vaddr);
}

/* Whole-program optimisation makes external functions local, and then changes
 * them as it likes. */
static bool is_local(const struct finder *finder)
{
	size_t count;
	const struct ckpt_symbol *symbols =
		ckpt_image_static_symbols(finder->image, &count);
	const struct ckpt_symbol *symbol =
		find_at(symbols, count, finder->vaddr);

	return symbol && symbol->binding == STB_LOCAL;
}

static bool is_indirect(const struct finder *finder)
{
	const struct ckpt_symbol *symbol = find_export(finder);

	return symbol && symbol->type == STT_GNU_IFUNC;
}

/* One file that may have it. NOTFOUND: go on with the next. */
static enum ckpt_status use_file(struct finder *finder,
				 const struct ckpt_debug_file *file,
				 struct ckpt_signature *ret,
				 struct ckpt_err *err)
{
	const struct ckpt_dwarf_request request = {
		.path = file->path,
		.alt_path = file->alt_path,
		.name = finder->symbol,
		.has_vaddr = true,
		.vaddr = file->vaddr,
		.is_exported = find_export(finder) != NULL,
		.type_names = finder->type_names,
		.type_count = finder->type_count,
		.batch = finder->batch};
	struct ckpt_dwarf_function function;
	struct ckpt_err reason;
	enum ckpt_status status;

	status = ckpt_dwarf_read_function(finder->types, &request, &function,
					  &reason);
	if (status == CKPT_NOMEM || status == CKPT_IO)
		return ckpt_err_set(err, status, "%s", reason.text);
	if (status) {
		ckpt_buf_format(&finder->notes, "  %s\n", reason.text);
		return CKPT_NOTFOUND;
	}
	status = ckpt_location_check(
		finder->types, &function, finder->symbol,
		find_export(finder) != NULL ||
			(function.is_external && !is_local(finder)),
		err);
	if (status)
		return status;
	*ret = function.signature;
	return set_source(finder, "debug info of %s", file->path, ret, err);
}

static char *make_path(const struct finder *finder, const char *name)
{
	char *path = NULL;

	if (!name || *name == '/' || !finder->directory)
		return name ? strdup(name) : NULL;
	return asprintf(&path, "%s/%s", finder->directory, name) < 0 ? NULL
								     : path;
}

static enum ckpt_status use_debug_info(struct finder *finder,
				       struct ckpt_signature *ret,
				       struct ckpt_err *err)
{
	struct ckpt_debug_files files = {.count = 0};
	_cleanup_free_ char *given =
		make_path(finder, finder->config->debug_file);
	enum ckpt_status status;

	if (is_indirect(finder)) {
		ckpt_buf_format(&finder->notes,
				"  debug info: '%s' is an indirect function "
				"(IFUNC), there it has the type of its "
				"resolver\n",
				finder->symbol);
		return CKPT_NOTFOUND;
	}
	status = ckpt_debug_files_find(finder->image, finder->symbol,
				       finder->vaddr, given, finder->deps,
				       &files, err);
	if (!status) {
		status = CKPT_NOTFOUND;
		for (size_t i = 0; status == CKPT_NOTFOUND && i < files.count;
		     i++)
			status = use_file(finder, &files.items[i], ret, err);
		if (status == CKPT_NOTFOUND)
			ckpt_buf_add(&finder->notes, files.notes.data,
				     files.notes.size);
	}
	ckpt_debug_files_deinit(&files);
	return status;
}

static enum ckpt_status use_headers(struct finder *finder,
				    struct ckpt_signature *ret,
				    struct ckpt_err *err)
{
	const struct ckpt_header_request request = {
		.headers = &finder->config->headers,
		.directory = finder->directory,
		.symbol = finder->symbol,
		.type_names = finder->type_names,
		.type_count = finder->type_count};
	struct ckpt_dwarf_function function;
	struct ckpt_err reason;
	enum ckpt_status status;

	if (!finder->config->headers.count)
		return CKPT_NOTFOUND;
	status = ckpt_header_read_function(finder->types, &request,
					   finder->deps, &function, &reason);
	if (status) {
		ckpt_buf_format(&finder->notes, "  %s\n", reason.text);
		return CKPT_NOTFOUND;
	}
	*ret = function.signature;
	return set_source(finder, "header %s", finder->config->headers.items[0],
			  ret, err);
}

/* --- together --- */

static enum ckpt_status find(struct finder *finder, struct ckpt_signature *ret,
			     struct ckpt_err *err)
{
	const struct ckpt_function_config *config = finder->config;
	enum ckpt_status status;

	if (config->signature)
		return use_declaration(finder, ret, err);
	add_types(finder);
	status = use_debug_info(finder, ret, err);
	if (status == CKPT_NOTFOUND)
		status = use_headers(finder, ret, err);
	if (status != CKPT_NOTFOUND)
		return status;
	/* The remedy first: the message may be cut at its end. */
	ckpt_buf_add_u8(&finder->notes, 0);
	return ckpt_err_set(
		err, CKPT_NOTFOUND,
		"the prototype of '%s' in %s is not known; write signature = "
		"\"TYPE %s(…)\" or headers = [\"….h\"] for it in ckpt.toml, or "
		"install the package with its debug info\n  looked at:\n%s",
		finder->symbol, ckpt_image_path(finder->image), finder->symbol,
		ckpt_buf_status(&finder->notes)
			? ""
			: (const char *)finder->notes.data);
}

static enum ckpt_status check(const struct finder *finder,
			      const struct ckpt_signature *signature,
			      struct ckpt_err *err)
{
	if (signature->has_prototype)
		return CKPT_OK;
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "'%s' is declared without a prototype (%s), so "
			    "what is passed to it is not known; write "
			    "signature = \"TYPE %s(void)\" or what it takes",
			    finder->symbol, signature->source, finder->symbol);
}

enum ckpt_status ckpt_signature_find(struct ckpt_types *types,
				     const struct ckpt_image *image,
				     const char *symbol, uint64_t vaddr,
				     const struct ckpt_function_config *config,
				     struct ckpt_deps *deps,
				     const struct ckpt_dwarf_batch *batch,
				     struct ckpt_signature *ret,
				     struct ckpt_err *err)
{
	_cleanup_free_ char *file =
		config->place.file ? strdup(config->place.file) : NULL;
	struct finder finder = {.types = types,
				.image = image,
				.symbol = symbol,
				.vaddr = vaddr,
				.config = config,
				.deps = deps,
				.batch = batch,
				.directory = file ? dirname(file) : NULL};
	struct ckpt_signature signature;
	enum ckpt_status status = find(&finder, &signature, err);

	if (!status)
		status = check(&finder, &signature, err);
	ckpt_buf_deinit(&finder.notes);
	if (!status)
		*ret = signature;
	return status;
}

/* "char *" and a name need no blank between them. */
static const char *get_blank(const char *type)
{
	size_t size = strlen(type);

	return size && strchr("*&", type[size - 1]) ? "" : " ";
}

void ckpt_signature_text(const struct ckpt_signature *signature,
			 const char *name, char *text, size_t size)
{
	char part[300];
	size_t used;

	if (!size)
		return;
	ckpt_type_text(signature->result, part, sizeof(part));
	(void)snprintf(text, size, "%s%s%s(", part, get_blank(part), name);
	for (size_t i = 0; i < signature->parameter_count; i++) {
		const struct ckpt_parameter *parameter =
			&signature->parameters[i];

		ckpt_type_text(parameter->type, part, sizeof(part));
		used = strlen(text);
		(void)snprintf(text + used, size - used, "%s%s%s%s",
			       i ? ", " : "", part, get_blank(part),
			       parameter->name);
	}
	used = strlen(text);
	(void)snprintf(text + used, size - used, "%s)",
		       signature->is_variadic	    ? ", ..."
		       : signature->parameter_count ? ""
						    : "void");
}

enum ckpt_status
ckpt_signature_prepare(struct ckpt_dwarf_batch *batch,
		       const struct ckpt_image *image, const char *symbol,
		       uint64_t vaddr,
		       const struct ckpt_function_config *config)
{
	const struct finder finder = {.image = image, .vaddr = vaddr};
	const struct ckpt_dwarf_request request = {
		.path = ckpt_image_path(image),
		.name = symbol,
		.has_vaddr = true,
		.vaddr = vaddr,
		.is_exported = find_export(&finder) != NULL};

	if (config->signature || config->debug_file ||
	    !ckpt_image_section(image, ".debug_info") ||
	    ckpt_image_section(image, ".gnu_debugaltlink"))
		return CKPT_OK;
	return ckpt_dwarf_batch_add(batch, &request);
}
