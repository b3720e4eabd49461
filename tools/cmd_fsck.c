/* SPDX-License-Identifier: MIT */
/* ckpt fsck: is everything in a store what it should be? */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/cmd.h"
#include "tools/storecli.h"

static const char help[] =
	"usage: ckpt fsck [OPTIONS]\n"
	"\n"
	"Read the whole store and verify every checksum. Exits with 1 if "
	"damage\n"
	"was found. Programs need no fsck: they verify what they read, and "
	"damage\n"
	"is a recomputation.\n"
	"\n"
	"  --fix           remove what is damaged\n"
	"  --config FILE   the store of FILE instead of $CKPT_CONFIG or\n"
	"                  ./ckpt.toml; $CKPT_DIR names a store itself\n"
	"  --help, --version\n";

enum { LOCK_MS = 5000, BAR_WIDTH = 40 };

struct check {
	struct ckpt_walk walk;
	uint8_t *before; /* bits: slots that were in use at the start */
	uint64_t slot_count;
	uint64_t live_count;
	uint64_t lost_count; /* slots that lead to no entry */
	bool is_terminal;
	int percent;
};

static void show_progress(struct check *check)
{
	const struct ckpt_walk *walk = &check->walk;
	uint64_t total = walk->total_size ? walk->total_size : 1;
	int percent = (int)((double)walk->done_size * 100 / (double)total);
	char bar[BAR_WIDTH + 1];

	if (!check->is_terminal || percent == check->percent)
		return;
	check->percent = percent;
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i * 100 < percent * BAR_WIDTH ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3d %%", bar, percent);
}

static uint64_t *get_slot(const struct ckpt_index *index, uint64_t number)
{
	return &index->buckets[number / CKPT_INDEX_WAYS]
			.slots[number % CKPT_INDEX_WAYS];
}

static bool note_slots(struct check *check)
{
	const struct ckpt_index *index = check->walk.index;

	if (!index)
		return true;
	check->slot_count = (index->mask + 1) * CKPT_INDEX_WAYS;
	check->before = calloc(1, check->slot_count / 8 + 1);
	if (!check->before)
		return false;
	for (uint64_t i = 0; i < check->slot_count; i++)
		if (__atomic_load_n(get_slot(index, i), __ATOMIC_RELAXED))
			check->before[i / 8] |= (uint8_t)(1 << i % 8);
	return true;
}

/* Slots of the start that the walk did not come to. */
static void find_lost(struct check *check, bool is_fixing)
{
	const struct ckpt_index *index = check->walk.index;

	for (uint64_t i = 0; i < check->slot_count; i++) {
		struct ckpt_index_find find;

		if (!(check->before[i / 8] >> i % 8 & 1))
			continue;
		find.slot = get_slot(index, i);
		find.value = __atomic_load_n(find.slot, __ATOMIC_RELAXED);
		if (!find.value)
			continue;
		check->lost_count++;
		if (is_fixing)
			(void)ckpt_index_remove(index, &find);
	}
}

static void walk_store(struct check *check)
{
	struct ckpt_walk_entry entry;

	while (ckpt_walk_next(&check->walk, &entry)) {
		check->live_count++;
		if (check->before)
			check->before[entry.slot / 8] &=
				(uint8_t) ~(1 << entry.slot % 8);
		show_progress(check);
	}
	if (check->is_terminal)
		fputs("\r\033[K", stderr);
}

static int print_result(const struct check *check, const char *directory,
			bool is_fixing)
{
	const struct ckpt_walk *walk = &check->walk;
	uint64_t damaged = check->lost_count > walk->damaged_count
				   ? check->lost_count
				   : walk->damaged_count;
	char size[CKPT_STORECLI_TEXT_SIZE];
	char skipped[CKPT_STORECLI_TEXT_SIZE];

	ckpt_storecli_size(walk->done_size, size);
	ckpt_storecli_size(walk->skipped_size, skipped);
	printf("%s: %" PRIu64 " results in %s verified\n", directory,
	       check->live_count, size);
	if (walk->dead_count || walk->skipped_size || walk->orphan_count)
		printf("no longer in use: %" PRIu64 " records, %" PRIu64
		       " files, %s of other bytes (`ckpt gc` frees some)\n",
		       walk->dead_count, walk->orphan_count, skipped);
	if (!damaged)
		return ckpt_cli_finish("fsck");
	printf("%" PRIu64 " damaged%s\n", damaged,
	       is_fixing ? ", removed" : "; --fix removes them");
	return is_fixing ? ckpt_cli_finish("fsck") : CKPT_EXIT_FAILURE;
}

static int check_store(const char *config, bool is_fixing)
{
	_cleanup_free_ char *directory = NULL;
	struct check check = {.is_terminal = isatty(STDERR_FILENO),
			      .percent = -1};
	struct ckpt_store *store = NULL;
	struct ckpt_err err = {.text = "out of memory"};
	enum ckpt_status status;
	int lock = -1;
	int result;

	status = ckpt_storecli_open(config, !is_fixing, &store, &directory,
				    &err);
	if (status == CKPT_NOTFOUND && directory) {
		printf("%s: there is no store\n", directory);
		return ckpt_cli_finish("fsck");
	}
	if (status)
		return ckpt_cli_fail("fsck", &err);
	if (is_fixing)
		lock = ckpt_layout_lock(ckpt_store_layout(store), LOCK_MS);
	ckpt_walk_open(&check.walk, store, true);
	if (!note_slots(&check)) {
		ckpt_store_close(store);
		return ckpt_cli_fail("fsck", &err);
	}
	walk_store(&check);
	find_lost(&check, is_fixing);
	result = print_result(&check, directory, is_fixing);
	ckpt_walk_close(&check.walk);
	free(check.before);
	ckpt_layout_unlock(lock);
	ckpt_store_close(store);
	return result;
}

int ckpt_cmd_fsck(int argc, char **argv)
{
	static const struct option table[] = {{"fix", no_argument, NULL, 'f'},
					      CKPT_CLI_OPTIONS};
	const char *config = NULL;
	bool is_fixing = false;
	int option;

	while ((option = getopt_long(argc, argv, "hV", table, NULL)) != -1) {
		if (option == 'f')
			is_fixing = true;
		else if (option == 'c')
			config = optarg;
		else
			return ckpt_cli_common(option, "fsck", help);
	}
	if (optind < argc)
		return ckpt_cli_usage("fsck", "too many arguments: %s",
				      argv[optind]);
	return check_store(config, is_fixing);
}
