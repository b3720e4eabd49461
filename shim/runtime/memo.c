/* SPDX-License-Identifier: MIT */
#include "shim/runtime/memo.h"

#include "shim/runtime/account.h"
#include "shim/runtime/marshal/capture.h"
#include "shim/runtime/cost.h"
#include "shim/runtime/marshal/difference.h"
#include "shim/runtime/escape_x86_64.h"
#include "shim/runtime/guest/format.h"
#include "shim/runtime/keep.h"
#include "shim/runtime/marshal/key.h"
#include "shim/runtime/measure.h"
#include "shim/runtime/marshal/message.h"
#include "shim/runtime/opening.h"
#include "shim/runtime/outcome.h"
#include "shim/runtime/recording.h"
#include "shim/runtime/marshal/replay.h"
#include "shim/runtime/thread.h"
#include "shim/runtime/calls/thunk.h"
#include "shim/runtime/turn.h"

#include <errno.h>

enum { VERIFY_TEXT_SIZE = 256 };

static struct ckpt_memo *installed;

/* What leave must know of enter; the rest is in the call. */
struct memo_call {
	struct ckpt_memo_function *function;
	struct ckpt_moment before;
	struct ckpt_payload_header known; /* magic 0: no record is replaced */
	struct ckpt_cost cost;
	uint32_t impure_count; /* of other threads, when the call started */
	bool is_verifying;     /* a hit that runs, to be compared */
	bool is_only_timed;    /* a miss that is not recorded */
	struct ckpt_hash128 file_stamp; /* of the files among its inputs */
	enum ckpt_miss_cause cause;	/* should it miss */
	struct ckpt_account_miss miss;
};

/* The state of one call: lives in its frame. */
struct memo_frame {
	struct ckpt_call call;
	struct memo_call own;
};

_Static_assert(sizeof(struct memo_frame) <= CKPT_FRAME_CALL_SIZE,
	       "a call's state must fit into its frame");

void ckpt_memo_install(struct ckpt_memo *memo)
{
	__atomic_store_n(&installed, memo, __ATOMIC_RELEASE);
}

#define COUNT(function, member, n) CKPT_COUNT(installed, function, member, n)

/* ---- does it pay? ------------------------------------------------------- */
/* Our own work for this call is done; it was worth `worth_ns`. */
static void note_cost(struct memo_frame *memo, uint64_t worth_ns)
{
	struct ckpt_memo_function *function = memo->own.function;
	uint64_t cost_ns = ckpt_cost_total(&memo->own.cost);

	if (!memo->own.cost.is_sample)
		return;
	COUNT(function, spent_ns, cost_ns);
	if (ckpt_policy_note(&function->policy, memo->own.cost.lookup_ns,
			     cost_ns, worth_ns))
		installed->tell(function, "does not pay",
				"costs more to look up than to run: left "
				"alone, tried again now and then");
}

/* ---- entering ----------------------------------------------------------- */
/* Is it this hit's turn? The share adds up to a whole one. */
static bool is_verified_now(struct ckpt_memo_function *function)
{
	uint32_t before = function->verify_sum;

	function->verify_sum = before + function->verify_share;
	return function->verify_share && function->verify_sum <= before;
}

/* Serve the call from `entry`. CKPT_MISS: it must run. */
static enum ckpt_verdict serve(struct memo_frame *memo,
			       const struct ckpt_entry *entry)
{
	struct ckpt_memo_function *function = memo->own.function;
	struct ckpt_recording recording;
	enum ckpt_status status;

	memo->own.cause = CKPT_MISS_DAMAGED;
	if (!ckpt_recording_read(entry, &recording)) {
		ckpt_account_error(installed, function, "entry", CKPT_BADDATA);
		return CKPT_MISS;
	}
	if (!ckpt_outcome_can_serve(&recording.header, &memo->own.before)) {
		memo->own.cause = CKPT_MISS_OUTCOME;
		memo->own.known = recording.header;
		return CKPT_MISS;
	}
	if (is_verified_now(memo->own.function)) {
		memo->own.is_verifying = true;
		return CKPT_MISS;
	}
	status = ckpt_replay(&memo->call, recording.effects,
			     recording.header.effects_size);
	if (status == CKPT_UNSUPPORTED) {
		ckpt_account_refused(installed, function, &memo->call, NULL);
		return CKPT_BYPASS;
	}
	if (status) {
		ckpt_account_error(installed, function, "replay", status);
		return CKPT_MISS;
	}
	ckpt_recording_replay_random(&recording);
	ckpt_outcome_apply(&recording.header, &memo->own.before);
	COUNT(function, hits, 1);
	COUNT(function, saved_ns, entry->duration_ns);
	ckpt_cost_decide(&memo->own.cost);
	note_cost(memo, entry->duration_ns);
	return CKPT_HIT;
}

