/* SPDX-License-Identifier: MIT */
/* ckpt export: results of a store as one file. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/exportfile.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt export [OPTIONS] FILE\n"
	"\n"
	"Write results to FILE, for `ckpt import` into another copy of the "
	"store\n"
	"or, with the secret, into a new one. Whoever has the secret and can\n"
	"write to a store can choose what its users' functions return.\n"
	"\n"
	"  --with-secret    put the store's secret into FILE (mode 0600)\n"
	"  --function NAME  only results of this function\n"
	"  --older-than AGE only older ones: 90, 30s, 5m, 12h, 7d, 2w\n"
	"  --config FILE    the store of FILE instead of $CKPT_CONFIG or\n"
	"                   ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

struct export_options {
	struct ckpt_storecli_filter filter;
	const char *config;
	const char *path;
	bool has_secret;
};

static uint64_t write_entries(FILE *file, const struct ckpt_store *store,
			      const struct export_options *options)
{
	struct ckpt_export_header header;
	struct ckpt_walk_entry entry;
	struct ckpt_walk walk;
	uint64_t end[2] = {0, 0};

	ckpt_export_init(&header, ckpt_store_secret(store),
			 options->has_secret);
	fwrite(&header, sizeof(header), 1, file);
	ckpt_walk_open(&walk, store, true);
	while (ckpt_walk_next(&walk, &entry)) {
		if (!ckpt_storecli_matches(&options->filter, &entry))
			continue;
		fwrite(&entry.size, sizeof(entry.size), 1, file);
		fwrite(entry.bytes, 1, entry.size, file);
		end[1]++;
	}
	ckpt_walk_close(&walk);
	fwrite(end, sizeof(end), 1, file);
	return end[1];
}

/* Under a temporary name first: FILE is whole or not there. */
static enum ckpt_status write_file(const struct ckpt_store *store,
				   const struct export_options *options,
				   uint64_t *ret_count, struct ckpt_err *err)
{
	_cleanup_fclose_ FILE *file = NULL;
	char tmp_path[PATH_MAX];
	int fd;

	if (snprintf(tmp_path, sizeof(tmp_path), "%s.XXXXXX", options->path) >=
	    (int)sizeof(tmp_path))
		return ckpt_err_set(err, CKPT_INVALID, "%s: path too long",
				    options->path);
	fd = mkostemp(tmp_path, O_CLOEXEC);
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (!file)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", options->path,
				    strerror(errno));
	*ret_count = write_entries(file, store, options);
	if (fflush(file) || ferror(file) || rename(tmp_path, options->path)) {
		ckpt_err_set(err, CKPT_IO, "%s: %s", options->path,
			     strerror(errno));
		(void)unlink(tmp_path);
		return CKPT_IO;
	}
	return CKPT_OK;
}

static int export_store(const struct export_options *options)
{
	_cleanup_free_ char *directory = NULL;
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;
	uint64_t count = 0;

	status = ckpt_storecli_open(options->config, true, &store, &directory,
				    &err);
	if (!status)
		status = write_file(store, options, &count, &err);
	ckpt_store_close(store);
	if (status)
		return ckpt_cli_fail("export", &err);
	printf("%" PRIu64 " results written to %s\n", count, options->path);
	return ckpt_cli_finish("export");
}

int ckpt_cmd_export(int argc, char **argv)
{
	static const struct option table[] = {
		{"with-secret", no_argument, NULL, 's'},
		{"function", required_argument, NULL, 'f'},
		{"older-than", required_argument, NULL, 'o'},
		CKPT_CLI_OPTIONS};
	struct export_options options = {.config = NULL};
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option == 's')
			options.has_secret = true;
		else if (option == 'f')
			options.filter.function = optarg;
		else if (option == 'c')
			options.config = optarg;
		else if (option != 'o')
			return ckpt_cli_common(option, "export", help);
		else if (!ckpt_storecli_parse_age(optarg,
						  &options.filter.older_s))
			return ckpt_cli_usage("export", "not an age: %s",
					      optarg);
	}
	if (optind + 1 != argc)
		return ckpt_cli_usage("export", "one file, please");
	options.path = argv[optind];
	return export_store(&options);
}
