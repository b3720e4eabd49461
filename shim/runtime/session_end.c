/* SPDX-License-Identifier: MIT */
/* What is told when the process ends. */
#include "shim/runtime/session_private.h"

#include "shim/common/sys_x86_64.h"

#include <string.h>

static bool is_used(const struct ckpt_counters *row)
{
	return row->hits || row->misses || row->stored || row->bypassed ||
	       row->refused || row->errors;
}

static void tell_row(const char *name, const struct ckpt_counters *row)
{
	unsigned long long saved_us = row->saved_ns / 1000;

	ckpt_log_write(&ckpt_session->log, CKPT_LOG_INFO,
		       "%s: %llu %s, %llu %s, %llu stored, %llu bypassed, %llu "
		       "refused, %llu %s; saved %llu.%03llu ms",
		       name, (unsigned long long)row->hits,
		       row->hits == 1 ? "hit" : "hits",
		       (unsigned long long)row->misses,
		       row->misses == 1 ? "miss" : "misses",
		       (unsigned long long)row->stored,
		       (unsigned long long)row->bypassed,
		       (unsigned long long)row->refused,
		       (unsigned long long)row->errors,
		       row->errors == 1 ? "error" : "errors", saved_us / 1000,
		       saved_us % 1000);
}

/* Calls to leave alone are counted when they are granted; these did not come.
 */
static void uncount_passes(struct ckpt_stats *stats)
{
	const struct ckpt_routes *routes = &ckpt_session->routes;

	for (uint32_t i = 0; i < routes->count; i++) {
		const struct ckpt_memo_function *f = routes->items[i].function;
		uint64_t rest = ckpt_thunk_entries[i].pass;

		if (f && rest)
			(void)__atomic_fetch_sub(
				&ckpt_stats_row(stats, f->stats_row)->bypassed,
				rest, __ATOMIC_RELAXED);
	}
}

void ckpt_session_end(void)
{
	struct ckpt_stats *stats;

	if (!ckpt_session || ckpt_thunk_disabled)
		return;
	/* A forked child counts in its parent's rows: the parent tells. */
	stats = __atomic_load_n(&ckpt_session->memo.stats, __ATOMIC_ACQUIRE);
	if (!stats || ckpt_sys_getpid() != ckpt_session->pid)
		return;
	uncount_passes(stats);
	if (!ckpt_log_is_on(&ckpt_session->log, CKPT_LOG_INFO))
		return;
	for (size_t i = 0; i < ckpt_session->row_count; i++) {
		struct ckpt_counters row = *ckpt_stats_row(stats, i);

		if (is_used(&row))
			tell_row(ckpt_session->row_names[i], &row);
	}
}
