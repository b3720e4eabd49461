/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_inlined.h"

#include "shim/planner/signature/dwarf_child.h"
#include "shim/planner/signature/dwarf_find.h"

#include "shim/common/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64, HOPS_MAX = 8, COPIES_MAX = 100000, WHAT_SIZE = 4200 };

struct request {
	const char *path;
	const char *alt_path;
	const char *symbol;
	uint64_t vaddr;
};

/* --- the child's half --- */

struct search {
	struct ckpt_dies dies;
	const struct request *request;
	bool has_own; /* the entry that describes the function is known: */
	uint64_t own_key;
	/* Source files of the unit being walked. */
	char **files;
	Dwarf_Signed file_count;
	Dwarf_Half version;
	struct ckpt_buf *out;
	size_t count;
};

/* The entry that an instance, inlined or not, is one of. */
static struct ckpt_die find_abstract(struct ckpt_dies *dies,
				     struct ckpt_die die)
{
	for (int i = 0; i < HOPS_MAX; i++) {
		struct ckpt_die origin =
			ckpt_die_reference(dies, die, DW_AT_abstract_origin);

		if (!origin.die)
			break;
		die = origin;
	}
	return die;
}

static bool is_external(struct ckpt_dies *dies, struct ckpt_die die)
{
	return ckpt_die_flag(dies, ckpt_die_carrier(dies, die, DW_AT_external),
			     DW_AT_external);
}

static bool is_wanted(struct search *search, struct ckpt_die copy)
{
	struct ckpt_dies *dies = &search->dies;
	const struct request *request = search->request;
	struct ckpt_die abstract = find_abstract(dies, copy);

	if (search->has_own && ckpt_die_key(dies, abstract) == search->own_key)
		return true;
	return request->symbol &&
	       (!request->vaddr || is_external(dies, abstract)) &&
	       ckpt_dwarf_is_named(dies, abstract, request->symbol);
}

/* Entry `index` of the line table's files: from 0 in DWARF 5 (6.2.4), from 1
 * before. */
static const char *file_of(const struct search *search, uint64_t index)
{
	if (search->version < 5)
		index--;
	return index < (uint64_t)search->file_count ? search->files[index] : "";
}

static void add_copy(struct search *search, struct ckpt_die die, uint64_t vaddr)
{
	struct ckpt_dies *dies = &search->dies;
	uint64_t file = 0, line = 0;
	const char *name = "";

	if (ckpt_die_number(dies, die, DW_AT_call_file, &file))
		name = file_of(search, file);
	(void)ckpt_die_number(dies, die, DW_AT_call_line, &line);
	ckpt_buf_add(search->out, name, strlen(name) + 1);
	ckpt_buf_add_u32(search->out, (uint32_t)line);
	ckpt_buf_add_u64(search->out, vaddr);
	search->count++;
}

/* Of the entry's code; 0 if that is not told. */
static uint64_t address_of(struct ckpt_dies *dies, struct ckpt_die die)
{
	uint64_t vaddr = 0;

	if (!ckpt_die_address(dies, die, DW_AT_entry_pc, &vaddr) &&
	    !ckpt_die_address(dies, die, DW_AT_low_pc, &vaddr))
		return 0;
	return vaddr;
}

static bool may_hold_copies(uint16_t tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block ||
	       tag == DW_TAG_inlined_subroutine || tag == DW_TAG_namespace ||
	       tag == DW_TAG_module;
}

/* `vaddr`: of what surrounds it, for entries that do not tell their own. */
static void walk(struct search *search, struct ckpt_die parent, uint64_t vaddr,
		 int depth)
{
	struct ckpt_dies *dies = &search->dies;
	struct ckpt_die die = ckpt_die_child(dies, parent), next;

	while (die.die && search->count < COPIES_MAX) {
		uint16_t tag = ckpt_die_tag(dies, die);
		uint64_t own;

		if (may_hold_copies(tag)) {
			own = address_of(dies, die);
			if (!own)
				own = vaddr;
			/* Without code it is the description of a function,
			 * and its copies are only described, too. */
			if (tag == DW_TAG_inlined_subroutine && own &&
			    is_wanted(search, die))
				add_copy(search, die, own);
			if (depth < DEPTH_MAX)
				walk(search, die, own, depth + 1);
		}
		next = ckpt_die_sibling(dies, die);
		ckpt_die_free(die);
		die = next;
	}
}

