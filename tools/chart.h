/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TOOLS_CHART_H
#define CKPT_TOOLS_CHART_H

/*
 * Pictures for `ckpt report`, as HTML and SVG that need nothing from outside
 * and follow the reader's width and his choice of light or dark.
 */

#include <stddef.h>
#include <stdio.h>

struct ckpt_chart_bar {
	const char *label;
	const char *text; /* at the end of the bar, the value in words */
	double value;
};

/* Text with the characters that mean something in HTML escaped. */
void ckpt_chart_text(FILE *file, const char *text);

/* Everything up to the first picture, and after the last. */
void ckpt_chart_begin(FILE *file, const char *title);
void ckpt_chart_end(FILE *file);

/* One number that matters. */
void ckpt_chart_figure(FILE *file, const char *value, const char *meaning);

/* A bar for each; one of `full` (0: the largest) is as wide as there is room.
 * `note` may be NULL. */
void ckpt_chart_bars(FILE *file, const char *title, const char *note,
		     const struct ckpt_chart_bar *bars, size_t count,
		     double full);

/* A column for each, from left to right: values over time. */
void ckpt_chart_columns(FILE *file, const char *title, const char *note,
			const struct ckpt_chart_bar *columns, size_t count);

#endif
