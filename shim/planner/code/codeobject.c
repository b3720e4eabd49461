/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codeobject.h"

#include <stdlib.h>
#include <string.h>

enum { GUESS_MAX = 1 << 16 };

struct extents {
	struct ckpt_code_extent *items; /* sorted, disjoint */
	size_t count, capacity;
};

struct name {
	uint64_t vaddr;
	const char *text;
	bool is_weak; /* another name at the same place is better */
};

struct names {
	struct name *items; /* sorted */
	size_t count, capacity;
};

struct ckpt_code_object {
	const struct ckpt_image *image;
	const struct ckpt_symbol *symbols;
	size_t symbol_count;
	struct extents functions, variables, tls_variables;
	struct names names, tls_names;
	bool is_labelled;
};

static enum ckpt_status add_extent(struct extents *extents,
				   struct ckpt_code_extent extent)
{
	if (extents->count == extents->capacity) {
		size_t capacity =
			extents->capacity ? extents->capacity * 2 : 64;
		struct ckpt_code_extent *grown =
			reallocarray(extents->items, capacity, sizeof(*grown));

		if (!grown)
			return CKPT_NOMEM;
		extents->items = grown;
		extents->capacity = capacity;
	}
	extents->items[extents->count++] = extent;
	return CKPT_OK;
}

static enum ckpt_status add_name(struct names *names, struct name name)
{
	if (names->count == names->capacity) {
		size_t capacity = names->capacity ? names->capacity * 2 : 64;
		struct name *grown =
			reallocarray(names->items, capacity, sizeof(*grown));

		if (!grown)
			return CKPT_NOMEM;
		names->items = grown;
		names->capacity = capacity;
	}
	names->items[names->count++] = name;
	return CKPT_OK;
}

static enum ckpt_status add_symbol(struct ckpt_code_object *object,
				   const struct ckpt_symbol *symbol)
{
	bool is_tls = symbol->type == STT_TLS;
	bool is_code =
		symbol->type == STT_FUNC || symbol->type == STT_GNU_IFUNC;
	struct name name = {
		.vaddr = symbol->vaddr,
		.text = symbol->name,
		.is_weak = symbol->binding == STB_WEAK || symbol->size == 0 ||
			   (!is_code && symbol->type != STT_OBJECT && !is_tls),
	};
	struct ckpt_code_extent extent = {.vaddr = symbol->vaddr,
					  .size = symbol->size};
	enum ckpt_status status;

	if (symbol->shndx == SHN_UNDEF || symbol->shndx == SHN_ABS ||
	    symbol->type == STT_SECTION || symbol->type == STT_FILE ||
	    symbol->name[0] == '\0')
		return CKPT_OK;
	status = add_name(is_tls ? &object->tls_names : &object->names, name);
	if (status || symbol->size == 0 ||
	    symbol->vaddr + symbol->size < symbol->vaddr)
		return status;
	if (is_code)
		return add_extent(&object->functions, extent);
	if (is_tls)
		return add_extent(&object->tls_variables, extent);
	if (symbol->type == STT_OBJECT)
		return add_extent(&object->variables, extent);
	return CKPT_OK;
}

static enum ckpt_status add_symbols(struct ckpt_code_object *object,
				    const struct ckpt_symbol *symbols,
				    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum ckpt_status status = add_symbol(object, &symbols[i]);

		if (status)
			return status;
	}
	return CKPT_OK;
}

static enum ckpt_status add_unwind(struct ckpt_code_object *object)
{
	struct ckpt_unwind_entry *entries = NULL;
	size_t count = 0;
	bool is_partial;
	enum ckpt_status status =
		ckpt_unwind_read(object->image, &entries, &count, &is_partial);

	for (size_t i = 0; !status && i < count; i++) {
		struct ckpt_code_extent extent = {
			.vaddr = entries[i].vaddr,
			.size = entries[i].size,
			.lsda = entries[i].lsda,
		};

		if (ckpt_image_bytes(object->image, extent.vaddr, extent.size))
			status = add_extent(&object->functions, extent);
	}
	free(entries);
	return status;
}

static int compare_extents(const void *a, const void *b)
{
	const struct ckpt_code_extent *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	return (x->size < y->size) - (x->size > y->size);
}

/* Sort, and make one of those that overlap. */
static void merge_extents(struct extents *extents)
{
	struct ckpt_code_extent *items = extents->items;
	size_t kept = 0;

	if (extents->count == 0)
		return;
	qsort(items, extents->count, sizeof(*items), compare_extents);
	for (size_t i = 1; i < extents->count; i++) {
		uint64_t end = items[kept].vaddr + items[kept].size;
		uint64_t next_end = items[i].vaddr + items[i].size;

		if (items[i].vaddr >= end) {
			items[++kept] = items[i];
			continue;
		}
		if (next_end > end)
			items[kept].size = next_end - items[kept].vaddr;
		if (items[kept].lsda == 0)
			items[kept].lsda = items[i].lsda;
	}
	extents->count = kept + 1;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	if (x->is_weak != y->is_weak)
		return x->is_weak ? 1 : -1;
	return strcmp(x->text, y->text);
}

