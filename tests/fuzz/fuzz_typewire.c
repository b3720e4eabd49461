/* SPDX-License-Identifier: MIT */
/* Any bytes as a type graph: refused, or one that every reader of types can
 * walk without checks of its own. */
#include "shim/planner/signature/abi_x86_64.h"
#include "shim/planner/types/typewire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct ckpt_types *types, struct ckpt_type *const roots[2])
{
	struct ckpt_parameter parameter = {"x", roots[1]};
	struct ckpt_signature signature = {.result = roots[0],
					   .parameters = &parameter,
					   .parameter_count = 1,
					   .has_prototype = true};
	struct ckpt_abi_call call;
	struct ckpt_buf again = {0};
	char text[200];
	uint64_t off;

	ckpt_type_text(roots[0], text, sizeof(text));
	(void)ckpt_type_equal(roots[0], roots[1]);
	(void)ckpt_type_field(roots[1], "x", &off);
	if (!ckpt_abi_layout(types, &signature, &call, NULL))
		ckpt_signature_text(&signature, "f", text, sizeof(text));
	if (ckpt_typewire_encode((const struct ckpt_type *const *)roots, 2,
				 &again))
		abort();
	ckpt_buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_types *types = ckpt_types_create();
	struct ckpt_type *roots[2] = {NULL, NULL};
	struct ckpt_reader in;

	ckpt_reader_init(&in, data, size);
	if (types && !ckpt_typewire_decode(&in, types, roots, 2) && roots[0] &&
	    roots[1])
		use(types, roots);
	ckpt_types_destroy(types);
	return 0;
}
