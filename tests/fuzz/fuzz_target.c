/* SPDX-License-Identifier: MIT */
/* The headers of a program that `ckpt run` is to judge. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("target", MFD_CLOEXEC);
	struct ckpt_err err = {.text = ""};
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ckpt_target_check(path, &err) && !err.text[0])
		abort();
	close(fd);
	return 0;
}
