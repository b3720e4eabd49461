/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/insn_x86_64.h"

#include <Zydis/Zydis.h>

static uint8_t number_of(ZydisRegister reg)
{
	ZydisRegister wide;

	if (reg == ZYDIS_REGISTER_NONE)
		return CKPT_REG_NONE;
	if (reg == ZYDIS_REGISTER_RIP)
		return CKPT_REG_IP;
	wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64,
						reg);
	if (wide < ZYDIS_REGISTER_RAX || wide > ZYDIS_REGISTER_R15)
		return CKPT_REG_NONE;
	return (uint8_t)(wide - ZYDIS_REGISTER_RAX);
}

static enum ckpt_insn_kind kind_of_mnemonic(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_LEA:
		return CKPT_INSN_LEA;
	case ZYDIS_MNEMONIC_MOV:
		return CKPT_INSN_MOVE;
	case ZYDIS_MNEMONIC_MOVSXD:
		return CKPT_INSN_MOVE_SIGNED;
	case ZYDIS_MNEMONIC_MOVZX:
		return CKPT_INSN_MOVE_ZERO;
	case ZYDIS_MNEMONIC_CDQE:
		return CKPT_INSN_EXTEND;
	case ZYDIS_MNEMONIC_ADD:
		return CKPT_INSN_ADD;
	case ZYDIS_MNEMONIC_SUB:
		return CKPT_INSN_SUB;
	case ZYDIS_MNEMONIC_AND:
		return CKPT_INSN_AND;
	case ZYDIS_MNEMONIC_CMP:
		return CKPT_INSN_COMPARE;
	case ZYDIS_MNEMONIC_POP:
		return CKPT_INSN_POP;
	case ZYDIS_MNEMONIC_DEC:
	case ZYDIS_MNEMONIC_NEG:
		return CKPT_INSN_STEP_BACK;
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_INT3:
		return CKPT_INSN_TRAP;
	case ZYDIS_MNEMONIC_SYSCALL:
	case ZYDIS_MNEMONIC_SYSENTER:
	case ZYDIS_MNEMONIC_INT:
		return CKPT_INSN_SYSCALL;
	case ZYDIS_MNEMONIC_CPUID:
	case ZYDIS_MNEMONIC_XGETBV:
		return CKPT_INSN_CPU;
	case ZYDIS_MNEMONIC_RDTSC:
	case ZYDIS_MNEMONIC_RDTSCP:
	case ZYDIS_MNEMONIC_RDPID:
		return CKPT_INSN_CLOCK;
	case ZYDIS_MNEMONIC_RDRAND:
	case ZYDIS_MNEMONIC_RDSEED:
		return CKPT_INSN_RANDOM;
	case ZYDIS_MNEMONIC_STMXCSR:
	case ZYDIS_MNEMONIC_VSTMXCSR:
	case ZYDIS_MNEMONIC_FNSTSW:
	case ZYDIS_MNEMONIC_FNSTENV:
	case ZYDIS_MNEMONIC_FNSAVE:
	case ZYDIS_MNEMONIC_FXSAVE:
	case ZYDIS_MNEMONIC_FXSAVE64:
	case ZYDIS_MNEMONIC_XSAVE:
	case ZYDIS_MNEMONIC_XSAVE64:
	case ZYDIS_MNEMONIC_XSAVEC:
	case ZYDIS_MNEMONIC_XSAVEC64:
		return CKPT_INSN_STATUS;
	default:
		return CKPT_INSN_OTHER;
	}
}

static enum ckpt_insn_kind kind_of(const ZydisDecodedInstruction *decoded)
{
	bool is_direct = decoded->raw.imm[0].is_relative;

	switch (decoded->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return is_direct ? CKPT_INSN_CALL : CKPT_INSN_CALL_FAR;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return is_direct ? CKPT_INSN_JUMP : CKPT_INSN_JUMP_FAR;
	case ZYDIS_CATEGORY_COND_BR:
		return CKPT_INSN_BRANCH;
	case ZYDIS_CATEGORY_RET:
		return CKPT_INSN_RETURN;
	case ZYDIS_CATEGORY_CMOV:
		return CKPT_INSN_MOVE_IF;
	default:
		return is_direct ? CKPT_INSN_BRANCH
				 : kind_of_mnemonic(decoded->mnemonic);
	}
}

