/* SPDX-License-Identifier: MIT */
#include "tools/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/preload.h"
#include "tools/probe.h"
#include "tools/target.h"

/* Of libstdc++ (Itanium C++ ABI 3.4); its header is for C++ alone. */
char *__cxa_demangle(const char *name, char *buffer, size_t *size, int *status);

/* ---- the run ---- */

/* Where the config, the plans and the table of one trial are. */
struct place {
	char directory[64];
	char config[96];
	char table[96];
};

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

static void remove_place(struct place *place)
{
	if (place->directory[0])
		(void)nftw(place->directory, remove_one, 16,
			   FTW_DEPTH | FTW_PHYS);
}

static enum ckpt_status make_place(struct place *ret, struct ckpt_err *err)
{
	struct place place = {.directory = "/tmp/ckpt-measure-XXXXXX"};

	if (!mkdtemp(place.directory))
		return ckpt_err_set(err, CKPT_IO, "/tmp: %s", strerror(errno));
	(void)snprintf(place.config, sizeof(place.config), "%s/ckpt.toml",
		       place.directory);
	(void)snprintf(place.table, sizeof(place.table), "%s/table",
		       place.directory);
	*ret = place;
	return CKPT_OK;
}

static enum ckpt_status write_config(const struct place *place,
				     const struct ckpt_shelf *shelf,
				     struct ckpt_err *err)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf text = {.size = 0};
	_cleanup_fclose_ FILE *file = fopen(place->config, "wxe");

	ckpt_probe_all(shelf, &text);
	if (ckpt_buf_status(&text))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	if (!file || fwrite(text.data, 1, text.size, file) != text.size)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", place->config,
				    strerror(errno));
	return CKPT_OK;
}

static enum ckpt_status set_environment(const struct place *place,
					struct ckpt_err *err)
{
	if (setenv("CKPT_CONFIG", place->config, 1) ||
	    setenv("CKPT_MEASURE", place->table, 1) ||
	    setenv("CKPT_DIR", place->directory, 1) ||
	    unsetenv("CKPT_DISABLE") || unsetenv("CKPT_LOG"))
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	return ckpt_preload_set(err);
}

static double now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void become(const char *path, char **argv,
			     const struct place *place)
{
	struct ckpt_err err = {.text = ""};

	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	if (!set_environment(place, &err)) {
		execv(path, argv);
		(void)ckpt_err_set(&err, CKPT_IO, "%s: %s", path,
				   strerror(errno));
	}
	(void)ckpt_cli_fail("init", &err);
	_exit(CKPT_EXIT_CANNOT_RUN);
}

/* As system(3): who interrupts the program wants to see what it came to. */
static enum ckpt_status run_program(const char *path, char **argv,
				    const struct place *place, int *ret_status,
				    struct ckpt_err *err)
{
	pid_t pid;

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(path, argv, place);
	while (pid > 0 && waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			pid = -1;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	return pid > 0 ? CKPT_OK
		       : ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				      strerror(errno));
}

/* ---- what it came to ---- */

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

/* Of a sampled function, only some calls were timed. */
static double time_factor(const struct ckpt_measure_row *row)
{
	if (!(row->flags & CKPT_MEASURE_SAMPLED) || !row->timed)
		return 1;
	return (double)row->calls / (double)row->timed;
}

/* Which share of the time of its threads did the run itself take? Unknown
 * where a process was ended inside it: then no more than the whole run. */
static double wall_factor(const struct ckpt_measure_row *row,
			  double tick_seconds, double run_seconds)
{
	double ticks = (double)row->ticks;
	double wall = row->running ? ticks : (double)row->wall_ticks;

	if (wall * tick_seconds > run_seconds)
		wall = run_seconds / tick_seconds;
	return wall < ticks ? ratio(wall, ticks) : 1;
}

static double hit_seconds(const struct ckpt_measure_row *row,
			  double tick_seconds)
{
	double made = (double)row->keyed - (double)row->repeated;

	return CKPT_TRIAL_HIT_NS / 1e9 +
	       ratio((double)row->key_ticks * tick_seconds,
		     (double)row->keyed) +
	       ratio((double)row->effects_size, made) / CKPT_TRIAL_BYTES_PER_S;
}

static double not_negative(double value)
{
	return value > 0 ? value : 0;
}

static void judge(struct ckpt_trial_function *f, double tick_seconds,
		  double run_seconds)
{
	const struct ckpt_measure_row *row = f->row;
	double factor = time_factor(row);
	double wall = wall_factor(row, tick_seconds, run_seconds);
	double cost = factor * (double)row->usable;

	f->seconds = (double)row->ticks * tick_seconds * factor;
	f->own_seconds = (double)row->own_ticks * tick_seconds * factor;
	f->seconds += (double)row->rare_ticks * tick_seconds;
	/* Samples of short calls come out too long: the thunk is cold. */
	if (factor > 1 && f->seconds > run_seconds) {
		f->own_seconds *= run_seconds / f->seconds;
		f->seconds = run_seconds;
	}
	f->hit_seconds = hit_seconds(row, tick_seconds);
	cost *= f->hit_seconds;
	f->covered = ratio((double)row->covered_ticks, (double)row->ticks);
	f->repeated = ratio((double)row->repeated, (double)row->keyed);
	/* No hit takes less than a call that is short enough to be sampled. */
	if (row->flags & CKPT_MEASURE_SAMPLED)
		return;
	f->saves_next = not_negative(
		wall *
		((double)row->usable_ticks * tick_seconds * factor - cost));
	/* A first run pays for all keys and gains from those that repeat. */
	f->saves_within = not_negative(
		wall *
		((double)row->repeated_ticks * tick_seconds * factor - cost));
}

