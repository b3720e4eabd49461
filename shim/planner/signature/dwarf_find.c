/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_find.h"

#include <string.h>

enum { DEPTH_MAX = 32 };

/* A walk over all entries that may be what is wanted. */
struct search {
	struct ckpt_dies *dies;
	/* Look at an entry; true ends the walk, and keeps the entry. */
	bool (*look)(struct search *search, struct ckpt_die die, uint16_t tag);
	bool (*is_entered)(uint16_t tag);
	uint64_t vaddr;
	const char *name;
	struct ckpt_die found; /* the best so far */
	bool is_found_named;
	unsigned int count;
	bool is_split; /* units were met whose content is in .dwo files */
};

static bool is_named_scope(uint16_t tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module;
}

static bool is_any_scope(uint16_t tag)
{
	return is_named_scope(tag) || tag == DW_TAG_subprogram ||
	       tag == DW_TAG_lexical_block;
}

static bool is_class_scope(uint16_t tag)
{
	return is_named_scope(tag) || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_class_type;
}

static bool walk(struct search *search, struct ckpt_die parent, int depth)
{
	struct ckpt_die die = ckpt_die_child(search->dies, parent), next;

	while (die.die) {
		uint16_t tag = ckpt_die_tag(search->dies, die);

		if (search->look(search, die, tag))
			return true;
		if (search->is_entered(tag) && depth < DEPTH_MAX &&
		    walk(search, die, depth + 1))
			return true;
		next = ckpt_die_sibling(search->dies, die);
		if (die.die != search->found.die)
			ckpt_die_free(die);
		die = next;
	}
	return false;
}

static bool walk_units(struct search *search)
{
	struct ckpt_unit unit = {{NULL, NULL}, false};

	while (ckpt_dies_next_unit(search->dies, &unit)) {
		if (ckpt_die_has(search->dies, unit.die, DW_AT_dwo_name) ||
		    ckpt_die_has(search->dies, unit.die, DW_AT_GNU_dwo_name))
			search->is_split = true;
		if (walk(search, unit.die, 0))
			return true;
	}
	return false;
}

bool ckpt_dwarf_is_named(struct ckpt_dies *dies, struct ckpt_die die,
			 const char *name)
{
	static const uint16_t attributes[] = {
		DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name};

	for (size_t i = 0; i < 3; i++) {
		struct ckpt_die carrier =
			ckpt_die_carrier(dies, die, attributes[i]);
		const char *text = ckpt_die_text(dies, carrier, attributes[i]);

		if (text)
			return strcmp(text, name) == 0;
	}
	return false;
}

static enum ckpt_status finish(struct search *search, const char *what,
			       struct ckpt_die *ret, struct ckpt_err *err)
{
	if (search->dies->status)
		return ckpt_err_set(err, search->dies->status, "%s",
				    search->dies->err.text);
	if (!search->found.die && search->is_split)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: its debug info is in separate .dwo "
				    "files (split DWARF), which are not read",
				    search->dies->path);
	if (!search->found.die)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: no %s '%s'",
				    search->dies->path, what,
				    search->name ? search->name : "");
	*ret = search->found;
	return CKPT_OK;
}

/* --- functions --- */

static bool look_at_code(struct search *search, struct ckpt_die die,
			 uint16_t tag)
{
	bool is_named;

	if (tag != DW_TAG_subprogram ||
	    ckpt_die_flag(search->dies, die, DW_AT_declaration) ||
	    !ckpt_die_begins_at(search->dies, die, search->vaddr))
		return false;
	is_named = ckpt_dwarf_is_named(search->dies, die, search->name);
	search->count++;
	if (search->found.die && !is_named)
		return false;
	search->found = die;
	search->is_found_named = is_named;
	return is_named;
}

/* The unit that .debug_aranges says `vaddr` belongs to (DWARF5 6.1.2). */
static struct ckpt_die find_unit(struct ckpt_dies *dies, uint64_t vaddr)
{
	static const struct ckpt_die none = {NULL, NULL};
	Dwarf_Arange *ranges = NULL, range = NULL;
	Dwarf_Signed count = 0;
	Dwarf_Off offset = 0;
	Dwarf_Error error = NULL;

	if (dwarf_get_aranges(dies->main, &ranges, &count, &error) != DW_DLV_OK)
		return none;
	if (dwarf_get_arange(ranges, (Dwarf_Unsigned)count, vaddr, &range,
			     &error) != DW_DLV_OK ||
	    dwarf_get_cu_die_offset(range, &offset, &error) != DW_DLV_OK)
		return none;
	return ckpt_dies_at(dies, offset);
}

enum ckpt_status ckpt_dwarf_find_function(struct ckpt_dies *dies,
					  uint64_t vaddr, const char *name,
					  struct ckpt_die *ret,
					  struct ckpt_err *err)
{
	struct search search = {.dies = dies,
				.look = look_at_code,
				.is_entered = is_named_scope,
				.vaddr = vaddr,
				.name = name};
	struct ckpt_die unit = find_unit(dies, vaddr);

