/* SPDX-License-Identifier: MIT */
#include "shim/store/runid.h"

#include <errno.h>
#include <string.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/path.h"

enum {
	DEPTH_MAX = 64,
	/* Fields of /proc/<pid>/stat counted from behind the name (proc(5)). */
	FIELD_PARENT = 2,
	FIELD_START = 20,
};

static int open_proc(uint64_t pid, const char *name)
{
	char path[64];
	char whole[160];

	(void)ckpt_path_number(path, sizeof(path), "/proc/", pid);
	(void)ckpt_path_join(whole, sizeof(whole), path, name);
	return ckpt_sys_openat(AT_FDCWD, whole, O_RDONLY | O_CLOEXEC, 0);
}

static uint64_t parse_field(const char *text, int field)
{
	uint64_t value = 0;

	while (field-- > 0) {
		text = strchr(text, ' ');
		if (!text)
			return 0;
		text++;
	}
	while (*text >= '0' && *text <= '9')
		value = value * 10 + (uint64_t)(*text++ - '0');
	return value;
}

enum { STAT_SIZE = 512 };

/* What follows the name in such a file (proc(5)), which starts with a ')'; NULL
 * if it cannot be read. Takes the descriptor. */
static const char *read_fields(int fd, char text[STAT_SIZE])
{
	long size;

	if (fd < 0)
		return NULL;
	size = ckpt_sys_read(fd, text, STAT_SIZE - 1);
	(void)ckpt_sys_close(fd);
	if (size <= 0)
		return NULL;
	text[size] = '\0';
	/* The name may contain anything, ')' and spaces too. */
	return strrchr(text, ')');
}

static bool read_stat(uint64_t pid, uint64_t *ret_parent, uint64_t *ret_start)
{
	char text[STAT_SIZE];
	const char *name_end = read_fields(open_proc(pid, "/stat"), text);

	if (!name_end)
		return false;
	*ret_parent = parse_field(name_end, FIELD_PARENT);
	*ret_start = parse_field(name_end, FIELD_START);
	return true;
}

/* Looks for one text inside the value of LD_PRELOAD, byte by byte. */
struct scanner {
	size_t name_matched;
	size_t text_matched;
	bool is_other; /* inside another variable */
	bool is_found;
};

static void scan_byte(struct scanner *s, char c)
{
	static const char name[] = "LD_PRELOAD=";
	static const char text[] = "libckpt.so";

	if (c == '\0') {
		s->name_matched = 0;
		s->text_matched = 0;
		s->is_other = false;
	} else if (s->is_other) {
		return;
	} else if (s->name_matched < sizeof(name) - 1) {
		if (c == name[s->name_matched])
			s->name_matched++;
		else
			s->is_other = true;
	} else if (c == text[s->text_matched]) {
		if (++s->text_matched == sizeof(text) - 1) {
			s->is_found = true;
			s->text_matched = 0;
		}
	} else {
		/* No beginning of the text is found inside it again. */
		s->text_matched = c == text[0];
	}
}

static bool has_preload(uint64_t pid)
{
	struct scanner scanner = {0};
	int fd = open_proc(pid, "/environ");
	char bytes[2048];
	long size;

	if (fd < 0)
		return false;
	while (!scanner.is_found &&
	       (size = ckpt_sys_read(fd, bytes, sizeof(bytes))) > 0)
		for (long i = 0; i < size && !scanner.is_found; i++)
			scan_byte(&scanner, bytes[i]);
	(void)ckpt_sys_close(fd);
	return scanner.is_found;
}

struct ckpt_runid ckpt_runid_of(uint64_t pid)
{
	struct ckpt_runid id = {.pid = pid};
	uint64_t parent;

	if (!read_stat(pid, &parent, &id.start))
		id.start = 0;
	return id;
}

bool ckpt_runid_has_ended(uint64_t pid, uint64_t tid)
{
	char name[64], whole[80], text[STAT_SIZE];
	const char *fields;
	int fd;

	(void)ckpt_path_number(name, sizeof(name), "/task/", tid);
	(void)ckpt_path_join(whole, sizeof(whole), name, "/stat");
	fd = open_proc(pid, whole);
	if (fd < 0)
		return fd == -ENOENT || fd == -ESRCH;
	fields = read_fields(fd, text);
	return fields && fields[1] && (fields[2] == 'Z' || fields[2] == 'X');
}

struct ckpt_runid ckpt_runid_find(void)
{
	struct ckpt_runid id = {.pid = (uint64_t)ckpt_sys_getpid()};
	uint64_t parent;

	if (!read_stat(id.pid, &parent, &id.start))
		return id;
	for (int i = 0; i < DEPTH_MAX && parent && has_preload(parent); i++) {
		struct ckpt_runid next = {.pid = parent};

		if (!read_stat(next.pid, &parent, &next.start))
			break;
		id = next;
	}
	return id;
}
