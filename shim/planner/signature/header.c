/* SPDX-License-Identifier: MIT */
#include "shim/planner/signature/header.h"
#include "shim/planner/signature/cc.h"
#include "shim/planner/signature/parameter_names.h"

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { ARGUMENTS_MAX = 64, LOG_MAX = 16384 };

/* A directory of our own and the files in it. */
struct workshop {
	char directory[64];
	char source[80], object[80], depends[80], log[80], expanded[80];
};

static void close_workshop(struct workshop *w)
{
	if (!*w->directory)
		return;
	(void)unlink(w->source);
	(void)unlink(w->object);
	(void)unlink(w->depends);
	(void)unlink(w->log);
	(void)unlink(w->expanded);
	(void)rmdir(w->directory);
}

static enum ckpt_status open_workshop(struct workshop *w, struct ckpt_err *err)
{
	memset(w, 0, sizeof(*w));
	(void)strcpy(w->directory, "/tmp/ckpt-header-XXXXXX");
	if (!mkdtemp(w->directory)) {
		*w->directory = '\0';
		return ckpt_err_set(err, CKPT_IO,
				    "/tmp: no directory can be made there");
	}
	(void)sprintf(w->source, "%s/probe.c", w->directory);
	(void)sprintf(w->object, "%s/probe.o", w->directory);
	(void)sprintf(w->depends, "%s/probe.d", w->directory);
	(void)sprintf(w->log, "%s/log", w->directory);
	(void)sprintf(w->expanded, "%s/probe.i", w->directory);
	return CKPT_OK;
}

static bool is_identifier(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return size && !text[size] && (*text < '0' || *text > '9');
}

static bool is_type_name(const char *text)
{
	static const char *const tags[] = {"struct ", "union ", "enum "};

	for (size_t i = 0; i < 3; i++)
		if (strncmp(text, tags[i], strlen(tags[i])) == 0)
			return is_identifier(text + strlen(tags[i]));
	return is_identifier(text);
}

static bool is_flag(const char *text)
{
	return text[0] == '-';
}

static bool is_known_flag(const char *text)
{
	static const char *const known[] = {"-I", "-isystem", "-D", "-U",
					    "-std="};

	for (size_t i = 0; i < 5; i++)
		if (strncmp(text, known[i], strlen(known[i])) == 0)
			return true;
	return false;
}

static enum ckpt_status check(const struct ckpt_header_request *request,
			      struct ckpt_err *err)
{
	if (!is_identifier(request->symbol))
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "headers cannot be asked for '%s', which "
				    "is no C name",
				    request->symbol);
	for (size_t i = 0; i < request->headers->count; i++) {
		const char *text = request->headers->items[i];

		if (!*text || strpbrk(text, "\n\"") ||
		    (is_flag(text) && !is_known_flag(text)))
			return ckpt_err_set(err, CKPT_INVALID,
					    "headers: '%s' is neither a header "
					    "nor one of -I, -isystem, -D, -U, "
					    "-std=",
					    text);
	}
	return CKPT_OK;
}

static void add_include(struct ckpt_buf *text, const char *header)
{
	size_t size = strlen(header);

	if (header[0] == '<' && header[size - 1] == '>')
		ckpt_buf_format(text, "#include %s\n", header);
	else
		ckpt_buf_format(text, "#include \"%s\"\n", header);
}

/* Taking the address makes the compiler describe the function. */
static enum ckpt_status write_source(const struct ckpt_header_request *request,
				     bool with_types, const struct workshop *w,
				     struct ckpt_err *err)
{
	struct ckpt_buf text = {0};
	_cleanup_fclose_ FILE *file = fopen(w->source, "we");
	bool is_written;

