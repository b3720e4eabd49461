/* SPDX-License-Identifier: MIT */
#include "shim/runtime/plan/planfile.h"

#include "shim/runtime/plan/exprcheck.h"
#include "tests/sample_plan.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ckpt_buf bytes;
static struct ckpt_err err;
static char dir[] = "/tmp/test_planfile_XXXXXX";

static void add_file(const char *path)
{
	struct ckpt_plan_file file = {.path = text(path)};
	struct stat st;

	if (!stat(path, &st)) {
		file.is_present = 1;
		file.dev = st.st_dev;
		file.inode = st.st_ino;
		file.size = (uint64_t)st.st_size;
		file.mtime_ns =
			st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
		file.ctime_ns =
			st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec;
	}
	ADD(FILES, file);
}

static void finish_plan(void)
{
	memset(&bytes, 0, sizeof(bytes));
	ADD(FUNCTIONS, function);
	ck_assert_int_eq(ckpt_planwriter_build(&tables, &header, &bytes),
			 CKPT_OK);
	ckpt_tables_deinit(&tables);
}

static enum ckpt_status check_plan(void)
{
	struct ckpt_plan_view view;
	enum ckpt_status status;

	finish_plan();
	status = ckpt_plan_check(bytes.data, bytes.size, &view, &err);
	ckpt_buf_deinit(&bytes);
	return status;
}

