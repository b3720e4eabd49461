/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/entrypatch_x86_64.h"

#include "shim/planner/code/codefunc_x86_64.h"
#include "shim/planner/code/insn_x86_64.h"

#include "shim/common/cleanup.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	JUMP_SIZE = 5,
	ENDBR_SIZE = 4,
	TABLE_MAX = 4096,
	SHORT_REACH = 160, /* of a branch with an 8-bit distance, generously */
	OPCODE_CALL = 0xe8,
	OPCODE_JUMP = 0xe9,
	OPCODE_BRANCH = 0x80, /* behind 0f: jcc with a 32-bit distance */
};

#define PATCH_SECTION "__patchable_function_entries"

static const uint8_t endbr64[ENDBR_SIZE] = {0xf3, 0x0f, 0x1e, 0xfa};

/* What is looked at while a window is proven. */
struct proof {
	const struct ckpt_code_object *object;
	const struct ckpt_image *image;
	struct ckpt_code_extent extent;
	uint64_t start, end; /* of the window */
	struct ckpt_err *err;
};

static enum ckpt_status CKPT_PRINTF(2, 3)
	refuse(const struct proof *proof, const char *format, ...)
{
	char text[256];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	return ckpt_err_set(proof->err, CKPT_UNSUPPORTED,
			    "its entry cannot be patched: %s", text);
}

/* A place that only falling into it from the function's start may lead to. The
 * start itself is where calls lead. */
static bool is_inside(const struct proof *proof, uint64_t target)
{
	return target > proof->extent.vaddr && target < proof->end;
}

/* ---- the window ---- */

static bool is_branch_32(const uint8_t *bytes)
{
	return bytes[0] == 0x0f && (bytes[1] & 0xf0) == OPCODE_BRANCH;
}

static bool is_branch_8(const uint8_t *bytes)
{
	return (bytes[0] & 0xf0) == 0x70;
}

/* Can this instruction be told to go on elsewhere? */
static enum ckpt_status check_movable(const struct proof *proof,
				      const struct ckpt_insn *insn,
				      const uint8_t *bytes)
{
	switch (insn->kind) {
	case CKPT_INSN_RETURN:
	case CKPT_INSN_TRAP:
	case CKPT_INSN_JUMP_FAR:
		return refuse(proof, "it is too short");
	case CKPT_INSN_CALL_FAR:
		return refuse(proof, "it begins with an indirect call");
	case CKPT_INSN_CALL:
	case CKPT_INSN_JUMP:
		if (bytes[0] != OPCODE_CALL && bytes[0] != OPCODE_JUMP &&
		    bytes[0] != 0xeb)
			return refuse(proof, "it begins with a prefixed jump");
		break;
	case CKPT_INSN_BRANCH:
		if (!is_branch_8(bytes) && !is_branch_32(bytes))
			return refuse(proof, "it begins with a loop");
		break;
	default:
		break;
	}
	if (insn->is_unsupported)
		return refuse(proof, "it begins with an unusual instruction");
	if (insn->memory.is_present && insn->memory.base == CKPT_REG_IP &&
	    insn->disp_size != 4)
		return refuse(proof, "it begins with an unusual address");
	return CKPT_OK;
}

static enum ckpt_status find_window(struct proof *proof)
{
	uint64_t end = proof->extent.vaddr + proof->extent.size;

	proof->end = proof->start;
	while (proof->end < proof->start + JUMP_SIZE) {
		struct ckpt_insn insn;
		const uint8_t *bytes =
			proof->end < end
				? ckpt_image_bytes(proof->image, proof->end,
						   end - proof->end)
				: NULL;
		enum ckpt_status status;

		if (!bytes)
			return refuse(proof, "it is too short");
		if (ckpt_insn_decode(bytes, end - proof->end, proof->end,
				     &insn))
			return refuse(proof, "it cannot be decoded");
		status = check_movable(proof, &insn, bytes);
		if (status)
			return status;
		proof->end += insn.size;
		/* Control leaves for good: the rest is not ours to take. */
		if (insn.kind == CKPT_INSN_JUMP &&
		    proof->end < proof->start + JUMP_SIZE)
			return refuse(proof, "it is too short");
	}
	return CKPT_OK;
}

/* ---- who leads into it ---- */

static bool is_direct(const struct ckpt_insn *insn)
{
	return insn->kind == CKPT_INSN_CALL || insn->kind == CKPT_INSN_JUMP ||
	       insn->kind == CKPT_INSN_BRANCH;
}

/* Every branch of one function. Its own jumps must not lead to its start
 * either: that would be no call. */
static enum ckpt_status check_function(const struct proof *proof,
				       struct ckpt_code_extent extent)
{
	bool is_own = extent.vaddr == proof->extent.vaddr;
	const uint8_t *bytes =
		ckpt_image_bytes(proof->image, extent.vaddr, extent.size);
	uint64_t off = 0;