static enum ckpt_verdict fetch(struct ckpt_store *store,
			       struct memo_frame *memo)
{
	struct ckpt_memo_function *function = memo->own.function;
	struct ckpt_entry entry;
	enum ckpt_verdict verdict = CKPT_MISS;
	enum ckpt_status status =
		ckpt_store_get(store, memo->call.key,
			       function->program.function->max_age_s, &entry);

	memo->own.cause = CKPT_MISS_NO_ENTRY;
	if (status == CKPT_NOTFOUND)
		return CKPT_MISS;
	if (status == CKPT_UNSUPPORTED) {
		memo->own.cause = CKPT_MISS_EXPIRED;
		return CKPT_MISS;
	}
	if (status) {
		ckpt_account_error(installed, function, "store", status);
		return CKPT_MISS;
	}
	verdict = serve(memo, &entry);
	ckpt_store_release(store, &entry);
	return verdict;
}

static enum ckpt_verdict look_up(struct ckpt_store *store,
				 struct memo_frame *memo)
{
	struct ckpt_memo_function *function = memo->own.function;
	const struct ckpt_hash_secret *secret = ckpt_store_secret(store);
	enum ckpt_status status;

	status = ckpt_environment_digest(&installed->environment, secret,
					 &memo->call, &memo->own.file_stamp);
	if (!status)
		status = ckpt_key_compute(&memo->call, secret, &memo->call.key);
	if (status) {
		ckpt_account_refused(installed, function, &memo->call, NULL);
		return CKPT_BYPASS;
	}
	memo->own.cause = CKPT_MISS_RERUN;
	return function->is_rerun ? CKPT_MISS : fetch(store, memo);
}

/* Why a miss is not to be recorded; NULL: it is. */
static const char *
reason_not_to_record(const struct ckpt_thread *thread,
		     const struct ckpt_memo_function *function)
{
	bool is_nested = thread->call_count > 1;

	if (installed->is_readonly)
		return "the cache is read-only";
	if (is_nested &&
	    !(function->program.function->flags & CKPT_FUNCTION_NESTED))
		return "called from inside a call that was being recorded; "
		       "nested = true stores such calls too";
	return NULL;
}

/* The call was not found: let one of several callers compute it. */
static enum ckpt_verdict compute_once(struct ckpt_store *store,
				      struct ckpt_thread *thread,
				      struct memo_frame *memo)
{
	const struct ckpt_memo_function *function = memo->own.function;
	enum ckpt_verdict verdict = CKPT_MISS;
	enum ckpt_turn turn = CKPT_TURN_LOOK;
	uint64_t until_ns = 0;

	if (!function->program.function->once || function->is_rerun ||
	    memo->own.is_verifying || reason_not_to_record(thread, function))
		return CKPT_MISS;
	while (verdict == CKPT_MISS && turn == CKPT_TURN_LOOK) {
		uint64_t asked_ns = ckpt_cost_now();

		turn = ckpt_turn_take(
			store, thread, (uintptr_t)memo->call.frame,
			function->program.function, memo->call.key, &until_ns);
		/* Waiting is what the config asks for, and no cost. */
		ckpt_cost_leave_out(&memo->own.cost, asked_ns);
		if (turn != CKPT_TURN_COMPUTE)
			verdict = fetch(store, memo);
	}
	return verdict;
}

static bool is_inside_verifying(const struct ckpt_thread *thread)
{
	for (uint32_t i = 0; i < thread->call_count; i++) {
		if (thread->calls[i].is_verifying)
			return true;
	}
	return false;
}

/* The call was not served: is it to be recorded? */
static enum ckpt_verdict note_miss(const struct ckpt_thread *thread,
				   struct memo_frame *memo)
{
	const struct ckpt_memo_function *function = memo->own.function;
	const char *reason = reason_not_to_record(thread, function);

	ckpt_account_missed(installed, function, memo->call.key,
			    memo->own.cause, &memo->own.miss);
	if (!reason)
		return CKPT_MISS;
	ckpt_account_unstored(installed, function, &memo->own.miss, reason);
	return CKPT_BYPASS;
}

/* Calls inside another are all measured: what we spend on them is not that
 * other's own time. */
