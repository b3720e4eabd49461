/* SPDX-License-Identifier: MIT */
/*
 * Records, segments and exports from outside: whatever the bytes, they are
 * verified entries or none.
 */
#include "shim/store/record.h"
#include "tools/exportfile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What parses must survive being taken apart and put together. */
static void check_record(const struct ckpt_record *record)
{
	struct ckpt_entry_info info;
	struct ckpt_record again;
	struct ckpt_record_draft draft;
	struct iovec part = {.iov_base = (void *)(uintptr_t)record->payload,
			     .iov_len = record->payload_size};

	ckpt_record_describe(record, &info);
	if (strnlen(info.function, sizeof(info.function)) ==
		    sizeof(info.function) ||
	    strnlen(info.object, sizeof(info.object)) == sizeof(info.object))
		abort();
	if (ckpt_record_build(record->key, &info, &part, 1, &draft))
		abort();
	if (draft.part_count
		    ? draft.size - draft.head_size != record->payload_size
		    : ckpt_record_parse(draft.head, draft.size, &again))
		abort();
}

static void fix_checksum(uint8_t *bytes, size_t size)
{
	uint64_t sum;

	if (size < sizeof(struct ckpt_record_header))
		return;
	sum = ckpt_hash64(bytes + CKPT_RECORD_SUM_OFF,
			  size - CKPT_RECORD_SUM_OFF);
	memcpy(bytes + 8, &sum, sizeof(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ckpt_export_header header;
	struct ckpt_record record;
	struct ckpt_reader r;
	uint64_t count = 0;
	uint8_t *copy = malloc(size + 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (!ckpt_record_parse(copy, size, &record))
		check_record(&record);
	/* A mutation hardly ever has the right checksum: give it one. */
	fix_checksum(copy, size);
	if (!ckpt_record_parse(copy, size, &record))
		check_record(&record);
	for (size_t n = 0; n <= size && n < CKPT_RECORD_HEAD_MAX; n += 16)
		if (!ckpt_record_peek(copy, n, size, &record)) {
			struct ckpt_entry_info info;

			ckpt_record_describe(&record, &info);
		}
	ckpt_reader_init(&r, data, size);
	(void)!ckpt_export_read_header(&r, &header);
	while (!ckpt_export_next(&r, count, &record)) {
		check_record(&record);
		count++;
	}
	free(copy);
	return 0;
}
