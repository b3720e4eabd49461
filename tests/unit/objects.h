/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_OBJECTS_H
#define CKPT_TESTS_UNIT_OBJECTS_H

/*
 * Objects that real compilers make in a directory of the test's own, and what
 * signature.h says of them.
 */

#include "shim/planner/signature/cdecl.h"
#include "shim/planner/elf/deps.h"
#include "shim/planner/signature/dwarf.h"
#include "shim/planner/signature/signature.h"

#include "tests/unit/random_types.h"
#include "tests/unit/unit.h"

static struct ckpt_types *types;
static struct ckpt_err err;
static struct ckpt_deps deps;
static struct ckpt_function_config config;
static struct ckpt_signature signature;
static char directory[64], config_file[96];
static char *headers[4];

static inline void run(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* A shell command in the directory that must succeed. */
static inline void run(const char *format, ...)
{
	char command[2048];
	int used = snprintf(command, sizeof(command), "cd %s && ", directory);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(command + used, sizeof(command) - (size_t)used, format,
			arguments);
	va_end(arguments);
	ck_assert_msg(system(command) == 0, "%s", command);
}

static inline bool has_program(const char *name)
{
	char command[200];

	(void)snprintf(command, sizeof(command), "command -v %s >/dev/null",
		       name);
	if (system(command) == 0)
		return true;
	printf("not installed, not tested: %s\n", name);
	(void)fflush(stdout);
	return false;
}

static inline void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void set_up(void)
{
	types = ckpt_types_create();
	ck_assert_ptr_nonnull(types);
	(void)strcpy(directory, "/tmp/ckpt-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(config_file, sizeof(config_file), "%s/ckpt.toml",
		       directory);
	memset(&config, 0, sizeof(config));
	config.place.file = config_file;
	config.signature_place.file = config_file;
	config.headers.items = headers;
	config.headers.count = 0;
	memset(&deps, 0, sizeof(deps));
}

static inline void tear_down(void)
{
	run("rm -r %s", directory);
	ckpt_deps_deinit(&deps);
	ckpt_types_destroy(types);
}

static inline uint64_t find_vaddr(const struct ckpt_image *image,
				  const char *name)
{
	size_t count;
	const struct ckpt_symbol *symbols;

	for (int i = 0; i < 2; i++) {
		symbols = i ? ckpt_image_static_symbols(image, &count)
			    : ckpt_image_dynamic_symbols(image, &count);
		for (size_t k = 0; k < count; k++)
			if (symbols[k].name && symbols[k].shndx &&
			    strcmp(symbols[k].name, name) == 0)
				return symbols[k].vaddr;
	}
	ck_abort_msg("no symbol %s", name);
}

/* The signature of `symbol` in `file` of the directory. */
static inline enum ckpt_status find(const char *file, const char *symbol)
{
	char path[256];
	struct ckpt_image *image;
	enum ckpt_status status;

	(void)snprintf(path, sizeof(path), "%s%s%s",
		       *file == '/' ? "" : directory, *file == '/' ? "" : "/",
		       file);
	ck_assert_msg(!ckpt_image_open(path, &image, &err), "%s", err.text);
	status = ckpt_signature_find(types, image, symbol,
				     find_vaddr(image, symbol), &config, &deps,
				     NULL, &signature, &err);
	/* The image need not outlive what it told. */
	ckpt_image_close(image);
	return status;
}

static inline void expect(const char *file, const char *symbol,
			  const char *text)
{
	char actual[1000];
	enum ckpt_status status = find(file, symbol);

	ck_assert_msg(!status, "%s: %s", symbol, err.text);
	ckpt_signature_text(&signature, symbol, actual, sizeof(actual));
	ck_assert_str_eq(actual, text);
}

static inline void expect_refusal(const char *file, const char *symbol,
				  enum ckpt_status expected, const char *text)
{
	enum ckpt_status status = find(file, symbol);

	ck_assert_msg(status == expected, "%s: %d", symbol, status);
	ck_assert_msg(strstr(err.text, text), "%s", err.text);
}

#endif
