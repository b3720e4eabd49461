/* SPDX-License-Identifier: MIT */
#include "shim/store/path.h"

#include <string.h>

#include "shim/common/sys_x86_64.h"

/* struct linux_dirent64 (getdents(2)). */
enum {
	DIRENT_LENGTH = 16,
	DIRENT_NAME = 19,
};

bool ckpt_path_join3(char *to, size_t size, const char *a, const char *b,
		     const char *c)
{
	const char *const parts[] = {a, b, c};
	size_t used = 0;

	for (int i = 0; i < 3; i++) {
		size_t length = strlen(parts[i]);

		if (length >= size - used) {
			to[0] = '\0';
			return false;
		}
		memcpy(to + used, parts[i], length);
		used += length;
	}
	to[used] = '\0';
	return true;
}

bool ckpt_path_join(char *to, size_t size, const char *a, const char *b)
{
	return ckpt_path_join3(to, size, a, b, "");
}

bool ckpt_path_number(char *to, size_t size, const char *prefix,
		      uint64_t number)
{
	char digits[21];
	char *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return ckpt_path_join(to, size, prefix, p);
}

void ckpt_path_list_open(struct ckpt_path_list *list, int dir, const char *name)
{
	list->fd = ckpt_sys_openat(
		dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0);
	list->next = 0;
	list->size = 0;
}

void ckpt_path_list_close(struct ckpt_path_list *list)
{
	if (list->fd >= 0)
		(void)ckpt_sys_close(list->fd);
}

const char *ckpt_path_list_next(struct ckpt_path_list *list)
{
	const char *name;

	do {
		uint16_t length;

		if (list->next == list->size) {
			long n = list->fd < 0 ? 0
					      : ckpt_sys_getdents(
							list->fd, list->buffer,
							sizeof(list->buffer));

			if (n <= 0)
				return NULL;
			list->next = 0;
			list->size = (size_t)n;
		}
		memcpy(&length, list->buffer + list->next + DIRENT_LENGTH,
		       sizeof(length));
		name = (const char *)list->buffer + list->next + DIRENT_NAME;
		list->next += length;
	} while (!strcmp(name, ".") || !strcmp(name, ".."));
	return name;
}
