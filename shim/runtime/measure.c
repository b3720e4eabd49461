/* SPDX-License-Identifier: MIT */
#include "shim/runtime/measure.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/marshal/capture.h"
#include "shim/runtime/marshal/key.h"
#include "shim/runtime/memo.h"
#include "shim/runtime/marshal/message.h"
#include "shim/runtime/thread.h"
#include "shim/runtime/calls/thunk.h"

#include <errno.h>

/* A call in progress. */
struct item {
	uintptr_t frame;
	struct ckpt_measured *measured;
	uint64_t start; /* when the original was called */
	uint64_t ours;	/* the thread's, then */
	uint64_t inner; /* ticks of measured calls from it */
	struct ckpt_arena arena;
	const char *impure_name;
	uint32_t classes;  /* of impure functions entered */
	bool is_outermost; /* of its function */
	bool is_covered;   /* by one with a contract */
	bool is_keyed, is_repeated;
	bool is_timed;
};

struct ckpt_measure_thread {
	uint64_t ours; /* ticks spent in here */
	uint32_t count;
	struct item items[CKPT_MEASURE_DEPTH_MAX]; /* outermost first */
};

static __thread struct ckpt_measure_thread *this_thread;

static uint64_t now(const struct ckpt_measured *measured)
{
	return ckpt_measuretable_now(&measured->measuring->table);
}

/* ---- threads ---- */

