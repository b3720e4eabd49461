/* SPDX-License-Identifier: MIT */
/* ckpt gc: bring a store inside its limits and sweep it. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "shim/common/cleanup.h"
#include "shim/store/tally.h"
#include "shim/store/upkeep.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt gc [OPTIONS]\n"
	"\n"
	"Bring the store inside max_size, max_entries and max_age of the "
	"config,\n"
	"as programs do by themselves when they store, and remove what killed\n"
	"programs left behind.\n"
	"\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

static int collect(const char *config)
{
	_cleanup_free_ char *directory = NULL;
	struct ckpt_evict_limits limits;
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = ""};
	struct ckpt_upkeep upkeep = {0};
	char freed[CKPT_STORECLI_TEXT_SIZE];
	char size[CKPT_STORECLI_TEXT_SIZE];
	enum ckpt_status status;

	status = ckpt_storecli_limits(config, &limits, &err);
	if (status)
		return ckpt_cli_fail("gc", &err);
	status = ckpt_storecli_open(config, false, &store, &directory, &err);
	if (!status)
		status = ckpt_upkeep_collect(store, &limits, &upkeep, &err);
	ckpt_store_close(store);
	/* Of many short programs, a file each. */
	if (!status)
		(void)!ckpt_tally_fold(directory, NULL);
	if (status && !(status == CKPT_NOTFOUND && directory))
		return ckpt_cli_fail("gc", &err);
	ckpt_storecli_size(upkeep.freed_size, freed);
	ckpt_storecli_size(upkeep.size, size);
	printf("%" PRIu64 " results and %s removed; %" PRIu64
	       " results in %s stay in %s\n",
	       upkeep.removed_count, freed, upkeep.count, size, directory);
	return ckpt_cli_finish("gc");
}

int ckpt_cmd_gc(int argc, char **argv)
{
	static const struct option table[] = {CKPT_CLI_OPTIONS};
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option != 'c')
			return ckpt_cli_common(option, "gc", help);
		config = optarg;
	}
	if (optind < argc)
		return ckpt_cli_usage("gc", "too many arguments: %s",
				      argv[optind]);
	return collect(config);
}
