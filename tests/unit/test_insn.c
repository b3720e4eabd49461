/* SPDX-License-Identifier: MIT */
/* Bytes are what GNU as makes of the text beside them. */
#include "shim/planner/code/insn_x86_64.h"

#include "tests/unit/unit.h"

static struct ckpt_insn decode(const char *bytes, size_t size)
{
	struct ckpt_insn insn;

	ck_assert_int_eq(ckpt_insn_decode(bytes, size, 0x1000, &insn), CKPT_OK);
	ck_assert_uint_eq(insn.size, size);
	return insn;
}

#define DECODE(text) decode(text, sizeof(text) - 1)

START_TEST(direct_calls_and_jumps_have_targets)
{
	struct ckpt_insn call = DECODE("\xe8\x10\x00\x00\x00");
	struct ckpt_insn jump = DECODE("\xeb\xfe");
	struct ckpt_insn branch = DECODE("\x0f\x84\x00\x01\x00\x00");

	ck_assert_int_eq(call.kind, CKPT_INSN_CALL);
	ck_assert_uint_eq(call.target, 0x1015);
	ck_assert_uint_eq(call.imm_off, 1);
	ck_assert_uint_eq(call.imm_size, 4);
	ck_assert_int_eq(jump.kind, CKPT_INSN_JUMP);
	ck_assert_uint_eq(jump.target, 0x1000);
	ck_assert_int_eq(branch.kind, CKPT_INSN_BRANCH);
	ck_assert_uint_eq(branch.target, 0x1106);
}
END_TEST

START_TEST(indirect_calls_name_register_or_memory)
{
	/* call *%rax; notrack jmp *%rdx; call *0x10(%rip) */
	struct ckpt_insn call = DECODE("\xff\xd0");
	struct ckpt_insn jump = DECODE("\x3e\xff\xe2");
	struct ckpt_insn through = DECODE("\xff\x15\x10\x00\x00\x00");

	ck_assert_int_eq(call.kind, CKPT_INSN_CALL_FAR);
	ck_assert_uint_eq(call.dst, 0);
	ck_assert(!call.memory.is_present);
	ck_assert_int_eq(jump.kind, CKPT_INSN_JUMP_FAR);
	ck_assert_uint_eq(jump.dst, 2);
	ck_assert(jump.is_notrack);
	ck_assert_int_eq(through.kind, CKPT_INSN_CALL_FAR);
	ck_assert_uint_eq(through.memory.base, CKPT_REG_IP);
	ck_assert_int_eq(through.memory.disp, 0x10);
}
END_TEST

START_TEST(memory_operands_tell_size_and_direction)
{
	/* lea 8(%rip),%rdi; mov %eax,4(%rip); movsd (%rip),%xmm0;
	 * mov %fs:0x28,%rax; addl $1,(%rax,%rcx,4) */
	struct ckpt_insn lea = DECODE("\x48\x8d\x3d\x08\x00\x00\x00");
	struct ckpt_insn store = DECODE("\x89\x05\x04\x00\x00\x00");
	struct ckpt_insn load = DECODE("\xf2\x0f\x10\x05\x00\x00\x00\x00");
	struct ckpt_insn canary =
		DECODE("\x64\x48\x8b\x04\x25\x28\x00\x00\x00");
	struct ckpt_insn add = DECODE("\x83\x04\x88\x01");

	ck_assert_int_eq(lea.kind, CKPT_INSN_LEA);
	ck_assert(lea.memory.is_address);
	ck_assert_uint_eq(lea.dst, 7);
	ck_assert_uint_eq(lea.disp_off, 3);
	ck_assert(store.memory.is_written);
	ck_assert_uint_eq(store.memory.size, 4);
	ck_assert(load.memory.is_read);
	ck_assert(!load.memory.is_written);
	ck_assert_uint_eq(load.memory.size, 8);
	ck_assert(canary.memory.is_fs);
	ck_assert_int_eq(canary.memory.disp, 0x28);
	ck_assert_uint_eq(add.memory.base, 0);
	ck_assert_uint_eq(add.memory.index, 1);
	ck_assert_uint_eq(add.memory.scale, 4);
	ck_assert(add.memory.is_read && add.memory.is_written);
}
END_TEST

START_TEST(instructions_that_look_outside_are_told_apart)
{
	ck_assert_int_eq(DECODE("\x0f\xa2").kind, CKPT_INSN_CPU);
	ck_assert_int_eq(DECODE("\x0f\x01\xd0").kind, CKPT_INSN_CPU);
	ck_assert_int_eq(DECODE("\x0f\x05").kind, CKPT_INSN_SYSCALL);
	ck_assert_int_eq(DECODE("\x0f\x31").kind, CKPT_INSN_CLOCK);
	ck_assert_int_eq(DECODE("\x0f\xc7\xf0").kind, CKPT_INSN_RANDOM);
	ck_assert_int_eq(DECODE("\x0f\x0b").kind, CKPT_INSN_TRAP);
	ck_assert_int_eq(DECODE("\xc3").kind, CKPT_INSN_RETURN);
	ck_assert_int_eq(DECODE("\xf3\x0f\x1e\xfa").kind, CKPT_INSN_OTHER);
	/* mov %gs:0,%rax */
	ck_assert(
		DECODE("\x65\x48\x8b\x04\x25\x00\x00\x00\x00").is_unsupported);
}
END_TEST

START_TEST(written_registers_include_implicit_ones)
{
	/* mul %rcx writes rdx:rax; pop %rbx; xchg %rax,%rdi */
	ck_assert_uint_eq(DECODE("\x48\xf7\xe1").writes & 0x5, 0x5);
	ck_assert_int_eq(DECODE("\x5b").kind, CKPT_INSN_POP);
	ck_assert_uint_ne(DECODE("\x5b").writes & 1u << 3, 0);
	ck_assert_uint_eq(DECODE("\x48\x97").writes & 0x81, 0x81);
}
END_TEST

START_TEST(what_is_cut_or_undefined_is_bad_data)
{
	struct ckpt_insn insn;

	ck_assert_int_eq(ckpt_insn_decode("\xe8\x00", 2, 0, &insn),
			 CKPT_BADDATA);
	ck_assert_int_eq(ckpt_insn_decode("\x06", 1, 0, &insn), CKPT_BADDATA);
	ck_assert_int_eq(ckpt_insn_decode("", 0, 0, &insn), CKPT_BADDATA);
}
END_TEST

UNIT_MAIN("insn", direct_calls_and_jumps_have_targets,
	  indirect_calls_name_register_or_memory,
	  memory_operands_tell_size_and_direction,
	  instructions_that_look_outside_are_told_apart,
	  written_registers_include_implicit_ones,
	  what_is_cut_or_undefined_is_bad_data)
