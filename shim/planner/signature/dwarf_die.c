/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_die.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HOPS_MAX = 8, RANGES_MAX = 4096 };

static const struct ckpt_die no_die = {NULL, NULL};

void ckpt_dies_fail(struct ckpt_dies *dies, const char *what, Dwarf_Error error)
{
	if (dies->status)
		return;
	dies->status = ckpt_err_set(
		&dies->err, CKPT_BADDATA, "%s: malformed debug info: %s: %s",
		dies->path, what, error ? dwarf_errmsg(error) : "no reason");
}

static enum ckpt_status open_file(const char *path, Dwarf_Debug *ret,
				  struct ckpt_err *err)
{
	Dwarf_Error error = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: cannot be opened",
				    path);
	result = dwarf_init_b(fd, DW_DLC_READ, DW_GROUPNUMBER_ANY, NULL, NULL,
			      ret, &error);
	if (result == DW_DLV_OK)
		return CKPT_OK; /* the child's end closes it */
	(void)close(fd);
	if (result == DW_DLV_NO_ENTRY)
		return ckpt_err_set(err, CKPT_NOTFOUND, "%s: no debug info",
				    path);
	return ckpt_err_set(err, CKPT_BADDATA, "%s: malformed debug info: %s",
			    path, dwarf_errmsg(error));
}

enum ckpt_status ckpt_dies_open(const char *path, const char *alt_path,
				struct ckpt_dies *ret, struct ckpt_err *err)
{
	struct ckpt_dies dies = {.path = path};
	enum ckpt_status status;

	/* Nothing is freed before the end, so libdwarf need not keep a list of
	 * what it allocates: it is twice as fast without. */
	(void)dwarf_set_de_alloc_flag(0);
	status = open_file(path, &dies.main, err);
	if (!status && alt_path)
		status = open_file(alt_path, &dies.alt, err);
	if (status)
		return status;
	if (dies.alt)
		(void)dwarf_set_tied_dbg(dies.main, dies.alt, NULL);
	*ret = dies;
	return CKPT_OK;
}

bool ckpt_dies_next_unit(struct ckpt_dies *dies, struct ckpt_unit *unit)
{
	Dwarf_Unsigned length, type_offset, next;
	Dwarf_Half version, address_size, length_size, extension, type;
	Dwarf_Off abbreviations;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	int result;

	ckpt_die_free(unit->die);
	unit->die = no_die;
	if (dies->status)
		return false;
	result = dwarf_next_cu_header_d(dies->main, !unit->is_types, &length,
					&version, &abbreviations, &address_size,
					&length_size, &extension, &signature,
					&type_offset, &next, &type, &error);
	if (result == DW_DLV_NO_ENTRY && !unit->is_types) {
		unit->is_types = true;
		return ckpt_dies_next_unit(dies, unit);
	}
	if (result == DW_DLV_OK)
		result = dwarf_siblingof_b(dies->main, NULL, !unit->is_types,
					   &unit->die.die, &error);
	if (result == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "unit header", error);
	unit->die.file = dies->main;
	return result == DW_DLV_OK;
}

struct ckpt_die ckpt_dies_at(struct ckpt_dies *dies, uint64_t offset)
{
	struct ckpt_die die = {NULL, dies->main};
	Dwarf_Error error = NULL;

	if (dies->status)
		return no_die;
	if (dwarf_offdie_b(dies->main, offset, 1, &die.die, &error) ==
	    DW_DLV_OK)
		return die;
	ckpt_dies_fail(dies, "reference to no entry", error);
	return no_die;
}

uint16_t ckpt_die_tag(struct ckpt_dies *dies, struct ckpt_die die)
{
	Dwarf_Half tag = 0;
	Dwarf_Error error = NULL;

	if (!die.die || dies->status)
		return 0;
	if (dwarf_tag(die.die, &tag, &error) == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "tag", error);
	return tag;
}

