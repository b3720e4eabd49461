/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/scope.h"

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { OBJECT_MAX = 1 << 16 };

/* Objects in an order of search. */
struct order {
	uint32_t *items;
	size_t count;
	bool is_known;
};

struct member {
	struct ckpt_scope_object object;
	struct ckpt_image *image; /* NULL until opened */
	enum ckpt_status status;  /* of the attempt to open it */
	struct order needed;	  /* itself and its DT_NEEDED, breadth first */
	struct order local;	  /* what comes behind the global objects */
};

struct ckpt_scope {
	struct ckpt_deps *deps;
	struct member *members;
	size_t count;
	void *annex;
	void (*destroy_annex)(void *);
};

static enum ckpt_status add_member(struct ckpt_scope *scope,
				   struct ckpt_scope_object object,
				   struct ckpt_err *err)
{
	struct member *grown;

	if (scope->count >= OBJECT_MAX)
		return ckpt_err_set(err, CKPT_BADDATA,
				    "object list: more than %d objects",
				    OBJECT_MAX);
	grown = reallocarray(scope->members, scope->count + 1, sizeof(*grown));
	if (!grown)
		return CKPT_NOMEM;
	scope->members = grown;
	object.path = strdup(object.path);
	if (!object.path)
		return CKPT_NOMEM;
	grown[scope->count++] = (struct member){.object = object};
	if (object.is_kernel)
		return CKPT_OK;
	return ckpt_deps_add(scope->deps, object.path, NULL);
}

static bool is_same_file(const struct ckpt_scope_object *object)
{
	struct stat st;

	return stat(object->path, &st) == 0 && st.st_dev == object->dev &&
	       st.st_ino == object->inode;
}

/* "dev inode g|l path", the numbers in hex. */
static enum ckpt_status parse_line(struct ckpt_scope *scope, char *line,
				   struct ckpt_err *err)
{
	struct ckpt_scope_object object = {0};
	char kind;
	int path_off = 0;

	if (sscanf(line, "%" SCNx64 " %" SCNx64 " %c %n", &object.dev,
		   &object.inode, &kind, &path_off) != 3 ||
	    path_off == 0 || (kind != 'g' && kind != 'l') || !line[path_off])
		return ckpt_err_set(err, CKPT_BADDATA,
				    "object list: line %zu: not `dev inode g|l "
				    "path': %s",
				    scope->count + 1, line);
	object.path = line + path_off;
	/* The kernel's own object has no file and serves no name. */
	object.is_kernel = object.path[0] != '/' && object.inode == 0;
	object.is_global = kind == 'g' && !object.is_kernel;
	object.is_refused = !object.is_kernel && !is_same_file(&object);
	return add_member(scope, object, err);
}

static enum ckpt_status parse_text(struct ckpt_scope *scope, const char *text,
				   struct ckpt_err *err)
{
	_cleanup_free_ char *copy = strdup(text);
	char *next = copy;

	if (!copy)
		return CKPT_NOMEM;
	while (*next) {
		char *line = strsep(&next, "\n");
		enum ckpt_status status;

		if (*line) {
			status = parse_line(scope, line, err);
			if (status)
				return status;
		}
		if (!next)
			break;
	}
	if (scope->count == 0)
		return ckpt_err_set(err, CKPT_BADDATA, "object list: empty");
	return CKPT_OK;
}

static struct ckpt_scope *create_scope(struct ckpt_deps *deps)
{
	struct ckpt_scope *scope = calloc(1, sizeof(*scope));

	if (scope)
		scope->deps = deps;
	return scope;
}

enum ckpt_status ckpt_scope_parse(const char *text, struct ckpt_deps *deps,
				  struct ckpt_scope **ret, struct ckpt_err *err)
{
	struct ckpt_scope *scope = create_scope(deps);
	enum ckpt_status status;

	if (!scope)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = parse_text(scope, text, err);
	if (status) {
		ckpt_scope_destroy(scope);
		return status;
	}
	*ret = scope;
	return CKPT_OK;
}

/* Everything that comes out of `fd`. */
static enum ckpt_status read_all(int fd, struct ckpt_buf *buf)
{
	char chunk[4096];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return CKPT_IO;
		if (n == 0)
			break;
		ckpt_buf_add(buf, chunk, (size_t)n);
	}
	ckpt_buf_add_u8(buf, 0);
	return ckpt_buf_status(buf);
}

