/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as ckpt.toml, and as a contract library. Whatever they are, there
 * is a config or a message with a place.
 */
#include "config/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int open_file(const uint8_t *data, size_t size, char *path, size_t room)
{
	int fd = memfd_create("ckpt.toml", MFD_CLOEXEC);

	if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
		abort();
	(void)snprintf(path, room, "/proc/self/fd/%d", fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const dirs[] = {"/nonexistent", NULL};
	const struct ckpt_function_config *function;
	struct ckpt_config *config = NULL;
	struct ckpt_err err = {0};
	enum ckpt_status status;
	char path[64];
	int fd = open_file(data, size, path, sizeof(path));

	status = ckpt_config_load(path, dirs, &config, &err);
	if (status && !*err.text)
		abort();
	for (size_t i = 0; config && i < config->function_count; i++) {
		if (config->functions[i].is_pattern)
			(void)!ckpt_config_expand(config, &config->functions[i],
						  "f", &function, &err);
	}
	ckpt_config_destroy(config);
	config = NULL;
	if (!ckpt_config_load_library(path, dirs, &config, &err))
		ckpt_config_destroy(config);
	(void)close(fd);
	return 0;
}
