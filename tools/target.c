/* SPDX-License-Identifier: MIT */
#include "tools/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shim/common/buf.h"
#include "shim/common/cleanup.h"

enum {
	SCRIPT_DEPTH_MAX = 4,  /* as binfmt_script */
	SCRIPT_LINE_MAX = 256, /* BINPRM_BUF_SIZE */
};

static enum ckpt_status check_file(const char *path, int depth,
				   struct ckpt_err *err);

static enum ckpt_status find_in_path(const char *name, char **ret,
				     struct ckpt_err *err)
{
	const char *path = getenv("PATH");
	const char *next = path ? path : "/bin:/usr/bin";
	bool is_denied = false;

	while (next) {
		const char *end = strchrnul(next, ':');
		_cleanup_free_ char *file = NULL;
		int length = (int)(end - next);

		/* An empty element is the current directory. */
		if (asprintf(&file, "%.*s%s%s", length, next,
			     length ? "/" : "./", name) < 0)
			return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
		if (!access(file, X_OK)) {
			*ret = TAKE(file);
			return CKPT_OK;
		}
		is_denied |= errno == EACCES;
		next = *end ? end + 1 : NULL;
	}
	return ckpt_err_set(err, is_denied ? CKPT_UNSUPPORTED : CKPT_NOTFOUND,
			    "%s: %s", name,
			    is_denied ? "may not be executed"
				      : "no such program in PATH");
}

enum ckpt_status ckpt_target_find(const char *name, char **ret,
				  struct ckpt_err *err)
{
	if (!strchr(name, '/'))
		return find_in_path(name, ret, err);
	if (access(name, X_OK))
		return ckpt_err_set(
			err, errno == EACCES ? CKPT_UNSUPPORTED : CKPT_NOTFOUND,
			"%s: %s", name, strerror(errno));
	*ret = strdup(name);
	return *ret ? CKPT_OK : ckpt_err_set(err, CKPT_NOMEM, "out of memory");
}

/* ld.so(8), secure-execution mode: LD_PRELOAD with a slash is ignored. */
static enum ckpt_status check_privileges(const char *path, int fd,
					 struct ckpt_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	if (((st.st_mode & S_ISUID) && st.st_uid != geteuid()) ||
	    ((st.st_mode & S_ISGID) && st.st_gid != getegid()))
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s is set-user-ID or set-group-ID: the "
				    "loader ignores preloaded libraries in it",
				    path);
	if (geteuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s has file capabilities: the loader "
				    "ignores preloaded libraries in it",
				    path);
	return CKPT_OK;
}

static enum ckpt_status check_script(const char *path, const char *line,
				     int depth, struct ckpt_err *err)
{
	_cleanup_free_ char *interpreter = NULL;
	size_t length;

	line += strspn(line, " \t");
	length = strcspn(line, " \t\r\n");
	if (!length)
		return ckpt_err_set(err, CKPT_BADDATA,
				    "%s: a script without interpreter", path);
	interpreter = strndup(line, length);
	if (!interpreter)
		return ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	return check_file(interpreter, depth + 1, err);
}

static bool is_go(const uint8_t *data, size_t size)
{
	/* Section and note names that every Go linker writes. */
	return memmem(data, size, "Go\0\0", 4) != NULL &&
	       memmem(data, size, "\377 Go buildinf:", 14) != NULL;
}

/* From PT_INTERP: the loader decides what a preload means. */
static enum ckpt_status check_loader(const char *path,
				     const struct ckpt_reader *file,
				     const Elf64_Phdr *interp,
				     struct ckpt_err *err)
{
	struct ckpt_reader r = *file;
	const char *loader;

	if (ckpt_reader_seek(&r, interp->p_offset) ||
	    ckpt_read_string(&r, &loader))
		return ckpt_err_set(err, CKPT_BADDATA,
				    "%s: PT_INTERP is not a string inside the "
				    "file",
				    path);
	if (strstr(loader, "ld-musl"))
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s is linked against musl (%s): libckpt "
				    "needs the GNU C library",
				    path, loader);
	return CKPT_OK;
}

static enum ckpt_status check_segments(const char *path,
				       const struct ckpt_reader *file,
				       const Elf64_Ehdr *ehdr,
				       struct ckpt_err *err)
{
	struct ckpt_reader r = *file;
	size_t size = ckpt_reader_left(file);

	if (ehdr->e_phentsize != sizeof(Elf64_Phdr) ||
	    ckpt_reader_seek(&r, ehdr->e_phoff))
		return ckpt_err_set(err, CKPT_BADDATA,
				    "%s: program headers are not inside the "
				    "file",
				    path);
	for (unsigned i = 0; i < ehdr->e_phnum; i++) {
		Elf64_Phdr phdr;

		if (ckpt_read_copy(&r, &phdr, sizeof(phdr)))
			return ckpt_err_set(err, CKPT_BADDATA,
					    "%s: program header %u is not "
					    "inside the file",
					    path, i);
		if (phdr.p_type == PT_INTERP)
			return check_loader(path, file, &phdr, err);
	}
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "%s is statically linked%s: nothing can be "
			    "preloaded into it",
			    path, is_go(file->start, size) ? " (Go)" : "");
}

static enum ckpt_status check_elf(const char *path, const void *data,
				  size_t size, struct ckpt_err *err)
{
	struct ckpt_reader file, r;
	Elf64_Ehdr ehdr;

	ckpt_reader_init(&file, data, size);
	r = file;
	if (size > EI_CLASS && ((const uint8_t *)data)[EI_CLASS] == ELFCLASS32)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s is a 32-bit program: libckpt is "
				    "64-bit",
				    path);
	if (ckpt_read_copy(&r, &ehdr, sizeof(ehdr)))
		return ckpt_err_set(err, CKPT_BADDATA,
				    "%s: the ELF header is cut short", path);
	if (ehdr.e_machine != EM_X86_64)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s is for another processor (ELF machine "
				    "%u): libckpt is for x86-64",
				    path, ehdr.e_machine);
	return check_segments(path, &file, &ehdr, err);
}

static enum ckpt_status check_content(const char *path, const void *data,
				      size_t size, int depth,
				      struct ckpt_err *err)
{
	const char *text = data;

	if (size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG))
		return check_elf(path, data, size, err);
	if (size > 2 && text[0] == '#' && text[1] == '!') {
		char line[SCRIPT_LINE_MAX] = "";

		memcpy(line, text + 2,
		       size - 2 < sizeof(line) ? size - 2 : sizeof(line) - 1);
		return check_script(path, line, depth, err);
	}
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "%s is neither an ELF program nor a script", path);
}

static enum ckpt_status check_file(const char *path, int depth,
				   struct ckpt_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum ckpt_status status;
	struct stat st;
	void *data;

	if (depth > SCRIPT_DEPTH_MAX)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s: too many interpreters of scripts",
				    path);
	if (fd < 0 || fstat(fd, &st))
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return ckpt_err_set(err, CKPT_UNSUPPORTED,
				    "%s is not a program", path);
	status = check_privileges(path, fd, err);
	if (status)
		return status;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	status = check_content(path, data, (size_t)st.st_size, depth, err);
	munmap(data, (size_t)st.st_size);
	return status;
}

enum ckpt_status ckpt_target_check(const char *path, struct ckpt_err *err)
{
	return check_file(path, 0, err);
}
