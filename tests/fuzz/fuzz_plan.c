/* SPDX-License-Identifier: MIT */
/*
 * Plans. The input as it is; then as changes to a sound plan, three bytes each
 * (offset, value), with the checksum put right, so that damage reaches the
 * checks behind it.
 */
#include "shim/runtime/plan/plancheck.h"
#include "tests/sample_plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void repair_header(uint8_t *plan, size_t size)
{
	size_t summed = offsetof(struct ckpt_plan_header, key);
	struct ckpt_hash128 sum = ckpt_hash(NULL, plan + summed, size - summed);

	memcpy(plan + offsetof(struct ckpt_plan_header, checksum), &sum,
	       sizeof(sum));
}

/* What a reader of a checked plan relies on. */
static void read_strings(const struct ckpt_plan_view *plan)
{
	for (uint32_t i = 0; i < plan->counts[CKPT_PLAN_FUNCTIONS]; i++)
		if (strlen(ckpt_plan_text(plan, plan->functions[i].name)) >
		    plan->counts[CKPT_PLAN_STRINGS])
			abort();
}

static void check(const uint8_t *data, size_t size)
{
	uint8_t *copy = aligned_alloc(8, (size + 8) & ~(size_t)7);
	struct ckpt_plan_view plan;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (!ckpt_plan_check(copy, size, &plan, NULL))
		read_strings(&plan);
	free(copy);
}

static void check_changed(const uint8_t *data, size_t size)
{
	struct ckpt_buf bytes = {0};

	start_plan();
	ADD(FUNCTIONS, function);
	if (ckpt_planwriter_build(&tables, &header, &bytes))
		abort();
	ckpt_tables_deinit(&tables);
	for (; size >= 3; size -= 3, data += 3)
		bytes.data[(data[0] | data[1] << 8) % bytes.size] = data[2];
	repair_header(bytes.data, bytes.size);
	check(bytes.data, bytes.size);
	ckpt_buf_deinit(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size);
	check_changed(data, size);
	return 0;
}
