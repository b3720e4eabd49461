/* SPDX-License-Identifier: MIT */
/* ckpt(1): finds the command and hands over. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "shim/common/version.h"
#include "tools/cli.h"
#include "tools/cmd.h"

struct command {
	const char *name;
	const char *summary; /* NULL: not for people */
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{"run", "run a program with the functions of ckpt.toml checkpointed",
	 ckpt_cmd_run},
	{"init", "write a first ckpt.toml for functions of a program",
	 ckpt_cmd_init},
	{"inspect", "all that is known of functions of a program",
	 ckpt_cmd_inspect},
	{"check", "is ckpt.toml right, and does it fit a program?",
	 ckpt_cmd_check},
	{"why", "why calls of the last run were not served", ckpt_cmd_why},
	{"stats", "hits, misses and time saved per function", ckpt_cmd_stats},
	{"plan", NULL, ckpt_cmd_plan},
	{"list", "the results that are kept", ckpt_cmd_list},
	{"show", "one result", ckpt_cmd_show},
	{"rm", "forget some results", ckpt_cmd_rm},
	{"gc", "bring the store inside its limits", ckpt_cmd_gc},
	{"clear", "forget every result", ckpt_cmd_clear},
	{"fsck", "verify a whole store", ckpt_cmd_fsck},
	{"export", "results as one file", ckpt_cmd_export},
	{"import", "results that export wrote", ckpt_cmd_import},
	{"report", "a page with pictures of what a store is worth",
	 ckpt_cmd_report},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *file)
{
	fputs("usage: ckpt COMMAND [ARGUMENTS]\n\n"
	      "A persistent result cache for functions inside native "
	      "programs.\n\n",
	      file);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (commands[i].summary)
			fprintf(file, "  %-8s %s\n", commands[i].name,
				commands[i].summary);
	fputs("\n'ckpt COMMAND --help' tells more; so do ckpt(1), "
	      "ckpt.toml(5) and libckpt(7).\n",
	      file);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "help")) {
		print_help(stdout);
		return ckpt_cli_finish("help");
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("ckpt " CKPT_VERSION);
		return ckpt_cli_finish("version");
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (*name)
		fprintf(stderr, "ckpt: there is no command '%s'\n\n", name);
	print_help(stderr);
	return CKPT_EXIT_USAGE;
}
