/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codefunc_x86_64.h"

#include "shim/common/buf.h"
#include "shim/planner/code/codefunc_private.h"

#include <stdlib.h>
#include <string.h>

enum { TABLES_MAX = 512, REG_STACK = 4, REG_FRAME = 5 };

struct table {
	uint64_t vaddr, count;
	size_t load;	    /* the instruction that reads an entry */
	uint8_t entry_size; /* 4: relative to the table; 8: absolute */
};

/* A function while it is read. */
struct reading {
	const struct ckpt_code_object *object;
	struct ckpt_pool *pool;
	struct ckpt_code_extent extent;
	const uint8_t *bytes;
	struct ckpt_insn *insns;
	uint32_t *offs;
	uint8_t *labels, *starts; /* by offset */
	size_t count;
	bool has_frame;		    /* rbp is the frame's */
	struct ckpt_value *targets; /* of indirect jumps and calls, in order */
	size_t target_count;
	struct table tables[TABLES_MAX];
	size_t table_count;
	struct ckpt_buf masked, refs;
	struct ckpt_code_function *function;
};

static void clean_reading(struct reading *r)
{
	free(r->insns);
	free(r->offs);
	free(r->labels);
	free(r->starts);
	free(r->targets);
	ckpt_buf_deinit(&r->masked);
	ckpt_buf_deinit(&r->refs);
}

static bool is_inside(const struct reading *r, uint64_t vaddr)
{
	return vaddr >= r->extent.vaddr &&
	       vaddr - r->extent.vaddr < r->extent.size;
}

static void spoil(struct reading *r, uint64_t site)
{
	if (r->function->facts & CKPT_CODE_UNDECODED)
		return;
	r->function->facts |= CKPT_CODE_UNDECODED;
	r->function->undecoded_site = (uint32_t)site;
}

static struct ckpt_code code_of(const struct reading *r)
{
	return (struct ckpt_code){
		.object = r->object,
		.vaddr = r->extent.vaddr,
		.insns = r->insns,
		.offs = r->offs,
		.count = r->count,
		.labels = r->labels,
	};
}

static enum ckpt_status allocate(struct reading *r)
{
	size_t size = r->extent.size;

	r->insns = malloc((size + 1) * sizeof(*r->insns));
	r->offs = malloc((size + 1) * sizeof(*r->offs));
	r->labels = calloc(size + 1, 1);
	r->starts = calloc(size + 1, 1);
	r->targets = malloc((size + 1) * sizeof(*r->targets));
	if (!r->insns || !r->offs || !r->labels || !r->starts || !r->targets)
		return CKPT_NOMEM;
	return CKPT_OK;
}

static void decode(struct reading *r)
{
	uint64_t off = 0;

	while (off < r->extent.size) {
		struct ckpt_insn *insn = &r->insns[r->count];

		if (ckpt_insn_decode(r->bytes + off, r->extent.size - off,
				     r->extent.vaddr + off, insn)) {
			spoil(r, off);
			break;
		}
		if (insn->is_unsupported)
			spoil(r, off);
		if (insn->kind == CKPT_INSN_MOVE && insn->dst == REG_FRAME &&
		    insn->src == REG_STACK)
			r->has_frame = true;
		r->starts[off] = 1;
		r->offs[r->count++] = (uint32_t)off;
		off += insn->size;
	}
	r->offs[r->count] = (uint32_t)off;
}

/* Branches that stay inside must lead to instructions that were decoded. */
static void find_labels(struct reading *r)
{
	for (size_t i = 0; i < r->count; i++) {
		uint64_t target = r->insns[i].target;

		if (!target || !is_inside(r, target))
			continue;
		r->labels[target - r->extent.vaddr] = 1;
		if (!r->starts[target - r->extent.vaddr])
			spoil(r, r->offs[i]);
	}
}

static bool is_indirect(const struct ckpt_insn *insn)
{
	return insn->kind == CKPT_INSN_CALL_FAR ||
	       insn->kind == CKPT_INSN_JUMP_FAR;
}

