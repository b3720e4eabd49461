/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_SLOTS_X86_64_H
#define CKPT_RUNTIME_SLOTS_X86_64_H

/*
 * What slots.c must know of the machine: relocation types and the look of a
 * lazy procedure linkage stub (psABI 4.4.1, 5.2, and 13 for CET).
 */

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	CKPT_RELOC_CALL_SLOT = R_X86_64_JUMP_SLOT,
	CKPT_RELOC_DATA_SLOT = R_X86_64_GLOB_DAT,
	CKPT_RELOC_ADDRESS = R_X86_64_64,
	CKPT_RELOC_COPY = R_X86_64_COPY,
	CKPT_RELOC_RESOLVED = R_X86_64_IRELATIVE,
};

/* Is the code at `address` the part of a linkage stub that asks the loader to
 * bind relocation `index`: [endbr64] push $index? */
static inline bool ckpt_slot_is_lazy_stub(const void *address, size_t index)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	const uint8_t *code = address;
	uint32_t pushed;

	if (!memcmp(code, endbr64, sizeof(endbr64)))
		code += sizeof(endbr64);
	memcpy(&pushed, code + 1, sizeof(pushed));
	return code[0] == 0x68 && pushed == index;
}

#endif
