/* SPDX-License-Identifier: MIT */
/* ckpt import: results that ckpt export wrote. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/exportfile.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt import [OPTIONS] FILE\n"
	"\n"
	"Put the results of FILE, which `ckpt export` wrote, into the store. "
	"The\n"
	"store must be of the same secret; where there is none yet, one is "
	"made\n"
	"with the secret of FILE, if that has it. Results that are there "
	"stay.\n"
	"\n"
	"Import only what you would run: a result is returned as if the "
	"function\n"
	"had been called.\n"
	"\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

struct import_counts {
	uint64_t read;
	uint64_t stored;
	uint64_t present;
};

static enum ckpt_status open_store(const char *directory,
				   const struct ckpt_export_header *header,
				   struct ckpt_store **ret,
				   struct ckpt_err *err)
{
	struct ckpt_store_options options = {.is_readonly = true};
	bool has_secret = header->flags & CKPT_EXPORT_HAS_SECRET;
	struct ckpt_hash128 fingerprint;
	enum ckpt_status status;

	status = ckpt_store_open(directory, &options, ret, err);
	if (status == CKPT_NOTFOUND && !has_secret)
		return ckpt_err_set(err, status,
				    "%s: there is no store, and the file has "
				    "no secret to make one with (ckpt export "
				    "--with-secret)",
				    directory);
	if (!status) {
		ckpt_store_close(*ret);
		*ret = NULL;
	} else if (status != CKPT_NOTFOUND) {
		return status;
	}
	options.is_readonly = false;
	options.secret = &header->secret;
	status = ckpt_store_open(directory, &options, ret, err);
	if (status)
		return status;
	fingerprint = ckpt_hash(NULL, ckpt_store_secret(*ret),
				sizeof(struct ckpt_hash_secret));
	if (!ckpt_hash_equal(fingerprint, header->fingerprint))
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: has another secret than the store "
				    "that was exported: its keys would never "
				    "be asked for",
				    directory);
	return CKPT_OK;
}

static enum ckpt_status import_record(struct ckpt_store *store,
				      const struct ckpt_record *record,
				      struct import_counts *counts)
{
	struct iovec part = {
		.iov_base = (void *)(uintptr_t)record->payload,
		.iov_len = record->payload_size,
	};
	struct ckpt_entry_info info;
	struct ckpt_entry entry;
	enum ckpt_status status;

	if (!ckpt_store_get(store, record->key, 0, &entry)) {
		ckpt_store_release(store, &entry);
		counts->present++;
		return CKPT_OK;
	}
	ckpt_record_describe(record, &info);
	status = ckpt_store_put(store, record->key, &info, &part, 1);
	counts->stored += !status;
	return status;
}

static enum ckpt_status import_records(struct ckpt_reader *r,
				       struct ckpt_store *store,
				       struct import_counts *counts,
				       struct ckpt_err *err)
{
	struct ckpt_record record;
	enum ckpt_status status;

	while (!(status = ckpt_export_next(r, counts->read, &record))) {
		counts->read++;
		status = import_record(store, &record, counts);
		if (status)
			return ckpt_err_set(err, status, "cannot be stored: %s",
					    ckpt_status_text(status));
	}
	if (status != CKPT_NOTFOUND)
		return ckpt_err_set(err, status,
				    "+0x%zx: damaged, or cut short",
				    ckpt_reader_offset(r));
	return CKPT_OK;
}

static enum ckpt_status import_bytes(const void *bytes, size_t size,
				     const char *directory,
				     struct import_counts *counts,
				     struct ckpt_err *err)
{
	struct ckpt_export_header header;
	struct ckpt_store *store = NULL;
	struct ckpt_reader r;
	enum ckpt_status status;

	ckpt_reader_init(&r, bytes, size);
	status = ckpt_export_read_header(&r, &header);
	if (status)
		return ckpt_err_set(err, status,
				    status == CKPT_UNSUPPORTED
					    ? "was written by a newer ckpt"
					    : "is no file of ckpt export");
	status = open_store(directory, &header, &store, err);
	if (!status)
		status = import_records(&r, store, counts, err);
	ckpt_store_close(store);
	return status;
}

static enum ckpt_status import_file(const char *path, const char *directory,
				    struct import_counts *counts,
				    struct ckpt_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum ckpt_status status;
	struct stat st;
	void *bytes;

	if (fd < 0 || fstat(fd, &st))
		return ckpt_err_set(err, CKPT_IO, "%s", strerror(errno));
	bytes = mmap(NULL, (size_t)st.st_size + 1, PROT_READ, MAP_PRIVATE, fd,
		     0);
	if (bytes == MAP_FAILED)
		return ckpt_err_set(err, CKPT_IO, "%s", strerror(errno));
	status =
		import_bytes(bytes, (size_t)st.st_size, directory, counts, err);
	(void)munmap(bytes, (size_t)st.st_size + 1);
	return status;
}

static int import_to_store(const char *config, const char *path)
{
	_cleanup_free_ char *directory = NULL;
	struct import_counts counts = {0};
	struct ckpt_err err = {.text = ""};
	enum ckpt_status status;

	ckpt_hash_init();
	status = ckpt_cli_store_directory(config, &directory, &err);
	if (!status) {
		status = import_file(path, directory, &counts, &err);
		if (status)
			ckpt_err_prefix(&err, status, "%s", path);
	}
	if (status)
		return ckpt_cli_fail("import", &err);
	printf("%" PRIu64 " results stored in %s, %" PRIu64
	       " were there already\n",
	       counts.stored, directory, counts.present);
	return ckpt_cli_finish("import");
}

int ckpt_cmd_import(int argc, char **argv)
{
	static const struct option table[] = {CKPT_CLI_OPTIONS};
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option != 'c')
			return ckpt_cli_common(option, "import", help);
		config = optarg;
	}
	if (optind + 1 != argc)
		return ckpt_cli_usage("import", "one file, please");
	return import_to_store(config, argv[optind]);
}
