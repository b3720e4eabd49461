/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_DOCUMENT_H
#define CKPT_CONFIG_DOCUMENT_H

/*
 * One TOML file, read and parsed, and the paths that are relative to it.
 * Set-up world.
 */

#include "config/expr.h"
#include "config/toml.h"

struct ckpt_document {
	char *path;	 /* absolute */
	char *directory; /* absolute: paths in the file are relative to it */
	char *library;	 /* its name, if it is a contract library */
	struct ckpt_toml *toml;
};

/* NOTFOUND if there is no such file; IO, INVALID: err has the place. */
enum ckpt_status ckpt_document_open(const char *path, const char *library,
				    struct ckpt_document **ret,
				    struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_document_close(struct ckpt_document *document);

/* `path` as an absolute path, links not resolved; relative ones are of
 * `directory`, NULL for the current one. NULL without memory. */
char *ckpt_document_resolve(const char *directory, const char *path);

struct ckpt_place ckpt_document_place(const struct ckpt_document *document,
				      struct ckpt_toml_spot spot);

#endif