/* What saves less than a hundredth of the run, or than a glance takes, is not
 * worth a line. */
static enum ckpt_trial_kind classify(const struct ckpt_trial_function *f,
				     double run_seconds)
{
	double least = run_seconds / 100;

	if (least < 0.001)
		least = 0.001;
	if (f->seconds < least)
		return CKPT_TRIAL_SMALL;
	if (f->saves_next < least)
		return CKPT_TRIAL_VAIN;
	if (f->covered > 0.5)
		return CKPT_TRIAL_INSIDE;
	return f->row->flags & CKPT_MEASURE_CONTRACT ? CKPT_TRIAL_READY
						     : CKPT_TRIAL_OPEN;
}

static int compare(const void *left, const void *right)
{
	const struct ckpt_trial_function *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;

	if (a->saves_next != b->saves_next)
		return a->saves_next > b->saves_next ? -1 : 1;
	if (a->seconds != b->seconds)
		return a->seconds > b->seconds ? -1 : 1;
	return strcmp(a->row->name, b->row->name);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum ckpt_status add_function(struct ckpt_trial *trial,
				     const struct ckpt_measure_row *row,
				     const struct ckpt_shelf *shelf,
				     double tick_seconds)
{
	struct ckpt_trial_function *functions =
		reallocarray(trial->functions, trial->function_count + 1,
			     sizeof(*functions));
	struct ckpt_trial_function f = {.row = row};

	if (!functions)
		return CKPT_NOMEM;
	trial->functions = functions;
	/* "f" is the type float. */
	if (!strncmp(row->name, "_Z", 2))
		f.display = __cxa_demangle(row->name, NULL, NULL, NULL);
	if (!f.display)
		f.display = strdup(row->name);
	if (!f.display)
		return CKPT_NOMEM;
	f.library = ckpt_shelf_find(shelf, row->name, last_part(row->object));
	judge(&f, tick_seconds, trial->seconds);
	f.kind = classify(&f, trial->seconds);
	functions[trial->function_count++] = f;
	return CKPT_OK;
}

static enum ckpt_status evaluate(struct ckpt_trial *trial,
				 const struct ckpt_shelf *shelf,
				 double tick_seconds, struct ckpt_err *err)
{
	for (size_t i = 0; i < CKPT_MEASURE_ROWS; i++) {
		const struct ckpt_measure_row *row = &trial->table.rows[i];

		if (row->id && row->calls &&
		    add_function(trial, row, shelf, tick_seconds))
			return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	qsort(trial->functions, trial->function_count,
	      sizeof(*trial->functions), compare);
	return CKPT_OK;
}

static enum ckpt_status measure(const char *path, char **argv,
				const struct ckpt_shelf *shelf,
				const struct place *place,
				struct ckpt_trial *trial, struct ckpt_err *err)
{
	enum ckpt_status status = write_config(place, shelf, err);
	uint64_t start;
	double start_s;

	if (!status)
		status = ckpt_measuretable_create(place->table, &trial->table,
						  err);
	if (status)
		return status;
	start = ckpt_measuretable_now(&trial->table);
	start_s = now_s();
	status = run_program(path, argv, place, &trial->status, err);
	if (status)
		return status;
	trial->seconds = now_s() - start_s;
	return evaluate(
		trial, shelf,
		trial->seconds /
			(double)(ckpt_measuretable_now(&trial->table) - start),
		err);
}

enum ckpt_status ckpt_trial_run(char **argv, const struct ckpt_shelf *shelf,
				struct ckpt_trial *ret, struct ckpt_err *err)
{
	_cleanup_(remove_place) struct place place = {.directory = ""};
	_cleanup_free_ char *path = NULL;
	struct ckpt_trial trial = {.functions = NULL};
	enum ckpt_status status;

	status = ckpt_target_find(argv[0], &path, err);
	if (!status)
		status = ckpt_target_check(path, err);
	if (!status)
		status = make_place(&place, err);
	if (status)
		return status;
	status = measure(path, argv, shelf, &place, &trial, err);
	if (status)
		ckpt_trial_deinit(&trial);
	else
		*ret = trial;
	return status;
}

void ckpt_trial_deinit(struct ckpt_trial *trial)
{
	for (size_t i = 0; i < trial->function_count; i++)
		free(trial->functions[i].display);
	free(trial->functions);
	trial->functions = NULL;
	trial->function_count = 0;
	ckpt_measuretable_close(&trial->table);
}
