/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codebase_private.h"

#include "shim/planner/code/crt.h"
#include "shim/planner/elf/identity.h"

#include <stdlib.h>
#include <string.h>

static void destroy_codebase(void *annex)
{
	struct ckpt_codebase *base = annex;

	for (size_t i = 0; i < base->count; i++) {
		struct ckpt_codebase_member *member = &base->members[i];

		ckpt_code_object_destroy(member->code);
		ckpt_symbolfile_deinit(&member->kept);
		free(member->functions);
		free(member->words);
		free(member->has_word);
		free(member->anchors);
	}
	free(base->members);
	free(base->directory);
	ckpt_pool_deinit(&base->pool);
	free(base);
}

enum ckpt_status ckpt_codebase_of(struct ckpt_scope *scope,
				  struct ckpt_codebase **ret)
{
	void **annex = ckpt_scope_annex(scope, destroy_codebase);
	struct ckpt_codebase *base = *annex;

	if (!base) {
		base = calloc(1, sizeof(*base));
		if (!base)
			return CKPT_NOMEM;
		base->scope = scope;
		base->count = ckpt_scope_count(scope);
		base->members = calloc(base->count, sizeof(*base->members));
		*annex = base;
		if (!base->members) {
			base->count = 0;
			return CKPT_NOMEM;
		}
	}
	*ret = base;
	return CKPT_OK;
}

enum ckpt_status ckpt_codebase_keep_symbols(struct ckpt_scope *scope,
					    const char *directory)
{
	struct ckpt_codebase *base;
	enum ckpt_status status = ckpt_codebase_of(scope, &base);

	if (status)
		return status;
	free(base->directory);
	base->directory = strdup(directory);
	return base->directory ? CKPT_OK : CKPT_NOMEM;
}

/* Those of the object or, if it is stripped, those that it had. */
static const struct ckpt_symbol *find_symbols(struct ckpt_codebase *base,
					      uint32_t object,
					      const struct ckpt_image *image,
					      size_t *ret_count)
{
	struct ckpt_symbolfile *kept = &base->members[object].kept;
	const struct ckpt_symbol *own =
		ckpt_image_static_symbols(image, ret_count);
	struct ckpt_hash128 identity;

	if (!base->directory || ckpt_codebase_is_runtime(base, object))
		return own;
	identity = ckpt_codebase_identity(base, object);
	if (ckpt_code_symbols_are_complete(own, *ret_count)) {
		ckpt_symbolfile_keep(base->directory, identity, own,
				     *ret_count);
		return own;
	}
	if (ckpt_symbolfile_find(base->directory, identity, kept))
		return own;
	*ret_count = kept->count;
	return kept->symbols;
}

enum ckpt_status ckpt_codebase_object(struct ckpt_codebase *base,
				      uint32_t object,
				      const struct ckpt_code_object **ret,
				      struct ckpt_err *err)
{
	struct ckpt_codebase_member *member = &base->members[object];
	const struct ckpt_image *image;

	if (!member->code) {
		const struct ckpt_symbol *symbols;
		enum ckpt_status status;
		size_t count;

		image = ckpt_scope_image(base->scope, object, err);
		if (!image)
			return CKPT_UNSUPPORTED;
		symbols = find_symbols(base, object, image, &count);
		status = ckpt_code_object_create(image, symbols, count,
						 &member->code);
		if (status)
			return status;
	}
	*ret = member->code;
	return CKPT_OK;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool ckpt_codebase_is_runtime(struct ckpt_codebase *base, uint32_t object)
{
	struct ckpt_codebase_member *member = &base->members[object];
	const struct ckpt_scope_object *file =
		ckpt_scope_object(base->scope, object);
	const struct ckpt_image *image;

	if (!member->has_runtime) {
		image = ckpt_scope_image(base->scope, object, NULL);
		member->is_runtime =
			object > 0 &&
			(ckpt_crt_is_runtime(last_part(file->path)) ||
			 (image && ckpt_image_soname(image) &&
			  ckpt_crt_is_runtime(ckpt_image_soname(image))));
		member->has_runtime = true;
	}
	return member->is_runtime;
}

struct ckpt_hash128 ckpt_codebase_identity(struct ckpt_codebase *base,
					   uint32_t object)
{
	struct ckpt_codebase_member *member = &base->members[object];

	if (!member->has_identity) {
		member->identity = ckpt_identity_of_image(
			ckpt_scope_image(base->scope, object, NULL));
		member->has_identity = true;
	}
	return member->identity;
}

static size_t slot_of(const struct ckpt_codebase_member *member, uint64_t vaddr)
{
	size_t mask = member->function_capacity - 1;
	size_t slot = (size_t)(vaddr * 0x9e3779b97f4a7c15u >> 32) & mask;

	while (member->functions[slot] &&
	       member->functions[slot]->extent.vaddr != vaddr)
		slot = (slot + 1) & mask;
	return slot;
}

static enum ckpt_status make_room(struct ckpt_codebase_member *member)
{
	struct ckpt_code_function **old = member->functions;
	size_t old_capacity = member->function_capacity;
	size_t capacity = old_capacity ? old_capacity * 2 : 256;

