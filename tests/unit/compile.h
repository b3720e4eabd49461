/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_UNIT_COMPILE_H
#define CKPT_TESTS_UNIT_COMPILE_H

/*
 * From a C declaration and the lines of a contract to a program of marshal.h.
 */

/* The two halves never meet but here: both have segments and extents. */
#define ckpt_segment ckpt_image_segment
#define ckpt_extent ckpt_image_extent
#include "shim/planner/signature/cdecl.h"
#include "shim/planner/plan/planwriter.h"
#include "shim/planner/contract/program.h"
#undef ckpt_segment
#undef ckpt_extent

#include "config/config.h"
#include "shim/runtime/plan/plancheck.h"
#include "tests/unit/marshal.h"

#include <stdio.h>
#include <unistd.h>

static struct marshal m;
static struct ckpt_tables tables;

static inline struct ckpt_config *load_config(const char *signature,
					      const char *contract)
{
	char path[] = "/tmp/ckpt-marshal-XXXXXX.toml";
	struct ckpt_config *config = NULL;
	struct ckpt_err err = {0};
	int fd = mkstemps(path, 5);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd,
				 "[[function]]\nname = \"f\"\n"
				 "signature = '''%s'''\n%s",
				 signature, contract),
			 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_msg(!ckpt_config_load(path, NULL, &config, &err), "%s",
		      err.text);
	ck_assert_int_eq(unlink(path), 0);
	return config;
}

/* What was compiled must be a plan that the runtime accepts. */
static inline void check_plan(void)
{
	struct ckpt_plan_header header = {.program_version = 0};
	struct ckpt_plan_function function = m.function;
	struct ckpt_plan_object object = {.file = CKPT_PLAN_NONE};
	struct ckpt_plan_view view;
	struct ckpt_buf bytes = {0};
	struct ckpt_err err = {0};

	header.config_path = ckpt_tables_text(&tables, "/c");
	header.program_version = header.config_path;
	header.store_directory = header.config_path;
	object.path = header.config_path;
	function.name = header.config_path;
	function.config_name = header.config_path;
	function.refusal = CKPT_PLAN_NONE;
	(void)ckpt_tables_add(&tables, CKPT_PLAN_OBJECTS, &object,
			      sizeof(object));
	(void)ckpt_tables_add(&tables, CKPT_PLAN_FUNCTIONS, &function,
			      sizeof(function));
	ck_assert_int_eq(ckpt_planwriter_build(&tables, &header, &bytes),
			 CKPT_OK);
	ck_assert_msg(!ckpt_plan_check(bytes.data, bytes.size, &view, &err),
		      "%s", err.text);
	ckpt_buf_deinit(&bytes);
}

#define SECTION(member, id) \
	m.program.member = (const void *)tables.sections[id].data

/* Make `m` the program of the declaration and the contract (TOML lines). */
static inline void compile_with(const char *signature, const char *contract,
				const struct ckpt_program_global *globals,
				size_t global_count)
{
	struct ckpt_types *types = ckpt_types_create();
	struct ckpt_config *config = load_config(signature, contract);
	struct ckpt_signature parsed;
	struct ckpt_program_request request = {
		.signature = &parsed,
		.config = &config->functions[0],
		.type_configs = config->types,
		.type_config_count = config->type_count,
		.globals = globals,
		.global_count = global_count,
		.types = types,
	};
	struct ckpt_err err = {0};

	marshal_init(&m);
	ckpt_tables_deinit(&tables);
	ckpt_tables_init(&tables);
	ck_assert_msg(!ckpt_cdecl_parse(types, signature,
					&config->functions[0].signature_place,
					&parsed, NULL, &err),
		      "%s", err.text);
	ck_assert_msg(
		!ckpt_program_compile(&tables, &request, &m.function, &err),
		"%s", err.text);
	check_plan();
	SECTION(strings, CKPT_PLAN_STRINGS);
	SECTION(moves, CKPT_PLAN_MOVES);
	SECTION(roots, CKPT_PLAN_ROOTS);
	SECTION(nodes, CKPT_PLAN_NODES);
	SECTION(fields, CKPT_PLAN_FIELDS);
	SECTION(clauses, CKPT_PLAN_CLAUSES);
	SECTION(exprs, CKPT_PLAN_EXPRS);
	SECTION(ops, CKPT_PLAN_OPS);
	ckpt_config_destroy(config);
	ckpt_types_destroy(types);
}

static inline void compile(const char *signature, const char *contract)
{
	compile_with(signature, contract, NULL, 0);
}

static inline void set_pointer(int i, const void *pointer)
{
	m.frame.gpr[i] = (uintptr_t)pointer;
}

static inline void set_double(int i, double value)
{
	memcpy(m.frame.vec[i], &value, sizeof(value));
}

#endif
