/* SPDX-License-Identifier: MIT */
/* ckpt plan: what the runtime runs when it finds no plan. Not for people. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "shim/common/cleanup.h"
#include "shim/common/plankey.h"
#include "shim/planner/code/codebase.h"
#include "shim/planner/planbuild.h"
#include "shim/planner/code/codelist.h"
#include "shim/planner/plan/planprune.h"
#include "shim/planner/plan/planwriter.h"
#include "tools/cli.h"
#include "tools/cmd.h"

static const char help[] =
	"usage: ckpt plan --config FILE --objects FILE|- --output FILE\n"
	"\n"
	"Writes the plan of one config and one list of loaded objects, as the\n"
	"library asks for it. Lines of the list: DEV INODE g|l PATH.\n"
	"\n"
	"  --verbose       say what was found\n"
	"  --help, --version\n";

/* What the library takes for "still at it" (planner_child.h). */
enum { CKPT_EXIT_SLOW = 75 };

enum {
	INPUT_MAX = 1 << 26,
	TRIES = 3,
	/* Files changed less than this ago may change again without a new time:
	 * the clock of file systems ticks every 1 to 10 ms. */
	SETTLE_NS = 20000000,
	TIME_LIMIT_S = 300,
	WAIT_MS = 10000, /* as long as the config has not been read */
};

struct job {
	const char *config_path; /* absolute */
	const char *objects_path;
	const char *output;
	bool is_verbose;
	int wait_fd; /* to tell the supervisor plan_wait of the config */
	struct ckpt_buf config;
	struct ckpt_buf objects;
	struct ckpt_hash128 key;
};

static void deinit_job(struct job *job)
{
	ckpt_buf_deinit(&job->config);
	ckpt_buf_deinit(&job->objects);
}

/* ---- inputs ---- */

static enum ckpt_status read_input(const char *path, struct ckpt_buf *out,
				   struct ckpt_err *err)
{
	bool is_stdin = !strcmp(path, "-");
	_cleanup_fclose_ FILE *file = is_stdin ? NULL : fopen(path, "re");
	FILE *from = is_stdin ? stdin : file;
	char block[65536];
	size_t size;

	if (!from)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	while ((size = fread(block, 1, sizeof(block), from)) > 0)
		if (out->size < INPUT_MAX)
			ckpt_buf_add(out, block, size);
	if (ferror(from))
		return ckpt_err_set(err, CKPT_IO, "%s: cannot be read", path);
	return ckpt_buf_status(out);
}

static enum ckpt_status read_inputs(struct job *job, struct ckpt_err *err)
{
	enum ckpt_status status;

	status = read_input(job->config_path, &job->config, err);
	if (!status)
		status = read_input(job->objects_path, &job->objects, err);
	if (status)
		return status;
	job->key = ckpt_plan_key(
		CKPT_PLAN_SALT, job->config.data, job->config.size,
		job->config_path, getenv("CKPT_CONTRACTS"),
		(const char *)job->objects.data, job->objects.size);
	/* The list is a text from here on. */
	ckpt_buf_add_u8(&job->objects, 0);
	return ckpt_buf_status(&job->objects);
}

/* ---- planning ---- */

/* The command itself: another build may plan otherwise. */
static enum ckpt_status add_own_file(struct ckpt_deps *deps)
{
	char path[4096];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (size <= 0)
		return CKPT_OK;
	path[size] = '\0';
	return ckpt_deps_add(deps, path, NULL);
}

/* Not the config itself: the key has its bytes, and a config that is touched,
 * or changed and changed back, keeps its plan. */
static enum ckpt_status add_config_files(const struct job *job,
					 const struct ckpt_config *config,
					 struct ckpt_deps *deps)
{
	enum ckpt_status status = add_own_file(deps);

	for (size_t i = 0; !status && i < config->file_count; i++)
		if (strcmp(config->files[i].path, job->config_path) != 0)
			status = ckpt_deps_add(deps, config->files[i].path,
					       NULL);
	return status;
}

