/* SPDX-License-Identifier: MIT */
#include "shim/store/misslog.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

_Static_assert(sizeof(struct ckpt_misslog_miss) == 64 &&
		       sizeof(struct ckpt_misslog_reason) == 256 &&
		       sizeof(struct ckpt_misslog) % 4096 == 64,
	       "the layout of a file");

static uint64_t sum_miss(const struct ckpt_misslog_miss *miss)
{
	return ckpt_hash64(miss, offsetof(struct ckpt_misslog_miss, checksum));
}

static struct ckpt_misslog_miss *slot_of(struct ckpt_misslog *log,
					 uint64_t number)
{
	return &log->misses[(number - 1) % CKPT_MISSLOG_MISSES];
}

uint64_t ckpt_misslog_note(struct ckpt_misslog *log, uint32_t row,
			   struct ckpt_hash128 key, enum ckpt_miss_cause cause)
{
	struct ckpt_misslog_miss miss = {
		.key = key,
		.number = __atomic_add_fetch(&log->miss_count, 1,
					     __ATOMIC_RELAXED),
		.row = row,
		.cause = (uint8_t)cause,
		.end = CKPT_MISS_OPEN,
	};
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	miss.time_ns = now.tv_sec * 1000000000 + now.tv_nsec;
	miss.checksum = sum_miss(&miss);
	*slot_of(log, miss.number) = miss;
	return miss.number;
}

void ckpt_misslog_end(struct ckpt_misslog *log, uint64_t number,
		      uint64_t duration_ns, enum ckpt_miss_end end,
		      uint16_t reason)
{
	struct ckpt_misslog_miss miss = *slot_of(log, number);

	if (miss.number != number)
		return;
	miss.duration_ns = duration_ns;
	miss.end = (uint8_t)end;
	miss.reason = reason;
	miss.checksum = sum_miss(&miss);
	*slot_of(log, number) = miss;
}

static uint64_t count_reasons(const struct ckpt_misslog *log)
{
	uint64_t count = __atomic_load_n(&log->reason_count, __ATOMIC_RELAXED);

	return count < CKPT_MISSLOG_REASONS ? count : CKPT_MISSLOG_REASONS;
}

bool ckpt_misslog_has_room(const struct ckpt_misslog *log)
{
	return count_reasons(log) < CKPT_MISSLOG_REASONS;
}

uint16_t ckpt_misslog_count(struct ckpt_misslog *log, uint32_t row, uint64_t id,
			    uint64_t count)
{
	uint64_t reasons = count_reasons(log);

	for (uint64_t i = 0; i < reasons; i++) {
		struct ckpt_misslog_reason *reason = &log->reasons[i];

		if (!__atomic_load_n(&reason->is_ready, __ATOMIC_ACQUIRE) ||
		    reason->id != id || reason->row != row)
			continue;
		__atomic_fetch_add(&reason->count, count, __ATOMIC_RELAXED);
		return (uint16_t)(i + 1);
	}
	return 0;
}

uint16_t ckpt_misslog_add(struct ckpt_misslog *log, uint32_t row, uint64_t id,
			  uint64_t count, const char *text)
{
	struct ckpt_misslog_reason *reason;
	uint64_t at;

	if (!ckpt_misslog_has_room(log))
		return 0;
	at = __atomic_fetch_add(&log->reason_count, 1, __ATOMIC_RELAXED);
	if (at >= CKPT_MISSLOG_REASONS)
		return 0;
	reason = &log->reasons[at];
	reason->id = id;
	reason->count = count;
	reason->row = row;
	for (size_t i = 0; text[i] && i + 1 < sizeof(reason->text); i++)
		reason->text[i] = text[i];
	__atomic_store_n(&reason->is_ready, 1, __ATOMIC_RELEASE);
	return (uint16_t)(at + 1);
}

bool ckpt_misslog_is_miss(const struct ckpt_misslog *log,
			  const struct ckpt_misslog_miss *miss)
{
	return miss->number && miss->number <= log->miss_count &&
	       log->miss_count - miss->number < CKPT_MISSLOG_MISSES &&
	       miss->cause < CKPT_MISS_CAUSE_COUNT &&
	       miss->end < CKPT_MISS_END_COUNT &&
	       miss->reason <= CKPT_MISSLOG_REASONS &&
	       miss->checksum == sum_miss(miss);
}