	while (bytes && off < extent.size) {
		struct ckpt_insn insn;

		if (ckpt_insn_decode(bytes + off, extent.size - off,
				     extent.vaddr + off, &insn))
			return refuse(proof,
				      "code at 0x%" PRIx64 " cannot be decoded",
				      extent.vaddr + off);
		if (is_direct(&insn) &&
		    (is_inside(proof, insn.target) ||
		     (is_own && insn.kind != CKPT_INSN_CALL &&
		      insn.target == proof->extent.vaddr)))
			return refuse(proof,
				      "0x%" PRIx64
				      " jumps to its first instructions",
				      extent.vaddr + off);
		off += insn.size;
	}
	return CKPT_OK;
}

/* The function itself, and those near enough for a short branch. */
static enum ckpt_status check_neighbours(const struct proof *proof)
{
	size_t count = ckpt_code_object_function_count(proof->object);

	for (size_t i = 0; i < count; i++) {
		struct ckpt_code_extent extent =
			ckpt_code_object_function_at(proof->object, i);
		enum ckpt_status status;

		if (extent.vaddr > proof->end + SHORT_REACH ||
		    extent.vaddr + extent.size + SHORT_REACH < proof->start)
			continue;
		status = check_function(proof, extent);
		if (status)
			return status;
	}
	return CKPT_OK;
}

/* Does the 32-bit distance at `at` belong to a call, jump or branch? Looks at
 * the bytes before; may say yes wrongly, never no. */
static bool is_distance(const uint8_t *start, const uint8_t *at)
{
	if (at > start && (at[-1] == OPCODE_CALL || at[-1] == OPCODE_JUMP))
		return true;
	return at > start + 1 &&
	       (is_branch_32(at - 2) || (at[-2] == 0xc7 && at[-1] == 0xf8));
}

/* Is there a place in the segment that could be a direct branch with a 32-bit
 * distance into the window? */
static bool has_branch(const struct proof *proof,
		       const struct ckpt_segment *segment)
{
	const uint8_t *bytes = ckpt_image_bytes(proof->image, segment->vaddr,
						segment->file_size);
	uint32_t distance;

	if (!bytes || !(segment->flags & PF_X))
		return false;
	for (uint64_t i = 1; i + 4 <= segment->file_size; i++) {
		if (!is_distance(bytes, bytes + i))
			continue;
		memcpy(&distance, bytes + i, sizeof(distance));
		if (is_inside(proof,
			      segment->vaddr + i + 4 +
				      (uint64_t)(int64_t)(int32_t)distance))
			return true;
	}
	return false;
}

static enum ckpt_status check_branches(const struct proof *proof)
{
	size_t count;
	const struct ckpt_segment *segments =
		ckpt_image_segments(proof->image, &count);

	for (size_t i = 0; i < count; i++)
		if (has_branch(proof, &segments[i]))
			return refuse(proof, "other code may jump into it");
	return CKPT_OK;
}

/* ---- jump tables ---- */

/* Is the word at `vaddr` no pointer to go by? Relocations are looked at one by
 * one (check_relocations), and a note of where a function has room for a patch
 * (-fpatchable-function-entry), behind an endbr64, is for patches. */
static bool is_no_pointer(const struct proof *proof, uint64_t vaddr)
{
	const struct ckpt_section *section =
		ckpt_image_section_at(proof->image, vaddr);

	return section && (section->type == SHT_RELA ||
			   !strcmp(section->name, PATCH_SECTION));
}

/* Is there a word that could be an entry of a table of addresses and leads
 * into the window? Looks at all that is mapped from the file but code. */
static bool has_address(const struct proof *proof)
{
	size_t count;
	const struct ckpt_segment *segments =
		ckpt_image_segments(proof->image, &count);
	uint64_t word;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *bytes = ckpt_image_bytes(
			proof->image, segments[i].vaddr, segments[i].file_size);

		if (!bytes || segments[i].flags & PF_X)
			continue;
		for (uint64_t off = 0; off + 8 <= segments[i].file_size;
		     off += 4) {
			memcpy(&word, bytes + off, sizeof(word));
			if (is_inside(proof, word) &&
			    !is_no_pointer(proof, segments[i].vaddr + off))
				return true;
		}
	}
	return false;
}

/* How many distances a table can have: it is all in one section. */
static uint64_t limit_table(const struct proof *proof, uint64_t table)
{
	const struct ckpt_section *section =
		ckpt_image_section_at(proof->image, table);
	uint64_t most =
		section ? (section->vaddr + section->size - table) / 4 : 0;

	return section && most < TABLE_MAX ? most : TABLE_MAX;
}