static void sort_names(struct names *names)
{
	if (names->count > 0)
		qsort(names->items, names->count, sizeof(*names->items),
		      compare_names);
}

static enum ckpt_status fill_object(struct ckpt_code_object *object)
{
	size_t count;
	const struct ckpt_symbol *symbols;
	enum ckpt_status status = add_unwind(object);

	if (status)
		return status;
	symbols = ckpt_image_dynamic_symbols(object->image, &count);
	status = add_symbols(object, symbols, count);
	if (status)
		return status;
	status = add_symbols(object, object->symbols, object->symbol_count);
	if (status)
		return status;
	merge_extents(&object->functions);
	merge_extents(&object->variables);
	merge_extents(&object->tls_variables);
	sort_names(&object->names);
	sort_names(&object->tls_names);
	return CKPT_OK;
}

bool ckpt_code_symbols_are_complete(const struct ckpt_symbol *symbols,
				    size_t count)
{
	/* crtbegin.o of GCC and of LLVM. */
	static const char *const names[] = {
		"__do_global_dtors_aux",
		"deregister_tm_clones",
		"frame_dummy",
		"register_tm_clones",
		"__do_fini",
		"__do_init",
	};

	for (size_t i = 0; i < count; i++) {
		if (symbols[i].binding != STB_LOCAL ||
		    symbols[i].shndx == SHN_UNDEF)
			continue;
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (!strcmp(symbols[i].name, names[k]))
				return true;
	}
	return false;
}

enum ckpt_status ckpt_code_object_create(const struct ckpt_image *image,
					 const struct ckpt_symbol *symbols,
					 size_t count,
					 struct ckpt_code_object **ret)
{
	struct ckpt_code_object *object = calloc(1, sizeof(*object));
	enum ckpt_status status;

	if (!object)
		return CKPT_NOMEM;
	object->image = image;
	object->symbols = symbols;
	object->symbol_count = count;
	object->is_labelled = ckpt_code_symbols_are_complete(symbols, count);
	status = fill_object(object);
	if (status) {
		ckpt_code_object_destroy(object);
		return status;
	}
	*ret = object;
	return CKPT_OK;
}

void ckpt_code_object_destroy(struct ckpt_code_object *object)
{
	if (!object)
		return;
	free(object->functions.items);
	free(object->variables.items);
	free(object->tls_variables.items);
	free(object->names.items);
	free(object->tls_names.items);
	free(object);
}

const struct ckpt_image *
ckpt_code_object_image(const struct ckpt_code_object *object)
{
	return object->image;
}

bool ckpt_code_object_is_labelled(const struct ckpt_code_object *object)
{
	return object->is_labelled;
}

const struct ckpt_symbol *
ckpt_code_object_symbols(const struct ckpt_code_object *object,
			 size_t *ret_count)
{
	*ret_count = object->symbol_count;
	return object->symbols;
}

static bool has_address(struct ckpt_extent extent, uint64_t vaddr)
{
	return vaddr >= extent.vaddr && vaddr - extent.vaddr < extent.size;
}

