/* SPDX-License-Identifier: MIT */
/* An object with everything in it read: unwind tables and every function. */
#include "shim/planner/code/codefunc_x86_64.h"
#include "shim/planner/elf/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_functions(const struct ckpt_code_object *object)
{
	struct ckpt_pool pool = {0};
	size_t count = ckpt_code_object_function_count(object);

	for (size_t i = 0; i < count && i < 64; i++) {
		struct ckpt_code_extent extent =
			ckpt_code_object_function_at(object, i);
		struct ckpt_code_function function;
		struct ckpt_lsda lsda;
		uint64_t word;

		if (extent.size > 1 << 16)
			continue;
		if (ckpt_code_function_read(object, extent, &pool, &function))
			continue;
		(void)ckpt_code_function_stub(object, extent.vaddr, &word);
		if (extent.lsda &&
		    ckpt_unwind_read_lsda(ckpt_code_object_image(object),
					  extent.lsda, &lsda))
			continue;
	}
	ckpt_pool_deinit(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_image *image;
	struct ckpt_code_object *object;
	const struct ckpt_symbol *symbols;
	size_t count;

	if (ckpt_image_open_memory("fuzz", data, size, &image, NULL))
		return 0;
	(void)ckpt_identity_of_image(image);
	symbols = ckpt_image_static_symbols(image, &count);
	if (!ckpt_code_object_create(image, symbols, count, &object)) {
		read_functions(object);
		ckpt_code_object_destroy(object);
	}
	ckpt_image_close(image);
	return 0;
}