/* A table of 32-bit distances from its own start, as long as it could be. */
static bool has_distance(const struct proof *proof, uint64_t table)
{
	uint64_t count = limit_table(proof, table);
	uint32_t distance;

	for (uint64_t i = 0; i < count; i++) {
		const void *entry =
			ckpt_image_bytes(proof->image, table + 4 * i, 4);

		if (!entry)
			return false;
		memcpy(&distance, entry, sizeof(distance));
		if (is_inside(proof,
			      table + (uint64_t)(int64_t)(int32_t)distance))
			return true;
	}
	return false;
}

/* What indirect jumps could go by that are not understood: tables that the
 * function takes the address of, and words anywhere. */
static enum ckpt_status search_tables(const struct proof *proof)
{
	const uint8_t *bytes = ckpt_image_bytes(
		proof->image, proof->extent.vaddr, proof->extent.size);
	bool leads_inside = has_address(proof);
	struct ckpt_insn insn;

	for (uint64_t off = 0;
	     bytes && off < proof->extent.size && !leads_inside;
	     off += insn.size) {
		if (ckpt_insn_decode(bytes + off, proof->extent.size - off,
				     proof->extent.vaddr + off, &insn))
			return refuse(proof, "it cannot be decoded");
		if (insn.kind == CKPT_INSN_LEA &&
		    insn.memory.base == CKPT_REG_IP)
			leads_inside = has_distance(
				proof, proof->extent.vaddr + off + insn.size +
					       (uint64_t)insn.memory.disp);
	}
	return leads_inside ? refuse(proof, "a jump table may lead into it")
			    : CKPT_OK;
}

static enum ckpt_status check_tables(const struct proof *proof)
{
	_cleanup_(ckpt_pool_deinit) struct ckpt_pool pool = {.chunks = NULL};
	struct ckpt_code_function function;

	if (ckpt_code_function_read(proof->object, proof->extent, &pool,
				    &function) ||
	    function.facts & CKPT_CODE_UNDECODED || !function.has_known_jumps)
		return search_tables(proof);
	return is_inside(proof, function.least_target)
		       ? refuse(proof, "a jump table leads into it")
		       : CKPT_OK;
}

static enum ckpt_status check_symbols(const struct proof *proof,
				      const struct ckpt_symbol *symbols,
				      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (symbols[i].shndx != SHN_UNDEF &&
		    symbols[i].shndx != SHN_ABS && symbols[i].type != STT_TLS &&
		    symbols[i].type != STT_SECTION &&
		    is_inside(proof, symbols[i].vaddr))
			return refuse(proof, "%s begins inside it",
				      symbols[i].name);
	return CKPT_OK;
}

static enum ckpt_status check_relocations(const struct proof *proof)
{
	size_t count;
	const struct ckpt_relocation *relocations =
		ckpt_image_relocations(proof->image, &count);

	for (size_t i = 0; i < count; i++) {
		const struct ckpt_relocation *relocation = &relocations[i];

		if (relocation->vaddr + 8 > proof->extent.vaddr &&
		    relocation->vaddr < proof->end)
			return refuse(proof, "the loader changes its code");
		if (relocation->type == R_X86_64_RELATIVE &&
		    is_inside(proof, (uint64_t)relocation->addend) &&
		    !is_no_pointer(proof, relocation->vaddr))
			return refuse(proof, "a pointer leads into it");
	}
	return CKPT_OK;
}

static enum ckpt_status prove_window(struct proof *proof)
{
	size_t count;
	const struct ckpt_symbol *symbols;
	enum ckpt_status status;

	if (proof->end - proof->start > CKPT_ENTRY_WINDOW_MAX)
		return refuse(proof, "its first instructions are too long");
	status = check_neighbours(proof);
	if (!status)
		status = check_tables(proof);
	if (!status)
		status = check_branches(proof);
	if (status)
		return status;
	symbols = ckpt_image_dynamic_symbols(proof->image, &count);
	status = check_symbols(proof, symbols, count);
	if (status)
		return status;
	symbols = ckpt_image_static_symbols(proof->image, &count);
	status = check_symbols(proof, symbols, count);
	return status ? status : check_relocations(proof);
}

enum ckpt_status ckpt_entrypatch_prepare(const struct ckpt_code_object *object,
					 uint64_t vaddr,
					 struct ckpt_entrypatch *ret,
					 struct ckpt_err *err)
{
	struct proof proof = {.object = object,
			      .image = ckpt_code_object_image(object),
			      .err = err};
	const uint8_t *bytes;
	enum ckpt_status status;

