/* SPDX-License-Identifier: MIT */
/* Any bytes as an object with debug info. The child may die of it, we not. */
#include "shim/planner/signature/dwarf.h"
#include "shim/planner/signature/dwarf_inlined.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const char *path, bool has_vaddr)
{
	struct ckpt_types *types = ckpt_types_create();
	struct ckpt_dwarf_request request = {
		.path = path, .name = "solve", .has_vaddr = has_vaddr};
	struct ckpt_dwarf_function function;
	struct ckpt_inlined_list copies;
	struct ckpt_type *type;
	char text[500];

	if (types &&
	    !ckpt_dwarf_read_function(types, &request, &function, NULL))
		ckpt_signature_text(&function.signature, "solve", text,
				    sizeof(text));
	if (types && has_vaddr &&
	    !ckpt_dwarf_read_variable(types, path, 0, &type, NULL))
		ckpt_type_text(type, text, sizeof(text));
	if (!ckpt_inlined_find(path, NULL, "solve", has_vaddr, &copies, NULL))
		ckpt_inlined_deinit(&copies);
	ckpt_types_destroy(types);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("object", MFD_CLOEXEC);
	char path[64];

	if (fd < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size) {
		ask(path, false);
		ask(path, true);
	}
	(void)close(fd);
	return 0;
}
