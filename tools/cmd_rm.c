/* SPDX-License-Identifier: MIT */
/* ckpt rm: forget some results. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"
#include "shim/common/payload.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt rm [OPTIONS] [KEY...]\n"
	"\n"
	"Remove the results with these keys (as `ckpt list` shows them; the\n"
	"beginning will do if it is at least 6 digits), of a function, or of "
	"an\n"
	"age; where several are given, those that all of them mean.\n"
	"\n"
	"  --function NAME  results of this function\n"
	"  --older-than AGE older ones: 90, 30s, 5m, 12h, 7d, 2w\n"
	"  --config FILE    the store of FILE instead of $CKPT_CONFIG or\n"
	"                   ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

enum { KEY_MIN = 6 };

/* The keys first: removing while walking would move what is walked. */
static enum ckpt_status remove_matching(struct ckpt_store *store,
					const struct ckpt_storecli_filter *f,
					size_t *ret_count)
{
	struct ckpt_walk_entry entry;
	struct ckpt_buf keys = {0};
	struct ckpt_walk walk;
	enum ckpt_status status;

	ckpt_walk_open(&walk, store, false);
	while (ckpt_walk_next(&walk, &entry))
		if (ckpt_storecli_matches(f, &entry))
			ckpt_buf_add(&keys, &entry.key, sizeof(entry.key));
	ckpt_walk_close(&walk);
	status = ckpt_buf_status(&keys);
	*ret_count = keys.size / sizeof(entry.key);
	for (size_t i = 0; i < *ret_count && !status; i++) {
		struct ckpt_hash128 key;

		memcpy(&key, keys.data + i * sizeof(key), sizeof(key));
		status = ckpt_store_remove(store, key);
		if (!status)
			status = ckpt_store_remove(
				store, ckpt_payload_inputs_key(key));
	}
	ckpt_buf_deinit(&keys);
	return status;
}

static int remove_entries(const char *config,
			  const struct ckpt_storecli_filter *filter)
{
	_cleanup_free_ char *directory = NULL;
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;
	size_t count = 0;

	status = ckpt_storecli_open(config, false, &store, &directory, &err);
	if (!status) {
		status = remove_matching(store, filter, &count);
		if (status)
			ckpt_err_set(&err, status, "%s: %s", directory,
				     ckpt_status_text(status));
	}
	ckpt_store_close(store);
	if (status && !(status == CKPT_NOTFOUND && directory))
		return ckpt_cli_fail("rm", &err);
	printf("%zu %s removed from %s\n", count,
	       count == 1 ? "result" : "results", directory);
	/* A key that is not there is a mistake, no old entries are none. */
	return !count && filter->key_count ? CKPT_EXIT_FAILURE
					   : ckpt_cli_finish("rm");
}

static int check_keys(const struct ckpt_storecli_filter *filter)
{
	const char *bad = ckpt_storecli_bad_key(filter);

	if (bad)
		return ckpt_cli_usage("rm", "not a key: %s", bad);
	for (int i = 0; i < filter->key_count; i++)
		if (strlen(filter->keys[i]) < KEY_MIN)
			return ckpt_cli_usage(
				"rm", "too short to mean one result: %s",
				filter->keys[i]);
	return 0;
}

int ckpt_cmd_rm(int argc, char **argv)
{
	static const struct option table[] = {
		{"function", required_argument, NULL, 'f'},
		{"older-than", required_argument, NULL, 'o'},
		CKPT_CLI_OPTIONS};
	struct ckpt_storecli_filter filter = {.function = NULL};
	const char *config = NULL;
	int option;
	int status;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option == 'f')
			filter.function = optarg;
		else if (option == 'c')
			config = optarg;
		else if (option != 'o')
			return ckpt_cli_common(option, "rm", help);
		else if (!ckpt_storecli_parse_age(optarg, &filter.older_s))
			return ckpt_cli_usage("rm", "not an age: %s", optarg);
	}
	filter.keys = argv + optind;
	filter.key_count = argc - optind;
	if (!filter.key_count && !filter.function && !filter.older_s)
		return ckpt_cli_usage("rm", "which results? (`ckpt clear` "
					    "removes all)");
	status = check_keys(&filter);
	return status ? status : remove_entries(config, &filter);
}