static void begin(struct memo_frame *memo, struct ckpt_memo_function *function,
		  const struct ckpt_moment *before, bool is_sample,
		  bool is_nested)
{
	memo->own.function = function;
	memo->own.known.magic = 0;
	memo->own.is_verifying = false;
	memo->own.miss = (struct ckpt_account_miss){.number = 0};
	memo->own.is_only_timed = false;
	memo->own.before = *before;
	ckpt_cost_begin(&memo->own.cost, is_sample, is_nested);
}

/* From here on the original runs. */
static void start_clock(struct memo_frame *memo, struct ckpt_frame *frame)
{
	const struct ckpt_plan_function *plan =
		memo->own.function->program.function;

	frame->stack_size = plan->stack_size;
	frame->stack_alignment = plan->stack_alignment;
	ckpt_cost_decide(&memo->own.cost);
	ckpt_cost_run(&memo->own.cost);
}

/* Impure functions entered by other threads than the calling one, whose own
 * spoil a call only by their class. */
static uint32_t count_impure_elsewhere(void)
{
	return __atomic_load_n(&installed->impure_count, __ATOMIC_RELAXED) -
	       ckpt_thread_self()->impure_count;
}

static void start_recording(struct memo_frame *memo,
			    struct ckpt_thread_call *slot,
			    struct ckpt_frame *frame)
{
	slot->observed = memo->own.function->program.function->impure_classes;
	if (memo->call.is_random_hidden)
		slot->observed |= CKPT_IMPURE_RAND;
	slot->is_verifying = memo->own.is_verifying;
	memo->own.impure_count = count_impure_elsewhere();
	if (!memo->own.is_verifying)
		ckpt_keep_before(&memo->call, &installed->environment, slot);
	start_clock(memo, frame);
}

/* The call runs and is not recorded. Its look-up cost as much as any other;
 * where the config wants it so, that is the config's business. */
static enum ckpt_verdict let_run(struct ckpt_thread *thread,
				 struct ckpt_thread_call *slot,
				 struct memo_frame *memo,
				 struct ckpt_frame *frame, bool is_miss)
{
	if (is_miss && memo->own.cost.is_sample) {
		memo->own.is_only_timed = true;
		start_clock(memo, frame);
		return CKPT_MISS;
	}
	ckpt_cost_decide(&memo->own.cost);
	if (!ckpt_message_is_silent(&memo->call.refusal))
		note_cost(memo, 0);
	ckpt_thread_pop(thread, slot);
	return CKPT_BYPASS;
}

static enum ckpt_verdict decide(struct ckpt_thread *thread,
				struct ckpt_frame *frame,
				struct ckpt_memo_function *function,
				const struct ckpt_moment *before,
				enum ckpt_policy_advice advice)
{
	struct memo_frame *memo = (struct memo_frame *)(void *)frame->call;
	struct ckpt_store *store =
		ckpt_opening_store(installed, function->program.function);
	struct ckpt_thread_call *slot = NULL;
	enum ckpt_verdict verdict = CKPT_BYPASS;
	bool is_miss;

	if (!store || function->is_left_out)
		return CKPT_BYPASS;
	ckpt_thread_prune(thread, (uintptr_t)frame);
	if (is_inside_verifying(thread))
		return CKPT_BYPASS;
	slot = ckpt_thread_push(thread, (uintptr_t)frame);
	if (!slot) {
		COUNT(function, bypassed, 1);
		return CKPT_BYPASS;
	}
	begin(memo, function, before, advice == CKPT_POLICY_MEASURE,
	      thread->call_count > 1);
	ckpt_call_begin(&memo->call, &function->program, frame, &thread->ranges,
			&slot->arena);
	memo->call.caller_error = before->error;
	memo->call.caller_fp_flags = (uint16_t)before->fp_flags;
	verdict = look_up(store, memo);
	if (verdict == CKPT_MISS)
		verdict = compute_once(store, thread, memo);
	if (verdict == CKPT_HIT) {
		ckpt_thread_pop(thread, slot);
		return CKPT_HIT;
	}
	is_miss = verdict == CKPT_MISS;
	if (is_miss && !memo->own.is_verifying)
		verdict = note_miss(thread, memo);
	if (verdict == CKPT_BYPASS)
		return let_run(thread, slot, memo, frame, is_miss);
	start_recording(memo, slot, frame);
	return CKPT_MISS;
}

