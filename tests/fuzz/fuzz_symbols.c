/* SPDX-License-Identifier: MIT */
/* A file of kept symbols: as it is, and with a checksum that is right. */
#include "shim/planner/code/symbolfile.h"

#include "shim/common/cleanup.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* symbolfile.c: magic, identity, checksum, what is checked. */
enum { IDENTITY_OFF = 8, CHECKSUM_OFF = 24, CHECKED_FROM = 32 };

static void parse(const uint8_t *data, size_t size)
{
	struct ckpt_symbolfile file = {0};
	struct ckpt_hash128 identity = {0};
	size_t length = 0;

	if (size >= CHECKSUM_OFF)
		memcpy(&identity, data + IDENTITY_OFF, sizeof(identity));
	if (ckpt_symbolfile_parse(identity, data, size, &file))
		return;
	for (size_t i = 0; i < file.count; i++)
		length += strlen(file.symbols[i].name);
	if (length > size * (file.count + 1))
		abort();
	ckpt_symbolfile_deinit(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *copy = malloc(size + 1);
	uint64_t checksum;

	parse(data, size);
	if (!copy || size < CHECKED_FROM)
		return 0;
	memcpy(copy, data, size);
	checksum = ckpt_hash64(data + CHECKED_FROM, size - CHECKED_FROM);
	memcpy(copy + CHECKSUM_OFF, &checksum, sizeof(checksum));
	parse(copy, size);
	return 0;
}
