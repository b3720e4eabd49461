/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/dwarf_location.h"

#include <string.h>

enum { ENTRIES_MAX = 4096 };

/* One operation of a location description (DWARF5 2.6). */
struct operation {
	uint8_t code;
	uint64_t operand;
};

static bool get_operation(Dwarf_Locdesc_c expression, Dwarf_Unsigned index,
			  struct operation *ret)
{
	Dwarf_Small code;
	Dwarf_Unsigned a, b, c, raw_a, raw_b, raw_c, branch;
	Dwarf_Error error = NULL;

	if (dwarf_get_location_op_value_d(expression, index, &code, &a, &b, &c,
					  &raw_a, &raw_b, &raw_c, &branch,
					  &error) != DW_DLV_OK)
		return false;
	*ret = (struct operation){code, a};
	return true;
}

static bool get_register(const struct operation *op, uint8_t *ret)
{
	uint64_t number = op->operand;

	if (op->code >= DW_OP_reg0 && op->code <= DW_OP_reg31)
		number = op->code - DW_OP_reg0;
	else if (op->code != DW_OP_regx || number > 255)
		return false;
	*ret = (uint8_t)number;
	return true;
}

/* A register, or registers that each hold a piece. */
static bool read_registers(Dwarf_Locdesc_c expression, Dwarf_Unsigned count,
			   struct ckpt_location *ret)
{
	struct operation op;
	uint8_t number = 0;
	size_t used = 0;

	for (Dwarf_Unsigned i = 0; i < count; i++) {
		if (!get_operation(expression, i, &op))
			return false;
		if (op.code == DW_OP_piece && i && used)
			continue;
		if (used == CKPT_LOCATION_REGISTERS_MAX ||
		    !get_register(&op, &number))
			return false;
		ret->registers[used++] = number;
	}
	ret->kind = CKPT_LOCATION_REGISTERS;
	ret->register_count = (uint8_t)used;
	return used > 0;
}

/* The CFA is the address behind the return address: where the stack arguments
 * begin (psABI 3.2.2). */
static void read_expression(Dwarf_Locdesc_c expression, Dwarf_Unsigned count,
			    bool is_cfa_based, struct ckpt_location *ret)
{
	struct operation op = {0, 0};

	memset(ret, 0, sizeof(*ret));
	if (!count)
		return;
	if (read_registers(expression, count, ret))
		return;
	memset(ret, 0, sizeof(*ret));
	ret->kind = CKPT_LOCATION_OTHER;
	if (count == 1 && is_cfa_based && get_operation(expression, 0, &op) &&
	    op.code == DW_OP_fbreg) {
		ret->kind = CKPT_LOCATION_STACK;
		ret->off = (int64_t)op.operand;
	}
}

static bool holds_at(uint64_t low, uint64_t high, uint64_t vaddr)
{
	return low < high && vaddr >= low && vaddr < high;
}

/* The one entry of a location list that holds at `vaddr`. A list that says
 * nothing about it leaves OTHER. */
static void read_list(Dwarf_Loc_Head_c head, Dwarf_Unsigned count,
		      uint64_t vaddr, bool is_cfa_based,
		      struct ckpt_location *ret)
{
	Dwarf_Small kind, source;
	Dwarf_Unsigned raw_low, raw_high, op_count, at, list_at;
	Dwarf_Addr low, high;
	Dwarf_Bool is_unavailable;
	Dwarf_Locdesc_c expression;
	Dwarf_Error error = NULL;

	for (Dwarf_Unsigned i = 0; i < count && i < ENTRIES_MAX; i++) {
		if (dwarf_get_locdesc_entry_d(head, i, &kind, &raw_low,
					      &raw_high, &is_unavailable, &low,
					      &high, &op_count, &expression,
					      &source, &at, &list_at,
					      &error) != DW_DLV_OK)
			return;
		/* source 0: a single expression, valid everywhere */
		if (source && (is_unavailable || !holds_at(low, high, vaddr)))
			continue;
		read_expression(expression, op_count, is_cfa_based, ret);
		if (source && ret->kind == CKPT_LOCATION_NONE)
			ret->kind = CKPT_LOCATION_OTHER;
		return;
	}
}

void ckpt_location_read(struct ckpt_dies *dies, struct ckpt_die die,
			uint64_t vaddr, bool is_cfa_based,
			struct ckpt_location *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Loc_Head_c head = NULL;
	Dwarf_Unsigned count = 0;
	Dwarf_Error error = NULL;

	memset(ret, 0, sizeof(*ret));
	if (!ckpt_die_attribute(dies, die, DW_AT_location, &attribute))
		return;
	ret->kind = CKPT_LOCATION_OTHER;
	if (dwarf_get_loclist_c(attribute, &head, &count, &error) ==
	    DW_DLV_OK) {
		read_list(head, count, vaddr, is_cfa_based, ret);
		dwarf_loc_head_c_dealloc(head);
	}
	dwarf_dealloc_attribute(attribute);
}

bool ckpt_location_is_cfa_based(struct ckpt_dies *dies,
				struct ckpt_die function)
{
	Dwarf_Attribute attribute;
	Dwarf_Unsigned size = 0;
	Dwarf_Ptr bytes = NULL;
	Dwarf_Error error = NULL;
	bool result;

	if (!ckpt_die_attribute(dies, function, DW_AT_frame_base, &attribute))
		return false;
	result = dwarf_formexprloc(attribute, &size, &bytes, &error) ==
			 DW_DLV_OK &&
		 size == 1 && *(const uint8_t *)bytes == DW_OP_call_frame_cfa;
	dwarf_dealloc_attribute(attribute);
	return result;
}

void ckpt_location_encode(const struct ckpt_location *location,
			  struct ckpt_buf *out)
{
	ckpt_buf_add_u8(out, (uint8_t)location->kind);
	ckpt_buf_add_u8(out, location->register_count);
	ckpt_buf_add(out, location->registers, sizeof(location->registers));
	ckpt_buf_add_u64(out, (uint64_t)location->off);
}

enum ckpt_status ckpt_location_decode(struct ckpt_reader *in,
				      struct ckpt_location *ret)
{
	uint8_t kind;
	uint64_t off;

	memset(ret, 0, sizeof(*ret));
	if (ckpt_read_u8(in, &kind) || ckpt_read_u8(in, &ret->register_count) ||
	    ckpt_read_copy(in, ret->registers, sizeof(ret->registers)) ||
	    ckpt_read_u64(in, &off) || kind >= CKPT_LOCATION_KIND_COUNT ||
	    ret->register_count > CKPT_LOCATION_REGISTERS_MAX)
		return CKPT_BADDATA;
	ret->kind = kind;
	ret->off = (int64_t)off;
	return CKPT_OK;
}