/* An impure function is entered, perhaps by a call that is being recorded. */
static void watch(const struct ckpt_memo_watch *watch,
		  const struct ckpt_frame *frame)
{
	if (watch->is_jump) {
		ckpt_escape_by_jump((const void *)frame->gpr[0]);
		return;
	}
	struct ckpt_thread *thread = ckpt_thread_self();

	ckpt_thread_spoil(thread, watch->classes, watch->chain);
	thread->impure_count++;
	(void)__atomic_fetch_add(&installed->impure_count, 1, __ATOMIC_RELAXED);
}

uint32_t ckpt_memo_enter(struct ckpt_frame *frame)
{
	struct ckpt_thread *thread = ckpt_thread_self();
	struct ckpt_route *route = &installed->routes[frame->route];
	enum ckpt_policy_advice advice;
	enum ckpt_verdict verdict;
	struct ckpt_moment before;

	frame->original = route->original;
	frame->pass = 0;
	if (route->measured)
		return ckpt_measure_enter(frame, route->measured);
	if (!route->function) {
		watch(route->watch, frame);
		return CKPT_BYPASS;
	}
	/* Where keys are computed once, calls that pass by would compute, too;
	 * and that they wait for each other is no cost of ours. */
	advice = route->function->program.function->once
			 ? CKPT_POLICY_LOOK_UP
			 : ckpt_policy_ask(&route->function->policy);
	if (advice == CKPT_POLICY_LEAVE_ALONE) {
		frame->pass = ckpt_policy_take_rest(&route->function->policy);
		ckpt_account_passed(installed, route->function,
				    1 + (uint64_t)frame->pass);
		return CKPT_BYPASS;
	}
	if (!ckpt_thread_lock(thread, (uintptr_t)frame))
		return CKPT_BYPASS;
	/* Before anything of ours runs that might touch them. */
	before = ckpt_outcome_now();
	verdict = decide(thread, frame, route->function, &before, advice);
	if (verdict != CKPT_HIT)
		errno = before.error;
	ckpt_thread_unlock(thread);
	return verdict;
}

/* ---- leaving ------------------------------------------------------------ */
static void store_effects(struct memo_frame *memo,
			  struct ckpt_payload_header *header,
			  const struct ckpt_arena *effects,
			  struct ckpt_thread_call *slot, uint64_t duration)
{
	struct ckpt_memo_function *function = memo->own.function;
	uint32_t flags = function->program.function->flags;
	const struct ckpt_recording_parts parts = {
		.effects = effects,
		.components = &slot->components,
		.key_size = slot->key_size,
		.inputs_size = slot->inputs_size,
	};
	struct ckpt_entry_info info;
	enum ckpt_status status;

	ckpt_recording_describe(function->name, function->object, duration,
				&info);
	ckpt_keep_after(&memo->call, slot);
	status = ckpt_recording_put(
		installed->store, memo->call.key, &info, header, &parts,
		(flags & CKPT_FUNCTION_RAND) && !memo->call.is_random_hidden);
	if (status) {
		ckpt_account_error(installed, function, "not stored", status);
		ckpt_account_unstored(installed, function, &memo->own.miss,
				      ckpt_status_text(status));
		return;
	}
	ckpt_account_stored(installed, function, &memo->own.miss);
}

/* A call that changes the FP environment for its caller is not a value. */
static bool keeps_fp_state(const struct ckpt_moment *before,
			   const struct ckpt_moment *after)
{
	return before->fp_control == after->fp_control &&
	       !(before->fp_flags & ~after->fp_flags);
}

/* What the call did besides computing, or NULL: then it may be stored. */
static const char *effect_besides(const struct memo_frame *memo,
				  const struct ckpt_thread_call *slot,
				  const struct ckpt_moment *after)
{
	const struct ckpt_plan_function *plan =
		memo->own.function->program.function;

	if (!keeps_fp_state(&memo->own.before, after))
		return "changes the floating-point environment of its caller";
	if (slot->spoiled_by && !(slot->spoiled_classes & plan->impure_classes))
		return "draws from rand(), whose state can be kept only in a "
		       "process with one thread";
	if (slot->spoiled_by)
		return slot->spoiled_by;
	if (!ckpt_environment_is_settled(&memo->call, memo->own.file_stamp))
		return "a file it depends on has just changed";
	if ((plan->flags & CKPT_FUNCTION_THREADS) &&
	    memo->own.impure_count != count_impure_elsewhere())
		return "an impure function was entered in another thread";
	return NULL;
}