/* Where entry `i` of the table leads; 0 if it cannot be read. */
static uint64_t entry_target(const struct reading *r, const struct table *table,
			     uint64_t i)
{
	const void *bytes = ckpt_image_bytes(
		ckpt_code_object_image(r->object),
		table->vaddr + i * table->entry_size, table->entry_size);
	int32_t distance;
	uint64_t address;

	if (!bytes)
		return 0;
	if (table->entry_size == 4) {
		memcpy(&distance, bytes, sizeof(distance));
		return table->vaddr + (uint64_t)(int64_t)distance;
	}
	memcpy(&address, bytes, sizeof(address));
	return address;
}

/* Does every entry lead to an instruction of this function, or to other
 * code? One entry too many (a comparison that excludes the bound) is cut. */
static bool check_table(struct reading *r, struct table *table)
{
	for (uint64_t i = 0; i < table->count; i++) {
		uint64_t target = entry_target(r, table, i);
		bool is_good =
			is_inside(r, target)
				? r->starts[target - r->extent.vaddr]
				: ckpt_code_object_place(r->object, target) ==
					  CKPT_AT_CODE;

		if (!is_good && i > 0 && i + 1 == table->count) {
			table->count--;
			return true;
		}
		if (!is_good)
			return false;
	}
	return table->count > 0;
}

/* Remember a switch's table; false: its length is not known. */
static bool add_table(struct reading *r, uint64_t vaddr, uint8_t entry_size,
		      size_t load, uint64_t count)
{
	struct table table = {vaddr, count, load, entry_size};

	if (count == 0 || !check_table(r, &table))
		return false;
	for (size_t i = 0; i < r->table_count; i++) {
		if (r->tables[i].vaddr != vaddr || r->tables[i].load != load)
			continue;
		if (table.count > r->tables[i].count)
			r->tables[i].count = table.count;
		return true;
	}
	if (r->table_count == TABLES_MAX)
		return false;
	r->tables[r->table_count++] = table;
	return true;
}

/* jmp *table(,%rax,8) of a program at a fixed address. */
static bool is_absolute_switch(const struct reading *r, size_t index)
{
	const struct ckpt_insn *insn = &r->insns[index];

	return insn->kind == CKPT_INSN_JUMP_FAR && insn->memory.is_present &&
	       insn->memory.base == CKPT_REG_NONE &&
	       insn->memory.index < CKPT_REG_COUNT && insn->memory.scale == 8 &&
	       insn->disp_size == 4 &&
	       ckpt_code_object_place(r->object, (uint64_t)insn->memory.disp) ==
		       CKPT_AT_CONST;
}

/* A switch whose table is known needs no target any more. */
static struct ckpt_value classify(struct reading *r, size_t index,
				  struct ckpt_value value)
{
	struct ckpt_code code = code_of(r);

	if (is_absolute_switch(r, index) &&
	    add_table(r, (uint64_t)r->insns[index].memory.disp, 8, index,
		      ckpt_track_bound(&code, (uint32_t)index)))
		value.kind = CKPT_VALUE_ENTRY;
	else if (value.kind == CKPT_VALUE_ENTRY)
		value.kind = CKPT_VALUE_UNKNOWN;
	else if (value.kind == CKPT_VALUE_SWITCH &&
		 ckpt_code_object_place(r->object, value.vaddr) ==
			 CKPT_AT_CONST &&
		 add_table(r, value.vaddr, 4, value.load,
			   ckpt_track_bound(&code, value.load)))
		value.kind = CKPT_VALUE_ENTRY;
	return value;
}

/* ENTRY now means: all targets are in r->tables. */
static void find_targets(struct reading *r)
{
	struct ckpt_code code = code_of(r);
	struct ckpt_tracker tracker;

	ckpt_track_start(&tracker, &code);
	r->function->has_known_jumps = true;
	for (size_t i = 0; i < r->count; i++) {
		if (is_indirect(&r->insns[i])) {
			struct ckpt_value value =
				classify(r, i, ckpt_track_target(&tracker, i));

			r->targets[r->target_count++] = value;
			if (r->insns[i].kind == CKPT_INSN_JUMP_FAR &&
			    value.kind != CKPT_VALUE_ENTRY)
				r->function->has_known_jumps = false;
		}
		ckpt_track_step(&tracker, i);
	}
}

static void add_ref(struct reading *r, struct ckpt_ref ref)
{
	ckpt_buf_add(&r->refs, &ref, sizeof(ref));
}

