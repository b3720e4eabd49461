/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_CONFIG_H
#define CKPT_CONFIG_CONFIG_H

/*
 * ckpt.toml, read and checked: what the user wrote, with [defaults] and the
 * contract libraries named by `use` already applied. Knows no object file and
 * no type; every mistake that can be seen without them is reported here with
 * file:line:column, all of them in one go.
 *
 * Set-up world, in the planner and the command only; never in the target.
 */

#include "config/contract.h"
#include "config/strings.h"
#include "shim/common/status.h"

/* [function].impure */
enum ckpt_impure {
	CKPT_IMPURE_OBSERVE,
	CKPT_IMPURE_REFUSE,
	CKPT_IMPURE_ALLOW,
	CKPT_IMPURE_LIST, /* the classes in impure_classes are waived */
};

enum ckpt_once { CKPT_ONCE_NO, CKPT_ONCE_THREADS, CKPT_ONCE_PROCESSES };

enum ckpt_via { CKPT_VIA_AUTO, CKPT_VIA_SLOT, CKPT_VIA_ENTRY };

/* The words that [function].impure may list, NULL at the end: one for each
 * class of impure calls of plan.h, in the same order. */
extern const char *const ckpt_config_impure_classes[];

/* One function to checkpoint, or (in a library) its description. All NULL,
 * 0 or empty where nothing was said. */
struct ckpt_function_config {
	char *name;   /* symbol, C++ name, or glob */
	char *object; /* glob over file name or soname; NULL = any */
	char *from;   /* glob: only calls from these objects */
	int on_error; /* enum ckpt_on_error of plan.h */
	char *signature;
	struct ckpt_place signature_place;
	struct ckpt_strings headers;
	char *debug_file;
	struct ckpt_contract *memory;
	size_t memory_count;
	struct ckpt_expr *require, *bypass_if, *store_if;
	char *require_text, *bypass_if_text, *store_if_text;
	struct ckpt_strings env, files;
	struct ckpt_strings ignore_globals, scratch_globals;
	/* Functions that are not looked into: a call during which one is
	 * entered is not stored. */
	struct ckpt_strings watch;
	bool is_indirect_object; /* indirect = "object" */
	enum ckpt_impure impure;
	struct ckpt_strings impure_classes;
	bool is_portable, is_nested, is_alignment, keeps_inputs;
	enum ckpt_once once;
	double once_wait_s;
	double verify;
	uint64_t min_time_ns;
	uint64_t max_age_s;
	enum ckpt_via via;
	bool is_address_taken; /* pointers without a name are slots too */
	struct ckpt_place place;
	/* Contract library its description came from, or NULL. Not owned. */
	const char *library;
	bool is_pattern; /* name is a glob: see ckpt_config_expand() */
	/* Where it came from; private. */
	const struct ckpt_document *document;
	const struct ckpt_toml *table;
};

/* [[type]]: a contract for a struct, wherever it appears. */
struct ckpt_type_config {
	char *name;		      /* "gsl_matrix", "struct svm_node" */
	struct ckpt_contract *memory; /* paths relative to the struct */
	size_t memory_count;
	struct ckpt_place place;
};

/* A file that was read, or looked for in vain. */
struct ckpt_config_file {
	char *path; /* absolute */
	bool is_present;
};

struct ckpt_config {
	char *path;	   /* absolute */
	char *description; /* of a contract library, or NULL */
	char *program;	   /* glob or NULL: only for programs of this name */
	char *directory;   /* of the cache, absolute */
	uint64_t max_size;
	uint64_t max_entries;
	uint64_t max_age_s;
	bool is_shared, is_readonly;
	struct ckpt_strings lower;
	char *remote;
	char *secret_file;
	char *name_space;
	int log_level; /* enum ckpt_log_level of plan.h */
	int on_error;  /* of [defaults]: for what concerns no one function */
	double plan_wait_s; /* default 10 */
	bool is_measure;    /* plan to measure, not to cache */
	struct ckpt_function_config *functions;
	size_t function_count;
	struct ckpt_type_config *types;
	size_t type_count;
	struct ckpt_config_file *files;
	size_t file_count;
	/* What was accepted but will not happen, a line each with its place:
	 * keys that this version does not enforce yet. */
	struct ckpt_strings notes;
	/* Files that trees and places refer to; private. */
	struct ckpt_document **documents;
	size_t document_count;
	struct ckpt_function_config **expanded;
	size_t expanded_count;
};

/* Load `path`. Contract libraries are looked for as NAME.toml in `library_dir`
 * (NULL-terminated list of directories), or beside the config if `use` names a
 * path. INVALID: err has every mistake, a line each (as many as fit). */
enum ckpt_status ckpt_config_load(const char *path,
				  const char *const *library_dirs,
				  struct ckpt_config **ret,
				  struct ckpt_err *err) CKPT_MUST_CHECK;
/* The same for who keeps what was found. INVALID: *ret_failed is a config that
 * has nothing but its path and the files read or looked for; to destroy. */
enum ckpt_status ckpt_config_load_keeping(const char *path,
					  const char *const *library_dirs,
					  struct ckpt_config **ret,
					  struct ckpt_config **ret_failed,
					  struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_config_destroy(struct ckpt_config *config);

/* The function blocks of the contract library NAME (for inspect). */
enum ckpt_status ckpt_config_load_library(const char *name,
					  const char *const *library_dirs,
					  struct ckpt_config **ret,
					  struct ckpt_err *err) CKPT_MUST_CHECK;

/* The block that `pattern`, a function of `config` whose name is a glob, means
 * for the one symbol `name`: what contract libraries know of that symbol is
 * applied. `ret` belongs to the config. */
enum ckpt_status ckpt_config_expand(struct ckpt_config *config,
				    const struct ckpt_function_config *pattern,
				    const char *name,
				    const struct ckpt_function_config **ret,
				    struct ckpt_err *err) CKPT_MUST_CHECK;

/* May its callers pass functions to it? A `code` clause of its own or of a
 * [[type]] says so. */
bool ckpt_config_passes_code(const struct ckpt_config *config,
			     const struct ckpt_function_config *function);

#endif
