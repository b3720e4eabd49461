/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/machine_x86_64.h"

#include <cpuid.h>

enum { REGISTER_A = 1, REGISTER_B = 2, REGISTER_C = 4, REGISTER_D = 8 };

/* What a leaf tells of the CPU; left out is what differs from core to core
 * (initial APIC id in leaf 1's ebx, ids in leaf 0x80000001's). */
struct leaf {
	uint32_t number;
	uint32_t subleaf;
	uint32_t registers;
};

static const struct leaf leaves[] = {
	{0x0, 0, REGISTER_A | REGISTER_B | REGISTER_C | REGISTER_D},
	{0x1, 0, REGISTER_A | REGISTER_D},
	{0x7, 0, REGISTER_B | REGISTER_C | REGISTER_D},
	{0x7, 1, REGISTER_A},
	{0x4, 0, REGISTER_B | REGISTER_C},
	{0x4, 1, REGISTER_B | REGISTER_C},
	{0x4, 2, REGISTER_B | REGISTER_C},
	{0x4, 3, REGISTER_B | REGISTER_C},
	{0x80000001, 0, REGISTER_A | REGISTER_C | REGISTER_D},
	{0x80000005, 0, REGISTER_C | REGISTER_D},
	{0x80000006, 0, REGISTER_C | REGISTER_D},
};

enum { LEAF_COUNT = sizeof(leaves) / sizeof(leaves[0]) };

/* Leaf 1 ecx bit 27: XGETBV may be used; set by the kernel, like XCR0. */
static const uint32_t osxsave_bit = 1u << 27;

static void read_leaf(const struct leaf *leaf, uint32_t out[4])
{
	uint32_t a = 0, b = 0, c = 0, d = 0;

	if (!__get_cpuid_count(leaf->number, leaf->subleaf, &a, &b, &c, &d))
		return;
	out[0] = leaf->registers & REGISTER_A ? a : 0;
	out[1] = leaf->registers & REGISTER_B ? b : 0;
	out[2] = leaf->registers & REGISTER_C ? c : 0;
	out[3] = leaf->registers & REGISTER_D ? d : 0;
}

static uint64_t enabled_state(uint32_t *features)
{
	uint32_t a = 0, b = 0, c = 0, d = 0;

	if (!__get_cpuid(1, &a, &b, &c, &d))
		return 0;
	*features = c;
	if (!(c & osxsave_bit))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return (uint64_t)d << 32 | a;
}

struct ckpt_hash128 ckpt_machine_digest(void)
{
	struct {
		uint32_t leaves[LEAF_COUNT][4];
		uint64_t enabled;
		uint64_t features;
	} machine;
	uint32_t features = 0;

	__builtin_memset(&machine, 0, sizeof(machine));
	for (int i = 0; i < LEAF_COUNT; i++)
		read_leaf(&leaves[i], machine.leaves[i]);
	machine.enabled = enabled_state(&features);
	machine.features = features;
	return ckpt_hash(NULL, &machine, sizeof(machine));
}