static void take_memory(struct ckpt_insn *insn,
			const ZydisDecodedOperand *operand)
{
	struct ckpt_insn_memory *memory = &insn->memory;

	if (operand->mem.segment == ZYDIS_REGISTER_GS ||
	    operand->mem.base == ZYDIS_REGISTER_EIP)
		insn->is_unsupported = true;
	/* Implicit operands (push, string operations) carry no position. */
	if (operand->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT ||
	    memory->is_present)
		return;
	*memory = (struct ckpt_insn_memory){
		.is_present = true,
		.is_read = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ,
		.is_written =
			operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE,
		.is_address = operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN,
		.is_fs = operand->mem.segment == ZYDIS_REGISTER_FS,
		.base = number_of(operand->mem.base),
		.index = number_of(operand->mem.index),
		.scale = operand->mem.scale,
		.size = operand->size / 8,
		.disp = operand->mem.disp.value,
	};
	/* A vector index (gather) is an index that we do not know. */
	if (operand->mem.index != ZYDIS_REGISTER_NONE &&
	    memory->index == CKPT_REG_NONE)
		memory->index = CKPT_REG_COUNT;
}

static void take_register(struct ckpt_insn *insn,
			  const ZydisDecodedOperand *operand)
{
	uint8_t number = number_of(operand->reg.value);

	if (number >= CKPT_REG_COUNT)
		return;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		insn->writes |= 1u << number;
	if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
		insn->reads |= 1u << number;
	if (operand->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT)
		return;
	if (operand->id == 0)
		insn->dst = number;
	else if (operand->id == 1)
		insn->src = number;
}

static void take_operands(struct ckpt_insn *insn,
			  const ZydisDecodedInstruction *decoded,
			  const ZydisDecodedOperand *operands)
{
	for (unsigned i = 0; i < decoded->operand_count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];

		switch (operand->type) {
		case ZYDIS_OPERAND_TYPE_MEMORY:
			take_memory(insn, operand);
			break;
		case ZYDIS_OPERAND_TYPE_REGISTER:
			take_register(insn, operand);
			break;
		case ZYDIS_OPERAND_TYPE_IMMEDIATE:
			if (operand->imm.is_relative)
				break;
			insn->has_imm = true;
			insn->imm = operand->imm.value.s;
			break;
		default:
			break;
		}
	}
}

enum ckpt_status ckpt_insn_decode(const void *bytes, size_t size,
				  uint64_t vaddr, struct ckpt_insn *ret)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction decoded;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
					 ZYDIS_STACK_WIDTH_64)) ||
	    ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, bytes, size, &decoded,
					       operands)))
		return CKPT_BADDATA;
	*ret = (struct ckpt_insn){
		.size = decoded.length,
		.kind = kind_of(&decoded),
		.width = decoded.operand_width / 8,
		.is_above = decoded.mnemonic == ZYDIS_MNEMONIC_JNBE ||
			    decoded.mnemonic == ZYDIS_MNEMONIC_JNB,
		.is_notrack = decoded.attributes & ZYDIS_ATTRIB_HAS_NOTRACK,
		.dst = CKPT_REG_NONE,
		.src = CKPT_REG_NONE,
		.disp_off = decoded.raw.disp.offset,
		.disp_size = decoded.raw.disp.size / 8,
		.imm_off = decoded.raw.imm[0].offset,
		.imm_size = decoded.raw.imm[0].size / 8,
	};
	if (decoded.raw.imm[0].is_relative)
		ret->target =
			vaddr + decoded.length + decoded.raw.imm[0].value.u;
	take_operands(ret, &decoded, operands);
	/* Sets it to zero, whatever it was. */
	if (decoded.mnemonic == ZYDIS_MNEMONIC_XOR && ret->dst == ret->src &&
	    ret->dst != CKPT_REG_NONE)
		ret->reads = 0;
	return CKPT_OK;
}

size_t ckpt_insn_size(const void *bytes, size_t size)
{
	ZydisDecoder decoder;
	ZydisDecoderContext context;
	ZydisDecodedInstruction decoded;

	if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
					 ZYDIS_STACK_WIDTH_64)) ||
	    ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, &context, bytes,
						      size, &decoded)))
		return 0;
	return decoded.length;
}