	if (!ckpt_code_object_function(object, vaddr, &proof.extent) ||
	    proof.extent.vaddr != vaddr || proof.extent.is_guessed)
		return refuse(&proof, "where it begins and ends is not known");
	bytes = ckpt_image_bytes(proof.image, vaddr, proof.extent.size);
	if (!bytes || proof.extent.size < JUMP_SIZE)
		return refuse(&proof, "it is too short");
	proof.start = vaddr;
	if (proof.extent.size >= ENDBR_SIZE &&
	    !memcmp(bytes, endbr64, ENDBR_SIZE))
		proof.start += ENDBR_SIZE;
	status = find_window(&proof);
	if (!status)
		status = prove_window(&proof);
	if (status)
		return status;
	*ret = (struct ckpt_entrypatch){
		.function = vaddr,
		.vaddr = proof.start,
		.window_size = (uint32_t)(proof.end - proof.start),
	};
	memcpy(ret->old, bytes + (proof.start - vaddr), ret->window_size);
	return CKPT_OK;
}

/* ---- code ---- */

struct emit {
	struct ckpt_buf *code;
	struct ckpt_buf *fixups;
	size_t start; /* in `code` */
};

static void put_bytes(struct emit *emit, const void *bytes, size_t size)
{
	ckpt_buf_add(emit->code, bytes, size);
}

/* A distance to `target` from `rest` bytes behind it. */
static void put_distance(struct emit *emit, size_t rest, uint64_t target)
{
	uint32_t off = (uint32_t)(emit->code->size - emit->start);
	struct ckpt_plan_fixup fixup = {
		.off = off,
		.end = off + 4 + (uint32_t)rest,
		.target = target,
	};

	ckpt_buf_add_u32(emit->code, 0);
	ckpt_buf_add(emit->fixups, &fixup, sizeof(fixup));
}

static void put_jump(struct emit *emit, uint64_t target)
{
	ckpt_buf_add_u8(emit->code, OPCODE_JUMP);
	put_distance(emit, 0, target);
}

/* push %rax; lea next(%rip), %rax; xchg %rax, (%rsp); jmp target: a call whose
 * return address is in the function itself. Flags and registers are kept. */
static void put_call(struct emit *emit, uint64_t next, uint64_t target)
{
	static const uint8_t push[] = {0x50, 0x48, 0x8d, 0x05};
	static const uint8_t exchange[] = {0x48, 0x87, 0x04, 0x24};

	put_bytes(emit, push, sizeof(push));
	put_distance(emit, 0, next);
	put_bytes(emit, exchange, sizeof(exchange));
	put_jump(emit, target);
}

static void put_branch(struct emit *emit, const uint8_t *bytes, uint64_t target)
{
	uint8_t condition = (is_branch_8(bytes) ? bytes[0] : bytes[1]) & 0x0f;

	ckpt_buf_add_u8(emit->code, 0x0f);
	ckpt_buf_add_u8(emit->code, OPCODE_BRANCH | condition);
	put_distance(emit, 0, target);
}

static void put_copy(struct emit *emit, const uint8_t *bytes,
		     const struct ckpt_insn *insn, uint64_t vaddr)
{
	size_t rest = insn->size - insn->disp_off - 4u;
	uint32_t disp;

	if (!insn->memory.is_present || insn->memory.base != CKPT_REG_IP) {
		put_bytes(emit, bytes, insn->size);
		return;
	}
	memcpy(&disp, bytes + insn->disp_off, sizeof(disp));
	put_bytes(emit, bytes, insn->disp_off);
	put_distance(emit, rest,
		     vaddr + insn->size + (uint64_t)(int64_t)(int32_t)disp);
	put_bytes(emit, bytes + insn->disp_off + 4, rest);
}

static void put_insn(struct emit *emit, const struct ckpt_entrypatch *patch,
		     const uint8_t *bytes, const struct ckpt_insn *insn,
		     uint64_t vaddr)
{
	switch (insn->kind) {
	case CKPT_INSN_CALL:
		put_call(emit, patch->vaddr + patch->window_size, insn->target);
		break;
	case CKPT_INSN_JUMP:
		put_jump(emit, insn->target);
		break;
	case CKPT_INSN_BRANCH:
		put_branch(emit, bytes, insn->target);
		break;
	default:
		put_copy(emit, bytes, insn, vaddr);
	}
}

enum ckpt_status ckpt_entrypatch_emit(const struct ckpt_entrypatch *patch,
				      struct ckpt_buf *code,
				      struct ckpt_buf *fixups)
{
	struct emit emit = {code, fixups, code->size};
	uint32_t off = 0;

	put_bytes(&emit, endbr64, sizeof(endbr64));
	while (off < patch->window_size) {
		struct ckpt_insn insn;

		if (ckpt_insn_decode(patch->old + off, patch->window_size - off,
				     patch->vaddr + off, &insn))
			return CKPT_BADDATA;
		put_insn(&emit, patch, patch->old + off, &insn,
			 patch->vaddr + off);
		off += insn.size;
	}
	put_jump(&emit, patch->vaddr + patch->window_size);
	return ckpt_buf_status(code) ? CKPT_NOMEM : ckpt_buf_status(fixups);
}