/* False: a call like this one can never be recorded. */
static bool record(struct memo_frame *memo, struct ckpt_thread_call *slot,
		   const struct ckpt_moment *after, uint64_t duration)
{
	struct ckpt_memo_function *function = memo->own.function;
	const struct ckpt_payload_header *known = &memo->own.known;
	struct ckpt_payload_header header = {0};
	struct ckpt_arena effects = {0};
	const struct ckpt_plan_function *plan = function->program.function;
	bool is_refused;

	if (duration < plan->min_time_ns) {
		ckpt_account_unstored(installed, function, &memo->own.miss,
				      "took less than min_time");
		return true;
	}
	ckpt_outcome_conclude(&memo->own.before, after,
			      plan->flags & CKPT_FUNCTION_KEEPS_ERRNO,
			      known->magic ? known : NULL, &header);
	is_refused = ckpt_capture(&memo->call, &effects);
	if (is_refused)
		ckpt_account_refused(installed, function, &memo->call,
				     &memo->own.miss);
	else
		store_effects(memo, &header, &effects, slot, duration);
	ckpt_arena_deinit(&effects);
	return !is_refused || ckpt_message_is_silent(&memo->call.refusal);
}

static void drop_entry(struct memo_frame *memo, const char *difference)
{
	struct ckpt_memo_function *function = memo->own.function;
	char text[2 * VERIFY_TEXT_SIZE];

	(void)ckpt_format(text, sizeof(text),
			  "computed again, it gives another result%s%s; entry "
			  "dropped, the new result used: it has an input or "
			  "effect that its contract does not name",
			  *difference ? ": " : "", difference);
	COUNT(function, errors, 1);
	if (ckpt_store_remove(installed->store, memo->call.key))
		COUNT(function, errors, 1);
	installed->tell(function, "verify", text);
}

/* The call was a hit and ran all the same: did it do what the record says? */
static void verify(struct memo_frame *memo)
{
	struct ckpt_memo_function *function = memo->own.function;
	struct ckpt_recording recording;
	struct ckpt_arena effects = {0};
	struct ckpt_entry entry;
	char text[VERIFY_TEXT_SIZE] = "";

	COUNT(function, hits, 1);
	if (ckpt_store_get(installed->store, memo->call.key, 0, &entry))
		return;
	if (ckpt_recording_read(&entry, &recording) &&
	    (ckpt_capture(&memo->call, &effects) ||
	     !ckpt_difference_find(&memo->call, recording.effects,
				   recording.header.effects_size, effects.data,
				   effects.size, text, sizeof(text))))
		drop_entry(memo, text);
	ckpt_store_release(installed->store, &entry);
	ckpt_arena_deinit(&effects);
}

static void finish(struct memo_frame *memo, struct ckpt_thread_call *slot,
		   const struct ckpt_moment *after, uint64_t end_ns)
{
	struct ckpt_memo_function *function = memo->own.function;
	uint64_t duration = ckpt_cost_returned(&memo->own.cost, end_ns);
	const char *besides = NULL;
	bool is_hopeless = slot->spoiled_by;

	if (memo->own.is_verifying) {
		verify(memo);
		return;
	}
	memo->own.miss.duration_ns = duration;
	besides = memo->own.is_only_timed ? NULL
					  : effect_besides(memo, slot, after);
	if (besides) {
		COUNT(function, refused, 1);
		ckpt_account_unstored(installed, function, &memo->own.miss,
				      besides);
		installed->tell(function, besides, besides);
	} else if (!memo->own.is_only_timed) {
		is_hopeless = !record(memo, slot, after, duration);
	}
	note_cost(memo, is_hopeless ? 0 : duration);
}

void ckpt_memo_leave(struct ckpt_frame *frame)
{
	struct ckpt_thread *thread = ckpt_thread_self();
	struct memo_frame *memo = (struct memo_frame *)(void *)frame->call;
	struct ckpt_measured *measured =
		installed->routes[frame->route].measured;
	struct ckpt_moment after = ckpt_outcome_now();
	uint64_t end_ns = 0;
	struct ckpt_thread_call *slot = NULL;

	if (measured) {
		ckpt_measure_leave(frame, measured);
		return;
	}
	/* Confined meanwhile: no system call any more (confine.h). */
	if (__atomic_load_n(&ckpt_thunk_disabled, __ATOMIC_ACQUIRE))
		return;
	end_ns = ckpt_cost_now();
	if (!ckpt_thread_lock(thread, (uintptr_t)frame))
		return;
	slot = ckpt_thread_find(thread, (uintptr_t)frame);
	if (slot) {
		finish(memo, slot, &after, end_ns);
		ckpt_thread_pop(thread, slot);
	}
	errno = after.error;
	ckpt_thread_unlock(thread);
}
