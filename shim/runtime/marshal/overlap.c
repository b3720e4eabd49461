/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/overlap.h"

/* Pairs looked at before a call is refused: everything overlaps everything. */
enum { PAIRS_MAX = 1 << 22 };

/* Up to this many extents are compared pair by pair. */
enum { COMPARE_MAX = 24 };

/* No pair: the first number of one is smaller than the second. */
static const uint64_t PAIRS_END = 0;

struct entry {
	uintptr_t start;
	uintptr_t reach; /* largest end of this and all entries before it */
	uint64_t extent;
};

static struct entry *entries_of(const struct ckpt_call *call,
				const struct ckpt_overlap *overlap)
{
	return (void *)(call->arena->data + overlap->off);
}

static bool is_before(const struct entry *a, const struct entry *b)
{
	return a->start != b->start ? a->start < b->start
				    : a->extent < b->extent;
}

/* Heap sort: no recursion, no worst case, no memory. */
static void sift_down(struct entry *entries, uint32_t root, uint32_t count)
{
	for (;;) {
		uint32_t child = 2 * root + 1;
		struct entry swap;

		if (child >= count)
			return;
		if (child + 1 < count &&
		    is_before(&entries[child], &entries[child + 1]))
			child++;
		if (!is_before(&entries[root], &entries[child]))
			return;
		swap = entries[root];
		entries[root] = entries[child];
		entries[child] = swap;
		root = child;
	}
}

static void sort_entries(struct entry *entries, uint32_t count)
{
	for (uint32_t i = count / 2; i-- > 0;)
		sift_down(entries, i, count);
	for (uint32_t i = count; i-- > 1;) {
		struct entry swap = entries[0];

		entries[0] = entries[i];
		entries[i] = swap;
		sift_down(entries, 0, i);
	}
}

static uintptr_t end_of(const struct ckpt_call *call, const struct entry *entry)
{
	return entry->start + ckpt_overlap_size(&call->extents[entry->extent]);
}

enum ckpt_status ckpt_overlap_init(struct ckpt_call *call, uint32_t first,
				   struct ckpt_overlap *ret)
{
	struct ckpt_overlap overlap = {.first = first};
	enum ckpt_status status;
	struct entry *entries;
	uintptr_t reach = 0;

	status = ckpt_call_reserve(call, call->extent_count * sizeof(*entries),
				   &overlap.off);
	if (status)
		return status;
	entries = entries_of(call, &overlap);
	for (uint32_t i = first; i < call->extent_count; i++) {
		if (call->extents[i].flags & CKPT_EXTENT_IS_GONE)
			continue;
		entries[overlap.count++] = (struct entry){
			.start = (uintptr_t)call->extents[i].address,
			.extent = i,
		};
	}
	sort_entries(entries, overlap.count);
	for (uint32_t i = 0; i < overlap.count; i++) {
		uintptr_t end = end_of(call, &entries[i]);

		reach = end > reach ? end : reach;
		entries[i].reach = reach;
	}
	*ret = overlap;
	return CKPT_OK;
}

enum ckpt_status ckpt_overlap_pairs(
	struct ckpt_call *call, const struct ckpt_overlap *overlap,
	bool is_touching,
	enum ckpt_status (*visit)(void *argument, uint32_t a, uint32_t b),
	void *argument)
{
	const struct entry *entries = entries_of(call, overlap);
	enum ckpt_status status;
	uint32_t pairs = 0;

	for (uint32_t i = 0; i < overlap->count; i++) {
		uintptr_t end = end_of(call, &entries[i]) + is_touching;

		for (uint32_t j = i + 1;
		     j < overlap->count && entries[j].start < end; j++) {
			if (++pairs > PAIRS_MAX)
				return ckpt_call_refuse(
					call, CKPT_REFUSAL_LIMIT,
					CKPT_PLAN_NONE, NULL, pairs);
			status = visit(argument, (uint32_t)entries[i].extent,
				       (uint32_t)entries[j].extent);
			if (status)
				return status;
		}
	}
	return CKPT_OK;
}