/* Index of the first extent that begins above `vaddr`. */
static size_t find_above(const struct extents *extents, uint64_t vaddr)
{
	size_t low = 0, high = extents->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (extents->items[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct ckpt_code_extent *find_in(const struct extents *extents,
					      uint64_t vaddr)
{
	size_t above = find_above(extents, vaddr);
	const struct ckpt_code_extent *extent;

	if (above == 0)
		return NULL;
	extent = &extents->items[above - 1];
	return vaddr - extent->vaddr < extent->size ? extent : NULL;
}

/* Old linkers put constants and code into one segment; then the section
 * tells, or whether there is a function. */
static bool is_code(const struct ckpt_code_object *object, uint64_t vaddr)
{
	const struct ckpt_section *section =
		ckpt_image_section_at(object->image, vaddr);

	if (section)
		return section->flags & SHF_EXECINSTR;
	return find_in(&object->functions, vaddr) != NULL;
}

enum ckpt_code_place
ckpt_code_object_place(const struct ckpt_code_object *object, uint64_t vaddr)
{
	const struct ckpt_segment *segment =
		ckpt_image_segment_at(object->image, vaddr);

	if (!segment)
		return CKPT_AT_OUTSIDE;
	if (segment->flags & PF_X)
		return is_code(object, vaddr) ? CKPT_AT_CODE : CKPT_AT_CONST;
	if (!(segment->flags & PF_W) ||
	    has_address(ckpt_image_relro(object->image), vaddr))
		return CKPT_AT_CONST;
	return CKPT_AT_WRITABLE;
}

/* The next address above `vaddr` where something is known to begin. */
static uint64_t next_start(const struct ckpt_code_object *object,
			   uint64_t vaddr, uint64_t end)
{
	size_t above = find_above(&object->functions, vaddr);
	size_t low = 0, high = object->names.count;

	if (above < object->functions.count &&
	    object->functions.items[above].vaddr < end)
		end = object->functions.items[above].vaddr;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (object->names.items[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < object->names.count && object->names.items[low].vaddr < end)
		end = object->names.items[low].vaddr;
	return end;
}

bool ckpt_code_object_function(const struct ckpt_code_object *object,
			       uint64_t vaddr, struct ckpt_code_extent *ret)
{
	const struct ckpt_code_extent *known =
		find_in(&object->functions, vaddr);
	struct ckpt_extent region;
	uint64_t end;

	if (ckpt_code_object_place(object, vaddr) != CKPT_AT_CODE)
		return false;
	if (known) {
		*ret = *known;
		return true;
	}
	if (!ckpt_code_object_region(object, vaddr, &region))
		return false;
	end = next_start(object, vaddr, region.vaddr + region.size);
	if (end - vaddr > GUESS_MAX)
		end = vaddr + GUESS_MAX;
	*ret = (struct ckpt_code_extent){
		.vaddr = vaddr, .size = end - vaddr, .is_guessed = true};
	return true;
}

size_t ckpt_code_object_function_count(const struct ckpt_code_object *object)
{
	return object->functions.count;
}

struct ckpt_code_extent
ckpt_code_object_function_at(const struct ckpt_code_object *object,
			     size_t index)
{
	return object->functions.items[index];
}

static bool find_variable(const struct extents *extents, uint64_t vaddr,
			  struct ckpt_extent *ret)
{
	const struct ckpt_code_extent *extent = find_in(extents, vaddr);

	if (!extent)
		return false;
	*ret = (struct ckpt_extent){extent->vaddr, extent->size};
	return true;
}

bool ckpt_code_object_variable(const struct ckpt_code_object *object,
			       uint64_t vaddr, struct ckpt_extent *ret)
{
	return find_variable(&object->variables, vaddr, ret);
}

bool ckpt_code_object_variable_above(const struct ckpt_code_object *object,
				     uint64_t vaddr, struct ckpt_extent *ret)
{
	size_t above = find_above(&object->variables, vaddr);

	if (above == object->variables.count)
		return false;
	*ret = (struct ckpt_extent){object->variables.items[above].vaddr,
				    object->variables.items[above].size};
	return true;
}

bool ckpt_code_object_variable_before(const struct ckpt_code_object *object,
				      uint64_t vaddr, struct ckpt_extent *ret)
{
	return vaddr > 0 && find_variable(&object->variables, vaddr - 1, ret) &&
	       ret->vaddr + ret->size == vaddr;
}

bool ckpt_code_object_tls_variable(const struct ckpt_code_object *object,
				   uint64_t offset, struct ckpt_extent *ret)
{
	return find_variable(&object->tls_variables, offset, ret);
}

/* Cut [from, to) at the ends of `hole` so that it still has `vaddr`. */
static void cut(uint64_t *from, uint64_t *to, struct ckpt_extent hole,
		uint64_t vaddr)
{
	if (hole.size == 0)
		return;
	if (has_address(hole, vaddr)) {
		*from = hole.vaddr > *from ? hole.vaddr : *from;
		*to = hole.vaddr + hole.size < *to ? hole.vaddr + hole.size
						   : *to;
	} else if (hole.vaddr > vaddr && hole.vaddr < *to) {
		*to = hole.vaddr;
	} else if (hole.vaddr < vaddr && hole.vaddr + hole.size > *from) {
		*from = hole.vaddr + hole.size;
	}
}

bool ckpt_code_object_region(const struct ckpt_code_object *object,
			     uint64_t vaddr, struct ckpt_extent *ret)
{
	const struct ckpt_section *section =
		ckpt_image_section_at(object->image, vaddr);
	const struct ckpt_segment *segment =
		ckpt_image_segment_at(object->image, vaddr);
	uint64_t from, to;

	if (section) {
		*ret = (struct ckpt_extent){section->vaddr, section->size};
		return true;
	}
	if (!segment)
		return false;
	from = segment->vaddr;
	to = segment->vaddr + segment->mem_size;
	if (segment->flags & PF_W)
		cut(&from, &to, ckpt_image_relro(object->image), vaddr);
	*ret = (struct ckpt_extent){from, to - from};
	return true;
}

static const char *find_name(const struct names *names, uint64_t vaddr)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names->items[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == names->count || names->items[low].vaddr != vaddr)
		return NULL;
	return names->items[low].text;
}

const char *ckpt_code_object_name(const struct ckpt_code_object *object,
				  uint64_t vaddr)
{
	return find_name(&object->names, vaddr);
}

const char *ckpt_code_object_tls_name(const struct ckpt_code_object *object,
				      uint64_t offset)
{
	return find_name(&object->tls_names, offset);
}