static void mask(struct reading *r, uint32_t off, unsigned from, unsigned size)
{
	if (!ckpt_buf_status(&r->masked))
		memset(r->masked.data + off + from, 0, size);
}

static bool is_table(const struct reading *r, uint64_t vaddr)
{
	for (size_t i = 0; i < r->table_count; i++)
		if (r->tables[i].vaddr == vaddr)
			return true;
	return false;
}

static void emit_direct(struct reading *r, size_t index)
{
	const struct ckpt_insn *insn = &r->insns[index];
	struct ckpt_code code = code_of(r);
	uint32_t off = r->offs[index];
	bool is_call = insn->kind == CKPT_INSN_CALL;

	if (!is_call && insn->kind != CKPT_INSN_JUMP &&
	    insn->kind != CKPT_INSN_BRANCH)
		return;
	/* Inside, the distance says where, wherever the function stands. */
	if (is_inside(r, insn->target))
		return;
	mask(r, off, insn->imm_off, insn->imm_size);
	add_ref(r, (struct ckpt_ref){
			   .site = off,
			   .kind = is_call ? CKPT_REF_CALL : CKPT_REF_JUMP,
			   .is_result_read = is_call && ckpt_track_reads_result(
								&code, index),
			   .vaddr = insn->target});
}

static void emit_thread(struct reading *r, const struct ckpt_insn *insn,
			uint32_t off)
{
	const struct ckpt_insn_memory *memory = &insn->memory;
	bool has_register =
		memory->base != CKPT_REG_NONE || memory->index != CKPT_REG_NONE;

	/* Above %fs stands the C runtime's own: the canary and the like. The
	 * word at %fs:0 is %fs itself, from which all can be reached. */
	if (memory->disp > 0 && !has_register)
		return;
	if (memory->disp < 0 && !has_register)
		mask(r, off, insn->disp_off, insn->disp_size);
	add_ref(r, (struct ckpt_ref){
			   .site = off,
			   .kind = CKPT_REF_THREAD,
			   .size = has_register ? 0 : memory->size,
			   .is_written = memory->is_written || has_register,
			   .vaddr = has_register ? 0 : (uint64_t)memory->disp});
}

