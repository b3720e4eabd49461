/* SPDX-License-Identifier: MIT */
#include "shim/runtime/escape_x86_64.h"

#include "shim/runtime/thread.h"
#include "tests/unit/store_fixture.h"

#include <setjmp.h>

static const struct ckpt_hash128 key = {1, 2};
static struct ckpt_store *store;

static void set_up(void)
{
	fixture_set_up();
	store = fixture_open();
}

static void tear_down(void)
{
	ckpt_store_close(store);
	fixture_tear_down();
}

/* This thread is in a call whose frame is at `frame` and owns the key. */
static struct ckpt_thread *own(uintptr_t frame)
{
	struct ckpt_thread *thread = ckpt_thread_self();

	ck_assert_ptr_nonnull(ckpt_thread_push(thread, frame));
	ck_assert_int_eq(ckpt_store_once(store, key, false, &thread->once),
			 CKPT_ONCE_MINE);
	thread->once_frame = frame;
	return thread;
}

static bool is_free(void)
{
	struct ckpt_once_lock lock = {0};
	enum ckpt_once_state state = ckpt_store_once(store, key, false, &lock);

	ckpt_once_release(&lock);
	return state == CKPT_ONCE_MINE;
}

START_TEST(a_jump_over_the_owning_call_frees_its_key)
{
	jmp_buf out;
	uint64_t below;

	(void)setjmp(out); /* out of a frame above */
	(void)own((uintptr_t)&below - 4096);
	ck_assert(!is_free());
	ckpt_escape_by_jump(out);
	ck_assert(is_free());
}
END_TEST

START_TEST(a_jump_inside_the_owning_call_leaves_it)
{
	jmp_buf out;
	uint64_t below;

	(void)setjmp(out);
	(void)own((uintptr_t)&below + 4096);
	ckpt_escape_by_jump(out);
	ck_assert(!is_free());
}
END_TEST

START_TEST(inside_our_own_code_nothing_is_freed)
{
	jmp_buf out;
	uint64_t below;
	struct ckpt_thread *thread = own((uintptr_t)&below - 4096);

	(void)setjmp(out);
	thread->busy = (uintptr_t)&below + 4096;
	ckpt_escape_by_jump(out);
	ck_assert(!is_free());
	ck_assert_uint_eq(thread->busy, (uintptr_t)&below + 4096);
	thread->busy = 0;
}
END_TEST

static _Unwind_Reason_Code unwind(_Unwind_Action actions)
{
	return ckpt_escape_by_unwinding(1, actions, 0, NULL, NULL);
}

START_TEST(looking_for_a_handler_drops_nothing)
{
	struct ckpt_thread *thread = own(4096);

	ck_assert_int_eq(unwind(_UA_SEARCH_PHASE), _URC_CONTINUE_UNWIND);
	ck_assert_uint_eq(thread->call_count, 1);
	ck_assert(!is_free());
}
END_TEST

START_TEST(unwinding_drops_one_call_a_frame_from_the_innermost_on)
{
	struct ckpt_thread *thread = own(8192);

	ck_assert_ptr_nonnull(ckpt_thread_push(thread, 4096));
	ck_assert_int_eq(unwind(_UA_CLEANUP_PHASE), _URC_CONTINUE_UNWIND);
	ck_assert_uint_eq(thread->call_count, 1);
	ck_assert(!is_free());
	ck_assert_int_eq(unwind(_UA_CLEANUP_PHASE | _UA_FORCE_UNWIND),
			 _URC_CONTINUE_UNWIND);
	ck_assert_uint_eq(thread->call_count, 0);
	ck_assert(is_free());
	ck_assert_int_eq(unwind(_UA_CLEANUP_PHASE), _URC_CONTINUE_UNWIND);
}
END_TEST

UNIT_MAIN_WITH("escape", set_up, tear_down,
	       a_jump_over_the_owning_call_frees_its_key,
	       a_jump_inside_the_owning_call_leaves_it,
	       inside_our_own_code_nothing_is_freed,
	       looking_for_a_handler_drops_nothing,
	       unwinding_drops_one_call_a_frame_from_the_innermost_on)