static struct ckpt_measure_thread *create_thread(void)
{
	void *memory = ckpt_sys_mmap(NULL, sizeof(struct ckpt_measure_thread),
				     PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return ckpt_sys_is_error(memory) ? NULL : memory;
}

/* Threads in a function: from the first to the last, its wall time runs. */
static void start_running(struct ckpt_measure_row *row, uint64_t start)
{
	if (__atomic_fetch_add(&row->running, 1, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&row->wall_start, start, __ATOMIC_RELAXED);
}

static void stop_running(struct ckpt_measure_row *row, uint64_t end)
{
	uint64_t start = __atomic_load_n(&row->wall_start, __ATOMIC_RELAXED);

	if (__atomic_fetch_sub(&row->running, 1, __ATOMIC_RELAXED) == 1 &&
	    end > start)
		ckpt_measure_add(&row->wall_ticks, end - start);
}

static void drop_from(struct ckpt_measure_thread *thread, uint32_t count)
{
	while (thread->count > count) {
		struct item *item = &thread->items[--thread->count];

		if (item->is_outermost)
			stop_running(item->measured->row, now(item->measured));
		ckpt_arena_deinit(&item->arena);
	}
}

/* NULL: there are too many threads, or no memory. */
static __attribute__((noinline)) struct ckpt_measure_thread *
find_thread(struct ckpt_measuring *measuring)
{
	uintptr_t self = (uintptr_t)&this_thread;

	for (uint32_t i = 0; i < CKPT_MEASURE_THREADS; i++) {
		uint32_t at = (uint32_t)(self / 64 + i) % CKPT_MEASURE_THREADS;
		uintptr_t owner = 0;

		if (__atomic_compare_exchange_n(
			    &measuring->threads[at].owner, &owner, self, false,
			    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			measuring->threads[at].thread = create_thread();
		else if (owner != self)
			continue;
		this_thread = measuring->threads[at].thread;
		/* Those of a thread that ended here. */
		if (this_thread)
			drop_from(this_thread, 0);
		return this_thread;
	}
	return NULL;
}

static struct ckpt_measure_thread *get_thread(struct ckpt_measuring *measuring)
{
	return this_thread ? this_thread : find_thread(measuring);
}

/* Stacks grow down: what has a lower frame was left without our knowing. */
static void prune(struct ckpt_measure_thread *thread, uintptr_t frame)
{
	uint32_t i = 0;

	while (i < thread->count && thread->items[i].frame > frame)
		i++;
	drop_from(thread, i);
}

static struct item *find_item(struct ckpt_measure_thread *thread,
			      uintptr_t frame)
{
	for (uint32_t i = thread->count; i > 0; i--)
		if (thread->items[i - 1].frame == frame)
			return &thread->items[i - 1];
	return NULL;
}

/* ---- entering ---- */

static void note_impure(const struct ckpt_measured *measured)
{
	struct ckpt_measure_thread *thread = this_thread;

	for (uint32_t i = 0; thread && i < thread->count; i++) {
		struct item *item = &thread->items[i];

		item->classes |= measured->classes;
		if (!item->impure_name)
			item->impure_name = measured->name;
	}
}

/* A sample: one call brings our own code into the caches, one is timed, and
 * then one is told how many to let pass. */
enum turn { TURN_WARM, TURN_TIME, TURN_PASS, TURN_COUNT };

static enum turn take_turn(struct ckpt_measured *measured)
{
	enum turn turn = measured->turn;

	if (!measured->is_sampled)
		return TURN_TIME;
	measured->turn = (uint8_t)((turn + 1) % TURN_COUNT);
	return turn;
}

/* What passing will cost is taken off those that call it now. */
static void let_pass(struct ckpt_measured *measured, struct ckpt_frame *frame)
{
	frame->pass = CKPT_MEASURE_PERIOD - TURN_COUNT;
	ckpt_measure_add(&measured->row->calls, frame->pass);
	if (this_thread)
		this_thread->ours += measured->measuring->cost.passing;
}

static struct item *push(struct ckpt_measure_thread *thread, uintptr_t frame,
			 struct ckpt_measured *measured)
{
	struct item *item;
	bool is_outermost = true, is_covered = false;

	if (thread->count == CKPT_MEASURE_DEPTH_MAX)
		return NULL;
	for (uint32_t i = 0; i < thread->count; i++) {
		is_outermost &= thread->items[i].measured->row != measured->row;
		is_covered |= thread->items[i].is_keyed;
	}
	item = &thread->items[thread->count++];
	item->frame = frame;
	item->measured = measured;
	item->inner = 0;
	item->arena = (struct ckpt_arena){0};
	item->classes = 0;
	item->impure_name = NULL;
	item->is_outermost = is_outermost;
	item->is_covered = is_covered;
	item->is_keyed = item->is_repeated = false;
	return item;
}

/* Whoever passed them: are the upper parts of all vectors zero? Then nothing
 * wide is passed, and loading them as wide would only slow the original down
 * (dirty upper halves). A wide result is left alone by leave. */
static bool has_wide_arguments(const struct ckpt_frame *frame)
{
	uint64_t size = frame->vector_width == CKPT_VECTOR_ZMM ? 64 : 32;
	uint64_t all = 0;

	for (int i = 0; i < 8; i++)
		for (uint64_t off = 16; off < size; off += 8)
			all |= *(const uint64_t *)(const void *)&frame
					->vec[i][off];
	return all != 0;
}

/* Is there room for a frame of ours, and for the original as before? The stack
 * of the first thread, which grows by itself, is the one above its TLS. On all
 * others, what is next may be a guard page; on one for signals, anything. */
static bool has_room(struct ckpt_thread *thread, uintptr_t frame)
{
	if (frame > (uintptr_t)&this_thread)
		return true;
	return frame > CKPT_MEASURE_ROOM &&
	       ckpt_ranges_can_read(&thread->ranges,
				    (const void *)(frame - CKPT_MEASURE_ROOM),
				    CKPT_MEASURE_ROOM) &&
	       !ckpt_thread_is_on_signal_stack();
}

static void prepare_unknown(struct ckpt_thread *thread,
			    struct ckpt_frame *frame)
{
	const uint8_t *start = ckpt_frame_stack(frame);
	uint64_t size = 0, more = 1;

	/* What can be read is told page by page. */
	for (; more && size < CKPT_MEASURE_STACK_MAX; size += more)
		more = ckpt_ranges_readable(&thread->ranges, start + size,
					    CKPT_MEASURE_STACK_MAX - size);
	frame->stack_size = size & ~(uint64_t)7;
	frame->stack_alignment = 64;
	if (frame->vector_width > CKPT_VECTOR_XMM && !has_wide_arguments(frame))
		frame->vector_width = CKPT_VECTOR_XMM;
}

static void note_refusal(struct ckpt_measure_row *row,
			 const struct ckpt_call *call)
{
	if (ckpt_message_is_silent(&call->refusal)) {
		ckpt_measure_add(&row->bypassed, 1);
		return;
	}
	if (!__atomic_fetch_add(&row->refused, 1, __ATOMIC_RELAXED))
		ckpt_message_refusal(call, row->reason, sizeof(row->reason));
}

static struct ckpt_call *call_of(struct ckpt_frame *frame)
{
	return (struct ckpt_call *)(void *)frame->call;
}

static void compute_key(struct ckpt_thread *thread, struct ckpt_frame *frame,
			struct item *item)
{
	struct ckpt_measured *measured = item->measured;
	const struct ckpt_measuretable *table = &measured->measuring->table;
	struct ckpt_call *call = call_of(frame);
	uint64_t start = now(measured);
	struct ckpt_hash128 stamp;
	enum ckpt_status status;

	ckpt_call_begin(call, measured->program, frame, &thread->ranges,
			&item->arena);
	status = ckpt_environment_digest(measured->measuring->environment,
					 &table->header->secret, call, &stamp);
	if (!status)
		status = ckpt_key_compute(call, &table->header->secret,
					  &call->key);
	if (status) {
		note_refusal(measured->row, call);
		return;
	}
	item->is_keyed = true;
	item->is_repeated =
		ckpt_measuretable_note(table, measured->row, call->key);
	ckpt_measure_add(&measured->row->keyed, 1);
	ckpt_measure_add(&measured->row->repeated, item->is_repeated);
	ckpt_measure_add(&measured->row->key_ticks, now(measured) - start);
}

static uint32_t begin(struct ckpt_thread *thread,
		      struct ckpt_measure_thread *own, struct ckpt_frame *frame,
		      struct ckpt_measured *measured)
{
	const struct ckpt_program *program = measured->program;
	struct item *item;

	prune(own, (uintptr_t)frame);
	if (!has_room(thread, (uintptr_t)frame))
		return CKPT_BYPASS;
	item = push(own, (uintptr_t)frame, measured);
	if (!item)
		return CKPT_BYPASS;
	if (program) {
		frame->stack_size = program->function->stack_size;
		frame->stack_alignment = program->function->stack_alignment;
	} else {
		prepare_unknown(thread, frame);
	}
	if (measured->has_keys)
		compute_key(thread, frame, item);
	return CKPT_MISS;
}

uint32_t ckpt_measure_enter(struct ckpt_frame *frame,
			    struct ckpt_measured *measured)
{
	struct ckpt_thread *thread = ckpt_thread_self();
	struct ckpt_measure_thread *own;
	uint32_t verdict = CKPT_BYPASS;
	int saved_errno = errno;
	enum turn turn;
	uint64_t start;

	if (!measured->row) {
		note_impure(measured);
		return CKPT_BYPASS;
	}
	ckpt_measure_add(&measured->row->calls, 1);
	turn = take_turn(measured);
	if (turn == TURN_PASS)
		let_pass(measured, frame);
	if (turn == TURN_PASS || !ckpt_thread_lock(thread, (uintptr_t)frame))
		return CKPT_BYPASS;
	start = now(measured);
	own = get_thread(measured->measuring);
	if (own)
		verdict = begin(thread, own, frame, measured);
	if (own && verdict == CKPT_MISS) {
		struct item *item = &own->items[own->count - 1];

		item->start = now(measured);
		own->ours += item->start - start;
		item->ours = own->ours;
		item->is_timed = turn == TURN_TIME;
		if (item->is_outermost)
			start_running(measured->row, item->start);
	}
	errno = saved_errno;
	ckpt_thread_unlock(thread);
	return verdict;
}

/* ---- leaving ---- */

static void note_times(const struct item *item, uint64_t ticks)
{
	struct ckpt_measure_row *row = item->measured->row;

	ckpt_measure_add(&row->timed, 1);
	ckpt_measure_add(&row->own_ticks,
			 ticks > item->inner ? ticks - item->inner : 0);
	if (!item->is_outermost)
		return;
	ckpt_measure_add(&row->ticks, ticks);
	if (item->is_covered)
		ckpt_measure_add(&row->covered_ticks, ticks);
	if (item->is_repeated)
		ckpt_measure_add(&row->repeated_ticks, ticks);
}

static void note_usable(const struct item *item, uint64_t ticks)
{
	struct ckpt_measure_row *row = item->measured->row;

	ckpt_measure_add(&row->usable, 1);
	if (item->is_outermost)
		ckpt_measure_add(&row->usable_ticks, ticks);
}

/* Did it enter an impure function? Not by memcpy: that may be vector code which
 * clears the upper half of a result that nobody knows of. */
static bool note_impurity(const struct item *item)
{
	const struct ckpt_measured *measured = item->measured;
	struct ckpt_measure_row *row = measured->row;
	uint32_t observed =
		measured->has_keys ? measured->program->function->impure_classes
				   : ~(uint32_t)0;
	uint32_t classes = item->classes & observed;

	if (!classes)
		return false;
	(void)__atomic_fetch_or(&row->classes, classes, __ATOMIC_RELAXED);
	if (__atomic_fetch_add(&row->impure, 1, __ATOMIC_RELAXED))
		return true;
	for (volatile uint32_t i = 0;
	     i + 1 < sizeof(row->impure_name) && item->impure_name[i]; i++)
		row->impure_name[i] = item->impure_name[i];
	return true;
}

/* Make a record of the call, only to see how large it is. False: it cannot be
 * recorded. */
static bool measure_effects(struct ckpt_frame *frame, struct item *item)
{
	struct ckpt_measure_row *row = item->measured->row;
	struct ckpt_call *call = call_of(frame);
	struct ckpt_arena effects = {0};
	int saved_errno = errno;
	bool is_usable = true;

	/* What objects are is part of code identity, which was not planned. */
	if (ckpt_capture(call, &effects) &&
	    call->refusal.kind != CKPT_REFUSAL_UNKNOWN_OBJECT) {
		note_refusal(row, call);
		is_usable = false;
	} else {
		ckpt_measure_add(&row->effects_size, effects.size);
	}
	ckpt_arena_deinit(&effects);
	errno = saved_errno;
	return is_usable;
}

/* What was timed so far stands for itself: the samples for all that follows. */
static void start_sampling(struct ckpt_measured *measured)
{
	struct ckpt_measure_row *row = measured->row;

	measured->is_sampled = true;
	(void)__atomic_fetch_or(&row->flags, CKPT_MEASURE_SAMPLED,
				__ATOMIC_RELAXED);
	ckpt_measure_add(&row->rare_ticks, measured->all_ticks);
	ckpt_measure_add(&row->ticks, -measured->all_ticks);
	ckpt_measure_add(&row->own_ticks, -measured->all_own_ticks);
}

static void choose_sampling(struct ckpt_measured *measured,
			    const struct item *item, uint64_t ticks)
{
	uint64_t tick_rate = measured->measuring->table.header->ticks_per_us;

	if (measured->is_sampled)
		return;
	if (item->is_outermost)
		measured->all_ticks += ticks;
	measured->all_own_ticks +=
		ticks > item->inner ? ticks - item->inner : 0;
	measured->ticks += ticks;
	if (++measured->timed < CKPT_MEASURE_TRIAL)
		return;
	if (measured->ticks * 1000 <
	    tick_rate * CKPT_MEASURE_SHORT_NS * measured->timed)
		start_sampling(measured);
	measured->timed = 0;
	measured->ticks = 0;
}

static bool is_rare(const struct ckpt_measured *measured, uint64_t ticks)
{
	uint64_t tick_rate = measured->measuring->table.header->ticks_per_us;

	return measured->is_sampled && ticks > tick_rate * CKPT_MEASURE_RARE_US;
}

static void finish(struct ckpt_measure_thread *own, struct ckpt_frame *frame,
		   struct item *item, uint64_t end)
{
	struct ckpt_measured *measured = item->measured;
	const struct ckpt_measure_cost *cost = &measured->measuring->cost;
	uint64_t index = (uint64_t)(item - own->items);
	uint64_t ours = own->ours - item->ours + cost->inside;
	uint64_t spent = end - item->start;
	uint64_t ticks = spent > ours ? spent - ours : 0;
	bool is_usable;

	drop_from(own, (uint32_t)index + 1);
	if (item->is_timed && is_rare(measured, ticks))
		ckpt_measure_add(&measured->row->rare_ticks, ticks);
	else if (item->is_timed)
		note_times(item, ticks);
	is_usable =
		!note_impurity(item) && (item->is_keyed || !measured->has_keys);
	if (item->is_keyed && !item->is_repeated)
		is_usable &= measure_effects(frame, item);
	if (is_usable && item->is_timed && !is_rare(measured, ticks))
		note_usable(item, ticks);
	if (index > 0)
		own->items[index - 1].inner += ticks;
	own->ours += cost->inside + cost->outside;
	choose_sampling(measured, item, ticks);
	drop_from(own, (uint32_t)index);
}

void ckpt_measure_leave(struct ckpt_frame *frame,
			struct ckpt_measured *measured)
{
	struct ckpt_thread *thread = ckpt_thread_self();
	struct ckpt_measure_thread *own = this_thread;
	uint64_t end = now(measured);
	struct item *item;

	/* Confined meanwhile: no system call any more (confine.h). */
	if (!own || __atomic_load_n(&ckpt_thunk_disabled, __ATOMIC_ACQUIRE) ||
	    !ckpt_thread_lock(thread, (uintptr_t)frame))
		return;
	item = find_item(own, (uintptr_t)frame);
	if (item) {
		finish(own, frame, item, end);
		own->ours += now(measured) - end;
	}
	ckpt_thread_unlock(thread);
}

/* ---- what it costs ---- */

static void do_nothing(void)
{
}

static uint64_t time_calls(const struct ckpt_measured *measured,
			   void (*function)(void))
{
	uint64_t start = now(measured);

	for (int i = 0; i < CKPT_MEASURE_PERIOD - TURN_COUNT; i++)
		function();
	return now(measured) - start;
}

/* A sample's calls that are let pass, less what they cost anyway. */
static uint64_t time_passing(struct ckpt_measured *measured, void (*stub)(void))
{
	void (*volatile direct)(void) = do_nothing;
	uint64_t plain, passed;

	measured->is_sampled = true;
	measured->turn = TURN_PASS;
	stub();
	passed = time_calls(measured, stub);
	plain = time_calls(measured, direct);
	return passed > plain ? passed - plain : 0;
}

void ckpt_measure_calibrate(struct ckpt_measured *measured, void (*stub)(void))
{
	enum { CALLS = 200 };
	struct ckpt_measure_cost *cost = &measured->measuring->cost;
	uint64_t inside = UINT64_MAX, outside = UINT64_MAX;

	for (int i = 0; i < CALLS; i++) {
		struct ckpt_measure_thread *own =
			get_thread(measured->measuring);
		uint64_t ours = own ? own->ours : 0, ticks;
		uint64_t start = now(measured);

		measured->row->ticks = 0;
		stub();
		ticks = now(measured) - start;
		if (!own)
			return;
		ours = own->ours - ours + measured->row->ticks;
		if (measured->row->ticks < inside)
			inside = measured->row->ticks;
		if (ticks > ours && ticks - ours < outside)
			outside = ticks - ours;
	}
	cost->inside = inside;
	cost->outside = outside == UINT64_MAX ? 0 : outside;
	cost->passing = time_passing(measured, stub);
}
