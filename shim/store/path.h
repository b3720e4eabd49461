/* SPDX-License-Identifier: MIT */
#ifndef CKPT_STORE_PATH_H
#define CKPT_STORE_PATH_H

/*
 * Names and directory listings without libc's streams. Stateless, hot path.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Concatenate; false and an empty text if it does not fit. */
bool ckpt_path_join(char *to, size_t size, const char *a, const char *b);
bool ckpt_path_join3(char *to, size_t size, const char *a, const char *b,
		     const char *c);
/* "prefix" and a decimal number. */
bool ckpt_path_number(char *to, size_t size, const char *prefix,
		      uint64_t number);

/* The entries of a directory but "." and "..", in no order. */
struct ckpt_path_list {
	int fd;
	size_t next;
	size_t size;
	uint8_t buffer[4096] __attribute__((aligned(8)));
};

/* A directory that cannot be opened has no entries. */
void ckpt_path_list_open(struct ckpt_path_list *list, int dir,
			 const char *name);
void ckpt_path_list_close(struct ckpt_path_list *list);
/* Valid until the next call; NULL at the end. */
const char *ckpt_path_list_next(struct ckpt_path_list *list);

#endif