static void print_findings(const struct ckpt_planning *planning)
{
	for (size_t i = 0; i < planning->function_count; i++) {
		const struct ckpt_planned_function *function =
			&planning->functions[i];

		fprintf(stderr, "ckpt plan: %s: %s\n", function->match.display,
			function->match.object == CKPT_PLAN_NONE ? "absent"
			: function->refusal ? function->refusal
					    : "planned");
	}
}

static enum ckpt_status plan_scope(const struct job *job,
				   struct ckpt_config *config,
				   struct ckpt_scope *scope,
				   struct ckpt_deps *deps, struct ckpt_buf *out,
				   struct ckpt_err *err)
{
	struct ckpt_planning *planning;
	enum ckpt_status status =
		ckpt_planner_run(config, scope, deps, &planning, err);

	if (status)
		return status;
	if (job->is_verbose)
		print_findings(planning);
	for (size_t i = 0; i < planning->function_count; i++)
		if (planning->functions[i].has_closure)
			ckpt_codelist_write(job->output, planning->scope,
					    &planning->functions[i].closure);
	status = ckpt_planbuild(planning, deps, job->key, out);
	if (status)
		ckpt_err_set(err, status, "%s", ckpt_status_text(status));
	ckpt_planning_destroy(planning);
	return status;
}

/* Beside the plan, where a later build of the same bytes will look. */
static enum ckpt_status keep_symbols(const struct job *job,
				     struct ckpt_scope *scope)
{
	const char *slash = strrchr(job->output, '/');
	_cleanup_free_ char *directory =
		slash ? strndup(job->output, (size_t)(slash - job->output))
		      : strdup(".");

	return directory ? ckpt_codebase_keep_symbols(scope, directory)
			 : CKPT_NOMEM;
}

static enum ckpt_status plan_config(const struct job *job,
				    struct ckpt_config *config,
				    struct ckpt_deps *deps,
				    struct ckpt_buf *out, struct ckpt_err *err)
{
	struct ckpt_scope *scope;
	enum ckpt_status status;

	status = ckpt_scope_parse((const char *)job->objects.data, deps, &scope,
				  err);
	if (status)
		return status;
	status = keep_symbols(job, scope);
	if (!status)
		status = plan_scope(job, config, scope, deps, out, err);
	ckpt_scope_destroy(scope);
	return status;
}

/* A config with mistakes gives a plan too: one that tells them. */
static enum ckpt_status plan_mistake(const struct job *job,
				     const struct ckpt_deps *deps,
				     const char *text, struct ckpt_buf *out)
{
	if (job->is_verbose)
		fprintf(stderr, "ckpt plan: %s\n", text);
	return ckpt_planbuild_mistake(job->config_path, text, deps, job->key,
				      out);
}

static void tell_wait(const struct job *job, double seconds)
{
	int ms = seconds > 3600 ? 3600000 : (int)(seconds * 1000);

	/* If it cannot be told, the default holds. */
	(void)!write(job->wait_fd, &ms, sizeof(ms));
}

static enum ckpt_status load_config(const struct job *job,
				    struct ckpt_config **ret,
				    struct ckpt_config **ret_failed,
				    struct ckpt_err *err)
{
	char **library_dirs = ckpt_cli_library_dirs_create();
	enum ckpt_status status;

	if (!library_dirs)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = ckpt_config_load_keeping(job->config_path,
					  (const char *const *)library_dirs,
					  ret, ret_failed, err);
	ckpt_cli_library_dirs_destroy(library_dirs);
	if (!status)
		tell_wait(job, (*ret)->plan_wait_s);
	return status;
}

static enum ckpt_status make_plan(const struct job *job, struct ckpt_deps *deps,
				  struct ckpt_buf *out, struct ckpt_err *err)
{
	struct ckpt_config *config = NULL, *failed = NULL;
	enum ckpt_status status,
		loaded = load_config(job, &config, &failed, err);

	if (loaded && loaded != CKPT_INVALID)
		return loaded;
	status = add_config_files(job, loaded ? failed : config, deps);
	if (!status && loaded)
		status = plan_mistake(job, deps, err->text, out);
	else if (!status)
		status = plan_config(job, config, deps, out, err);
	ckpt_config_destroy(config);
	ckpt_config_destroy(failed);
	return status;
}