	for (size_t i = 0; i < request->headers->count; i++)
		if (!is_flag(request->headers->items[i]))
			add_include(&text, request->headers->items[i]);
	ckpt_buf_format(&text, "void *ckpt_probe[] = {(void *)%s};\n",
			request->symbol);
	for (size_t i = 0; with_types && i < request->type_count; i++)
		if (is_type_name(request->type_names[i]))
			ckpt_buf_format(&text, "%s *ckpt_type_%zu;\n",
					request->type_names[i], i);
	is_written = !ckpt_buf_status(&text) && file &&
		     fwrite(text.data, 1, text.size, file) == text.size &&
		     fflush(file) == 0;
	ckpt_buf_deinit(&text);
	return is_written ? CKPT_OK
			  : ckpt_err_set(err, CKPT_IO, "%s: cannot be written",
					 w->source);
}

/* The first line of the log that tells of an error. */
static void read_log(const struct workshop *w, char *text, size_t size)
{
	char log[LOG_MAX], *line, *end;
	_cleanup_fclose_ FILE *file = fopen(w->log, "re");
	size_t count = file ? fread(log, 1, sizeof(log) - 1, file) : 0;

	log[count] = '\0';
	line = strstr(log, "error:");
	if (!line)
		line = log;
	while (line > log && line[-1] != '\n')
		line--;
	if (strncmp(line, w->source, strlen(w->source)) == 0)
		line += strlen(w->source);
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	(void)snprintf(text, size, "%.*s", (int)size - 1, line);
}

static size_t add_flags(const struct ckpt_header_request *request,
			const char **arguments, size_t used)
{
	if (request->directory) {
		arguments[used++] = "-iquote";
		arguments[used++] = request->directory;
	}
	for (size_t i = 0;
	     i < request->headers->count && used < ARGUMENTS_MAX - 3; i++)
		if (is_flag(request->headers->items[i]))
			arguments[used++] = request->headers->items[i];
	return used;
}

static enum ckpt_status compile(const struct ckpt_header_request *request,
				const char *compiler, bool is_cxx,
				const struct workshop *w, struct ckpt_err *err)
{
	const char *arguments[ARGUMENTS_MAX] = {
		compiler, "-x",	     is_cxx ? "c++" : "c",
		"-g",	  "-w",	     "-c",
		"-o",	  w->object, "-MD",
		"-MF",	  w->depends};
	size_t used = add_flags(request, arguments, 11);

	arguments[used++] = w->source;
	arguments[used] = NULL;
	return ckpt_cc_run(arguments, w->log, err);
}

/* Compilers do not write the names of a declaration's parameters into debug
 * info: they are taken from the preprocessed text. */
static void read_names(struct ckpt_types *types,
		       const struct ckpt_header_request *request,
		       const char *compiler, bool is_cxx,
		       const struct workshop *w,
		       struct ckpt_signature *signature)
{
	const char *arguments[ARGUMENTS_MAX] = {
		compiler, "-x", is_cxx ? "c++" : "c", "-w", "-E",
		"-P",	  "-o", w->expanded};
	size_t used = add_flags(request, arguments, 8);
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	arguments[used++] = w->source;
	arguments[used] = NULL;
	if (ckpt_cc_run(arguments, w->log, NULL))
		return;
	file = fopen(w->expanded, "re");
	if (file && getdelim(&text, &size, '\0', file) >= 0)
		ckpt_parameter_names_read(types, text, request->symbol,
					  signature);
}

/* The next word of a rule of make, unescaped in place; NULL at the end. */
static char *next_word(char **text)
{
	char *from = *text, *word, *to;

	for (;;) {
		from += strspn(from, " \t\n");
		if (from[0] != '\\' || from[1] != '\n')
			break;
		from += 2;
	}
	word = to = from;
	while (*from && !strchr(" \t\n", *from)) {
		if ((from[0] == '\\' && from[1] && strchr(" #\\", from[1])) ||
		    (from[0] == '$' && from[1] == '$'))
			from++;
		*to++ = *from++;
	}
	*text = from + (*from != '\0');
	*to = '\0';
	return to == word ? NULL : word;
}