static void read_files(struct search *search, struct ckpt_die unit)
{
	Dwarf_Half offset_size;
	Dwarf_Error error = NULL;

	if (dwarf_get_version_of_die(unit.die, &search->version,
				     &offset_size) != DW_DLV_OK ||
	    dwarf_srcfiles(unit.die, &search->files, &search->file_count,
			   &error) != DW_DLV_OK)
		search->file_count = 0;
}

static void walk_units(struct search *search)
{
	struct ckpt_unit unit = {{NULL, NULL}, false};

	while (ckpt_dies_next_unit(&search->dies, &unit)) {
		read_files(search, unit.die);
		walk(search, unit.die, 0, 0);
	}
}

static enum ckpt_status work(void *argument, struct ckpt_buf *out,
			     struct ckpt_err *err)
{
	const struct request *request = argument;
	struct search search = {.request = request, .out = out};
	const char *name = request->symbol ? request->symbol : "";
	struct ckpt_die own;
	enum ckpt_status status;

	status = ckpt_dies_open(request->path, request->alt_path, &search.dies,
				err);
	if (status)
		return status;
	if (request->vaddr &&
	    !ckpt_dwarf_find_function(&search.dies, request->vaddr, name, &own,
				      NULL)) {
		search.own_key = ckpt_die_key(&search.dies,
					      find_abstract(&search.dies, own));
		search.has_own = true;
	}
	walk_units(&search);
	if (search.dies.status)
		return ckpt_err_set(err, search.dies.status, "%s",
				    search.dies.err.text);
	return CKPT_OK;
}

/* --- our half --- */

void ckpt_inlined_deinit(struct ckpt_inlined_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].file);
	free(list->items);
	*list = (struct ckpt_inlined_list){.items = NULL};
}

static enum ckpt_status read_copy(struct ckpt_reader *in,
				  struct ckpt_inlined *ret)
{
	const char *file;

	if (ckpt_read_string(in, &file) || ckpt_read_u32(in, &ret->line) ||
	    ckpt_read_u64(in, &ret->vaddr))
		return CKPT_BADDATA;
	ret->file = strdup(file);
	return ret->file ? CKPT_OK : CKPT_NOMEM;
}

static enum ckpt_status decode(const struct ckpt_buf *answer,
			       struct ckpt_inlined_list *list)
{
	/* Of one: an empty name, its NUL, line and address. */
	enum { LEAST = 1 + 4 + 8 };
	enum ckpt_status status = CKPT_OK;
	struct ckpt_reader in;

	list->items = calloc(answer->size / LEAST + 1, sizeof(*list->items));
	if (!list->items)
		return CKPT_NOMEM;
	ckpt_reader_init(&in, answer->data, answer->size);
	while (!status && ckpt_reader_left(&in)) {
		status = read_copy(&in, &list->items[list->count]);
		list->count += !status;
	}
	return status;
}

enum ckpt_status ckpt_inlined_find(const char *path, const char *alt_path,
				   const char *symbol, uint64_t vaddr,
				   struct ckpt_inlined_list *ret,
				   struct ckpt_err *err)
{
	struct request request = {path, alt_path, symbol, vaddr};
	struct ckpt_inlined_list list = {.items = NULL};
	struct ckpt_buf answer = {0};
	char what[WHAT_SIZE];
	struct ckpt_child_work job = {work, &request, what};
	enum ckpt_status status;

	(void)snprintf(what, sizeof(what), "debug info of %s", path);
	status = ckpt_dwarf_child_run(&job, &answer, err);
	if (!status) {
		status = decode(&answer, &list);
		if (status)
			(void)ckpt_err_set(err, status, "%s: %s", what,
					   ckpt_status_text(status));
	}
	ckpt_buf_deinit(&answer);
	if (status)
		ckpt_inlined_deinit(&list);
	else
		*ret = list;
	return status;
}