uint64_t ckpt_die_key(struct ckpt_dies *dies, struct ckpt_die die)
{
	Dwarf_Off offset = 0;
	Dwarf_Error error = NULL;

	if (dwarf_dieoffset(die.die, &offset, &error) == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "offset", error);
	if (!dwarf_get_die_infotypes_flag(die.die))
		offset |= (uint64_t)1 << 62;
	if (die.file != dies->main)
		offset |= (uint64_t)1 << 63;
	return offset;
}

struct ckpt_die ckpt_die_unit(struct ckpt_dies *dies, struct ckpt_die die)
{
	struct ckpt_die unit = {NULL, die.file};
	Dwarf_Off offset = 0;
	Dwarf_Error error = NULL;
	int result;

	result = dwarf_CU_dieoffset_given_die(die.die, &offset, &error);
	if (result == DW_DLV_OK)
		result = dwarf_offdie_b(die.file, offset,
					dwarf_get_die_infotypes_flag(die.die),
					&unit.die, &error);
	if (result == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "unit", error);
	return result == DW_DLV_OK ? unit : no_die;
}

struct ckpt_die ckpt_die_child(struct ckpt_dies *dies, struct ckpt_die die)
{
	struct ckpt_die child = {NULL, die.file};
	Dwarf_Error error = NULL;
	int result;

	if (dies->status || !die.die)
		return no_die;
	result = dwarf_child(die.die, &child.die, &error);
	if (result == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "children", error);
	return result == DW_DLV_OK ? child : no_die;
}

struct ckpt_die ckpt_die_sibling(struct ckpt_dies *dies, struct ckpt_die die)
{
	struct ckpt_die sibling = {NULL, die.file};
	Dwarf_Error error = NULL;
	int result;

	if (dies->status || !die.die)
		return no_die;
	result = dwarf_siblingof_b(die.file, die.die,
				   dwarf_get_die_infotypes_flag(die.die),
				   &sibling.die, &error);
	if (result == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "siblings", error);
	return result == DW_DLV_OK ? sibling : no_die;
}

void ckpt_die_free(struct ckpt_die die)
{
	if (die.die)
		dwarf_dealloc_die(die.die);
}

bool ckpt_die_attribute(struct ckpt_dies *dies, struct ckpt_die die,
			uint16_t name, Dwarf_Attribute *ret)
{
	Dwarf_Error error = NULL;
	int result;

	if (dies->status || !die.die)
		return false;
	result = dwarf_attr(die.die, name, ret, &error);
	if (result == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "attribute", error);
	return result == DW_DLV_OK;
}

bool ckpt_die_has(struct ckpt_dies *dies, struct ckpt_die die, uint16_t name)
{
	Dwarf_Bool result = 0;
	Dwarf_Error error = NULL;

	if (dies->status || !die.die)
		return false;
	if (dwarf_hasattr(die.die, name, &result, &error) == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "attribute", error);
	return result;
}

bool ckpt_die_flag(struct ckpt_dies *dies, struct ckpt_die die, uint16_t name)
{
	Dwarf_Attribute attribute;
	Dwarf_Bool result = 0;
	Dwarf_Error error = NULL;

	if (!ckpt_die_attribute(dies, die, name, &attribute))
		return false;
	if (dwarf_formflag(attribute, &result, &error) == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "flag", error);
	dwarf_dealloc_attribute(attribute);
	return result;
}

const char *ckpt_die_text(struct ckpt_dies *dies, struct ckpt_die die,
			  uint16_t name)
{
	Dwarf_Attribute attribute;
	char *text = NULL;
	Dwarf_Error error = NULL;

	if (!ckpt_die_attribute(dies, die, name, &attribute))
		return NULL;
	if (dwarf_formstring(attribute, &text, &error) == DW_DLV_ERROR)
		ckpt_dies_fail(dies, "string", error);
	dwarf_dealloc_attribute(attribute);
	return text;
}

static bool is_constant_form(Dwarf_Half form)
{
	switch (form) {
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_implicit_const:
		return true;
	default:
		return false;
	}
}

