/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_LIBRARY_H
#define CKPT_CONFIG_LIBRARY_H

/*
 * Contract libraries: where they are, and what they say of a function. They
 * only describe; what is checkpointed is for the config to say. Set-up world.
 */

#include "config/block.h"

/* A file that was looked at, and whether it is there; see config.h. */
enum ckpt_status ckpt_config_add_file(struct ckpt_config *config,
				      const char *path,
				      bool is_present) CKPT_MUST_CHECK;
/* Takes the document, also on failure. */
enum ckpt_status
ckpt_config_add_document(struct ckpt_config *config,
			 struct ckpt_document *document) CKPT_MUST_CHECK;

/* Open the library that `use` calls `name`: NAME.toml in one of `dirs`, or, if
 * it is a path, that file, relative to `directory`. It becomes a document of
 * the config, and each place looked at one of its files. NOTFOUND: err says
 * which there are. */
enum ckpt_status ckpt_library_open(struct ckpt_config *config,
				   const char *const *dirs,
				   const char *directory, const char *name,
				   struct ckpt_document **ret,
				   struct ckpt_err *err) CKPT_MUST_CHECK;

/* The library's own mistakes. */
void ckpt_library_check(const struct ckpt_document *library,
			struct ckpt_messages *messages);

/* What the first library of the config knows of the function `name`, defined
 * in an object that `object` (a glob, may be NULL) can mean: its [[function]]
 * and its [defaults]. Tables are NULL if none knows it. */
void ckpt_library_find(const struct ckpt_config *config, const char *name,
		       const char *object, struct ckpt_layer layers[2]);

#endif