static bool emit_block(struct reading *r, size_t index, uint64_t word)
{
	struct ckpt_code code = code_of(r);
	struct ckpt_block_use uses[CKPT_BLOCK_USES_MAX];
	uint64_t base;
	size_t count;

	if (!ckpt_ref_own_block(r->object, word, &base) ||
	    !ckpt_track_block(&code, index, uses, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct ckpt_insn *insn = &r->insns[uses[i].index];
		struct ckpt_ref ref = {.site = r->offs[uses[i].index],
				       .kind = CKPT_REF_BLOCK,
				       .size = uses[i].size,
				       .walk = uses[i].walk,
				       .is_written = uses[i].is_written,
				       .vaddr = base + (uint64_t)uses[i].off};

		if (insn->memory.is_present)
			mask(r, ref.site, insn->disp_off, insn->disp_size);
		add_ref(r, ref);
	}
	return true;
}

static void emit_memory(struct reading *r, size_t index)
{
	const struct ckpt_insn *insn = &r->insns[index];
	const struct ckpt_insn_memory *memory = &insn->memory;
	struct ckpt_code code = code_of(r);
	struct ckpt_ref ref = {.site = r->offs[index]};

	if (memory->is_present && memory->is_fs) {
		emit_thread(r, insn, r->offs[index]);
		return;
	}
	if (!ckpt_track_address(&code, index, &ref.vaddr) ||
	    (memory->base == CKPT_REG_IP && is_inside(r, ref.vaddr)))
		return;
	/* A distance from a register may be a number by chance: it stays. */
	if (memory->base == CKPT_REG_IP || memory->base == CKPT_REG_NONE)
		mask(r, ref.site, insn->disp_off, insn->disp_size);
	if (emit_block(r, index, ref.vaddr))
		return;
	ckpt_ref_of_memory(&code, index, &ref);
	if (is_table(r, ref.vaddr))
		ref.kind = CKPT_REF_TABLE;
	add_ref(r, ref);
}

/* A program at a fixed address: any constant may be an address. */
static void emit_immediate(struct reading *r, size_t index)
{
	const struct ckpt_insn *insn = &r->insns[index];
	struct ckpt_code code = code_of(r);
	uint64_t value = (uint64_t)insn->imm;
	struct ckpt_ref ref = {.site = r->offs[index],
			       .kind = CKPT_REF_ADDRESS,
			       .vaddr = value,
			       .is_written = true};

	if (!insn->has_imm || insn->imm_size < 4 ||
	    ckpt_image_type(ckpt_code_object_image(r->object)) != ET_EXEC ||
	    ckpt_code_object_place(r->object, value) == CKPT_AT_OUTSIDE ||
	    is_inside(r, value))
		return;
	if (insn->kind == CKPT_INSN_MOVE && !insn->memory.is_present)
		ckpt_ref_of_loaded(&code, index, &ref);
	else if (insn->dst != CKPT_REG_NONE)
		ref.walk = CKPT_WALK_STEP_MAX;
	add_ref(r, ref);
}

static void emit_target(struct reading *r, struct ckpt_value value,
			uint32_t off)
{
	struct ckpt_ref ref = {
		.site = off,
		.kind = CKPT_REF_UNKNOWN,
		.depth = value.depth,
		.is_exact = value.is_exact,
		.vaddr = value.vaddr,
	};

	if (value.kind == CKPT_VALUE_ENTRY)
		return;
	if (value.kind == CKPT_VALUE_POINTER)
		ref.kind = CKPT_REF_POINTER;
	else if (value.kind == CKPT_VALUE_SWITCH)
		ref.kind = CKPT_REF_SWITCH;
	else
		ref.vaddr = 0;
	add_ref(r, ref);
}

static void note_fact(struct reading *r, enum ckpt_insn_kind kind)
{
	static const uint32_t facts[] = {
		[CKPT_INSN_SYSCALL] = CKPT_CODE_SYSCALL,
		[CKPT_INSN_CPU] = CKPT_CODE_CPU,
		[CKPT_INSN_CLOCK] = CKPT_CODE_CLOCK,
		[CKPT_INSN_RANDOM] = CKPT_CODE_RANDOM,
		[CKPT_INSN_STATUS] = CKPT_CODE_STATUS,
	};

	if (kind < sizeof(facts) / sizeof(facts[0]))
		r->function->facts |= facts[kind];
}

/* A sign-extending load that is not part of a known switch. */
static bool is_relative_load(const struct reading *r, size_t index)
{
	const struct ckpt_insn *insn = &r->insns[index];

	if (insn->kind != CKPT_INSN_MOVE_SIGNED || !insn->memory.is_present ||
	    insn->memory.base == CKPT_REG_IP)
		return false;
	for (size_t i = 0; i < r->table_count; i++)
		if (r->tables[i].load == index)
			return false;
	return true;
}

/* A negative distance from a pointer, or a step back; the stack does not
 * count. */
static bool is_step_back(const struct reading *r, size_t index)
{
	const struct ckpt_insn *insn = &r->insns[index];
	const struct ckpt_insn_memory *memory = &insn->memory;
	uint8_t base = memory->base;

	if (insn->kind == CKPT_INSN_STEP_BACK)
		return insn->width == 8;
	if (insn->kind == CKPT_INSN_SUB || insn->kind == CKPT_INSN_ADD)
		return insn->width == 8 && insn->dst != REG_STACK &&
		       insn->dst != CKPT_REG_NONE &&
		       (insn->kind == CKPT_INSN_SUB || insn->imm < 0);
	return memory->is_present && !memory->is_fs && memory->disp < 0 &&
	       base < CKPT_REG_COUNT && base != REG_STACK &&
	       (base != REG_FRAME || !r->has_frame);
}

static void note_habits(struct reading *r, size_t index)
{
	if (is_relative_load(r, index))
		r->function->facts |= CKPT_CODE_RELATIVE;
	if (is_step_back(r, index))
		r->function->facts |= CKPT_CODE_BACKWARD;
}

static void emit_instructions(struct reading *r)
{
	size_t next_target = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct ckpt_insn *insn = &r->insns[i];

		note_fact(r, insn->kind);
		note_habits(r, i);
		emit_direct(r, i);
		emit_memory(r, i);
		emit_immediate(r, i);
		if (is_indirect(insn))
			emit_target(r, r->targets[next_target++], r->offs[i]);
	}
}

