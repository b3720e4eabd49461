/* SPDX-License-Identifier: MIT */
#include "config/owner.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum ckpt_status ckpt_config_check_owner(const char *path, struct ckpt_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				    strerror(errno));
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s belongs to another user (uid %u): not "
				    "used; name it with --config or "
				    "CKPT_CONFIG if you trust it",
				    path, (unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s can be written by others (mode %04o): "
				    "not used; chmod go-w it, or name it with "
				    "--config or CKPT_CONFIG",
				    path, (unsigned)st.st_mode & 07777u);
	return CKPT_OK;
}
