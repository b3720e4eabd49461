/* SPDX-License-Identifier: MIT */
#include "shim/common/hash.h"

#include "shim/common/hash_impl.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/*
 * The sanity buffer of xxHash's own test program (a byte is the top of a
 * product chain of two primes), hashed by the packaged library and xxhsum.
 * The secret is byte i = 7 i + 3.
 */
struct vector {
	size_t size;
	struct ckpt_hash128 plain;
	struct ckpt_hash128 keyed;
	uint64_t short_hash;
};

static const struct vector vectors[] = {
	{0,
	 {0x6001c324468d497f, 0x99aa06d3014798d8},
	 {0x070953df581d2cf8, 0x986d663d212d16ba},
	 0x2d06800538d394c2},
	{1,
	 {0xc44bdff4074eecdb, 0xa6cd5e9392000f6a},
	 {0x3458ea56e8f0a2fe, 0xc9965c8316965a56},
	 0xc44bdff4074eecdb},
	{3,
	 {0x54247382a8d6b94d, 0x20efc49ff02422ea},
	 {0x35e84b2ee84fc0f5, 0x9eacdbd539979fe9},
	 0x54247382a8d6b94d},
	{4,
	 {0x2e7d8d6876a39fe9, 0x970d585ac632bf8e},
	 {0x36f12ff2c5ce879f, 0x1a3640aa925cc7be},
	 0xe5dc74bc51848a51},
	{8,
	 {0x64c69cab4bb21dc5, 0x47a7f080d82bb456},
	 {0x08e6173654c1e307, 0x80a20902d6e237d7},
	 0x24ccc9acaa9f65e4},
	{9,
	 {0xed7ccbc501eb7501, 0x564ef6078950d457},
	 {0xa6f448a7c0db82fc, 0xaf389e7d665c57ae},
	 0x14d5001c15dd3f2b},
	{16,
	 {0x562980258a998629, 0xc68c368ecf8a9c05},
	 {0xfa140d24baef0c7c, 0xe5eb62f396cbb640},
	 0x981b17d36c7498c9},
	{17,
	 {0xabbc12d11973d7db, 0x955fa78643ed3669},
	 {0x2cae6a92eaad0375, 0x5bc56d6e3905f8e1},
	 0x796f5acd3a60f862},
	{128,
	 {0xebb15e34a7fb5ab1, 0x39992220e045260a},
	 {0x5f33fe2715d720fd, 0x96e9d722e0423b7a},
	 0xfcff24126754d861},
	{129,
	 {0x86c9e3bc8f0a3b5c, 0x03815fc91f1b30b6},
	 {0xfae08882cad7b860, 0x88cf494059958f2e},
	 0x98f1b0a679a2ca29},
	{240,
	 {0x5c9aae94c8ebe5a0, 0xaa4202daa2769dc8},
	 {0xd423fea59d881554, 0x6345c925027fdc31},
	 0x81c3c2b67f568ccf},
	{241,
	 {0xc5a639ecd2030e5e, 0x99a80ecf0ecfc647},
	 {0xc1960977e0f821ab, 0x67d47f0262c382bb},
	 0xc5a639ecd2030e5e},
	{256,
	 {0x55de574ad89d0ac5, 0x8b1c66091423d288},
	 {0x1e079d5f7c994cf5, 0x8f7df2951f4f64bb},
	 0x55de574ad89d0ac5},
	{1023,
	 {0x87a8f7b2f2e22496, 0xe8083e4d83214c3c},
	 {0x0d0de8dd632ae623, 0x2f41080d09ddc40f},
	 0x87a8f7b2f2e22496},
	{1024,
	 {0xdd85c9b5c1109c5c, 0x0d30d24071c64c57},
	 {0x1d11abd9c7973eab, 0xbfcceb4c6bb07c00},
	 0xdd85c9b5c1109c5c},
	{1025,
	 {0xd870c0fa13211c6a, 0xfd3ee4fe7f2954c6},
	 {0x6adc5a1e12f7dc00, 0x4d86198400feed26},
	 0xd870c0fa13211c6a},
	{4096,
	 {0xe91206429d1f48f9, 0xb9cfaea2ca5626a4},
	 {0xae3d7ee0f09c724d, 0xd85779f7e0ef52c8},
	 0xe91206429d1f48f9},
	{65543,
	 {0x30f4f3c32b87aab2, 0x9661637f089e57f9},
	 {0xc53c5ef29263a347, 0x8b9d23679e760a4c},
	 0x30f4f3c32b87aab2},
};

enum { DATA_SIZE = 65543 };

static uint8_t data[DATA_SIZE];
static struct ckpt_hash_secret secret;

static void fill_data(void)
{
	uint64_t generator = 2654435761U;

	for (size_t i = 0; i < DATA_SIZE; i++) {
		data[i] = (uint8_t)(generator >> 56);
		generator *= 11400714785074694797ULL;
	}
	for (size_t i = 0; i < CKPT_HASH_SECRET_SIZE; i++)
		secret.bytes[i] = (uint8_t)(i * 7 + 3);
}

static void assert_same(struct ckpt_hash128 a, struct ckpt_hash128 b)
{
	ck_assert_uint_eq(a.lo, b.lo);
	ck_assert_uint_eq(a.hi, b.hi);
}

START_TEST(every_width_gives_the_published_values)
{
	const struct ckpt_hash_ops *all[8];
	size_t count = ckpt_hash_runnable(all, 8);
	const struct vector *v = &vectors[_i];

	ck_assert_uint_ge(count, 1);
	for (size_t w = 0; w < count; w++) {
		assert_same(all[w]->hash(NULL, data, v->size), v->plain);
		assert_same(all[w]->hash(&secret, data, v->size), v->keyed);
		ck_assert_uint_eq(all[w]->hash64(data, v->size), v->short_hash);
	}
}
END_TEST