/* The variables that decide what is loaded, and no others. */
static enum ckpt_status build_environment(char *environment[3])
{
	static const char *const names[] = {"LD_LIBRARY_PATH", "LD_PRELOAD"};
	size_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		const char *value = getenv(names[i]);

		if (value && asprintf(&environment[count++], "%s=%s", names[i],
				      value) < 0) {
			environment[count - 1] = NULL;
			return CKPT_NOMEM;
		}
	}
	return CKPT_OK;
}

static enum ckpt_status spawn_loader(char *const *argv, int out, pid_t *ret,
				     struct ckpt_err *err)
{
	char *environment[3] = {NULL};
	posix_spawn_file_actions_t actions;
	int error = build_environment(environment) ? ENOMEM : 0;

	if (!error)
		error = posix_spawn_file_actions_init(&actions);
	if (!error) {
		error = posix_spawn_file_actions_adddup2(&actions, out, 1);
		if (!error)
			error = posix_spawn_file_actions_adddup2(&actions, out,
								 2);
		if (!error)
			error = posix_spawn(ret, argv[0], &actions, NULL, argv,
					    environment);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	free(environment[0]);
	free(environment[1]);
	if (error)
		return ckpt_err_set(err, CKPT_IO, "%s: cannot be run: %s",
				    argv[0], strerror(error));
	return CKPT_OK;
}

/* What the loader prints for `argv`, NUL-terminated. */
static enum ckpt_status run_loader(char *const *argv, struct ckpt_buf *buf,
				   struct ckpt_err *err)
{
	int ends[2], how;
	pid_t pid;
	enum ckpt_status status;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return ckpt_err_set(err, CKPT_IO, "pipe: %s", strerror(errno));
	status = spawn_loader(argv, ends[1], &pid, err);
	(void)close(ends[1]);
	if (status) {
		(void)close(ends[0]);
		return status;
	}
	status = read_all(ends[0], buf);
	(void)close(ends[0]);
	while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	if (status)
		return ckpt_err_set(err, status, "%s: cannot be read", argv[0]);
	if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
		return ckpt_err_set(err, CKPT_UNSUPPORTED, "%s", buf->data);
	return CKPT_OK;
}

static enum ckpt_status add_file(struct ckpt_scope *scope, char *path,
				 struct ckpt_err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return ckpt_err_set(err,
				    errno == ENOENT ? CKPT_NOTFOUND : CKPT_IO,
				    "%s: %s", path, strerror(errno));
	return add_member(scope,
			  (struct ckpt_scope_object){.path = path,
						     .dev = st.st_dev,
						     .inode = st.st_ino,
						     .is_global = true},
			  err);
}

static enum ckpt_status add_relative(struct ckpt_scope *scope, const char *path,
				     struct ckpt_err *err)
{
	_cleanup_free_ char *directory = getcwd(NULL, 0), *whole = NULL;

	if (!directory)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	if (asprintf(&whole, "%s/%s", directory, path) < 0) {
		whole = NULL;
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	}
	return add_file(scope, whole, err);
}

/* "\tNAME => PATH (0xADDRESS)" or "\tPATH (0xADDRESS)". */
static enum ckpt_status add_listed(struct ckpt_scope *scope, char *line,
				   struct ckpt_err *err)
{
	char *path = line + strspn(line, "\t "), *end;
	char *arrow = strstr(path, " => ");

	if (arrow)
		path = arrow + strlen(" => ");
	if (strcmp(path, "not found") == 0)
		return ckpt_err_set(err, CKPT_NOTFOUND,
				    "%s: needs a library that is not there: %s",
				    scope->members[0].object.path,
				    line + strspn(line, "\t "));
	end = strstr(path, " (0x");
	if (!end)
		return CKPT_OK;
	*end = '\0';
	if (path[0] == '/')
		return add_file(scope, path, err);
	/* By a relative search path; what has no path is the kernel's own. */
	return strchr(path, '/') ? add_relative(scope, path, err) : CKPT_OK;
}

static enum ckpt_status list_libraries(struct ckpt_scope *scope,
				       const char *interpreter,
				       struct ckpt_err *err)
{
	char *program = scope->members[0].object.path;
	const char *argv[] = {interpreter, "--list", program, NULL};
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf buf = {0};
	enum ckpt_status status;
	char *next;

