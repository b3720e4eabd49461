/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_CMD_H
#define CKPT_TOOLS_CMD_H

/*
 * The commands of ckpt(1). Each stands in tools/cmd_NAME.c, takes its own name
 * as argv[0], parses its options with getopt_long() (which starts anew for it)
 * and returns an exit status of cli.h. A new command gets a declaration here
 * and a line in the table of ckpt.c.
 */

int ckpt_cmd_check(int argc, char **argv);
int ckpt_cmd_init(int argc, char **argv);
int ckpt_cmd_inspect(int argc, char **argv);
int ckpt_cmd_plan(int argc, char **argv);
int ckpt_cmd_run(int argc, char **argv);
int ckpt_cmd_stats(int argc, char **argv);
int ckpt_cmd_why(int argc, char **argv);
int ckpt_cmd_clear(int argc, char **argv);
int ckpt_cmd_list(int argc, char **argv);
int ckpt_cmd_rm(int argc, char **argv);
int ckpt_cmd_gc(int argc, char **argv);
int ckpt_cmd_fsck(int argc, char **argv);
int ckpt_cmd_show(int argc, char **argv);
int ckpt_cmd_export(int argc, char **argv);
int ckpt_cmd_import(int argc, char **argv);
int ckpt_cmd_report(int argc, char **argv);

#endif