/* Sizes around those where the way changes, from any address to any other;
 * beyond them the sanity buffer's known value. Nothing else is written. */
START_TEST(a_copy_is_exact_and_has_the_hash_of_its_source)
{
	static uint8_t copy[DATA_SIZE + 192];
	const struct ckpt_hash_ops *all[8];
	size_t count = ckpt_hash_runnable(all, 8);

	for (size_t w = 0; w < count; w++) {
		for (size_t size = 0; size < 12000; size += 1 + size / 2500) {
			size_t from = size * 7 % 64, to = 64 + size * 5 % 64;

			memset(copy, 0xa5, size + 192);
			ck_assert_uint_eq(all[w]->hash64_copy(
						  copy + to, data + from, size),
					  all[w]->hash64(data + from, size));
			ck_assert_mem_eq(copy + to, data + from, size);
			ck_assert_uint_eq(copy[to - 1], 0xa5);
			ck_assert_uint_eq(copy[to + size], 0xa5);
		}
	}
}
END_TEST

START_TEST(a_copy_has_the_published_hash)
{
	static uint8_t copy[DATA_SIZE];
	const struct ckpt_hash_ops *all[8];
	size_t count = ckpt_hash_runnable(all, 8);
	const struct vector *v = &vectors[_i];

	for (size_t w = 0; w < count; w++)
		ck_assert_uint_eq(all[w]->hash64_copy(copy, data, v->size),
				  v->short_hash);
}
END_TEST

START_TEST(updates_of_any_size_give_the_value_of_the_whole)
{
	static const size_t steps[] = {1, 7, 64, 255, 256, 257, 1000, 65536};
	const struct ckpt_hash_ops *all[8];
	size_t count = ckpt_hash_runnable(all, 8);
	const struct vector *v = &vectors[_i];

	for (size_t w = 0; w < count; w++) {
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			struct ckpt_hasher plain;
			struct ckpt_hasher keyed;
			size_t off = 0;

			all[w]->init(&plain, NULL);
			all[w]->init(&keyed, &secret);
			while (off < v->size) {
				size_t n = v->size - off;

				n = n < steps[s] ? n : steps[s];
				all[w]->update(&plain, data + off, n);
				all[w]->update(&keyed, data + off, n);
				off += n;
			}
			assert_same(all[w]->final(&plain), v->plain);
			assert_same(all[w]->final(&keyed), v->keyed);
			ck_assert_uint_eq(all[w]->final64(&plain),
					  v->short_hash);
		}
	}
}
END_TEST

START_TEST(before_and_after_init_values_are_the_same)
{
	struct ckpt_hash128 before = ckpt_hash(&secret, data, DATA_SIZE);

	ck_assert_str_eq(ckpt_hash_width(), "sse2");
	ckpt_hash_init();
	ckpt_hash_init();
	assert_same(ckpt_hash(&secret, data, DATA_SIZE), before);
}
END_TEST

START_TEST(a_hasher_may_be_copied_and_read_midway)
{
	struct ckpt_hasher hasher;
	struct ckpt_hasher copy;

	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, data, 1023);
	assert_same(ckpt_hasher_final(&hasher), ckpt_hash(NULL, data, 1023));
	copy = hasher;
	ckpt_hasher_update(&copy, data + 1023, 2);
	assert_same(ckpt_hasher_final(&copy), ckpt_hash(NULL, data, 1025));
}
END_TEST

START_TEST(text_is_the_canonical_big_endian_form)
{
	char text[CKPT_HASH_TEXT_SIZE];
	struct ckpt_hash128 back;

	/* xxhsum -H2 of the first byte of the sanity buffer. */
	ckpt_hash_text(ckpt_hash(NULL, data, 1), text);
	ck_assert_str_eq(text, "a6cd5e9392000f6ac44bdff4074eecdb");
	ck_assert(ckpt_hash_parse(text, &back));
	assert_same(back, ckpt_hash(NULL, data, 1));
}
END_TEST

START_TEST(text_that_is_no_hash_is_refused)
{
	struct ckpt_hash128 hash;

	ck_assert(!ckpt_hash_parse("", &hash));
	ck_assert(!ckpt_hash_parse("a6cd5e9392000f6ac44bdff4074eecd", &hash));
	ck_assert(!ckpt_hash_parse("a6cd5e9392000f6ac44bdff4074eecdb0", &hash));
	ck_assert(!ckpt_hash_parse("g6cd5e9392000f6ac44bdff4074eecdb", &hash));
}
END_TEST

int main(void)
{
	int count = (int)(sizeof(vectors) / sizeof(vectors[0]));
	Suite *suite = suite_create("hash");
	TCase *tests = tcase_create("hash");
	SRunner *runner;
	int failed;

	fill_data();
	tcase_add_loop_test(tests, every_width_gives_the_published_values, 0,
			    count);
	tcase_add_loop_test(tests, a_copy_has_the_published_hash, 0, count);
	tcase_add_test(tests, a_copy_is_exact_and_has_the_hash_of_its_source);
	tcase_add_loop_test(tests,
			    updates_of_any_size_give_the_value_of_the_whole, 0,
			    count);
	tcase_add_test(tests, before_and_after_init_values_are_the_same);
	tcase_add_test(tests, a_hasher_may_be_copied_and_read_midway);
	tcase_add_test(tests, text_is_the_canonical_big_endian_form);
	tcase_add_test(tests, text_that_is_no_hash_is_refused);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
