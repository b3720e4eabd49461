/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_CONTRACTS_H
#define CKPT_TOOLS_CONTRACTS_H

/* What a contract library says, for people: ckpt inspect --contracts. */

/* Prints the library `name`; an exit status (cli.h). */
int ckpt_contracts_print(const char *name);

#endif