/* ---- settled files ---- */

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_config_current(const struct job *job)
{
	struct ckpt_buf now = {0};
	bool is_current = !read_input(job->config_path, &now, NULL) &&
			  now.size == job->config.size &&
			  !memcmp(now.data, job->config.data, now.size);

	ckpt_buf_deinit(&now);
	return is_current;
}

/* Did nothing that was read change meanwhile, or can have changed unseen? */
static bool is_settled(const struct ckpt_deps *deps)
{
	int64_t age = read_clock(CLOCK_REALTIME) - ckpt_deps_latest_ns(deps);

	if (age >= 0 && age < SETTLE_NS) {
		struct timespec pause = {0, SETTLE_NS};

		nanosleep(&pause, NULL);
	}
	return ckpt_deps_are_current(deps);
}

static enum ckpt_status plan_and_write(const struct job *job,
				       struct ckpt_err *err)
{
	for (int i = 0; i < TRIES; i++) {
		struct ckpt_deps deps = {0};
		struct ckpt_buf out = {0};
		enum ckpt_status status = make_plan(job, &deps, &out, err);
		bool is_done = status || is_settled(&deps);

		/* The key is that of the bytes we had at first. */
		if (!status && is_done && !is_config_current(job))
			status = ckpt_err_set(err, CKPT_IO,
					      "%s: changed meanwhile",
					      job->config_path);
		if (!status && is_done)
			status = ckpt_planwriter_write(job->output, out.data,
						       out.size, err);
		ckpt_buf_deinit(&out);
		ckpt_deps_deinit(&deps);
		if (is_done)
			return status;
	}
	return ckpt_err_set(err, CKPT_IO,
			    "%s: files change faster than they "
			    "can be read",
			    job->config_path);
}

/* ---- one planner for one plan ---- */

static bool stat_output(const char *path, struct stat *ret)
{
	memset(ret, 0, sizeof(*ret));
	return stat(path, ret) == 0;
}

/* How long the program waits is the config's to say also while another planner
 * is at it. */
static void tell_wait_of_config(const struct job *job)
{
	struct ckpt_config *config = NULL, *failed = NULL;

	(void)!load_config(job, &config, &failed, NULL);
	ckpt_config_destroy(config);
	ckpt_config_destroy(failed);
}

/* Wait for whoever is at it; true if there is a new plan then. A file system
 * without locks lets everybody plan: the last one wins. */
static bool await_lock(const struct job *job, int fd)
{
	struct stat before, after;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return false;
	stat_output(job->output, &before);
	tell_wait_of_config(job);
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return stat_output(job->output, &after) &&
	       after.st_ino != before.st_ino;
}

static enum ckpt_status run_locked(const struct job *job, struct ckpt_err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	enum ckpt_status status = ckpt_planwriter_prepare(job->output, err);

	if (status)
		return status;
	if (asprintf(&path, "%s.lock", job->output) < 0) {
		path = NULL;
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (await_lock(job, fd))
		return CKPT_OK;
	status = plan_and_write(job, err);
	ckpt_planprune(job->output);
	/* Whoever waits holds the old file: at worst two plan at once. */
	(void)unlink(path);
	return status;
}

/* ---- a planner that dies ---- */

/* Could the end have come from how this process was started? */
static bool is_confined(void)
{
	static const int resources[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU,
					RLIMIT_FSIZE};
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(resources) / sizeof(*resources); i++)
		if (!getrlimit(resources[i], &limit) &&
		    limit.rlim_cur != RLIM_INFINITY)
			return true;
	return false;
}

static bool is_own_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL ||
	       signal == SIGFPE || signal == SIGABRT || signal == SIGALRM;
}

/* So that not every start of the program plans, and dies, again: a plan that
 * tells it, until the program, the config or this command is another. */
