/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/sink.h"

#include "tests/unit/unit.h"

#include <stdbool.h>

static uint8_t bytes[128];

static struct ckpt_sink start(void)
{
	return (struct ckpt_sink){.bytes = bytes, .capacity = sizeof(bytes)};
}

/* The digest of `count` words that are 0 but for number `odd`. */
static struct ckpt_hash128 digest_of(uint32_t count, uint32_t odd)
{
	struct ckpt_sink sink = start();

	for (uint32_t i = 0; i < count; i++)
		ckpt_sink_put_word(&sink, i == odd);
	return ckpt_sink_digest(&sink);
}

START_TEST(a_small_key_is_the_hash_of_its_words)
{
	static const uint64_t words[] = {7, 8, 9};
	struct ckpt_sink sink = start();

	for (int i = 0; i < 3; i++)
		ckpt_sink_put_word(&sink, words[i]);
	ck_assert(ckpt_hash_equal(ckpt_sink_digest(&sink),
				  ckpt_hash(NULL, words, sizeof(words))));
}
END_TEST

START_TEST(every_word_counts_however_many_there_are)
{
	for (uint32_t count = 1; count < 100; count++) {
		struct ckpt_hash128 none = digest_of(count, count);

		for (uint32_t odd = 0; odd < count; odd++)
			ck_assert(
				!ckpt_hash_equal(none, digest_of(count, odd)));
		ck_assert(!ckpt_hash_equal(none,
					   digest_of(count + 1, count + 1)));
	}
}
END_TEST

START_TEST(content_of_any_size_counts_to_its_last_byte)
{
	static uint8_t content[300];

	for (uint64_t size = 1; size <= sizeof(content); size++) {
		struct ckpt_sink a = start();
		struct ckpt_hash128 before;
		struct ckpt_sink b = start();

		ckpt_sink_put_content(&a, content, size);
		before = ckpt_sink_digest(&a);
		content[size - 1] = 1;
		ckpt_sink_put_content(&b, content, size);
		content[size - 1] = 0;
		ck_assert(!ckpt_hash_equal(before, ckpt_sink_digest(&b)));
	}
}
END_TEST

START_TEST(the_secret_counts)
{
	static const struct ckpt_hash_secret secret = {{1}};
	struct ckpt_sink plain = start();
	struct ckpt_sink keyed = start();
	struct ckpt_hash128 digest;

	ckpt_sink_put_word(&plain, 1);
	digest = ckpt_sink_digest(&plain);
	keyed.secret = &secret;
	ckpt_sink_put_word(&keyed, 1);
	ck_assert(!ckpt_hash_equal(digest, ckpt_sink_digest(&keyed)));
}
END_TEST

UNIT_MAIN("sink", a_small_key_is_the_hash_of_its_words,
	  every_word_counts_however_many_there_are,
	  content_of_any_size_counts_to_its_last_byte, the_secret_counts)
