/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/symbolfile.h"

#include "tests/unit/codebuild.h"

static const struct ckpt_hash128 identity = {0x1234, 0x5678};

static const struct ckpt_symbol symbols[] = {
	{.name = "", .shndx = SHN_UNDEF},
	{.name = "table",
	 .vaddr = 0x2010,
	 .size = 40,
	 .type = STT_OBJECT,
	 .binding = STB_LOCAL,
	 .shndx = 14},
	{.name = "imported", .type = STT_FUNC, .shndx = SHN_UNDEF},
	{.name = "solve",
	 .vaddr = 0x1100,
	 .size = 7,
	 .type = STT_FUNC,
	 .binding = STB_GLOBAL,
	 .shndx = 12},
};

static struct ckpt_buf build(void)
{
	struct ckpt_buf buf = {0};

	ckpt_symbolfile_build(identity, symbols, 4, &buf);
	ck_assert_int_eq(ckpt_buf_status(&buf), CKPT_OK);
	return buf;
}

static void check(const struct ckpt_symbolfile *file)
{
	ck_assert_uint_eq(file->count, 2);
	ck_assert_str_eq(file->symbols[0].name, "table");
	ck_assert_uint_eq(file->symbols[0].vaddr, 0x2010);
	ck_assert_uint_eq(file->symbols[0].size, 40);
	ck_assert_uint_eq(file->symbols[0].type, STT_OBJECT);
	ck_assert_uint_eq(file->symbols[0].binding, STB_LOCAL);
	ck_assert_uint_eq(file->symbols[0].shndx, 14);
	ck_assert_str_eq(file->symbols[1].name, "solve");
	ck_assert_uint_eq(file->symbols[1].vaddr, 0x1100);
}

START_TEST(defined_symbols_come_back_as_they_were)
{
	struct ckpt_buf buf = build();
	struct ckpt_symbolfile file = {0};

	ck_assert_int_eq(
		ckpt_symbolfile_parse(identity, buf.data, buf.size, &file),
		CKPT_OK);
	check(&file);
	ckpt_symbolfile_deinit(&file);
	ckpt_buf_deinit(&buf);
}
END_TEST

START_TEST(any_flipped_bit_or_cut_is_refused)
{
	struct ckpt_buf buf = build();
	struct ckpt_symbolfile file = {0};

	for (size_t bit = 0; bit < buf.size * 8; bit++) {
		buf.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(ckpt_symbolfile_parse(identity, buf.data,
						       buf.size, &file),
				 CKPT_BADDATA);
		buf.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t size = 0; size < buf.size; size++)
		ck_assert_int_eq(
			ckpt_symbolfile_parse(identity, buf.data, size, &file),
			CKPT_BADDATA);
	ckpt_buf_deinit(&buf);
}
END_TEST

START_TEST(symbols_of_other_content_are_refused)
{
	struct ckpt_buf buf = build();
	struct ckpt_symbolfile file = {0};
	struct ckpt_hash128 other = identity;

	other.hi ^= 1;
	ck_assert_int_eq(
		ckpt_symbolfile_parse(other, buf.data, buf.size, &file),
		CKPT_BADDATA);
	ckpt_buf_deinit(&buf);
}
END_TEST

START_TEST(kept_symbols_are_found_and_damaged_ones_are_not)
{
	struct ckpt_symbolfile file = {0};
	char text[CKPT_HASH_TEXT_SIZE], plans[128];

	make_directory();
	(void)snprintf(plans, sizeof(plans), "%s/v1/plan", directory);
	ck_assert_int_eq(ckpt_symbolfile_find(plans, identity, &file),
			 CKPT_NOTFOUND);
	ckpt_symbolfile_keep(plans, identity, symbols, 4);
	ck_assert_int_eq(ckpt_symbolfile_find(plans, identity, &file), CKPT_OK);
	check(&file);
	ckpt_symbolfile_deinit(&file);
	ckpt_hash_text(identity, text);
	run("printf x | dd of=%s/%s.symbols bs=1 seek=60 conv=notrunc "
	    "status=none%s",
	    plans, text, "");
	ck_assert_int_eq(ckpt_symbolfile_find(plans, identity, &file),
			 CKPT_NOTFOUND);
	remove_directory();
}
END_TEST

UNIT_MAIN("symbolfile", defined_symbols_come_back_as_they_were,
	  any_flipped_bit_or_cut_is_refused,
	  symbols_of_other_content_are_refused,
	  kept_symbols_are_found_and_damaged_ones_are_not)