static enum ckpt_status record_death(const struct job *job, int signal,
				     struct ckpt_err *err)
{
	struct ckpt_deps deps = {0};
	struct ckpt_buf out = {0};
	enum ckpt_status status = add_own_file(&deps);
	char text[128];

	snprintf(text, sizeof(text),
		 "the planner died (%s); nothing is cached: this is a fault in "
		 "ckpt, `ckpt check` may show where",
		 strsignal(signal));
	if (!status)
		status = plan_mistake(job, &deps, text, &out);
	if (!status)
		status = ckpt_planwriter_write(job->output, out.data, out.size,
					       err);
	ckpt_deps_deinit(&deps);
	ckpt_buf_deinit(&out);
	return status;
}

static int finish_child(const struct job *job, int status, struct ckpt_err *err)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	ckpt_err_set(err, CKPT_IO, "%s", strsignal(WTERMSIG(status)));
	if (!is_own_fault(WTERMSIG(status)) || is_confined() ||
	    record_death(job, WTERMSIG(status), err))
		return ckpt_cli_fail("plan", err);
	return CKPT_EXIT_OK;
}

/* Milliseconds left of `wait_ms` since `start_ns`, rounded up. */
static int ms_left(int64_t start_ns, int wait_ms)
{
	int64_t left =
		wait_ms - (read_clock(CLOCK_MONOTONIC) - start_ns) / 1000000;

	return left > 0 ? (int)left : 0;
}

/* Until the child has ended, closing its end of the pipe, or the time that it
 * tells through the pipe is over: false. */
static bool await_child(int fd)
{
	struct pollfd item = {.fd = fd, .events = POLLIN};
	int64_t start_ns = read_clock(CLOCK_MONOTONIC);
	int wait_ms = WAIT_MS;

	for (;;) {
		int ready = poll(&item, 1, ms_left(start_ns, wait_ms));

		if (ready == 0)
			return false;
		if (ready > 0 &&
		    read(fd, &wait_ms, sizeof(wait_ms)) != sizeof(wait_ms))
			return true;
	}
}

static int run_child(struct job *job, int fd, struct ckpt_err *err)
{
	job->wait_fd = fd;
	alarm(TIME_LIMIT_S);
	return run_locked(job, err) ? ckpt_cli_fail("plan", err) : CKPT_EXIT_OK;
}

/* Planning reads much that others wrote: it happens in a child. When that
 * takes longer than the config wants programs to wait, it goes on alone. */
static int run_supervised(struct job *job, struct ckpt_err *err)
{
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0) {
		ckpt_err_set(err, CKPT_IO, "%s", strerror(errno));
		return ckpt_cli_fail("plan", err);
	}
	if (!pid)
		exit(run_child(job, ends[1], err));
	(void)close(ends[1]);
	if (!await_child(ends[0]))
		return CKPT_EXIT_SLOW;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CKPT_EXIT_FAILURE;
	return finish_child(job, status, err);
}

static int run_job(struct job *job)
{
	struct ckpt_err err = {.text = ""};
	int status;

	if (read_inputs(job, &err))
		status = ckpt_cli_fail("plan", &err);
	else
		status = run_supervised(job, &err);
	deinit_job(job);
	return status;
}

int ckpt_cmd_plan(int argc, char **argv)
{
	static const struct option options[] = {
		{"objects", required_argument, NULL, 'o'},
		{"output", required_argument, NULL, 'w'},
		{"verbose", no_argument, NULL, 'v'},
		CKPT_CLI_OPTIONS,
	};
	struct job job = {0};
	int option;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			job.config_path = optarg;
			break;
		case 'o':
			job.objects_path = optarg;
			break;
		case 'w':
			job.output = optarg;
			break;
		case 'v':
			job.is_verbose = true;
			break;
		default:
			return ckpt_cli_common(option, "plan", help);
		}
	}
	if (!job.config_path || !job.objects_path || !job.output)
		return ckpt_cli_usage("plan", "--config, --objects and "
					      "--output are needed");
	if (job.config_path[0] != '/')
		return ckpt_cli_usage("plan", "--config must be absolute");
	return run_job(&job);
}
