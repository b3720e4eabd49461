/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLANNER_HEADER_H
#define CKPT_PLANNER_HEADER_H

/*
 * Prototypes from a library's own headers: the C compiler turns them into
 * debug info, which dwarf.h reads. The compiler is $CKPT_CC, else the first of
 * cc, gcc, clang in PATH (c++, g++, clang++ for headers that only C++ can
 * read); it is run without a shell, in a directory of its own, for at most
 * half a minute.
 *
 * Set-up world.
 */

#include "config/config.h"
#include "shim/planner/elf/deps.h"
#include "shim/planner/signature/dwarf.h"

struct ckpt_header_request {
	/* "svm.h", "libsvm/svm.h", "<zlib.h>", "/abs/x.h"; also the compiler
	 * flags -I, -isystem, -D, -U, -std= */
	const struct ckpt_strings *headers;
	const char *directory; /* relative names are looked for here first */
	const char *symbol;    /* a C identifier */
	const char *const *type_names;
	size_t type_count;
};

/* NOTFOUND: the headers do not declare it. INVALID: they do not compile; err
 * has the compiler's first error. UNSUPPORTED: no compiler; err names the
 * package. Every file the compiler read is noted in `deps`. */
enum ckpt_status ckpt_header_read_function(
	struct ckpt_types *types, const struct ckpt_header_request *request,
	struct ckpt_deps *deps, struct ckpt_dwarf_function *ret,
	struct ckpt_err *err) CKPT_MUST_CHECK;

#endif
