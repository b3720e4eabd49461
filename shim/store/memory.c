/* SPDX-License-Identifier: MIT */
#include "shim/store/memory.h"

#include <string.h>

#include "shim/common/sys_x86_64.h"

enum { EMPTY = 0, CHANGING = 1, FREE = 2, ADMITTED_PART = 16 };

_Static_assert((int)CKPT_MEMORY_TOKEN + (int)CKPT_MEMORY_SLOTS < 4096,
	       "a token is no size of a mapping");

static struct ckpt_memory_slot *get_set(struct ckpt_memory *memory,
					struct ckpt_hash128 key)
{
	return &memory->slots[key.lo % CKPT_MEMORY_SETS * CKPT_MEMORY_WAYS];
}

/* Nobody but us changes the slot while this is held. */
static bool claim_slot(struct ckpt_memory_slot *slot, uint32_t state)
{
	return __atomic_compare_exchange_n(&slot->state, &state, CHANGING,
					   false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void empty_slot(struct ckpt_memory *memory,
		       struct ckpt_memory_slot *slot)
{
	if (!slot->data)
		return;
	(void)ckpt_sys_munmap(slot->data, slot->size);
	__atomic_fetch_sub(&memory->size, slot->size, __ATOMIC_RELAXED);
	slot->data = NULL;
}

void ckpt_memory_deinit(struct ckpt_memory *memory)
{
	for (int i = 0; i < CKPT_MEMORY_SLOTS; i++) {
		empty_slot(memory, &memory->slots[i]);
		memory->slots[i].state = EMPTY;
	}
}

static bool is_same_file(const struct ckpt_memory_slot *slot,
			 const struct stat *st)
{
	return slot->inode == st->st_ino && slot->dev == st->st_dev &&
	       slot->size == (size_t)st->st_size &&
	       slot->modified.tv_sec == st->st_mtim.tv_sec &&
	       slot->modified.tv_nsec == st->st_mtim.tv_nsec;
}

/* One more is out; false: it is changing or empty. */
static bool hold_slot(struct ckpt_memory_slot *slot)
{
	uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_RELAXED);

	while (state >= FREE)
		if (__atomic_compare_exchange_n(&slot->state, &state, state + 1,
						false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

static void release_slot(struct ckpt_memory_slot *slot)
{
	__atomic_fetch_sub(&slot->state, 1, __ATOMIC_RELEASE);
}

static uint32_t count_use(struct ckpt_memory *memory)
{
	return __atomic_add_fetch(&memory->use_count, 1, __ATOMIC_RELAXED);
}

bool ckpt_memory_take(struct ckpt_memory *memory, struct ckpt_hash128 key,
		      const struct stat *st, struct ckpt_entry *ret)
{
	struct ckpt_memory_slot *set = get_set(memory, key);

	for (int way = 0; way < CKPT_MEMORY_WAYS; way++) {
		struct ckpt_memory_slot *slot = &set[way];

		if (!hold_slot(slot))
			continue;
		if (!ckpt_hash_equal(slot->key, key) ||
		    !is_same_file(slot, st)) {
			release_slot(slot);
			continue;
		}
		__atomic_store_n(&slot->used_at, count_use(memory),
				 __ATOMIC_RELAXED);
		ret->created_s = slot->created_s;
		ret->duration_ns = slot->duration_ns;
		ret->payload = slot->data + slot->payload_off;
		ret->payload_size = slot->size - slot->payload_off;
		ret->memory = slot->data;
		ret->memory_token =
			CKPT_MEMORY_TOKEN + (size_t)(slot - memory->slots);
		return true;
	}
	return false;
}

bool ckpt_memory_give(struct ckpt_memory *memory, size_t token)
{
	if (token < CKPT_MEMORY_TOKEN ||
	    token >= CKPT_MEMORY_TOKEN + CKPT_MEMORY_SLOTS)
		return false;
	release_slot(&memory->slots[token - CKPT_MEMORY_TOKEN]);
	return true;
}

/* Asked for before? Two keys may share a place: then it takes one more time. */
static bool is_known(struct ckpt_memory *memory, struct ckpt_hash128 key)
{
	uint64_t *seen = &memory->seen[key.lo % CKPT_MEMORY_SEEN];

	return __atomic_exchange_n(seen, key.hi | 1, __ATOMIC_RELAXED) ==
	       (key.hi | 1);
}

/* Where others have to go to make room, only one in a few comes in: a process
 * that goes round more than fits would copy all the time and gain nothing. */
static bool is_admitted(struct ckpt_memory *memory, size_t size)
{
	return __atomic_load_n(&memory->size, __ATOMIC_RELAXED) + size <=
		       memory->limit ||
	       count_use(memory) % ADMITTED_PART == 0;
}

/* Of the set, a slot for a new entry, claimed: the same key's, an empty one, or
 * the one not used for longest. NULL: all are out. */
static struct ckpt_memory_slot *claim_victim(struct ckpt_memory *memory,
					     struct ckpt_hash128 key)
{
	struct ckpt_memory_slot *set = get_set(memory, key);
	struct ckpt_memory_slot *best = NULL;
	uint32_t best_state = EMPTY;

	for (int way = 0; way < CKPT_MEMORY_WAYS; way++) {
		struct ckpt_memory_slot *slot = &set[way];
		uint32_t state =
			__atomic_load_n(&slot->state, __ATOMIC_RELAXED);

		if (state == CHANGING || state > FREE)
			continue;
		if (state == FREE && ckpt_hash_equal(slot->key, key)) {
			best = slot;
			best_state = state;
			break;
		}
		if (best && (best_state == EMPTY ||
			     (state == FREE &&
			      (int32_t)(slot->used_at - best->used_at) > 0)))
			continue;
		best = slot;
		best_state = state;
	}
	return best && claim_slot(best, best_state) ? best : NULL;
}

/* Other entries go until there is room. */
static bool make_room(struct ckpt_memory *memory, size_t size)
{
	for (int i = 0; i < CKPT_MEMORY_SLOTS; i++) {
		struct ckpt_memory_slot *slot = &memory->slots[i];

		if (__atomic_load_n(&memory->size, __ATOMIC_RELAXED) + size <=
		    memory->limit)
			return true;
		if (!claim_slot(slot, FREE))
			continue;
		empty_slot(memory, slot);
		__atomic_store_n(&slot->state, EMPTY, __ATOMIC_RELEASE);
	}
	return __atomic_load_n(&memory->size, __ATOMIC_RELAXED) + size <=
	       memory->limit;
}

static bool fill_slot(struct ckpt_memory *memory, struct ckpt_memory_slot *slot,
		      const struct stat *st, const struct ckpt_entry *entry)
{
	size_t size = (size_t)st->st_size;

	empty_slot(memory, slot);
	if (!make_room(memory, size))
		return false;
	slot->data = ckpt_sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(slot->data)) {
		slot->data = NULL;
		return false;
	}
	__atomic_fetch_add(&memory->size, size, __ATOMIC_RELAXED);
	memcpy(slot->data, entry->memory, size);
	slot->size = size;
	slot->dev = st->st_dev;
	slot->inode = st->st_ino;
	slot->modified = st->st_mtim;
	slot->payload_off = size - entry->payload_size;
	slot->created_s = entry->created_s;
	slot->duration_ns = entry->duration_ns;
	slot->used_at = count_use(memory);
	return true;
}

void ckpt_memory_keep(struct ckpt_memory *memory, struct ckpt_hash128 key,
		      const struct stat *st, const struct ckpt_entry *entry)
{
	size_t head = (size_t)((const uint8_t *)entry->payload -
			       (const uint8_t *)entry->memory);
	struct ckpt_memory_slot *slot;
	bool is_filled;

	/* The file was replaced between being looked at and being read. */
	if (head + entry->payload_size != (size_t)st->st_size ||
	    (size_t)st->st_size > memory->limit / 2 || !is_known(memory, key) ||
	    !is_admitted(memory, (size_t)st->st_size))
		return;
	slot = claim_victim(memory, key);
	if (!slot)
		return;
	slot->key = key;
	is_filled = fill_slot(memory, slot, st, entry);
	__atomic_store_n(&slot->state, is_filled ? FREE : EMPTY,
			 __ATOMIC_RELEASE);
}