/* How many entries start at or before `address`. */
static uint32_t count_before(const struct entry *entries, uint32_t count,
			     uintptr_t address)
{
	uint32_t low = 0;
	uint32_t high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (entries[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum ckpt_status ckpt_overlap_find(const struct ckpt_call *call,
				   const struct ckpt_overlap *overlap,
				   const uint8_t *address, uint32_t *ret)
{
	const struct entry *entries = entries_of(call, overlap);
	uintptr_t at = (uintptr_t)address;
	enum ckpt_status status = CKPT_NOTFOUND;

	for (uint32_t i = count_before(entries, overlap->count, at);
	     i-- > 0 && entries[i].reach >= at;) {
		uintptr_t end = end_of(call, &entries[i]);

		if (at < end || at == entries[i].start) {
			*ret = (uint32_t)entries[i].extent;
			return CKPT_OK;
		}
		if (at == end) {
			*ret = (uint32_t)entries[i].extent;
			status = CKPT_OK;
		}
	}
	return status;
}

enum ckpt_status
ckpt_overlap_find_start(const struct ckpt_call *call,
			const struct ckpt_overlap *overlap,
			const uint8_t *address,
			bool (*is_wanted)(const void *argument,
					  const struct ckpt_extent *extent),
			const void *argument, uint32_t *ret)
{
	const struct entry *entries = entries_of(call, overlap);
	uintptr_t at = (uintptr_t)address;

	for (uint32_t i = count_before(entries, overlap->count, at);
	     i-- > 0 && entries[i].start == at;) {
		if (!is_wanted(argument, &call->extents[entries[i].extent]))
			continue;
		*ret = (uint32_t)entries[i].extent;
		return CKPT_OK;
	}
	return CKPT_NOTFOUND;
}

/* ---- in the key ---- */

/* Does it matter that these two share memory? */
static bool is_overlap_input(const struct ckpt_call *call, uint32_t a,
			     uint32_t b)
{
	return call->program->function->flags & CKPT_FUNCTION_POINTERS ||
	       call->extents[a].direction != CKPT_DIR_IN ||
	       call->extents[b].direction != CKPT_DIR_IN;
}

static bool needs_overlaps(const struct ckpt_call *call)
{
	if (call->extent_count < 3)
		return false;
	if (call->program->function->flags & CKPT_FUNCTION_POINTERS)
		return true;
	for (uint32_t i = 1; i < call->extent_count; i++) {
		if (call->extents[i].direction != CKPT_DIR_IN)
			return true;
	}
	return false;
}

static bool is_touching(const struct ckpt_call *call, uint32_t a, uint32_t b)
{
	const struct ckpt_extent *x = &call->extents[a];
	const struct ckpt_extent *y = &call->extents[b];
	uint64_t slack =
		call->program->function->flags & CKPT_FUNCTION_POINTERS ? 1 : 0;

	return x->address < y->address + ckpt_overlap_size(y) + slack &&
	       y->address < x->address + ckpt_overlap_size(x) + slack;
}

/* What the call leaves in scratch memory is not replayed, so nobody may see it
 * who was not told that it means nothing. */
static enum ckpt_status check_scratch(struct ckpt_call *call, uint32_t a,
				      uint32_t b)
{
	const struct ckpt_extent *x = &call->extents[a];
	const struct ckpt_extent *y = &call->extents[b];
	bool is_scratch = x->direction == CKPT_DIR_SCRATCH;

	if (is_scratch == (y->direction == CKPT_DIR_SCRATCH) ||
	    (x->flags | y->flags) & CKPT_EXTENT_IS_ROOT ||
	    x->address >= y->address + ckpt_overlap_size(y) ||
	    y->address >= x->address + ckpt_overlap_size(x))
		return CKPT_OK;
	return ckpt_call_refuse(call, CKPT_REFUSAL_SCRATCH,
				is_scratch ? x->clause : y->clause,
				is_scratch ? x->address : y->address,
				is_scratch ? x->size : y->size);
}

static void put_pair(struct ckpt_sink *sink, const struct ckpt_call *call,
		     uint32_t a, uint32_t b)
{
	ckpt_sink_put_word(sink, (uint64_t)a << 32 | b);
	ckpt_sink_put_word(sink, (uint64_t)(call->extents[b].address -
					    call->extents[a].address));
}

struct pair_sum {
	struct ckpt_call *call;
	struct ckpt_sink *sink;
	uint64_t count;
	struct ckpt_hash128 sum;
};

/* Pairs come in order of their addresses, which differ from run to run:
 * add up digests, so that the order does not count. */
static enum ckpt_status add_pair(void *argument, uint32_t a, uint32_t b)
{
	struct pair_sum *sum = argument;
	struct ckpt_call *call = sum->call;
	uint32_t low = a < b ? a : b;
	uint32_t high = a < b ? b : a;
	struct ckpt_hash128 digest;
	uint64_t words[2];
	enum ckpt_status status = check_scratch(call, low, high);

	if (status || !is_overlap_input(call, low, high))
		return status;
	words[0] = (uint64_t)low << 32 | high;
	words[1] = (uint64_t)(call->extents[high].address -
			      call->extents[low].address);
	digest = ckpt_hash(sum->sink->secret, words, sizeof(words));
	sum->count++;
	sum->sum.hi +=
		digest.hi +
		__builtin_add_overflow(sum->sum.lo, digest.lo, &sum->sum.lo);
	return CKPT_OK;
}

static enum ckpt_status put_many(struct ckpt_call *call, struct ckpt_sink *sink)
{
	struct pair_sum sum = {.call = call, .sink = sink};
	struct ckpt_overlap overlap;
	enum ckpt_status status;

	status = ckpt_overlap_init(call, 1, &overlap);
	if (!status)
		status = ckpt_overlap_pairs(call, &overlap,
					    call->program->function->flags &
						    CKPT_FUNCTION_POINTERS,
					    add_pair, &sum);
	if (status)
		return status;
	ckpt_sink_put_word(sink, sum.count);
	ckpt_sink_put_digest(sink, sum.sum);
	return CKPT_OK;
}

enum ckpt_status ckpt_overlap_put(struct ckpt_call *call,
				  struct ckpt_sink *sink)
{
	enum ckpt_status status;

	if (!needs_overlaps(call))
		return CKPT_OK;
	if (call->extent_count > COMPARE_MAX)
		return put_many(call, sink);
	for (uint32_t i = 1; i < call->extent_count; i++) {
		for (uint32_t j = i + 1; j < call->extent_count; j++) {
			if (!is_touching(call, i, j) ||
			    !is_overlap_input(call, i, j))
				continue;
			status = check_scratch(call, i, j);
			if (status)
				return status;
			put_pair(sink, call, i, j);
		}
	}
	ckpt_sink_put_word(sink, PAIRS_END);
	return CKPT_OK;
}