/* The first entry of a section, to be made wrong. */
#define FIRST(section, type) \
	((struct ckpt_plan_##type *)tables.sections[CKPT_PLAN_##section].data)

static const char *plan_path(void)
{
	static char path[64]; /* one process for each test */

	if (!path[0])
		ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c/v1/plan/k.plan", dir);
	return path;
}

static void remove_directory(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void write_plan(void)
{
	finish_plan();
	ck_assert_int_eq(ckpt_planwriter_write(plan_path(), bytes.data,
					       bytes.size, &err),
			 CKPT_OK);
	ckpt_buf_deinit(&bytes);
}

static enum ckpt_status open_plan(struct ckpt_hash128 wanted)
{
	struct ckpt_planfile plan = {.memory = NULL};
	enum ckpt_status status =
		ckpt_planfile_open(&plan, plan_path(), wanted, NULL, &err);

	ckpt_planfile_close(&plan);
	return status;
}

START_TEST(a_sound_plan_is_accepted)
{
	struct ckpt_plan_view view;
	struct ckpt_program program;
	uintptr_t bases[1] = {4096};

	start_plan();
	finish_plan();
	ck_assert_msg(!ckpt_plan_check(bytes.data, bytes.size, &view, &err),
		      "%s", err.text);
	ck_assert_uint_eq(view.counts[CKPT_PLAN_FUNCTIONS], 1);
	ck_assert_str_eq(ckpt_plan_text(&view, view.functions[0].name), "f");
	ck_assert_ptr_null(ckpt_plan_text(&view, view.functions[0].refusal));
	ckpt_planfile_program(&view, 0, bases, &program);
	ck_assert_uint_eq(program.function->root_count, 3);
	ck_assert_uint_eq(program.object_count, 1);
	ck_assert_uint_eq(program.nodes[1].kind, CKPT_NODE_POINTER);
	ckpt_buf_deinit(&bytes);
}
END_TEST

START_TEST(equal_tables_give_equal_bytes)
{
	struct ckpt_buf first;

	start_plan();
	finish_plan();
	first = bytes;
	start_plan();
	finish_plan();
	ck_assert_uint_eq(first.size, bytes.size);
	ck_assert_mem_eq(first.data, bytes.data, bytes.size);
	ckpt_buf_deinit(&first);
	ckpt_buf_deinit(&bytes);
}
END_TEST

START_TEST(a_plan_that_intercepts_nothing_is_a_plan_too)
{
	struct ckpt_plan_view view;

	start_plan();
	ck_assert_int_eq(ckpt_planwriter_build(&tables, &header, &bytes),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_plan_check(bytes.data, bytes.size, &view, &err),
			 CKPT_OK);
	ckpt_tables_deinit(&tables);
	ckpt_buf_deinit(&bytes);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
	struct ckpt_plan_view view;

	start_plan();
	finish_plan();
	for (size_t i = 0; i < bytes.size * 8; i++) {
		bytes.data[i / 8] ^= (uint8_t)(1u << i % 8);
		ck_assert_msg(
			ckpt_plan_check(bytes.data, bytes.size, &view, &err),
			"bit %zu", i);
		bytes.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	ckpt_buf_deinit(&bytes);
}
END_TEST

START_TEST(every_shorter_file_is_noticed)
{
	struct ckpt_plan_view view;

	start_plan();
	finish_plan();
	for (size_t size = 0; size < bytes.size; size++)
		ck_assert(ckpt_plan_check(bytes.data, size, &view, &err));
	ckpt_buf_deinit(&bytes);
}
END_TEST

START_TEST(a_reference_to_nothing_is_damage)
{
	start_plan();
	FIRST(ROOTS, root)->node = 2;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
	start_plan();
	FIRST(CLAUSES, clause)->count = 1;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
	start_plan();
	function.name_count = 2;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
	start_plan();
	function.first_root = UINT32_MAX;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
	start_plan();
	header.store_directory = 1 << 20;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
}
END_TEST

START_TEST(a_layout_that_contains_itself_is_damage)
{
	start_plan();
	ADD(FIELDS, (struct ckpt_plan_field){.node = 2,
					     .name = text(""),
					     .condition = CKPT_PLAN_NONE,
					     .length = CKPT_PLAN_NONE});
	ADD(NODES, (struct ckpt_plan_node){.kind = CKPT_NODE_STRUCT,
					   .size = 8,
					   .stride = 8,
					   .count = 1,
					   .type_name = CKPT_PLAN_NONE});
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
	ck_assert_ptr_nonnull(strstr(err.text, "layout without end"));
}
END_TEST

START_TEST(a_field_outside_its_struct_is_damage)
{
	start_plan();
	ADD(FIELDS, (struct ckpt_plan_field){.off = 4,
					     .node = 0,
					     .name = text(""),
					     .condition = CKPT_PLAN_NONE,
					     .length = CKPT_PLAN_NONE});
	ADD(NODES, (struct ckpt_plan_node){.kind = CKPT_NODE_STRUCT,
					   .size = 8,
					   .stride = 8,
					   .count = 1,
					   .type_name = CKPT_PLAN_NONE});
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
}
END_TEST

START_TEST(a_value_outside_the_frame_is_damage)
{
	start_plan();
	FIRST(ROOTS, root)->off = CKPT_FRAME_RESULT_RAX - 4;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
	start_plan();
	FIRST(ROOTS, root)->place = CKPT_PLACE_STACK;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
	start_plan();
	FIRST(ROOTS, root)->place = CKPT_PLACE_STACK;
	function.stack_size = 8;
	ck_assert_int_eq(check_plan(), CKPT_OK);
}
END_TEST

START_TEST(a_move_over_the_thunks_own_words_is_damage)
{
	start_plan();
	ADD(MOVES, (struct ckpt_plan_move){.register_off = CKPT_FRAME_ORIGINAL,
					   .gather_off = CKPT_FRAME_GATHER,
					   .size = 8});
	function.result_move_count = 1;
	ck_assert_int_eq(check_plan(), CKPT_BADDATA);
}
END_TEST

/* ---- expressions ---- */

struct step {
	uint8_t code;
	int64_t imm;
};

static bool accepts(const struct step *steps, uint32_t count)
{
	struct ckpt_plan_op ops[8];

	for (uint32_t i = 0; i < count; i++)
		ops[i] = (struct ckpt_plan_op){
			.code = steps[i].code, .size = 8, .imm = steps[i].imm};
	return ckpt_expr_check(ops, count, 2, 1);
}

#define ACCEPTS(...)                                         \
	accepts((const struct step[]){__VA_ARGS__},          \
		sizeof((const struct step[]){__VA_ARGS__}) / \
			sizeof(struct step))

START_TEST(an_expression_leaves_one_value)
{
	ck_assert(ACCEPTS({CKPT_OP_CONST, 1}));
	ck_assert(ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_CONST, 2},
			  {CKPT_OP_ADD, 0}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_CONST, 2}));
	ck_assert(!ACCEPTS({CKPT_OP_ADD, 0}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_ADD, 0}));
	ck_assert(!accepts(NULL, 0));
}
END_TEST

START_TEST(an_expression_stays_within_its_stack)
{
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_CONST, 2},
			   {CKPT_OP_CONST, 3}, {CKPT_OP_ADD, 0},
			   {CKPT_OP_ADD, 0}));
}
END_TEST

START_TEST(jumps_go_forward_and_stay_inside)
{
	/* a ? 2 : 3 */
	ck_assert(ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP_IF_ZERO, 2},
			  {CKPT_OP_CONST, 2}, {CKPT_OP_JUMP, 1},
			  {CKPT_OP_CONST, 3}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP, 0}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP, 1}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP, -1}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP, INT64_MAX}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP, INT64_MIN}));
}
END_TEST

