/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/image.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[32];

/* Run `command` in the test's own directory. */
static void run(const char *command)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "cd %s && %s", directory, command);
	ck_assert_msg(system(text) == 0, "%s", text);
}

static void write_source(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static struct ckpt_image *open_made(const char *name)
{
	struct ckpt_image *image = NULL;
	struct ckpt_err err = {0};
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	ck_assert_msg(ckpt_image_open(path, &image, &err) == CKPT_OK, "%s",
		      err.text);
	return image;
}

static void make_directory(void)
{
	(void)strcpy(directory, "/tmp/ckpt-image-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	write_source("v.map", "V1 { global: twice; }; V2 { global: twice; "
			      "thrice; table; local: *; } V1;");
	write_source("v.c",
		     "__asm__(\".symver old_twice,twice@V1\");\n"
		     "__asm__(\".symver new_twice,twice@@V2\");\n"
		     "int old_twice(int x) { return 2 * x; }\n"
		     "int new_twice(int x) { return x + x; }\n"
		     "static int hidden(int x) { return x; }\n"
		     "int thrice(int x) { return 3 * x; }\n"
		     "int (*const table[])(int) = { thrice, hidden };\n");
	run("gcc -shared -fPIC -O1 -o libv.so v.c -Wl,--version-script=v.map "
	    "-Wl,-soname,libv.so.1 -Wl,--build-id=0x0123456789abcdef");
}

static void remove_directory(void)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "rm -rf %s", directory);
	ck_assert_int_eq(system(text), 0);
}

