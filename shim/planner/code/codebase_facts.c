/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codebase_private.h"

#include "shim/planner/code/insn_x86_64.h"

#include <string.h>

/* The fact that the instruction has which may begin here; 0: none. */
static uint32_t fact_of(const uint8_t *bytes, size_t left)
{
	if (left < 3 || bytes[0] != 0x0f)
		return 0;
	switch (bytes[1]) {
	case 0x05: /* syscall */
	case 0x34: /* sysenter */
		return CKPT_CODE_SYSCALL;
	case 0x31: /* rdtsc */
		return CKPT_CODE_CLOCK;
	case 0xae: /* stmxcsr: /3 with memory */
		return bytes[2] < 0xc0 && (bytes[2] >> 3 & 7) == 3
			       ? CKPT_CODE_STATUS
			       : 0;
	case 0xa2: /* cpuid */
		return CKPT_CODE_CPU;
	case 0x01: /* xgetbv, rdtscp */
		return bytes[2] == 0xd0	  ? CKPT_CODE_CPU
		       : bytes[2] == 0xf9 ? CKPT_CODE_CLOCK
					  : 0;
	case 0xc7: /* rdrand, rdseed, rdpid */
		return bytes[2] >= 0xf0 ? CKPT_CODE_RANDOM : 0;
	default:
		return 0;
	}
}

/* Does an instruction of the function there begin at `vaddr`? Where no
 * function is known, it may. */
static bool is_instruction(const struct ckpt_code_object *code, uint64_t vaddr)
{
	struct ckpt_code_extent extent;
	const uint8_t *bytes;
	uint64_t off = 0;

	if (!ckpt_code_object_function(code, vaddr, &extent))
		return false;
	bytes = ckpt_image_bytes(ckpt_code_object_image(code), extent.vaddr,
				 extent.size);
	while (bytes && extent.vaddr + off < vaddr) {
		size_t size = ckpt_insn_size(bytes + off, extent.size - off);

		if (size == 0)
			return true;
		off += size;
	}
	return extent.vaddr + off == vaddr;
}

/* Look for the bytes of such instructions, since reading every function would
 * take a second for a large library. The CPU's may count by mistake. */
static uint32_t find_facts(const struct ckpt_code_object *code, uint64_t vaddr,
			   uint64_t size)
{
	const uint8_t *bytes =
		ckpt_image_bytes(ckpt_code_object_image(code), vaddr, size);
	const uint8_t *next = bytes, *end = bytes + size;
	uint32_t facts = 0;

	while (bytes && next < end) {
		uint32_t fact;

		next = memchr(next, 0x0f, (size_t)(end - next));
		if (!next)
			break;
		fact = fact_of(next, (size_t)(end - next));
		if (fact && !(facts & fact) &&
		    (fact == CKPT_CODE_CPU ||
		     is_instruction(code, vaddr + (uint64_t)(next - bytes))))
			facts |= fact;
		next++;
	}
	return facts;
}

uint32_t ckpt_codebase_facts(struct ckpt_codebase *base, uint32_t object)
{
	struct ckpt_codebase_member *member = &base->members[object];
	const struct ckpt_code_object *code;
	const struct ckpt_segment *segments;
	size_t count;

	if (member->has_facts ||
	    ckpt_codebase_object(base, object, &code, NULL))
		return member->facts;
	segments = ckpt_image_segments(ckpt_code_object_image(code), &count);
	for (size_t i = 0; i < count; i++)
		if (segments[i].flags & PF_X)
			member->facts |= find_facts(code, segments[i].vaddr,
						    segments[i].file_size);
	member->has_facts = true;
	return member->facts;
}