	if (unit.die)
		(void)walk(&search, unit, 0);
	if (!search.found.die)
		(void)walk_units(&search);
	if (search.found.die && search.count > 1 && !search.is_found_named)
		return ckpt_err_set(
			err, CKPT_UNSUPPORTED,
			"%s: %u functions were folded into one at 0x%llx, and "
			"none of them is called '%s'",
			dies->path, search.count, (unsigned long long)vaddr,
			name);
	return finish(&search, "function", ret, err);
}

static bool look_at_folded(struct search *search, struct ckpt_die die,
			   uint16_t tag)
{
	struct ckpt_dies *dies = search->dies;

	if (tag != DW_TAG_subprogram ||
	    !ckpt_die_flag(dies, die, DW_AT_external) ||
	    ckpt_die_flag(dies, die, DW_AT_declaration) ||
	    ckpt_die_has(dies, die, DW_AT_low_pc) ||
	    ckpt_die_has(dies, die, DW_AT_ranges) ||
	    !ckpt_dwarf_is_named(dies, die, search->name))
		return false;
	search->found = die;
	return true;
}

enum ckpt_status ckpt_dwarf_find_folded(struct ckpt_dies *dies,
					const char *name, struct ckpt_die *ret,
					struct ckpt_err *err)
{
	struct search search = {.dies = dies,
				.look = look_at_folded,
				.is_entered = is_named_scope,
				.name = name};

	(void)walk_units(&search);
	return finish(&search, "function", ret, err);
}

static bool look_at_declaration(struct search *search, struct ckpt_die die,
				uint16_t tag)
{
	if (tag != DW_TAG_subprogram ||
	    !ckpt_dwarf_is_named(search->dies, die, search->name))
		return false;
	search->found = die;
	return true;
}

enum ckpt_status ckpt_dwarf_find_declaration(struct ckpt_dies *dies,
					     const char *name,
					     struct ckpt_die *ret,
					     struct ckpt_err *err)
{
	struct search search = {.dies = dies,
				.look = look_at_declaration,
				.is_entered = is_class_scope,
				.name = name};

	(void)walk_units(&search);
	return finish(&search, "declaration of function", ret, err);
}

/* --- variables --- */

static bool is_at(struct ckpt_dies *dies, struct ckpt_die die, uint64_t vaddr)
{
	Dwarf_Attribute attribute;
	Dwarf_Unsigned size = 0;
	Dwarf_Ptr bytes = NULL;
	Dwarf_Error error = NULL;
	uint64_t address = 0;
	bool result;

	if (!ckpt_die_attribute(dies, die, DW_AT_location, &attribute))
		return false;
	result = dwarf_formexprloc(attribute, &size, &bytes, &error) ==
			 DW_DLV_OK &&
		 size == 1 + sizeof(address) &&
		 *(const uint8_t *)bytes == DW_OP_addr;
	if (result)
		memcpy(&address, (const uint8_t *)bytes + 1, sizeof(address));
	dwarf_dealloc_attribute(attribute);
	return result && address == vaddr;
}

static bool look_at_variable(struct search *search, struct ckpt_die die,
			     uint16_t tag)
{
	if (tag != DW_TAG_variable || !is_at(search->dies, die, search->vaddr))
		return false;
	search->found = die;
	return true;
}

enum ckpt_status ckpt_dwarf_find_variable(struct ckpt_dies *dies,
					  uint64_t vaddr, struct ckpt_die *ret,
					  struct ckpt_err *err)
{
	struct search search = {.dies = dies,
				.look = look_at_variable,
				.is_entered = is_any_scope,
				.vaddr = vaddr};

	(void)walk_units(&search);
	return finish(&search, "variable", ret, err);
}

/* --- types --- */

static bool has_tag(const char **name, uint16_t tag)
{
	static const struct {
		const char *word;
		uint16_t tag, other;
	} words[] = {
		{"struct ", DW_TAG_structure_type, DW_TAG_class_type},
		{"class ", DW_TAG_structure_type, DW_TAG_class_type},
		{"union ", DW_TAG_union_type, 0},
		{"enum ", DW_TAG_enumeration_type, 0},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t size = strlen(words[i].word);

		if (strncmp(*name, words[i].word, size) != 0)
			continue;
		*name += size;
		return tag == words[i].tag || tag == words[i].other;
	}
	return tag == DW_TAG_typedef || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_class_type || tag == DW_TAG_union_type ||
	       tag == DW_TAG_enumeration_type;
}

/* The last part of "ns::foo" is compared, and the first such type taken. */
static bool look_at_type(struct search *search, struct ckpt_die die,
			 uint16_t tag)
{
	const char *name = search->name, *text, *last;

	if (!has_tag(&name, tag) ||
	    ckpt_die_flag(search->dies, die, DW_AT_declaration))
		return false;
	last = strrchr(name, ':');
	if (last)
		name = last + 1;
	text = ckpt_die_text(search->dies, die, DW_AT_name);
	if (!text || strcmp(text, name) != 0)
		return false;
	search->found = die;
	return true;
}

enum ckpt_status ckpt_dwarf_find_type(struct ckpt_dies *dies,
				      struct ckpt_die near, const char *name,
				      struct ckpt_die *ret,
				      struct ckpt_err *err)
{
	struct search search = {.dies = dies,
				.look = look_at_type,
				.is_entered = is_class_scope,
				.name = name};

	if (!near.die || !walk(&search, near, 0))
		(void)walk_units(&search);
	return finish(&search, "type", ret, err);
}
