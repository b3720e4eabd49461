/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_QUANTITY_H
#define CKPT_CONFIG_QUANTITY_H

/* Numbers with a unit: "5 GiB", "500MB", "30 days", "1.5 h". Set-up world. */

#include <stdbool.h>

enum ckpt_quantity {
	CKPT_QUANTITY_BYTES,   /* B kB MB GB TB, and KiB MiB GiB TiB */
	CKPT_QUANTITY_SECONDS, /* ns us ms s min h days weeks, long or short */
};

/* The text as bytes or seconds; without a unit it is that already. false if it
 * is no such quantity. Independent of the locale. */
bool ckpt_quantity_parse(const char *text, enum ckpt_quantity quantity,
			 double *ret);

#endif