START_TEST(all_ways_to_an_operation_have_the_same_depth)
{
	/* a ? (2) : nothing */
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP_IF_ZERO, 1},
			   {CKPT_OP_CONST, 2}));
	ck_assert(!ACCEPTS({CKPT_OP_CONST, 1}, {CKPT_OP_JUMP, 1},
			   {CKPT_OP_CONST, 2}));
}
END_TEST

START_TEST(operands_of_an_operation_are_checked)
{
	struct ckpt_plan_op op = {.code = CKPT_OP_PRE, .a = CKPT_CALL_PRE_MAX};

	ck_assert(!ckpt_expr_check(&op, 1, 1, 1));
	op.a--;
	ck_assert(ckpt_expr_check(&op, 1, 1, 1));
	op = (struct ckpt_plan_op){.code = CKPT_OP_GLOBAL, .a = 1};
	ck_assert(!ckpt_expr_check(&op, 1, 1, 1));
	op = (struct ckpt_plan_op){.code = CKPT_OP_FRAME, .imm = -1};
	ck_assert(!ckpt_expr_check(&op, 1, 1, 1));
	op = (struct ckpt_plan_op){.code = CKPT_OP_CODE_COUNT};
	ck_assert(!ckpt_expr_check(&op, 1, 1, 1));
}
END_TEST

/* ---- files ---- */

START_TEST(a_plan_is_written_and_opened)
{
	struct stat st;

	start_plan();
	write_plan();
	ck_assert_msg(!open_plan(key), "%s", err.text);
	ck_assert_int_eq(stat(plan_path(), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(stat("c/v1", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(access("c/.gitignore", R_OK), 0);
	ck_assert_int_eq(access("c/v1/CACHEDIR.TAG", R_OK), 0);
	remove_directory();
}
END_TEST

START_TEST(a_plan_of_another_key_is_not_found)
{
	start_plan();
	write_plan();
	ck_assert_int_eq(open_plan((struct ckpt_hash128){1, 2}), CKPT_NOTFOUND);
	remove_directory();
}
END_TEST

START_TEST(no_plan_and_a_damaged_plan_are_not_found)
{
	int fd;

	(void)plan_path();
	ck_assert_int_eq(open_plan(key), CKPT_NOTFOUND);
	start_plan();
	write_plan();
	fd = open(plan_path(), O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "x", 1, 200), 1);
	close(fd);
	ck_assert_int_eq(open_plan(key), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, plan_path()));
	remove_directory();
}
END_TEST

START_TEST(a_plan_that_others_can_write_is_refused)
{
	start_plan();
	write_plan();
	ck_assert_int_eq(chmod(plan_path(), 0620), 0);
	ck_assert_int_eq(open_plan(key), CKPT_INVALID);
	ck_assert_int_eq(chmod(plan_path(), 0600), 0);
	if (!chown(plan_path(), 12345, (gid_t)-1))
		ck_assert_int_eq(open_plan(key), CKPT_INVALID);
	remove_directory();
}
END_TEST

static void put_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(content, file);
	fclose(file);
}

/* A plan made from `seen` (there) and `missing` (not there). */
static void write_plan_of_files(char *seen, char *missing)
{
	(void)plan_path();
	sprintf(seen, "%s/seen", dir);
	sprintf(missing, "%s/missing", dir);
	put_file(seen, "abc");
	start_plan();
	add_file(seen);
	add_file(missing);
	write_plan();
	ck_assert_msg(!open_plan(key), "%s", err.text);
}

START_TEST(a_file_that_appears_makes_the_plan_stale)
{
	char seen[64], missing[64];

	write_plan_of_files(seen, missing);
	put_file(missing, "");
	ck_assert_int_eq(open_plan(key), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "is new"));
	remove_directory();
}
END_TEST

START_TEST(a_file_that_goes_makes_the_plan_stale)
{
	char seen[64], missing[64];

	write_plan_of_files(seen, missing);
	unlink(seen);
	ck_assert_int_eq(open_plan(key), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "is gone"));
	remove_directory();
}
END_TEST

START_TEST(a_file_rewritten_with_equal_size_and_mtime_makes_it_stale)
{
	char seen[64], missing[64];
	struct timespec times[2];
	struct stat st;

	write_plan_of_files(seen, missing);
	ck_assert_int_eq(stat(seen, &st), 0);
	usleep(20000);
	put_file(seen, "xyz");
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	ck_assert_int_eq(utimensat(AT_FDCWD, seen, times, 0), 0);
	ck_assert_int_eq(open_plan(key), CKPT_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "has changed"));
	remove_directory();
}
END_TEST

