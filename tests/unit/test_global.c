/* SPDX-License-Identifier: MIT */
#include "tests/unit/pretended_object.h"

/* Globals and static results, in a pretended loaded object. */

enum { PAGE = OBJECT_PAGE };

static struct marshal m;
static uint8_t *object;

static void add_object(void)
{
	object = pretend_object(&m);
}

static void add_global(uint64_t vaddr, uint32_t size, uint16_t flags)
{
	marshal_root(&m, CKPT_ROOT_GLOBAL, marshal_bytes(&m, size, size),
		     vaddr);
	m.roots[m.function.root_count - 1].flags = flags;
}

/* const char *f(int): "return" = "string static" */
static void add_static_result(void)
{
	struct ckpt_plan_clause clause;

	m.function.flags |= CKPT_FUNCTION_POINTERS;
	clause = marshal_clause(marshal_bytes(&m, 1, 1));
	clause.extent = CKPT_EXTENT_STRING;
	clause.direction = CKPT_DIR_OUT;
	clause.owner = CKPT_OWNER_STATIC;
	clause.flags = CKPT_CLAUSE_CREATED;
	marshal_result(&m, marshal_pointer(&m, clause));
}

START_TEST(a_global_counts)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	add_object();
	add_global(PAGE, 16, 0);
	key = marshal_key(&m);
	object[PAGE + 15] = 1;
	ck_assert(!marshal_same(key, marshal_key(&m)));
	object[PAGE + 15] = 0;
	object[PAGE + 16] = 1;
	ck_assert(marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_written_global_comes_back)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	add_object();
	add_global(PAGE + 8, 8, CKPT_ROOT_WRITTEN | CKPT_ROOT_UNTYPED);
	key = marshal_key(&m);
	object[PAGE + 10] = 42;
	marshal_capture(&m);
	object[PAGE + 10] = 0;
	marshal_replay(&m, key);
	ck_assert_uint_eq(object[PAGE + 10], 42);
}
END_TEST

START_TEST(a_scratch_global_does_not_count)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	add_object();
	add_global(PAGE, 16, CKPT_ROOT_WRITTEN | CKPT_ROOT_SCRATCH);
	key = marshal_key(&m);
	object[PAGE] = 1;
	ck_assert(marshal_same(key, marshal_key(&m)));
}
END_TEST

START_TEST(a_heap_address_in_an_untyped_global_is_refused)
{
	void *block = malloc(100);

	marshal_init(&m);
	add_object();
	add_global(PAGE, 64, CKPT_ROOT_UNTYPED);
	(void)marshal_key(&m);
	memcpy(object + PAGE + 8, &block, sizeof(block));
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_GLOBAL_ADDRESS);
	free(block);
}
END_TEST

START_TEST(an_address_one_past_a_mapping_is_an_address)
{
	uint8_t *end = marshal_guarded(PAGE) + PAGE;

	marshal_init(&m);
	add_object();
	add_global(PAGE, 64, CKPT_ROOT_UNTYPED);
	ck_assert_int_eq(munmap(end, PAGE), 0);
	memcpy(object + PAGE + 8, &end, sizeof(end));
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_GLOBAL_ADDRESS);
}
END_TEST

START_TEST(numbers_in_an_untyped_global_are_no_addresses)
{
	static const double numbers[] = {1.0, -2.5, 1e300};
	static const uint64_t words[] = {0, 1, 4095, UINT64_MAX};

	marshal_init(&m);
	add_object();
	add_global(PAGE, 256, CKPT_ROOT_UNTYPED);
	memcpy(object + PAGE, numbers, sizeof(numbers));
	memcpy(object + PAGE + 64, words, sizeof(words));
	(void)marshal_key(&m);
}
END_TEST

/* Constants of a library: what the loader did not relocate. */
START_TEST(a_word_that_is_as_in_the_file_is_no_address)
{
	void *blocks[2] = {malloc(100), malloc(100)};
	uint8_t file[64] = {0};

	marshal_init(&m);
	add_object();
	add_global(PAGE, sizeof(file), CKPT_ROOT_UNTYPED);
	memcpy(file + 8, &blocks[0], sizeof(blocks[0]));
	m.program.strings = (const char *)file;
	m.roots[m.function.root_count - 1].initial = 0;
	memcpy(object + PAGE, file, sizeof(file));
	(void)marshal_key(&m);
	memcpy(object + PAGE + 16, &blocks[0], sizeof(blocks[0]));
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_GLOBAL_ADDRESS);
	memcpy(object + PAGE, file, sizeof(file));
	memcpy(object + PAGE + 8, &blocks[1], sizeof(blocks[1]));
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_GLOBAL_ADDRESS);
	free(blocks[0]);
	free(blocks[1]);
}
END_TEST

/* There, addresses stand in the file already. */
START_TEST(in_a_program_at_a_fixed_place_the_file_proves_nothing)
{
	void *block = malloc(100);
	uint8_t file[64] = {0};

	marshal_init(&m);
	add_object();
	add_global((uintptr_t)object + PAGE, sizeof(file), CKPT_ROOT_UNTYPED);
	m.bases[0] = 0;
	memcpy(file + 8, &block, sizeof(block));
	m.program.strings = (const char *)file;
	m.roots[m.function.root_count - 1].initial = 0;
	memcpy(object + PAGE, file, sizeof(file));
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_GLOBAL_ADDRESS);
	free(block);
}
END_TEST

