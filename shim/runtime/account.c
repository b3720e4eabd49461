/* SPDX-License-Identifier: MIT */
#include "shim/runtime/account.h"

#include "shim/runtime/marshal/message.h"

/* Kinds of refusals and places for them are told apart by these bits; ids that
 * are addresses of texts have them clear. */
enum { ID_KIND_SHIFT = 56, ID_ROOT_SHIFT = 28 };

static struct ckpt_misslog *log_of(const struct ckpt_memo *memo)
{
	struct ckpt_stats *stats =
		__atomic_load_n(&memo->stats, __ATOMIC_ACQUIRE);

	return stats ? ckpt_stats_misses(stats) : NULL;
}

void ckpt_account_error(struct ckpt_memo *memo,
			const struct ckpt_memo_function *function,
			const char *cause, enum ckpt_status status)
{
	CKPT_COUNT(memo, function, errors, 1);
	memo->tell(function, cause, ckpt_status_text(status));
}

void ckpt_account_missed(struct ckpt_memo *memo,
			 const struct ckpt_memo_function *function,
			 struct ckpt_hash128 key, enum ckpt_miss_cause cause,
			 struct ckpt_account_miss *ret)
{
	struct ckpt_misslog *log = log_of(memo);

	CKPT_COUNT(memo, function, misses, 1);
	ret->number =
		log ? ckpt_misslog_note(log, function->stats_row, key, cause)
		    : 0;
}

static void end_miss(const struct ckpt_memo *memo,
		     const struct ckpt_account_miss *miss,
		     enum ckpt_miss_end end, uint16_t reason)
{
	struct ckpt_misslog *log = log_of(memo);

	if (log && miss && miss->number)
		ckpt_misslog_end(log, miss->number, miss->duration_ns, end,
				 reason);
}

void ckpt_account_stored(struct ckpt_memo *memo,
			 const struct ckpt_memo_function *function,
			 const struct ckpt_account_miss *miss)
{
	CKPT_COUNT(memo, function, stored, 1);
	end_miss(memo, miss, CKPT_MISS_STORED, 0);
}

static uint16_t count_reason(const struct ckpt_memo *memo,
			     const struct ckpt_memo_function *function,
			     const char *why, uint64_t count)
{
	struct ckpt_misslog *log = log_of(memo);
	uint16_t reason;

	if (!log)
		return 0;
	reason = ckpt_misslog_count(log, function->stats_row, (uintptr_t)why,
				    count);
	if (!reason)
		reason = ckpt_misslog_add(log, function->stats_row,
					  (uintptr_t)why, count, why);
	return reason;
}

void ckpt_account_unstored(struct ckpt_memo *memo,
			   const struct ckpt_memo_function *function,
			   const struct ckpt_account_miss *miss,
			   const char *why)
{
	end_miss(memo, miss, CKPT_MISS_NOT_STORED,
		 count_reason(memo, function, why, 1));
}

/* ---- refusals ----------------------------------------------------------- */
/* True once per function, kind of refusal and clause: formatting a message
 * for each of a million refused calls would cost more than the calls. */
static bool is_news(struct ckpt_memo_function *function,
		    const struct ckpt_refusal *refusal)
{
	uint64_t bit = 1ull << ((refusal->kind * 7u + refusal->clause) % 64);
	uint64_t told =
		__atomic_fetch_or(&function->told, bit, __ATOMIC_RELAXED);

	return !(told & bit);
}

static void tell_refusal(struct ckpt_memo *memo,
			 const struct ckpt_memo_function *function,
			 const struct ckpt_call *call)
{
	char text[512];
	char cause[64];

	ckpt_message_cause(call, cause, sizeof(cause));
	ckpt_message_refusal(call, text, sizeof(text));
	memo->tell(function, cause, text);
}

static uint16_t count_refusal(const struct ckpt_memo *memo,
			      const struct ckpt_memo_function *function,
			      const struct ckpt_call *call)
{
	const struct ckpt_refusal *refusal = &call->refusal;
	uint64_t id =
		((uint64_t)refusal->kind + 1) << ID_KIND_SHIFT |
		((uint64_t)refusal->root << ID_ROOT_SHIFT ^ refusal->clause);
	struct ckpt_misslog *log = log_of(memo);
	uint16_t reason;
	char text[sizeof(log->reasons[0].text)];

	if (!log)
		return 0;
	reason = ckpt_misslog_count(log, function->stats_row, id, 1);
	if (reason || !ckpt_misslog_has_room(log))
		return reason;
	ckpt_message_refusal(call, text, sizeof(text));
	return ckpt_misslog_add(log, function->stats_row, id, 1, text);
}

__attribute__((noinline)) void ckpt_account_refused(
	struct ckpt_memo *memo, struct ckpt_memo_function *function,
	const struct ckpt_call *call, const struct ckpt_account_miss *miss)
{
	end_miss(memo, miss, CKPT_MISS_NOT_STORED,
		 count_refusal(memo, function, call));
	if (ckpt_message_is_silent(&call->refusal)) {
		CKPT_COUNT(memo, function, bypassed, 1);
		return;
	}
	CKPT_COUNT(memo, function, refused, 1);
	if (is_news(function, &call->refusal))
		tell_refusal(memo, function, call);
}

void ckpt_account_passed(struct ckpt_memo *memo,
			 const struct ckpt_memo_function *function,
			 uint64_t count)
{
	static const char why[] = "costs more to look up than to run: left "
				  "alone, tried again now and then";

	CKPT_COUNT(memo, function, bypassed, count);
	/* Not all of them may be made: their row knows better (session_end). */
	(void)count_reason(memo, function, why, 0);
}