START_TEST(code_that_is_not_what_was_planned_is_noticed)
{
	static const char code[] = "not really code";
	uintptr_t bases[1] = {(uintptr_t)code};
	struct ckpt_plan_text stretch = {
		.vaddr = 4,
		.size = 6,
		.digest = ckpt_hash(NULL, "really", 6),
	};
	struct ckpt_plan_view view;

	start_plan();
	ADD(TEXTS, stretch);
	function.text_count = 1;
	finish_plan();
	ck_assert_int_eq(ckpt_plan_check(bytes.data, bytes.size, &view, &err),
			 CKPT_OK);
	ck_assert_int_eq(ckpt_planfile_compare_text(&view, 0, bases, &err),
			 CKPT_OK);
	bases[0]++;
	ck_assert_int_eq(ckpt_planfile_compare_text(&view, 0, bases, &err),
			 CKPT_NOTFOUND);
	ckpt_buf_deinit(&bytes);
}
END_TEST

/* ---- places ---- */

static const char *place(const struct ckpt_planfile_places *places, int index)
{
	static char path[CKPT_PLANFILE_PATH_MAX];
	struct ckpt_hash128 hash = {0xb, 0xa};

	if (ckpt_planfile_path(places, hash, index, path))
		return "none";
	return path;
}

#define NAME "v1/plan/000000000000000a000000000000000b.plan"

START_TEST(plans_are_kept_beside_the_config)
{
	struct ckpt_planfile_places places = {.config_path = "/w/ckpt.toml"};

	ck_assert_str_eq(place(&places, 0), "/w/.ckpt/" NAME);
	ck_assert_str_eq(place(&places, 1), "none");
	places.config_path = "/ckpt.toml";
	ck_assert_str_eq(place(&places, 0), "/.ckpt/" NAME);
	places.ckpt_dir = "/elsewhere";
	ck_assert_str_eq(place(&places, 0), "/elsewhere/" NAME);
	ck_assert_str_eq(place(&places, 2), "none");
}
END_TEST

START_TEST(plans_fall_back_to_the_users_cache)
{
	struct ckpt_planfile_places places = {.config_path = "/w/ckpt.toml",
					      .xdg_cache_home = "",
					      .home = "/home/u"};
	const char *path = place(&places, 1);

	ck_assert(!strncmp(path, "/home/u/.cache/ckpt/", 20));
	ck_assert_ptr_nonnull(strstr(path, "/" NAME));
	places.xdg_cache_home = "/x";
	ck_assert(!strncmp(place(&places, 1), "/x/ckpt/", 8));
}
END_TEST

START_TEST(a_path_too_long_is_no_place)
{
	char config[2 * CKPT_PLANFILE_PATH_MAX];
	struct ckpt_planfile_places places = {.config_path = config};

	memset(config, 'a', sizeof(config));
	config[0] = '/';
	config[sizeof(config) - 2] = '/';
	config[sizeof(config) - 1] = '\0';
	ck_assert_str_eq(place(&places, 0), "none");
}
END_TEST

UNIT_MAIN("planfile", a_sound_plan_is_accepted, equal_tables_give_equal_bytes,
	  a_plan_that_intercepts_nothing_is_a_plan_too,
	  every_flipped_bit_is_noticed, every_shorter_file_is_noticed,
	  a_reference_to_nothing_is_damage,
	  a_layout_that_contains_itself_is_damage,
	  a_field_outside_its_struct_is_damage,
	  a_value_outside_the_frame_is_damage,
	  a_move_over_the_thunks_own_words_is_damage,
	  an_expression_leaves_one_value, an_expression_stays_within_its_stack,
	  jumps_go_forward_and_stay_inside,
	  all_ways_to_an_operation_have_the_same_depth,
	  operands_of_an_operation_are_checked, a_plan_is_written_and_opened,
	  a_plan_of_another_key_is_not_found,
	  no_plan_and_a_damaged_plan_are_not_found,
	  a_plan_that_others_can_write_is_refused,
	  a_file_that_appears_makes_the_plan_stale,
	  a_file_that_goes_makes_the_plan_stale,
	  a_file_rewritten_with_equal_size_and_mtime_makes_it_stale,
	  code_that_is_not_what_was_planned_is_noticed,
	  plans_are_kept_beside_the_config, plans_fall_back_to_the_users_cache,
	  a_path_too_long_is_no_place)