	status = run_loader((char *const *)argv, &buf, err);
	if (status)
		return ckpt_err_prefix(err, status, "%s", program);
	next = (char *)buf.data;
	while (next && *next) {
		char *line = strsep(&next, "\n");

		status = add_listed(scope, line, err);
		if (status)
			return status;
	}
	return CKPT_OK;
}

static enum ckpt_status fill_of_program(struct ckpt_scope *scope,
					const char *program,
					struct ckpt_err *err)
{
	_cleanup_free_ char *path = realpath(program, NULL);
	const struct ckpt_image *image;
	enum ckpt_status status;

	if (!path)
		return ckpt_err_set(err,
				    errno == ENOENT ? CKPT_NOTFOUND : CKPT_IO,
				    "%s: %s", program, strerror(errno));
	status = add_file(scope, path, err);
	if (status)
		return status;
	image = ckpt_scope_image(scope, 0, err);
	if (!image)
		return scope->members[0].status;
	if (!ckpt_image_interpreter(image))
		return CKPT_OK;
	return list_libraries(scope, ckpt_image_interpreter(image), err);
}

enum ckpt_status ckpt_scope_of_program(const char *program,
				       struct ckpt_deps *deps,
				       struct ckpt_scope **ret,
				       struct ckpt_err *err)
{
	struct ckpt_scope *scope = create_scope(deps);
	enum ckpt_status status;