START_TEST(names_versions_and_build_id_are_as_linked)
{
	struct ckpt_image *image;
	const struct ckpt_symbol *old, *new;
	const uint8_t *id;
	size_t size;

	make_directory();
	image = open_made("libv.so");
	ck_assert_str_eq(ckpt_image_soname(image), "libv.so.1");
	ck_assert_uint_eq(ckpt_image_type(image), ET_DYN);
	ck_assert(!ckpt_image_is_executable(image));
	id = ckpt_image_build_id(image, &size);
	ck_assert_uint_eq(size, 8);
	ck_assert_mem_eq(id, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
	old = ckpt_image_find_export(image, "twice", "V1");
	new = ckpt_image_find_export(image, "twice", "V2");
	ck_assert_ptr_nonnull(old);
	ck_assert_ptr_nonnull(new);
	ck_assert_uint_ne(old->vaddr, new->vaddr);
	ck_assert(!old->is_default_version);
	ck_assert(new->is_default_version);
	ck_assert_ptr_eq(ckpt_image_find_export(image, "twice", NULL), new);
	ck_assert_ptr_null(ckpt_image_find_export(image, "twice", "V3"));
	ck_assert_ptr_null(ckpt_image_find_export(image, "hidden", NULL));
	ck_assert_ptr_null(ckpt_image_find_export(image, "nothing", NULL));
	ckpt_image_close(image);
	remove_directory();
}
END_TEST

static size_t count_type(const struct ckpt_image *image, uint32_t type)
{
	size_t count, found = 0;
	const struct ckpt_relocation *relocations =
		ckpt_image_relocations(image, &count);

	for (size_t i = 0; i < count; i++) {
		found += relocations[i].type == type;
		ck_assert(i == 0 ||
			  relocations[i - 1].vaddr <= relocations[i].vaddr);
	}
	return found;
}

START_TEST(packed_relative_relocations_equal_plain_ones)
{
	struct ckpt_image *plain, *packed;

	make_directory();
	write_source("r.c", "int a, b, c;\n"
			    "int *const p[200] = { [0] = &a, [7] = &b,"
			    " [8] = &c, [63] = &a, [64] = &b, [199] = &c };\n"
			    "int main(void) { return p[a] != 0; }\n");
	run("gcc -pie -fPIE -o plain r.c && "

	    "gcc -pie -fPIE -o packed r.c -Wl,-z,pack-relative-relocs "
	    "2>/dev/null || cp plain packed");
	plain = open_made("plain");
	packed = open_made("packed");
	ck_assert_uint_ge(count_type(plain, R_X86_64_RELATIVE), 6);
	ck_assert_uint_eq(count_type(packed, R_X86_64_RELATIVE),
			  count_type(plain, R_X86_64_RELATIVE));
	ck_assert(ckpt_image_is_executable(plain));
	ckpt_image_close(plain);
	ckpt_image_close(packed);
	remove_directory();
}
END_TEST

START_TEST(without_section_headers_all_but_sections_is_there)
{
	struct ckpt_image *full, *bare;
	size_t full_count, bare_count;
	const struct ckpt_symbol *symbol;

	make_directory();
	/* e_shoff, e_shnum and e_shstrndx set to zero: what sstrip does. */
	run("cp libv.so bare.so && "
	    "dd if=/dev/zero of=bare.so bs=1 seek=40 count=8 conv=notrunc "
	    "status=none && dd if=/dev/zero of=bare.so bs=1 seek=60 count=4 "
	    "conv=notrunc status=none");
	full = open_made("libv.so");
	bare = open_made("bare.so");
	(void)ckpt_image_sections(bare, &bare_count);
	ck_assert_uint_eq(bare_count, 0);
	(void)ckpt_image_dynamic_symbols(full, &full_count);
	(void)ckpt_image_dynamic_symbols(bare, &bare_count);
	ck_assert_uint_eq(bare_count, full_count);
	(void)ckpt_image_relocations(full, &full_count);
	(void)ckpt_image_relocations(bare, &bare_count);
	ck_assert_uint_eq(bare_count, full_count);
	symbol = ckpt_image_find_export(bare, "thrice", "V2");
	ck_assert_ptr_nonnull(symbol);
	ck_assert_ptr_nonnull(
		ckpt_image_bytes(bare, symbol->vaddr, symbol->size));
	ckpt_image_close(full);
	ckpt_image_close(bare);
	remove_directory();
}
END_TEST

START_TEST(bytes_and_sections_end_where_they_end)
{
	struct ckpt_image *image;
	const struct ckpt_section *text;

	make_directory();
	image = open_made("libv.so");
	text = ckpt_image_section(image, ".text");
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_eq(ckpt_image_section_at(image, text->vaddr), text);
	ck_assert_ptr_eq(
		ckpt_image_section_at(image, text->vaddr + text->size - 1),
		text);
	ck_assert_ptr_ne(ckpt_image_section_at(image, text->vaddr + text->size),
			 text);
	ck_assert_ptr_nonnull(ckpt_image_bytes(image, text->vaddr, text->size));
	ck_assert_ptr_null(ckpt_image_bytes(image, text->vaddr, UINT64_MAX));
	ck_assert_ptr_null(ckpt_image_bytes(image, UINT64_MAX, 1));
	ckpt_image_close(image);
	remove_directory();
}
END_TEST

START_TEST(a_debug_file_names_its_link_and_has_no_bytes)
{
	struct ckpt_image *stripped, *debug;
	const struct ckpt_symbol *symbols;
	uint32_t crc;
	size_t count;
	bool has_hidden = false;

	make_directory();
	run("objcopy --only-keep-debug libv.so libv.debug && cp libv.so s.so "
	    "&& strip s.so && objcopy --add-gnu-debuglink=libv.debug s.so");
	stripped = open_made("s.so");
	debug = open_made("libv.debug");
	ck_assert_str_eq(ckpt_image_debuglink(stripped, &crc), "libv.debug");
	ck_assert_ptr_null(ckpt_image_debuglink(debug, &crc));
	symbols = ckpt_image_static_symbols(debug, &count);
	for (size_t i = 0; i < count; i++)
		has_hidden |= strcmp(symbols[i].name, "hidden") == 0;
	ck_assert(has_hidden);
	(void)ckpt_image_static_symbols(stripped, &count);
	ck_assert_uint_eq(count, 0);
	ckpt_image_close(stripped);
	ckpt_image_close(debug);
	remove_directory();
}
END_TEST

START_TEST(what_is_no_object_of_ours_is_an_answer)
{
	struct ckpt_image *image = NULL;
	struct ckpt_err err = {0};
	Elf64_Ehdr ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32,
				       ELFDATA2LSB, EV_CURRENT}};

	ck_assert_int_eq(ckpt_image_open("/nowhere", &image, &err),
			 CKPT_NOTFOUND);
	ck_assert_int_eq(ckpt_image_open("/", &image, &err), CKPT_UNSUPPORTED);
	ck_assert_int_eq(ckpt_image_open("/etc/passwd", &image, &err),
			 CKPT_UNSUPPORTED);
	ck_assert_int_eq(
		ckpt_image_open_memory("m", &ehdr, sizeof(ehdr), &image, &err),
		CKPT_UNSUPPORTED);
	ck_assert_ptr_null(image);
}
END_TEST

/* Every byte of the headers and tables flipped once: an answer each time. */
START_TEST(no_flipped_byte_crashes)
{
	struct ckpt_image *image;
	const uint8_t *data;
	uint8_t *copy;
	size_t size, refused = 0;

	make_directory();
	image = open_made("libv.so");
	data = ckpt_image_file(image, &size);
	for (size_t i = 0; i < size; i += i < 0x1000 ? 1 : 7) {
		struct ckpt_image *flipped = NULL;

		copy = malloc(size);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, data, size);
		copy[i] ^= (uint8_t)(1u << (i * 5 % 8));
		refused += ckpt_image_open_memory("flipped", copy, size,
						  &flipped, NULL) != CKPT_OK;
		ckpt_image_close(flipped);
		free(copy);
	}
	ck_assert_uint_gt(refused, 50);
	ckpt_image_close(image);
	remove_directory();
}
END_TEST

UNIT_MAIN("image", names_versions_and_build_id_are_as_linked,
	  packed_relative_relocations_equal_plain_ones,
	  without_section_headers_all_but_sections_is_there,
	  bytes_and_sections_end_where_they_end,
	  a_debug_file_names_its_link_and_has_no_bytes,
	  what_is_no_object_of_ours_is_an_answer, no_flipped_byte_crashes)
