/* SPDX-License-Identifier: MIT */
#include "config/document.h"

#include "shim/common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *ckpt_document_resolve(const char *directory, const char *path)
{
	_cleanup_free_ char *current = NULL;
	char *absolute;

	while (path[0] == '.' && path[1] == '/') {
		path += 2;
		path += strspn(path, "/");
	}
	if (path[0] == '/')
		return strdup(path);
	if (!directory) {
		/* Without one only absolute paths mean anything. */
		current = getcwd(NULL, 0);
		directory = current ? current : "/";
	}
	if (strcmp(path, ".") == 0 || !*path)
		return strdup(directory);
	if (strcmp(directory, "/") == 0)
		directory = "";
	if (asprintf(&absolute, "%s/%s", directory, path) < 0)
		return NULL;
	return absolute;
}

static char *get_directory(const char *absolute)
{
	size_t size = (size_t)(strrchr(absolute, '/') - absolute);

	return size ? strndup(absolute, size) : strdup("/");
}

static enum ckpt_status set_paths(struct ckpt_document *document,
				  const char *path)
{
	document->path = ckpt_document_resolve(NULL, path);
	if (!document->path)
		return CKPT_NOMEM;
	document->directory = get_directory(document->path);
	return document->directory ? CKPT_OK : CKPT_NOMEM;
}

static enum ckpt_status read_all(int fd, char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, text + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return CKPT_IO;
		if (n == 0) {
			errno = ESTALE; /* it shrank */
			return CKPT_IO;
		}
		done += (size_t)n;
	}
	return CKPT_OK;
}

static enum ckpt_status open_file(const char *path, int *ret, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? CKPT_NOTFOUND
							   : CKPT_IO;
	if (fstat(fd, &st))
		return CKPT_IO;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return CKPT_IO;
	}
	*ret_size = (size_t)st.st_size;
	*ret = TAKE_FD(fd);
	return CKPT_OK;
}

static enum ckpt_status parse_file(struct ckpt_document *document,
				   struct ckpt_err *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	enum ckpt_status status = open_file(document->path, &fd, &size);

	if (status)
		return ckpt_err_set(err, status, "%s: %s", document->path,
				    strerror(errno));
	if (size > CKPT_TOML_SIZE_MAX)
		size = CKPT_TOML_SIZE_MAX + 1; /* refused below */
	text = malloc(size + 1);
	if (!text)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = read_all(fd, text, size);
	if (status)
		return ckpt_err_set(err, status, "%s: %s", document->path,
				    strerror(errno));
	return ckpt_toml_parse(text, size, document->path, &document->toml,
			       err);
}

enum ckpt_status ckpt_document_open(const char *path, const char *library,
				    struct ckpt_document **ret,
				    struct ckpt_err *err)
{
	struct ckpt_document *document = calloc(1, sizeof *document);
	enum ckpt_status status;

	if (!document)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	status = set_paths(document, path);
	if (!status && library) {
		document->library = strdup(library);
		status = document->library ? CKPT_OK : CKPT_NOMEM;
	}
	if (status)
		(void)ckpt_err_set(err, status, "out of memory");
	else
		status = parse_file(document, err);
	if (status) {
		ckpt_document_close(document);
		return status;
	}
	*ret = document;
	return CKPT_OK;
}

void ckpt_document_close(struct ckpt_document *document)
{
	if (!document)
		return;
	ckpt_toml_destroy(document->toml);
	free(document->library);
	free(document->directory);
	free(document->path);
	free(document);
}

struct ckpt_place ckpt_document_place(const struct ckpt_document *document,
				      struct ckpt_toml_spot spot)
{
	return (struct ckpt_place){.file = document->path,
				   .line = spot.line,
				   .column = spot.column};
}
