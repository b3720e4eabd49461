/* SPDX-License-Identifier: MIT */
#include "shim/runtime/guest/settings.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[PATH_MAX];
static struct ckpt_config_file file;
static struct ckpt_err err;

static void set_up(void)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/ckpt-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	memset(&err, 0, sizeof(err));
}

static void tear_down(void)
{
	char command[PATH_MAX + 20];

	ckpt_settings_close_config(&file);
	(void)snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *out = fopen(name, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(name, mode), 0);
}

static enum ckpt_status open_with(const char *config)
{
	struct ckpt_settings settings = {.config = config};

	return ckpt_settings_open_config(&settings, &file, &err);
}

START_TEST(environment_is_read_by_whole_names)
{
	char *const environment[] = {
		"HOME=/home/x",	   "CKPT_CONFIG=/a/b.toml", "CKPT_DISABLED=1",
		"CKPT_RERUN=f,g",  "CKPT_READONLY=1",	    "CKPT_DIR=",
		"XCKPT_DISABLE=1", "XDG_CACHE_HOME=/cache", NULL};
	struct ckpt_settings settings;

	ckpt_settings_read(&settings, environment);
	ck_assert_str_eq(settings.config, "/a/b.toml");
	ck_assert_str_eq(settings.home, "/home/x");
	ck_assert_str_eq(settings.xdg_cache_home, "/cache");
	ck_assert(settings.is_readonly);
	ck_assert(!settings.is_disabled);
	ck_assert_ptr_null(settings.directory);
	ck_assert(settings.has_colour);
}
END_TEST

START_TEST(a_switch_set_to_0_or_nothing_is_off)
{
	static const struct {
		char *variable;
		bool is_on;
	} cases[] = {{"CKPT_DISABLE=1", true},
		     {"CKPT_DISABLE=yes", true},
		     {"CKPT_DISABLE=0", false},
		     {"CKPT_DISABLE=", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *const environment[] = {cases[i].variable, NULL};
		struct ckpt_settings settings;

		ckpt_settings_read(&settings, environment);
		ck_assert_int_eq(settings.is_disabled, cases[i].is_on);
	}
}
END_TEST

START_TEST(rerun_names_whole_functions)
{
	struct ckpt_settings settings = {.rerun = "f,geo::area,g"};

	ck_assert(ckpt_settings_is_rerun(&settings, "f"));
	ck_assert(ckpt_settings_is_rerun(&settings, "g"));
	ck_assert(ckpt_settings_is_rerun(&settings, "geo::area"));
	ck_assert(!ckpt_settings_is_rerun(&settings, "geo"));
	ck_assert(!ckpt_settings_is_rerun(&settings, "ff"));
	settings.rerun = "*";
	ck_assert(ckpt_settings_is_rerun(&settings, "anything"));
	settings.rerun = NULL;
	ck_assert(!ckpt_settings_is_rerun(&settings, "f"));
}
END_TEST

START_TEST(without_a_config_there_is_nothing_to_say)
{
	ck_assert_int_eq(open_with(NULL), CKPT_NOTFOUND);
	ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(the_config_of_the_directory_is_found_by_its_absolute_path)
{
	char expected[PATH_MAX + 20];

	write_file("ckpt.toml", "use = []\n", 0644);
	ck_assert_int_eq(open_with(NULL), CKPT_OK);
	(void)snprintf(expected, sizeof(expected), "%s/ckpt.toml", directory);
	ck_assert_str_eq(file.path, expected);
	ck_assert_uint_eq(file.size, 9);
	ck_assert(!memcmp(file.data, "use = []\n", 9));
}
END_TEST

START_TEST(one_that_others_can_write_is_taken_only_when_named)
{
	write_file("ckpt.toml", "", 0666);
	ck_assert_int_eq(open_with(NULL), CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "chmod go-w"));
	ck_assert_int_eq(open_with("ckpt.toml"), CKPT_OK);
}
END_TEST

START_TEST(one_of_a_stranger_is_taken_only_when_named)
{
	if (geteuid() != 0)
		return;
	write_file("ckpt.toml", "", 0644);
	ck_assert_int_eq(chown("ckpt.toml", 12345, 12345), 0);
	ck_assert_int_eq(open_with(NULL), CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "another user"));
	ck_assert_int_eq(open_with("ckpt.toml"), CKPT_OK);
}
END_TEST

START_TEST(what_is_no_file_is_refused_without_waiting)
{
	ck_assert_int_eq(mkfifo("ckpt.toml", 0600), 0);
	ck_assert_int_eq(open_with(NULL), CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "not a file"));
}
END_TEST

START_TEST(a_named_config_that_is_missing_is_an_error)
{
	ck_assert_int_eq(open_with("none.toml"), CKPT_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "none.toml"));
	ck_assert_ptr_nonnull(strstr(err.text, "no such file"));
}
END_TEST

UNIT_MAIN_WITH("settings", set_up, tear_down,
	       environment_is_read_by_whole_names,
	       a_switch_set_to_0_or_nothing_is_off, rerun_names_whole_functions,
	       without_a_config_there_is_nothing_to_say,
	       the_config_of_the_directory_is_found_by_its_absolute_path,
	       one_that_others_can_write_is_taken_only_when_named,
	       one_of_a_stranger_is_taken_only_when_named,
	       what_is_no_file_is_refused_without_waiting,
	       a_named_config_that_is_missing_is_an_error)
