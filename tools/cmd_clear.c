/* SPDX-License-Identifier: MIT */
/* ckpt clear: forget every result of a store. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "shim/common/cleanup.h"
#include "shim/store/upkeep.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt clear [OPTIONS]\n"
	"\n"
	"Remove all kept results. Statistics and plans stay; programs that "
	"are\n"
	"running go on and store anew.\n"
	"\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

static int clear_store(const char *config)
{
	_cleanup_free_ char *directory = NULL;
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = ""};
	struct ckpt_upkeep upkeep = {0};
	enum ckpt_status status;

	status = ckpt_storecli_open(config, false, &store, &directory, &err);
	if (!status)
		status = ckpt_upkeep_clear(store, &upkeep, &err);
	ckpt_store_close(store);
	if (status && !(status == CKPT_NOTFOUND && directory))
		return ckpt_cli_fail("clear", &err);
	printf("%" PRIu64 " %s removed from %s\n", upkeep.removed_count,
	       upkeep.removed_count == 1 ? "result" : "results", directory);
	return ckpt_cli_finish("clear");
}

int ckpt_cmd_clear(int argc, char **argv)
{
	static const struct option table[] = {CKPT_CLI_OPTIONS};
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option != 'c')
			return ckpt_cli_common(option, "clear", help);
		config = optarg;
	}
	if (optind < argc)
		return ckpt_cli_usage("clear", "too many arguments: %s",
				      argv[optind]);
	return clear_store(config);
}
