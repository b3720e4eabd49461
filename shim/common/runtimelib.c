/* SPDX-License-Identifier: MIT */
#include "shim/common/runtimelib.h"

#include <stddef.h>
#include <string.h>

static const char *const stems[] = {
	"ld-linux-x86-64", "libanl",	  "libatomic", "libc",	"libdl",
	"libgcc_s",	   "libgfortran", "libgomp",   "libm",	"libmvec",
	"libpthread",	   "libquadmath", "libresolv", "librt", "libstdc++",
	"libutil",
};

const char *ckpt_runtimelib_stem(const char *name)
{
	const char *end = strstr(name, ".so");

	if (!end)
		return NULL;
	for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
		size_t size = strlen(stems[i]);

		if ((size_t)(end - name) == size &&
		    strncmp(name, stems[i], size) == 0)
			return stems[i];
	}
	return NULL;
}
