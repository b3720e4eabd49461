/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_CLI_H
#define CKPT_TOOLS_CLI_H

/*
 * What the commands of ckpt(1) share: exit statuses, how mistakes are told,
 * which config and which store are meant, colour.
 */

#include "config/config.h"
#include "shim/common/status.h"

#include <stdbool.h>
#include <stdio.h>

/* Documented in ckpt(1), EXIT STATUS. */
enum ckpt_exit {
	CKPT_EXIT_OK = 0,
	CKPT_EXIT_FAILURE = 1, /* it could not be done, or a check found fault
				*/
	CKPT_EXIT_USAGE = 2,   /* wrong options or arguments */
	/* `ckpt run`, as env(1) and the shell */
	CKPT_EXIT_CANNOT_RUN = 126,
	CKPT_EXIT_NO_PROGRAM = 127,
};

/* Options every command has, for its getopt_long() table; the short ones are
 * "h" and "V". */
#define CKPT_CLI_OPTIONS                                                       \
	{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'}, \
		{"config", required_argument, NULL, 'c'},                      \
	{                                                                      \
		NULL, 0, NULL, 0                                               \
	}

/* Handle 'h', 'V' and '?' (and anything unknown) of getopt_long(): prints
 * `help` or the version to stdout, or for '?' where to find help. Returns the
 * exit status. */
int ckpt_cli_common(int option, const char *command, const char *help);

/* "ckpt COMMAND: message" and where to find help, to stderr; USAGE. */
int ckpt_cli_usage(const char *command, const char *format, ...)
	CKPT_PRINTF(2, 3);

/* "ckpt COMMAND: err's text" to stderr; FAILURE. */
int ckpt_cli_fail(const char *command, const struct ckpt_err *err);

/* stdout could be written to the end: OK, else FAILURE with a message. */
int ckpt_cli_finish(const char *command);

/* The config that holds here, absolute: `option` (--config) or CKPT_CONFIG if
 * given, else ./ckpt.toml, which must belong to the user or root and not be
 * writable by others. NOTFOUND: there is none. The caller frees *ret. */
enum ckpt_status ckpt_cli_config_path(const char *option, char **ret,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

/* The same, loaded. The caller destroys it. */
enum ckpt_status ckpt_cli_config_load(const char *option,
				      struct ckpt_config **ret,
				      struct ckpt_err *err) CKPT_MUST_CHECK;

/* Directory of the store: CKPT_DIR, else the config's. The caller frees. */
enum ckpt_status ckpt_cli_store_directory(const char *option, char **ret,
					  struct ckpt_err *err) CKPT_MUST_CHECK;

enum { CKPT_CLI_LIBRARY_DIRS = 3 };

/* Where contract libraries are: $CKPT_CONTRACTS, beside an installed ckpt, in
 * the build tree. NULL-terminated; free with ckpt_cli_library_dirs_destroy. */
char **ckpt_cli_library_dirs_create(void);
void ckpt_cli_library_dirs_destroy(char **dirs);

/* Directory of the running ckpt, links resolved. The caller frees; NULL if it
 * cannot be told. */
char *ckpt_cli_own_directory(void);

/* Colours go to terminals only, and not where NO_COLOR is set. */
bool ckpt_cli_is_coloured(FILE *file);

#endif