bool ckpt_die_number(struct ckpt_dies *dies, struct ckpt_die die, uint16_t name,
		     uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Half form = 0;
	Dwarf_Unsigned value = 0;
	Dwarf_Signed with_sign = 0;
	Dwarf_Error error = NULL;
	bool is_found = false;

	if (!ckpt_die_attribute(dies, die, name, &attribute))
		return false;
	if (dwarf_whatform(attribute, &form, &error) == DW_DLV_OK &&
	    is_constant_form(form)) {
		if ((form == DW_FORM_sdata || form == DW_FORM_implicit_const) &&
		    dwarf_formsdata(attribute, &with_sign, &error) ==
			    DW_DLV_OK) {
			*ret = (uint64_t)with_sign;
			is_found = true;
		} else if (dwarf_formudata(attribute, &value, &error) ==
			   DW_DLV_OK) {
			*ret = value;
			is_found = true;
		}
	}
	dwarf_dealloc_attribute(attribute);
	return is_found;
}

bool ckpt_die_address(struct ckpt_dies *dies, struct ckpt_die die,
		      uint16_t name, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Addr value = 0;
	Dwarf_Error error = NULL;
	int result;

	if (!ckpt_die_attribute(dies, die, name, &attribute))
		return false;
	result = dwarf_formaddr(attribute, &value, &error);
	dwarf_dealloc_attribute(attribute);
	*ret = value;
	return result == DW_DLV_OK;
}

static struct ckpt_die follow_signature(struct ckpt_dies *dies,
					struct ckpt_die die,
					Dwarf_Attribute attribute)
{
	struct ckpt_die to = {NULL, die.file};
	Dwarf_Sig8 signature;
	Dwarf_Bool is_info;
	Dwarf_Error error = NULL;

	if (dwarf_formsig8(attribute, &signature, &error) == DW_DLV_OK &&
	    dwarf_find_die_given_sig8(die.file, &signature, &to.die, &is_info,
				      &error) == DW_DLV_OK)
		return to;
	ckpt_dies_fail(dies, "type signature", error);
	return no_die;
}

static struct ckpt_die follow(struct ckpt_dies *dies, struct ckpt_die die,
			      Dwarf_Attribute attribute)
{
	struct ckpt_die to = {NULL, die.file};
	Dwarf_Off offset = 0;
	Dwarf_Half form = 0;
	Dwarf_Error error = NULL;
	Dwarf_Bool is_info = dwarf_get_die_infotypes_flag(die.die);

	if (dwarf_whatform(attribute, &form, &error) != DW_DLV_OK ||
	    form == DW_FORM_ref_sig8)
		return follow_signature(dies, die, attribute);
	if (form == DW_FORM_GNU_ref_alt || form == DW_FORM_ref_sup4 ||
	    form == DW_FORM_ref_sup8) {
		to.file = dies->alt;
		is_info = 1;
	}
	if (to.file &&
	    dwarf_global_formref(attribute, &offset, &error) == DW_DLV_OK &&
	    dwarf_offdie_b(to.file, offset, is_info, &to.die, &error) ==
		    DW_DLV_OK)
		return to;
	ckpt_dies_fail(dies, "reference", error);
	return no_die;
}

struct ckpt_die ckpt_die_reference(struct ckpt_dies *dies, struct ckpt_die die,
				   uint16_t name)
{
	Dwarf_Attribute attribute;
	struct ckpt_die to;

	if (!ckpt_die_attribute(dies, die, name, &attribute))
		return no_die;
	to = follow(dies, die, attribute);
	dwarf_dealloc_attribute(attribute);
	return to;
}

struct ckpt_die ckpt_die_carrier(struct ckpt_dies *dies, struct ckpt_die die,
				 uint16_t name)
{
	for (int i = 0; die.die && i < HOPS_MAX; i++) {
		struct ckpt_die from = die;

		if (ckpt_die_has(dies, die, name))
			return die;
		die = ckpt_die_reference(dies, from, DW_AT_abstract_origin);
		if (!die.die)
			die = ckpt_die_reference(dies, from,
						 DW_AT_specification);
	}
	return no_die;
}

