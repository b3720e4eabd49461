/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/image_private.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash_name(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (uint8_t)*name;
	return h;
}

/* Can other objects be bound to it (glibc's do_lookup_x)? */
static bool is_export(const struct ckpt_symbol *symbol)
{
	static const uint32_t types = 1u << STT_NOTYPE | 1u << STT_OBJECT |
				      1u << STT_FUNC | 1u << STT_COMMON |
				      1u << STT_TLS | 1u << STT_GNU_IFUNC;

	return symbol->shndx != SHN_UNDEF && symbol->binding != STB_LOCAL &&
	       symbol->visibility != STV_HIDDEN &&
	       symbol->visibility != STV_INTERNAL &&
	       (types >> symbol->type & 1) != 0 &&
	       (symbol->vaddr != 0 || symbol->shndx == SHN_ABS ||
		symbol->type == STT_TLS);
}

enum ckpt_status ckpt_image_index_exports(struct ckpt_image *image)
{
	size_t count = image->dynamic_symbol_count;

	image->bucket_count = count + 1;
	image->buckets = calloc(count + 1, sizeof(*image->buckets));
	image->chains = calloc(count + 1, sizeof(*image->chains));
	if (!image->buckets || !image->chains)
		return CKPT_NOMEM;
	/* Backwards, so that chains run in the table's order. */
	for (size_t i = count; i-- > 1;) {
		const struct ckpt_symbol *symbol = &image->dynamic_symbols[i];
		uint32_t *bucket;

		if (!is_export(symbol))
			continue;
		bucket = &image->buckets[hash_name(symbol->name) %
					 image->bucket_count];
		image->chains[i] = *bucket;
		*bucket = (uint32_t)i;
	}
	return CKPT_OK;
}

/* The first export at or behind `index` of its chain that has this name. */
static uint32_t find_named(const struct ckpt_image *image, uint32_t index,
			   const char *name)
{
	while (index && strcmp(image->dynamic_symbols[index].name, name) != 0)
		index = image->chains[index];
	return index;
}

static uint32_t first_named(const struct ckpt_image *image, const char *name)
{
	if (image->bucket_count == 0)
		return 0;
	return find_named(image,
			  image->buckets[hash_name(name) % image->bucket_count],
			  name);
}

const struct ckpt_symbol *ckpt_image_find_export(const struct ckpt_image *image,
						 const char *name,
						 const char *version)
{
	uint32_t i = first_named(image, name);

	for (; i; i = find_named(image, image->chains[i], name)) {
		const struct ckpt_symbol *symbol = &image->dynamic_symbols[i];

		if (version ? symbol->version &&
				      strcmp(symbol->version, version) == 0
			    : symbol->is_default_version)
			return symbol;
	}
	return NULL;
}

const struct ckpt_symbol *ckpt_image_match(const struct ckpt_image *image,
					   const char *name,
					   const char *version)
{
	uint32_t i = first_named(image, name);
	const struct ckpt_symbol *newer = NULL;
	size_t newer_count = 0;

	for (; i; i = find_named(image, image->chains[i], name)) {
		const struct ckpt_symbol *symbol = &image->dynamic_symbols[i];

		if (version) {
			if (symbol->version
				    ? strcmp(symbol->version, version) == 0
				    : symbol->is_default_version)
				return symbol;
		} else if (symbol->is_base_version) {
			return symbol;
		} else if (symbol->is_default_version && newer_count++ == 0) {
			newer = symbol;
		}
	}
	return newer_count == 1 ? newer : NULL;
}