/* The tables of switches: offsets inside, references outside. */
static void emit_tables(struct reading *r)
{
	for (size_t i = 0; i < r->table_count; i++) {
		const struct table *table = &r->tables[i];

		ckpt_buf_add_u64(&r->masked, table->count);
		for (uint64_t k = 0; k < table->count; k++) {
			uint64_t target = entry_target(r, table, k);

			if (is_inside(r, target)) {
				ckpt_buf_add_u64(&r->masked,
						 target - r->extent.vaddr);
				if (target < r->function->least_target)
					r->function->least_target = target;
				continue;
			}
			ckpt_buf_add_u64(&r->masked, UINT64_MAX);
			add_ref(r, (struct ckpt_ref){
					   .site = (uint32_t)r->extent.size,
					   .kind = CKPT_REF_JUMP,
					   .vaddr = target});
		}
	}
}

/* Does control go on behind the last instruction? A call there does not
 * return. */
static bool falls_out(const struct reading *r)
{
	if (r->count == 0)
		return false;
	switch (r->insns[r->count - 1].kind) {
	case CKPT_INSN_CALL:
	case CKPT_INSN_CALL_FAR:
	case CKPT_INSN_JUMP:
	case CKPT_INSN_JUMP_FAR:
	case CKPT_INSN_RETURN:
	case CKPT_INSN_TRAP:
		return false;
	default:
		return !r->extent.is_guessed;
	}
}

static enum ckpt_status finish(struct reading *r)
{
	struct ckpt_code_function *function = r->function;
	struct ckpt_hasher hasher;
	uint64_t size = r->extent.size;

	if (ckpt_buf_status(&r->masked) || ckpt_buf_status(&r->refs))
		return CKPT_NOMEM;
	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, &size, sizeof(size));
	ckpt_hasher_update(&hasher, r->masked.data, r->masked.size);
	function->digest = ckpt_hasher_final(&hasher);
	function->ref_count = r->refs.size / sizeof(struct ckpt_ref);
	function->refs = ckpt_pool_alloc(r->pool, function->ref_count + 1,
					 sizeof(struct ckpt_ref));
	if (!function->refs)
		return CKPT_NOMEM;
	if (r->refs.size)
		memcpy(function->refs, r->refs.data, r->refs.size);
	return CKPT_OK;
}

static enum ckpt_status read_function(struct reading *r)
{
	const struct ckpt_image *image = ckpt_code_object_image(r->object);
	const struct ckpt_relocation *relocations;
	size_t count, first;
	enum ckpt_status status = allocate(r);

	if (status)
		return status;
	relocations = ckpt_image_relocations(image, &count);
	first = ckpt_image_relocation_from(image, r->extent.vaddr);
	if (first < count && is_inside(r, relocations[first].vaddr))
		spoil(r, relocations[first].vaddr - r->extent.vaddr);
	decode(r);
	find_labels(r);
	find_targets(r);
	ckpt_buf_add(&r->masked, r->bytes, r->extent.size);
	emit_instructions(r);
	emit_tables(r);
	if (falls_out(r))
		add_ref(r, (struct ckpt_ref){.site = (uint32_t)r->extent.size,
					     .kind = CKPT_REF_JUMP,
					     .vaddr = r->extent.vaddr +
						      r->extent.size});
	return finish(r);
}

enum ckpt_status ckpt_code_function_read(const struct ckpt_code_object *object,
					 struct ckpt_code_extent extent,
					 struct ckpt_pool *pool,
					 struct ckpt_code_function *ret)
{
	struct ckpt_code_function function = {.extent = extent,
					      .least_target = UINT64_MAX};
	struct reading r = {
		.object = object,
		.pool = pool,
		.extent = extent,
		.bytes = ckpt_image_bytes(ckpt_code_object_image(object),
					  extent.vaddr, extent.size),
		.function = &function,
	};
	enum ckpt_status status;

	if (!r.bytes || extent.size > UINT32_MAX)
		return CKPT_BADDATA;
	status = read_function(&r);
	clean_reading(&r);
	if (!status)
		*ret = function;
	return status;
}