/* DWARF5 2.17.3: .debug_rnglists. */
static bool has_range5(struct ckpt_dies *dies, Dwarf_Attribute attribute,
		       Dwarf_Half form, uint64_t offset, uint64_t vaddr)
{
	Dwarf_Rnglists_Head head = NULL;
	Dwarf_Unsigned count = 0, set = 0, raw1, raw2, low = 0, high = 0;
	Dwarf_Bool is_unavailable;
	Dwarf_Error error = NULL;
	unsigned int length, kind;
	bool is_found = false;

	if (dies->status ||
	    dwarf_rnglists_get_rle_head(attribute, form, offset, &head, &count,
					&set, &error) != DW_DLV_OK)
		return false;
	for (Dwarf_Unsigned i = 0; i < count && i < RANGES_MAX && !is_found;
	     i++)
		if (dwarf_get_rnglists_entry_fields_a(
			    head, i, &length, &kind, &raw1, &raw2,
			    &is_unavailable, &low, &high, &error) == DW_DLV_OK)
			is_found = kind != DW_RLE_end_of_list &&
				   kind != DW_RLE_base_address &&
				   kind != DW_RLE_base_addressx &&
				   !is_unavailable && low == vaddr &&
				   high > low;
	dwarf_dealloc_rnglists_head(head);
	return is_found;
}

/* DWARF4 2.17.3: .debug_ranges, relative to the unit's base address. */
static bool has_range4(struct ckpt_dies *dies, struct ckpt_die die,
		       uint64_t offset, uint64_t vaddr)
{
	Dwarf_Ranges *ranges = NULL;
	Dwarf_Signed count = 0;
	Dwarf_Unsigned size = 0;
	Dwarf_Off real = 0;
	Dwarf_Error error = NULL;
	uint64_t base = 0;
	bool is_found = false;

	(void)ckpt_die_address(dies, ckpt_die_unit(dies, die), DW_AT_low_pc,
			       &base);
	if (dwarf_get_ranges_b(die.file, offset, die.die, &real, &ranges,
			       &count, &size, &error) != DW_DLV_OK)
		return false;
	for (Dwarf_Signed i = 0; i < count && !is_found; i++) {
		if (ranges[i].dwr_type == DW_RANGES_ADDRESS_SELECTION)
			base = ranges[i].dwr_addr2;
		else if (ranges[i].dwr_type == DW_RANGES_ENTRY)
			is_found = base + ranges[i].dwr_addr1 == vaddr &&
				   ranges[i].dwr_addr2 > ranges[i].dwr_addr1;
	}
	dwarf_ranges_dealloc(die.file, ranges, count);
	return is_found;
}

static bool has_range(struct ckpt_dies *dies, struct ckpt_die die,
		      uint64_t vaddr)
{
	Dwarf_Attribute attribute;
	Dwarf_Half form = 0, version = 0, offset_size = 0;
	Dwarf_Off section_offset = 0;
	Dwarf_Unsigned offset = 0;
	Dwarf_Error error = NULL;
	bool is_found = false;

	if (!ckpt_die_attribute(dies, die, DW_AT_ranges, &attribute))
		return false;
	(void)dwarf_get_version_of_die(die.die, &version, &offset_size);
	if (dwarf_whatform(attribute, &form, &error) == DW_DLV_OK) {
		if (form == DW_FORM_rnglistx &&
		    dwarf_formudata(attribute, &offset, &error) == DW_DLV_OK)
			section_offset = offset;
		else if (dwarf_global_formref(attribute, &section_offset,
					      &error) != DW_DLV_OK)
			section_offset = 0;
		is_found = version >= 5 ? has_range5(dies, attribute, form,
						     section_offset, vaddr)
					: has_range4(dies, die, section_offset,
						     vaddr);
	}
	dwarf_dealloc_attribute(attribute);
	return is_found;
}

bool ckpt_die_begins_at(struct ckpt_dies *dies, struct ckpt_die die,
			uint64_t vaddr)
{
	uint64_t address;

	if (ckpt_die_address(dies, die, DW_AT_low_pc, &address))
		return address == vaddr;
	if (ckpt_die_address(dies, die, DW_AT_entry_pc, &address) &&
	    address == vaddr)
		return true;
	return has_range(dies, die, vaddr);
}