/* The files the compiler read: "probe.o: probe.c a.h \<newline> b\ c.h". */
static enum ckpt_status add_depends(const struct workshop *w,
				    struct ckpt_deps *deps)
{
	_cleanup_fclose_ FILE *file = fopen(w->depends, "re");
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	char *next, *word;
	enum ckpt_status status = CKPT_OK;

	if (!file || getdelim(&text, &size, '\0', file) < 0)
		return CKPT_IO;
	next = text;
	word = next_word(&next); /* the target */
	while (!status && word) {
		word = next_word(&next);
		if (word && strcmp(word, w->source) != 0)
			status = ckpt_deps_add(deps, word, NULL);
	}
	return status;
}

/* A header of that name in the config's directory would be taken first. */
static enum ckpt_status
add_candidates(const struct ckpt_header_request *request,
	       struct ckpt_deps *deps)
{
	enum ckpt_status status = CKPT_OK;

	for (size_t i = 0; !status && i < request->headers->count; i++) {
		const char *header = request->headers->items[i];
		_cleanup_free_ char *path = NULL;

		if (is_flag(header) || *header == '<')
			continue;
		if (*header == '/' || !request->directory) {
			status = ckpt_deps_add(deps, header, NULL);
			continue;
		}
		if (asprintf(&path, "%s/%s", request->directory, header) < 0)
			return CKPT_NOMEM;
		status = ckpt_deps_add(deps, path, NULL);
	}
	return status;
}

static enum ckpt_status
try(struct ckpt_types *types, const struct ckpt_header_request *request,
    bool is_cxx, bool with_types, const struct workshop *w,
    struct ckpt_dwarf_function *ret, struct ckpt_err *err)
{
	const struct ckpt_dwarf_request dwarf = {
		.path = w->object,
		.name = request->symbol,
		.type_names = request->type_names,
		.type_count = with_types ? request->type_count : 0};
	_cleanup_free_ char *compiler = NULL;
	char first[400];
	enum ckpt_status status = ckpt_cc_find(is_cxx, &compiler);

	if (status)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "headers need a C compiler and there is "
				    "none in PATH: install the package gcc, or "
				    "name one in CKPT_CC");
	status = write_source(request, with_types, w, err);
	if (!status)
		status = compile(request, compiler, is_cxx, w, err);
	if (status == CKPT_NOTFOUND) {
		read_log(w, first, sizeof(first));
		return ckpt_err_set(err, CKPT_INVALID, "headers: %s says: %s",
				    compiler, first);
	}
	if (status)
		return status;
	status = ckpt_dwarf_read_function(types, &dwarf, ret, err);
	if (status == CKPT_NOTFOUND)
		return ckpt_err_set(err, status,
				    "headers: they declare no function '%s' "
				    "(perhaps a macro of that name)",
				    request->symbol);
	if (!status)
		read_names(types, request, compiler, is_cxx, w,
			   &ret->signature);
	return status;
}

enum ckpt_status
ckpt_header_read_function(struct ckpt_types *types,
			  const struct ckpt_header_request *request,
			  struct ckpt_deps *deps,
			  struct ckpt_dwarf_function *ret, struct ckpt_err *err)
{
	struct workshop w _cleanup_(close_workshop) = {.directory = ""};
	struct ckpt_err ignored;
	enum ckpt_status status = check(request, err);

	if (!status)
		status = open_workshop(&w, err);
	if (!status)
		status = add_candidates(request, deps);
	if (status)
		return status;
	status = try(types, request, false, true, &w, ret, err);
	/* A type the headers do not know must not hide the function. */
	if (status == CKPT_INVALID && request->type_count &&
	    !try(types, request, false, false, &w, ret, &ignored))
		status = CKPT_OK;
	/* Some headers only C++ can read. */
	if (status == CKPT_INVALID &&
	    !try(types, request, true, false, &w, ret, &ignored))
		status = CKPT_OK;
	if (!status && add_depends(&w, deps))
		status = ckpt_err_set(err, CKPT_IO, "%s: cannot be read",
				      w.depends);
	return status;
}
