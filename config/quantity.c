/* SPDX-License-Identifier: MIT */
#include "config/quantity.h"

#include <stddef.h>
#include <string.h>

struct unit {
	const char *name;
	double factor;
};

static const struct unit bytes[] = {
	{"", 1},
	{"B", 1},
	{"kB", 1e3},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"KiB", 1024},
	{"MiB", 1024 * 1024},
	{"GiB", 1024.0 * 1024 * 1024},
	{"TiB", 1024.0 * 1024 * 1024 * 1024},
	{NULL, 0},
};

static const struct unit seconds[] = {
	{"", 1},	   {"ns", 1e-9},    {"us", 1e-6},    {"µs", 1e-6},
	{"ms", 1e-3},	   {"s", 1},	    {"sec", 1},	     {"second", 1},
	{"seconds", 1},	   {"min", 60},	    {"minute", 60},  {"minutes", 60},
	{"h", 3600},	   {"hour", 3600},  {"hours", 3600}, {"d", 86400},
	{"day", 86400},	   {"days", 86400}, {"w", 604800},   {"week", 604800},
	{"weeks", 604800}, {NULL, 0},
};

/* Digits, perhaps a point and more of them. NULL if there are none. */
static const char *parse_number(const char *text, double *ret)
{
	const char *start = text;
	double place = 1;
	double number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	if (text == start)
		return NULL;
	if (*text == '.') {
		if (text[1] < '0' || text[1] > '9')
			return NULL;
		for (text++; *text >= '0' && *text <= '9'; text++) {
			place /= 10;
			number += (*text - '0') * place;
		}
	}
	*ret = number;
	return text;
}

bool ckpt_quantity_parse(const char *text, enum ckpt_quantity quantity,
			 double *ret)
{
	const struct unit *unit =
		quantity == CKPT_QUANTITY_BYTES ? bytes : seconds;
	double number;

	if (strlen(text) > 40)
		return false;
	text = parse_number(text, &number);
	if (!text)
		return false;
	while (*text == ' ')
		text++;
	for (; unit->name; unit++) {
		if (strcmp(text, unit->name) == 0) {
			*ret = number * unit->factor;
			return true;
		}
	}
	return false;
}
