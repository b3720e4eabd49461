/* SPDX-License-Identifier: MIT */
/* ckpt run: the environment that makes libckpt.so do its work, then exec. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/preload.h"
#include "tools/target.h"

static const char help[] =
	"usage: ckpt run [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
	"\n"
	"Run PROGRAM with the functions that ckpt.toml names served from the\n"
	"cache. Says first, in one line, if PROGRAM is of a kind that cannot\n"
	"be preloaded into; it runs in any case.\n"
	"\n"
	"  --config FILE   use FILE instead of $CKPT_CONFIG or ./ckpt.toml\n"
	"  --rerun NAME    run the function NAME (* = all) and replace its\n"
	"                  entries; may be given more than once\n"
	"  --disable       checkpoint nothing\n"
	"  --log LEVEL     error, warn, info or debug; LEVEL:FILE writes "
	"there\n"
	"  --help, --version\n"
	"\n"
	"Exit status: PROGRAM's; 126 if it cannot be executed, 127 if there\n"
	"is none, 1 if ckpt could not set it up, 2 for wrong options.\n";

/* An absolute path, so that children in other directories find it. */
static enum ckpt_status set_config(const char *option, struct ckpt_err *err)
{
	_cleanup_free_ char *path = NULL;
	enum ckpt_status status;

	status = ckpt_cli_config_path(option, &path, err);
	if (status)
		return status;
	if (setenv("CKPT_CONFIG", path, 1))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	return CKPT_OK;
}

static int exit_of(enum ckpt_status status)
{
	return status == CKPT_NOTFOUND ? CKPT_EXIT_NO_PROGRAM
				       : CKPT_EXIT_CANNOT_RUN;
}

static int execute(char **argv)
{
	_cleanup_free_ char *path = NULL;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;

	status = ckpt_target_find(argv[0], &path, &err);
	if (status) {
		ckpt_cli_fail("run", &err);
		return exit_of(status);
	}
	status = ckpt_target_check(path, &err);
	if (status == CKPT_UNSUPPORTED)
		fprintf(stderr, "ckpt run: nothing will be checkpointed: %s\n",
			err.text);
	execv(path, argv);
	status = errno == ENOENT ? CKPT_NOTFOUND : CKPT_IO;
	ckpt_err_set(&err, status, "%s: %s", path, strerror(errno));
	ckpt_cli_fail("run", &err);
	return exit_of(status);
}

struct run_options {
	const char *config;
	const char *log;
	struct ckpt_buf rerun; /* names with commas between */
	bool is_disabled;
};

/* 0, or what ckpt_cli_common() is to be told. */
static int parse_options(int argc, char **argv, struct run_options *options)
{
	static const struct option table[] = {
		{"rerun", required_argument, NULL, 'r'},
		{"disable", no_argument, NULL, 'd'},
		{"log", required_argument, NULL, 'l'},
		CKPT_CLI_OPTIONS};
	int option;

	/* "+": what follows PROGRAM is PROGRAM's. */
	while ((option = getopt_long(argc, argv, "+hV", table, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'l':
			options->log = optarg;
			break;
		case 'd':
			options->is_disabled = true;
			break;
		case 'r':
			if (options->rerun.size)
				ckpt_buf_add_text(&options->rerun, ",");
			ckpt_buf_add_text(&options->rerun, optarg);
			break;
		default:
			return option;
		}
	}
	ckpt_buf_add_u8(&options->rerun, '\0');
	return 0;
}

static enum ckpt_status set_environment(const struct run_options *options,
					struct ckpt_err *err)
{
	const char *rerun = (const char *)options->rerun.data;

	if (ckpt_buf_status(&options->rerun) ||
	    (*rerun && setenv("CKPT_RERUN", rerun, 1)) ||
	    (options->log && setenv("CKPT_LOG", options->log, 1)) ||
	    (options->is_disabled && setenv("CKPT_DISABLE", "1", 1)))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	return ckpt_preload_set(err);
}

static int run(const struct run_options *options, char **argv)
{
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;

	status = set_config(options->config, &err);
	if (status == CKPT_NOTFOUND && !options->config &&
	    !getenv("CKPT_CONFIG")) {
		fprintf(stderr, "ckpt run: nothing will be checkpointed: %s\n",
			err.text);
		return execute(argv);
	}
	if (!status)
		status = set_environment(options, &err);
	if (status)
		return ckpt_cli_fail("run", &err);
	return execute(argv);
}

int ckpt_cmd_run(int argc, char **argv)
{
	struct run_options options = {.config = NULL};
	int option = parse_options(argc, argv, &options);
	int status;

	if (option)
		status = ckpt_cli_common(option, "run", help);
	else if (optind == argc)
		status = ckpt_cli_usage("run", "which program?");
	else
		status = run(&options, argv + optind);
	ckpt_buf_deinit(&options.rerun);
	return status;
}
