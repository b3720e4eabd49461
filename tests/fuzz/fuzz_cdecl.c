/* SPDX-License-Identifier: MIT */
/* Any text as a C declaration, and as a type name. */
#include "shim/planner/signature/cdecl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_types *types = ckpt_types_create();
	char *text = malloc(size + 1), spelling[200];
	struct ckpt_signature signature;
	struct ckpt_type *type;
	struct ckpt_err err;

	if (types && text) {
		memcpy(text, data, size);
		text[size] = '\0';
		if (!ckpt_cdecl_parse(types, text, NULL, &signature, NULL,
				      &err))
			ckpt_type_text(signature.result, spelling,
				       sizeof(spelling));
		if (!ckpt_cdecl_type(types, text, NULL, &type, &err)) {
			ckpt_type_text(type, spelling, sizeof(spelling));
			(void)ckpt_type_equal(type, type);
		}
	}
	free(text);
	ckpt_types_destroy(types);
	return 0;
}
