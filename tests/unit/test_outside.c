/* SPDX-License-Identifier: MIT */
/* Addresses of loaded objects, and data without types that has some. */
#include "shim/runtime/marshal/outside.h"
#include "shim/runtime/marshal/untyped.h"

#include "tests/unit/pretended_object.h"

static struct marshal m;
static uint8_t bytes[512];
static struct ckpt_sink sink;

static void begin(void)
{
	ckpt_arena_deinit(&m.arena);
	ckpt_call_begin(m.call, &m.program, &m.frame, &m.ranges, &m.arena);
	sink = (struct ckpt_sink){
		.secret = &marshal_secret,
		.bytes = bytes,
		.capacity = sizeof(bytes),
	};
}

/* What the address counts as; false: it does not. */
static bool put_object(const uint8_t *value, struct ckpt_hash128 *ret)
{
	bool is_known;

	begin();
	is_known = ckpt_outside_put_object(m.call, &sink, value);
	*ret = ckpt_sink_digest(&sink);
	return is_known;
}

START_TEST(read_only_memory_counts_by_its_object_and_place)
{
	struct ckpt_hash128 first, again, other;
	uint8_t *object;

	marshal_init(&m);
	object = pretend_object(&m);
	ck_assert(put_object(object + 8, &first));
	ck_assert(put_object(object + 9, &other));
	ck_assert(!marshal_same(first, other));
	/* The same object elsewhere. */
	object = pretend_object(&m);
	ck_assert(put_object(object + 8, &again));
	ck_assert(marshal_same(first, again));
	m.objects[0].identity.lo = 100;
	ck_assert(put_object(object + 8, &other));
	ck_assert(!marshal_same(first, other));
}
END_TEST

START_TEST(writable_memory_and_unknown_objects_do_not_count)
{
	struct ckpt_hash128 ignored;
	uint8_t *object;

	marshal_init(&m);
	object = pretend_object(&m);
	ck_assert(!put_object(object + OBJECT_PAGE, &ignored));
	ck_assert(!put_object((const uint8_t *)&m, &ignored));
	m.objects[0].identity.lo = 0;
	ck_assert(!put_object(object, &ignored));
}
END_TEST

static enum ckpt_status put_untyped(const void *data, uint64_t size,
				    struct ckpt_hash128 *ret)
{
	const struct ckpt_extent extent = {
		.address = (uint8_t *)data,
		.size = size,
		.clause = 0,
		.flags = CKPT_EXTENT_IS_ROOT | CKPT_EXTENT_IS_UNTYPED,
	};
	enum ckpt_status status;

	begin();
	status = ckpt_untyped_put(m.call, &sink, &extent);
	*ret = ckpt_sink_digest(&sink);
	return status;
}

START_TEST(data_without_addresses_counts_as_bytes)
{
	uint64_t a[4] = {1, 2, 3, 4};
	uint64_t b[4] = {1, 2, 3, 4};
	struct ckpt_hash128 first, second;

	marshal_init(&m);
	m.roots[0].initial = CKPT_PLAN_NONE;
	ck_assert_int_eq(put_untyped(a, sizeof(a), &first), CKPT_OK);
	ck_assert_int_eq(put_untyped(b, sizeof(b), &second), CKPT_OK);
	ck_assert(marshal_same(first, second));
	b[3] = 5;
	ck_assert_int_eq(put_untyped(b, sizeof(b), &second), CKPT_OK);
	ck_assert(!marshal_same(first, second));
}
END_TEST

START_TEST(an_address_among_data_counts_as_what_it_leads_to)
{
	struct ckpt_hash128 first, second;
	const void *a[3] = {NULL, NULL, (void *)7};

	marshal_init(&m);
	m.roots[0].initial = CKPT_PLAN_NONE;
	a[1] = pretend_object(&m) + 4;
	ck_assert_int_eq(put_untyped(a, sizeof(a), &first), CKPT_OK);
	a[1] = pretend_object(&m) + 4;
	ck_assert_int_eq(put_untyped(a, sizeof(a), &second), CKPT_OK);
	ck_assert(marshal_same(first, second));
	a[1] = malloc(16);
	ck_assert_int_eq(put_untyped(a, sizeof(a), &second), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_GLOBAL_ADDRESS);
	free((void *)a[1]);
}
END_TEST

UNIT_MAIN("outside", read_only_memory_counts_by_its_object_and_place,
	  writable_memory_and_unknown_objects_do_not_count,
	  data_without_addresses_counts_as_bytes,
	  an_address_among_data_counts_as_what_it_leads_to)