	if (member->function_count * 2 < old_capacity)
		return CKPT_OK;
	member->functions =
		calloc(capacity, sizeof(struct ckpt_code_function *));
	if (!member->functions) {
		member->functions = old;
		return CKPT_NOMEM;
	}
	member->function_capacity = capacity;
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i])
			member->functions[slot_of(
				member, old[i]->extent.vaddr)] = old[i];
	free(old);
	return CKPT_OK;
}

enum ckpt_status ckpt_codebase_function(struct ckpt_codebase *base,
					uint32_t object, uint64_t vaddr,
					const struct ckpt_code_function **ret)
{
	struct ckpt_codebase_member *member = &base->members[object];
	const struct ckpt_code_object *code;
	struct ckpt_code_extent extent;
	struct ckpt_code_function *function;
	enum ckpt_status status =
		ckpt_codebase_object(base, object, &code, NULL);
	size_t slot;

	if (status)
		return status;
	if (!ckpt_code_object_function(code, vaddr, &extent))
		return CKPT_NOTFOUND;
	status = make_room(member);
	if (status)
		return status;
	slot = slot_of(member, extent.vaddr);
	if (!member->functions[slot]) {
		function = ckpt_pool_alloc(&base->pool, 1, sizeof(*function));
		if (!function)
			return CKPT_NOMEM;
		status = ckpt_code_function_read(code, extent, &base->pool,
						 function);
		if (status)
			return status == CKPT_BADDATA ? CKPT_NOTFOUND : status;
		member->functions[slot] = function;
		member->function_count++;
	}
	*ret = member->functions[slot];
	return CKPT_OK;
}

/* Fill what a relocation with a symbol is bound to. */
static enum ckpt_status bind_word(struct ckpt_codebase *base, uint32_t object,
				  const struct ckpt_symbol *reference,
				  int64_t addend, struct ckpt_word *word,
				  struct ckpt_err *err)
{
	enum ckpt_status status = ckpt_scope_bind(
		base->scope, object, reference, &word->object, &word->symbol);

	word->reference = reference;
	if (status == CKPT_NOTFOUND) {
		word->kind = CKPT_WORD_NOTHING;
		return CKPT_OK;
	}
	if (status)
		return ckpt_err_set(
			err, CKPT_UNSUPPORTED,
			"%s: cannot tell what %s is bound to: an "
			"object before it cannot be read",
			ckpt_scope_object(base->scope, object)->path,
			reference->name);
	word->vaddr = word->symbol->vaddr + (uint64_t)addend;
	word->has_variable = true;
	return CKPT_OK;
}

/* A thread-local word without symbol: in the object's own block. */
static void own_thread_word(const struct ckpt_image *image, uint32_t object,
			    const struct ckpt_relocation *relocation,
			    struct ckpt_word *word)
{
	word->object = object;
	word->vaddr = (uint64_t)relocation->addend;
	word->has_variable = relocation->type == R_X86_64_TPOFF64 &&
			     word->vaddr < ckpt_image_tls(image).size;
}

static enum ckpt_word_kind kind_of(uint32_t type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_RELATIVE:
		return CKPT_WORD_ADDRESS;
	case R_X86_64_IRELATIVE:
		return CKPT_WORD_RESOLVER;
	case R_X86_64_TPOFF64:
		return CKPT_WORD_THREAD;
	case R_X86_64_DTPMOD64:
	case R_X86_64_TLSDESC:
		return CKPT_WORD_MODULE;
	case R_X86_64_COPY:
		return CKPT_WORD_COPY;
	default:
		return CKPT_WORD_STRANGE;
	}
}

static bool is_got(const struct ckpt_image *image,
		   const struct ckpt_relocation *relocation)
{
	const struct ckpt_section *section;

	if (relocation->type == R_X86_64_GLOB_DAT ||
	    relocation->type == R_X86_64_JUMP_SLOT || relocation->is_plt)
		return true;
	section = ckpt_image_section_at(image, relocation->vaddr);
	return section && strncmp(section->name, ".got", 4) == 0;
}

