/* SPDX-License-Identifier: MIT */
#include "shim/runtime/recording.h"

#include "shim/runtime/guest/format.h"
#include "shim/runtime/guest/randstate.h"

#include <string.h>
#include <time.h>

/* The next `size` of `left` bytes at `*next`; NULL if there are fewer. */
static const uint8_t *take(const uint8_t **next, uint64_t *left, uint64_t size)
{
	const uint8_t *start = *next;

	if (size > *left)
		return NULL;
	*next += size;
	*left -= size;
	return start;
}

bool ckpt_recording_read(const struct ckpt_entry *entry,
			 struct ckpt_recording *ret)
{
	const uint8_t *next = entry->payload;
	uint64_t left = entry->payload_size;
	struct ckpt_payload_header *header = &ret->header;

	if (left < sizeof(*header))
		return false;
	memcpy(header, next, sizeof(*header));
	next += sizeof(*header);
	left -= sizeof(*header);
	if (header->magic != CKPT_PAYLOAD_MAGIC ||
	    header->version != CKPT_PAYLOAD_VERSION)
		return false;
	ret->effects = take(&next, &left, header->effects_size);
	ret->random = take(&next, &left, header->random_size);
	return ret->effects && ret->random;
}

void ckpt_recording_replay_random(const struct ckpt_recording *recording)
{
	uint32_t size = recording->header.random_size;
	struct ckpt_randstate state = {
		.count = size / sizeof(state.words[0]),
	};

	if (!size || size > sizeof(state.words))
		return;
	memcpy(state.words, recording->random, size);
	/* The state before the call is in the key: it is of this kind. */
	(void)ckpt_randstate_write(&state);
}

/* Beside the entry, so that no hit reads it; without it that is as good. */
static void put_inputs(struct ckpt_store *store, struct ckpt_hash128 key,
		       const struct ckpt_entry_info *info,
		       const struct ckpt_recording_parts *parts)
{
	uint32_t magic = CKPT_PAYLOAD_INPUTS_MAGIC;
	const struct iovec pieces[] = {
		{&magic, sizeof(magic)},
		{parts->components->data + parts->key_size, parts->inputs_size},
	};
	struct ckpt_entry_info beside = *info;

	(void)ckpt_format(beside.function, sizeof(beside.function), "%s%s",
			  CKPT_PAYLOAD_INPUTS_NAME, info->function);
	(void)!ckpt_store_put(store, ckpt_payload_inputs_key(key), &beside,
			      pieces, 2);
}

enum ckpt_status ckpt_recording_put(struct ckpt_store *store,
				    struct ckpt_hash128 key,
				    const struct ckpt_entry_info *info,
				    struct ckpt_payload_header *header,
				    const struct ckpt_recording_parts *parts,
				    bool draws_random)
{
	const struct ckpt_arena *about = parts->components;
	size_t before_outputs = parts->key_size + parts->inputs_size;
	size_t outputs_size = about->size - before_outputs;
	struct ckpt_randstate random = {.count = 0};
	struct iovec pieces[5];
	enum ckpt_status status;

	if (draws_random && !ckpt_randstate_read(&random))
		return CKPT_UNSUPPORTED;
	header->magic = CKPT_PAYLOAD_MAGIC;
	header->version = CKPT_PAYLOAD_VERSION;
	header->effects_size = parts->effects->size;
	header->random_size =
		(uint32_t)(random.count * sizeof(random.words[0]));
	header->components_size = parts->key_size + outputs_size;
	pieces[0] = (struct iovec){header, sizeof(*header)};
	pieces[1] = (struct iovec){parts->effects->data, parts->effects->size};
	pieces[2] = (struct iovec){random.words, header->random_size};
	pieces[3] = (struct iovec){about->data, parts->key_size};
	pieces[4] = (struct iovec){about->data + before_outputs, outputs_size};
	status = ckpt_store_put(store, key, info, pieces, 5);
	if (!status && parts->inputs_size)
		put_inputs(store, key, info, parts);
	return status;
}

static void copy_name(const char *name, char *text, size_t size)
{
	for (size_t i = 0; name[i] && i + 1 < size; i++)
		text[i] = name[i];
}

void ckpt_recording_describe(const char *function, const char *object,
			     uint64_t duration_ns, struct ckpt_entry_info *ret)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	__builtin_memset(ret, 0, sizeof(*ret));
	copy_name(function, ret->function, sizeof(ret->function));
	copy_name(object, ret->object, sizeof(ret->object));
	ret->created_s = now.tv_sec;
	ret->duration_ns = duration_ns;
}
