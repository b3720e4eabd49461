/* SPDX-License-Identifier: MIT */
#include "shim/store/secret.h"

#include <string.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/io.h"

/* 128 bits for each number, of all the bytes. */
static struct ckpt_hash128 derive(const void *data, size_t size,
				  uint64_t number)
{
	struct ckpt_hasher hasher;

	ckpt_hasher_init(&hasher, NULL);
	ckpt_hasher_update(&hasher, &number, sizeof(number));
	ckpt_hasher_update(&hasher, data, size);
	return ckpt_hasher_final(&hasher);
}

static void mix(struct ckpt_hash_secret *secret, const void *data, size_t size)
{
	struct ckpt_hash128 digest;
	uint8_t bytes[sizeof(digest)];

	for (size_t i = 0; i < sizeof(secret->bytes); i++) {
		if (i % sizeof(bytes) == 0) {
			digest = derive(data, size, i);
			memcpy(bytes, &digest, sizeof(bytes));
		}
		secret->bytes[i] ^= bytes[i % sizeof(bytes)];
	}
}

static enum ckpt_status check_file(int fd, const char *path, bool is_shared,
				   size_t *ret_size, struct ckpt_err *err)
{
	unsigned others = is_shared ? S_IRWXO : S_IRWXO | S_IRWXG;
	struct stat st;

	if (ckpt_sys_fstat(fd, &st) || !S_ISREG(st.st_mode))
		return ckpt_err_set(err, CKPT_INVALID, "%s: not a file", path);
	if (st.st_mode & others)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: others can read or write the secret; "
				    "run chmod %s on it",
				    path, is_shared ? "o=" : "go=");
	if (st.st_size < CKPT_SECRET_FILE_MIN ||
	    st.st_size > CKPT_SECRET_FILE_MAX)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: a secret has 16 to 4096 bytes; make "
				    "one with head -c 32 /dev/urandom",
				    path);
	*ret_size = (size_t)st.st_size;
	return CKPT_OK;
}

enum ckpt_status ckpt_secret_read(const char *path, bool is_shared,
				  struct ckpt_hash_secret *ret,
				  struct ckpt_err *err)
{
	struct ckpt_hash_secret secret = {.bytes = {0}};
	uint8_t bytes[CKPT_SECRET_FILE_MAX];
	enum ckpt_status status;
	size_t size = 0;
	int fd = ckpt_sys_openat(AT_FDCWD, path,
				 O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				 0);

	if (fd < 0)
		return ckpt_err_set(err, CKPT_INVALID,
				    "%s: the secret cannot be read (error %d)",
				    path, -fd);
	status = check_file(fd, path, is_shared, &size, err);
	if (!status && ckpt_io_read_all(fd, bytes, size, 0))
		status = ckpt_err_set(err, CKPT_IO, "%s: cannot be read", path);
	(void)ckpt_sys_close(fd);
	if (status)
		return status;
	mix(&secret, bytes, size);
	*ret = secret;
	return CKPT_OK;
}

void ckpt_secret_narrow(struct ckpt_hash_secret *secret, const char *name)
{
	if (name && *name)
		mix(secret, name, strlen(name));
}