static enum ckpt_status read_word(struct ckpt_codebase *base, uint32_t object,
				  const struct ckpt_image *image,
				  const struct ckpt_relocation *relocation,
				  struct ckpt_word *word, struct ckpt_err *err)
{
	const struct ckpt_symbol *symbols;
	size_t count;

	word->kind = kind_of(relocation->type);
	word->is_binding = is_got(image, relocation);
	if (word->kind == CKPT_WORD_STRANGE || word->kind == CKPT_WORD_COPY)
		return CKPT_OK;
	if (relocation->symbol > 0) {
		symbols = ckpt_image_dynamic_symbols(image, &count);
		return bind_word(base, object, &symbols[relocation->symbol],
				 relocation->type == R_X86_64_64 ||
						 relocation->type ==
							 R_X86_64_TPOFF64
					 ? relocation->addend
					 : 0,
				 word, err);
	}
	if (word->kind == CKPT_WORD_THREAD || word->kind == CKPT_WORD_MODULE) {
		own_thread_word(image, object, relocation, word);
		return CKPT_OK;
	}
	word->object = object;
	word->vaddr = (uint64_t)relocation->addend;
	return CKPT_OK;
}

enum ckpt_status ckpt_codebase_word(struct ckpt_codebase *base, uint32_t object,
				    uint64_t vaddr, struct ckpt_word *ret,
				    struct ckpt_err *err)
{
	struct ckpt_codebase_member *member = &base->members[object];
	const struct ckpt_image *image =
		ckpt_scope_image(base->scope, object, err);
	const struct ckpt_relocation *relocations;
	size_t count, index;
	enum ckpt_status status;

	if (!image)
		return CKPT_UNSUPPORTED;
	relocations = ckpt_image_relocations(image, &count);
	index = ckpt_image_relocation_from(image, vaddr);
	if (index == count || relocations[index].vaddr != vaddr) {
		*ret = (struct ckpt_word){.kind = CKPT_WORD_PLAIN};
		return CKPT_OK;
	}
	if (!member->words) {
		member->words = calloc(count, sizeof(*member->words));
		member->has_word = calloc(count, 1);
		if (!member->words || !member->has_word)
			return CKPT_NOMEM;
	}
	if (!member->has_word[index]) {
		struct ckpt_word word = {0};

		status = read_word(base, object, image, &relocations[index],
				   &word, err);
		if (status)
			return status;
		member->words[index] = word;
		member->has_word[index] = 1;
	}
	*ret = member->words[index];
	return CKPT_OK;
}

/* The definition that a COPY relocation takes: not the program's own. */
static bool find_source(struct ckpt_codebase *base,
			const struct ckpt_symbol *reference,
			struct ckpt_copied *ret)
{
	for (uint32_t i = 1; i < base->count; i++) {
		const struct ckpt_image *image;
		const struct ckpt_symbol *symbol;

		if (!ckpt_scope_object(base->scope, i)->is_global)
			continue;
		image = ckpt_scope_image(base->scope, i, NULL);
		if (!image)
			return false;
		symbol = ckpt_image_match(image, reference->name,
					  reference->version);
		if (!symbol)
			continue;
		ret->object = i;
		ret->symbol = symbol;
		return true;
	}
	return false;
}

bool ckpt_codebase_copied(struct ckpt_codebase *base, uint32_t object,
			  uint64_t vaddr, struct ckpt_copied *ret)
{
	const struct ckpt_image *image =
		ckpt_scope_image(base->scope, object, NULL);
	const struct ckpt_relocation *relocations;
	const struct ckpt_symbol *symbols, *symbol;
	size_t count, symbol_count, index;

	/* Only the program copies. */
	if (object != 0 || !image)
		return false;
	relocations = ckpt_image_relocations(image, &count);
	symbols = ckpt_image_dynamic_symbols(image, &symbol_count);
	index = ckpt_image_relocation_from(image, vaddr + 1);
	if (index == 0 || relocations[index - 1].type != R_X86_64_COPY)
		return false;
	index--;
	symbol = &symbols[relocations[index].symbol];
	if (vaddr - relocations[index].vaddr >= symbol->size ||
	    !find_source(base, symbol, ret))
		return false;
	ret->here =
		(struct ckpt_extent){relocations[index].vaddr, symbol->size};
	ret->vaddr = ret->symbol->vaddr + (vaddr - relocations[index].vaddr);
	return true;
}