START_TEST(an_address_of_read_only_memory_counts_wherever_it_is_mapped)
{
	struct ckpt_hash128 key, other;
	void *place;

	marshal_init(&m);
	add_object();
	add_global(PAGE, 64, CKPT_ROOT_UNTYPED);
	place = object + 100;
	memcpy(object + PAGE, &place, sizeof(place));
	key = marshal_key(&m);
	place = object + 101;
	memcpy(object + PAGE, &place, sizeof(place));
	ck_assert(!marshal_same(key, marshal_key(&m)));
	add_object();
	place = object + 100;
	memcpy(object + PAGE, &place, sizeof(place));
	other = marshal_key(&m);
	ck_assert(marshal_same(key, other));
	m.objects[0].identity.lo = 0;
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_GLOBAL_ADDRESS);
}
END_TEST

START_TEST(an_address_of_another_global_in_the_key_counts_as_that)
{
	struct ckpt_hash128 key;
	void *place;

	marshal_init(&m);
	add_object();
	add_global(PAGE, 64, CKPT_ROOT_UNTYPED | CKPT_ROOT_WRITTEN);
	add_global(PAGE + 512, 64, CKPT_ROOT_UNTYPED);
	place = object + PAGE + 520;
	memcpy(object + PAGE, &place, sizeof(place));
	key = marshal_key(&m);
	place = object + PAGE + 521;
	memcpy(object + PAGE, &place, sizeof(place));
	ck_assert(!marshal_same(key, marshal_key(&m)));
	place = object + PAGE + 520;
	memcpy(object + PAGE, &place, sizeof(place));
	(void)marshal_key(&m);
	memset(object + PAGE, 0, 8);
	memcpy(object + PAGE + 16, &place, sizeof(place));
	marshal_capture(&m);
	memset(object + PAGE + 16, 0, 8);
	memcpy(object + PAGE, &place, sizeof(place));
	marshal_replay(&m, key);
	ck_assert_uint_eq(object[PAGE], 0);
	ck_assert_mem_eq(object + PAGE + 16, &place, sizeof(place));
}
END_TEST

START_TEST(a_static_string_comes_back_in_its_scratch_global)
{
	struct ckpt_hash128 key;
	char *text;

	marshal_init(&m);
	add_object();
	add_global(PAGE + 64, 32, CKPT_ROOT_WRITTEN | CKPT_ROOT_SCRATCH);
	add_static_result();
	key = marshal_key(&m);
	text = strcpy((char *)object + PAGE + 66, "$6$hash");
	m.frame.result_rax = (uintptr_t)text;
	marshal_capture(&m);
	strcpy(text, "the next");
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax, (uintptr_t)text);
	ck_assert_str_eq(text, "$6$hash");
}
END_TEST

START_TEST(a_static_string_in_read_only_memory_is_compared)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	add_object();
	add_static_result();
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)object;
	marshal_capture(&m);
	marshal_replay(&m, key);
	ck_assert_str_eq((char *)m.frame.result_rax, "constant");
	ck_assert_int_eq(mprotect(object, PAGE, PROT_READ | PROT_WRITE), 0);
	object[0] = 'K';
	(void)marshal_key(&m);
	ck_assert_int_eq(marshal_try_replay(&m), CKPT_UNSUPPORTED);
	ck_assert_uint_eq(object[0], 'K');
}
END_TEST

START_TEST(a_static_result_follows_its_object)
{
	struct ckpt_hash128 key;

	marshal_init(&m);
	add_object();
	add_static_result();
	key = marshal_key(&m);
	m.frame.result_rax = (uintptr_t)object;
	marshal_capture(&m);
	add_object();
	marshal_replay(&m, key);
	ck_assert_uint_eq(m.frame.result_rax, (uintptr_t)object);
	m.objects[0].identity.lo = 98;
	(void)marshal_key(&m);
	ck_assert_int_eq(marshal_try_replay(&m), CKPT_UNSUPPORTED);
}
END_TEST

START_TEST(a_static_result_outside_all_objects_is_refused)
{
	char *text = strdup("heap");

	marshal_init(&m);
	add_object();
	add_static_result();
	(void)marshal_key(&m);
	m.frame.result_rax = (uintptr_t)text;
	ck_assert_int_eq(marshal_try_capture(&m), CKPT_UNSUPPORTED);
	ck_assert_int_eq(m.call->refusal.kind, CKPT_REFUSAL_UNKNOWN_TARGET);
	free(text);
}
END_TEST

START_TEST(a_thread_local_global_is_asked_of_the_host)
{
	marshal_init(&m);
	add_object();
	marshal_root(&m, CKPT_ROOT_TLS, marshal_bytes(&m, 8, 8), 0);
	ck_assert_int_eq(marshal_refusal(&m), CKPT_REFUSAL_GLOBAL_MISSING);
}
END_TEST

UNIT_MAIN("global", a_global_counts, a_written_global_comes_back,
	  a_scratch_global_does_not_count,
	  a_heap_address_in_an_untyped_global_is_refused,
	  an_address_one_past_a_mapping_is_an_address,
	  numbers_in_an_untyped_global_are_no_addresses,
	  a_word_that_is_as_in_the_file_is_no_address,
	  in_a_program_at_a_fixed_place_the_file_proves_nothing,
	  an_address_of_read_only_memory_counts_wherever_it_is_mapped,
	  an_address_of_another_global_in_the_key_counts_as_that,
	  a_static_string_comes_back_in_its_scratch_global,
	  a_static_string_in_read_only_memory_is_compared,
	  a_static_result_follows_its_object,
	  a_static_result_outside_all_objects_is_refused,
	  a_thread_local_global_is_asked_of_the_host)