	if (!scope)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = fill_of_program(scope, program, err);
	if (status) {
		ckpt_scope_destroy(scope);
		return status;
	}
	*ret = scope;
	return CKPT_OK;
}

void ckpt_scope_destroy(struct ckpt_scope *scope)
{
	if (!scope)
		return;
	if (scope->annex)
		scope->destroy_annex(scope->annex);
	for (size_t i = 0; i < scope->count; i++) {
		struct member *member = &scope->members[i];

		ckpt_image_close(member->image);
		free(member->object.path);
		free(member->needed.items);
		free(member->local.items);
	}
	free(scope->members);
	free(scope);
}

void **ckpt_scope_annex(struct ckpt_scope *scope, void (*destroy)(void *))
{
	scope->destroy_annex = destroy;
	return &scope->annex;
}

size_t ckpt_scope_count(const struct ckpt_scope *scope)
{
	return scope->count;
}

const struct ckpt_scope_object *
ckpt_scope_object(const struct ckpt_scope *scope, uint32_t index)
{
	return &scope->members[index].object;
}

const struct ckpt_image *ckpt_scope_image(struct ckpt_scope *scope,
					  uint32_t index, struct ckpt_err *err)
{
	struct member *member = &scope->members[index];

	if (member->image)
		return member->image;
	if (member->object.is_kernel || member->object.is_refused) {
		member->status = ckpt_err_set(
			err, CKPT_UNSUPPORTED,
			"%s: the file is not what the process has mapped",
			member->object.path);
		return NULL;
	}
	member->status =
		ckpt_image_open(member->object.path, &member->image, err);
	return member->image;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The object that a DT_NEEDED `name` means; count if none. */
static uint32_t find_needed(struct ckpt_scope *scope, const char *name)
{
	for (uint32_t i = 0; i < scope->count; i++) {
		const char *path = scope->members[i].object.path;
		const struct ckpt_image *image;

		if (strcmp(strchr(name, '/') ? path : base_name(path), name) ==
		    0)
			return i;
		image = ckpt_scope_image(scope, i, NULL);
		if (image && ckpt_image_soname(image) &&
		    strcmp(ckpt_image_soname(image), name) == 0)
			return i;
	}
	return (uint32_t)scope->count;
}

static bool has_object(const struct order *order, uint32_t object)
{
	for (size_t i = 0; i < order->count; i++)
		if (order->items[i] == object)
			return true;
	return false;
}

static enum ckpt_status append(struct ckpt_scope *scope, struct order *order,
			       uint32_t object)
{
	if (has_object(order, object))
		return CKPT_OK;
	if (!order->items)
		order->items = calloc(scope->count, sizeof(*order->items));
	if (!order->items)
		return CKPT_NOMEM;
	order->items[order->count++] = object;
	return CKPT_OK;
}

/* `root` and what it needs, breadth first (gABI "Shared Object
 * Dependencies"). */
static enum ckpt_status find_closure(struct ckpt_scope *scope, uint32_t root)
{
	struct order *order = &scope->members[root].needed;
	enum ckpt_status status;

	if (order->is_known)
		return CKPT_OK;
	status = append(scope, order, root);
	for (size_t i = 0; !status && i < order->count; i++) {
		const struct ckpt_image *image =
			ckpt_scope_image(scope, order->items[i], NULL);
		const char *const *needed;
		size_t count = 0;

		needed = image ? ckpt_image_needed(image, &count) : NULL;
		for (size_t k = 0; !status && k < count; k++) {
			uint32_t object = find_needed(scope, needed[k]);

			if (object < scope->count)
				status = append(scope, order, object);
		}
	}
	order->is_known = !status;
	return status;
}

/*
 * Where the loader looks for the references of an object that dlopen brought
 * in, after the global objects: in the searchlist of each dlopen that has it.
 * The list is in order of loading, so an earlier object that needs this one
 * was opened before it or together with it.
 */
static enum ckpt_status find_local(struct ckpt_scope *scope, uint32_t object)
{
	struct order *local = &scope->members[object].local;
	enum ckpt_status status = CKPT_OK;

	if (local->is_known)
		return CKPT_OK;
	for (uint32_t root = 0; !status && root < scope->count; root++) {
		struct order *needed = &scope->members[root].needed;

		if (scope->members[root].object.is_global && root != object)
			continue;
		status = find_closure(scope, root);
		if (status || !has_object(needed, object))
			continue;
		for (size_t i = 0; !status && i < needed->count; i++)
			status = append(scope, local, needed->items[i]);
	}
	local->is_known = !status;
	return status;
}

/* NOTFOUND: go on with the next object. */
static enum ckpt_status look_in(struct ckpt_scope *scope, uint32_t object,
				const char *name, const char *version,
				uint32_t *ret_object,
				const struct ckpt_symbol **ret_symbol)
{
	const struct ckpt_image *image = ckpt_scope_image(scope, object, NULL);
	const struct ckpt_symbol *symbol;

	if (!image)
		return CKPT_UNSUPPORTED;
	symbol = ckpt_image_match(image, name, version);
	if (!symbol)
		return CKPT_NOTFOUND;
	*ret_object = object;
	*ret_symbol = symbol;
	return CKPT_OK;
}

enum ckpt_status ckpt_scope_lookup(struct ckpt_scope *scope, uint32_t from,
				   const char *name, const char *version,
				   uint32_t *ret_object,
				   const struct ckpt_symbol **ret_symbol)
{
	const struct ckpt_image *image = ckpt_scope_image(scope, from, NULL);
	const struct order *local = &scope->members[from].local;
	enum ckpt_status status = CKPT_NOTFOUND;

	if (!image)
		return CKPT_UNSUPPORTED;
	if (ckpt_image_is_symbolic(image))
		status = look_in(scope, from, name, version, ret_object,
				 ret_symbol);
	for (uint32_t i = 0; status == CKPT_NOTFOUND && i < scope->count; i++)
		if (scope->members[i].object.is_global)
			status = look_in(scope, i, name, version, ret_object,
					 ret_symbol);
	if (status != CKPT_NOTFOUND || scope->members[from].object.is_global)
		return status;
	status = find_local(scope, from);
	if (status)
		return status;
	status = CKPT_NOTFOUND;
	for (size_t i = 0; status == CKPT_NOTFOUND && i < local->count; i++)
		status = look_in(scope, local->items[i], name, version,
				 ret_object, ret_symbol);
	return status;
}

enum ckpt_status ckpt_scope_bind(struct ckpt_scope *scope, uint32_t from,
				 const struct ckpt_symbol *reference,
				 uint32_t *ret_object,
				 const struct ckpt_symbol **ret_symbol)
{
	if (reference->binding == STB_LOCAL ||
	    (reference->shndx != SHN_UNDEF &&
	     reference->visibility != STV_DEFAULT)) {
		*ret_object = from;
		*ret_symbol = reference;
		return CKPT_OK;
	}
	return ckpt_scope_lookup(scope, from, reference->name,
				 reference->version, ret_object, ret_symbol);
}
