/* SPDX-License-Identifier: MIT */
#include "tools/bench/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ckpt_store *bench_open_store(const char *directory)
{
	/* No level in memory: a hit there copies nothing. */
	struct ckpt_store_options options = {.memory_size = 1};
	struct ckpt_store *store = NULL;
	struct ckpt_err err;

	if (ckpt_store_open(directory, &options, &store, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_FAILURE);
	}
	return store;
}

static void *open_ckpt(const struct bench_load *load)
{
	return bench_open_store(load->directory);
}

static bool put_ckpt(void *store, struct ckpt_hash128 key, const void *from,
		     size_t size)
{
	struct ckpt_entry_info info = {.function = "f", .object = "libx.so"};
	struct iovec part = {(void *)(uintptr_t)from, size};

	return !ckpt_store_put(store, key, &info, &part, 1);
}

/* The entry that is handed out is the copy. */
static size_t get_ckpt(void *store, struct ckpt_hash128 key, uint64_t *word)
{
	struct ckpt_entry entry;
	size_t size;

	if (ckpt_store_get(store, key, 0, &entry))
		return 0;
	memcpy(word, entry.payload, sizeof(*word));
	size = entry.payload_size;
	ckpt_store_release(store, &entry);
	return size;
}

static void close_ckpt(void *store)
{
	ckpt_store_close(store);
}

const struct bench_backend bench_ckpt = {
	.name = "ckpt",
	.open = open_ckpt,
	.put = put_ckpt,
	.get = get_ckpt,
	.close = close_ckpt,
};
