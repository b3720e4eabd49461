/* SPDX-License-Identifier: MIT */
#include "tools/chart.h"

enum { COLUMN_WIDTH = 12, COLUMN_GAP = 4, HEIGHT = 140 };

static const char head[] =
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<style>\n"
	":root { color-scheme: light dark; --ink: #1c2024; --soft: #5c6670;\n"
	"  --paper: #fff; --line: #dfe3e8; --bar: #2f6fb0; --rest: #d5dce4; }\n"
	"@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec;\n"
	"  --soft: #9aa4ae; --paper: #15181b; --line: #30363c;\n"
	"  --bar: #6ba6e0; --rest: #343c44; } }\n"
	"body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink);\n"
	"  background: var(--paper); max-width: 60rem; margin: 0 auto;\n"
	"  padding: 1.5rem; }\n"
	"h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem;\n"
	"  margin: 2.5rem 0 .25rem; }\n"
	"p { color: var(--soft); margin: 0 0 .75rem; }\n"
	".figures { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem;\n"
	"  margin-top: 1.5rem; }\n"
	".figures b { display: block; font-size: 1.6rem; }\n"
	".figures span { color: var(--soft); }\n"
	".bars { display: grid; gap: .4rem .75rem; align-items: center;\n"
	"  grid-template-columns: minmax(6rem, 20rem) 1fr max-content; }\n"
	"@media (max-width: 36rem) { .bars { grid-template-columns: 1fr\n"
	"  max-content; } .bars .label { grid-column: 1 / 3; } }\n"
	".bars .label { overflow: hidden; text-overflow: ellipsis;\n"
	"  white-space: nowrap; }\n"
	".bars .bar { height: 1.1rem; border-radius: 2px;\n"
	"  background: var(--bar); min-width: 1px; }\n"
	".bars .text { font-variant-numeric: tabular-nums; }\n"
	"svg { width: 100%; height: auto; max-height: 14rem; }\n"
	"svg rect { fill: var(--bar); } svg line { stroke: var(--line); }\n"
	".ends { display: flex; justify-content: space-between;\n"
	"  color: var(--soft); }\n"
	"</style>\n";

void ckpt_chart_text(FILE *file, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", file);
			break;
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		default:
			fputc(*text, file);
		}
	}
}

void ckpt_chart_begin(FILE *file, const char *title)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	      "<title>",
	      file);
	ckpt_chart_text(file, title);
	fputs("</title>\n", file);
	fputs(head, file);
	fputs("<h1>", file);
	ckpt_chart_text(file, title);
	fputs("</h1>\n", file);
}

void ckpt_chart_end(FILE *file)
{
	fputs("</html>\n", file);
}

void ckpt_chart_figure(FILE *file, const char *value, const char *meaning)
{
	fputs("<div><b>", file);
	ckpt_chart_text(file, value);
	fputs("</b><span>", file);
	ckpt_chart_text(file, meaning);
	fputs("</span></div>\n", file);
}

static void begin_picture(FILE *file, const char *title, const char *note)
{
	fputs("<h2>", file);
	ckpt_chart_text(file, title);
	fputs("</h2>\n", file);
	if (!note)
		return;
	fputs("<p>", file);
	ckpt_chart_text(file, note);
	fputs("</p>\n", file);
}

static double find_largest(const struct ckpt_chart_bar *bars, size_t count)
{
	double largest = 0;

	for (size_t i = 0; i < count; i++)
		largest = bars[i].value > largest ? bars[i].value : largest;
	return largest > 0 ? largest : 1;
}

void ckpt_chart_bars(FILE *file, const char *title, const char *note,
		     const struct ckpt_chart_bar *bars, size_t count,
		     double full)
{
	double largest = full > 0 ? full : find_largest(bars, count);

	begin_picture(file, title, note);
	fputs("<div class=\"bars\">\n", file);
	for (size_t i = 0; i < count; i++) {
		double value = bars[i].value > 0 ? bars[i].value : 0;

		fputs("<div class=\"label\" title=\"", file);
		ckpt_chart_text(file, bars[i].label);
		fputs("\">", file);
		ckpt_chart_text(file, bars[i].label);
		fprintf(file,
			"</div><div><div class=\"bar\" style=\"width:%.2f%%\">"
			"</div></div><div class=\"text\">",
			value / largest * 100);
		ckpt_chart_text(file, bars[i].text);
		fputs("</div>\n", file);
	}
	fputs("</div>\n", file);
}

static void draw_column(FILE *file, const struct ckpt_chart_bar *column,
			size_t at, double largest)
{
	double height =
		column->value > 0 ? column->value / largest * HEIGHT : 0;

	if (height > 0 && height < 1)
		height = 1;
	fprintf(file,
		"<rect x=\"%zu\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" "
		"rx=\"1\"><title>",
		at * (COLUMN_WIDTH + COLUMN_GAP), HEIGHT - height, COLUMN_WIDTH,
		height);
	ckpt_chart_text(file, column->label);
	fputs(": ", file);
	ckpt_chart_text(file, column->text);
	fputs("</title></rect>\n", file);
}

void ckpt_chart_columns(FILE *file, const char *title, const char *note,
			const struct ckpt_chart_bar *columns, size_t count)
{
	double largest = find_largest(columns, count);
	size_t width = (count < 14 ? 14 : count) * (COLUMN_WIDTH + COLUMN_GAP);

	if (!count)
		return;
	begin_picture(file, title, note);
	fprintf(file,
		"<svg viewBox=\"0 0 %zu %d\" role=\"img\" "
		"preserveAspectRatio=\"xMinYMax\">\n",
		width, HEIGHT + 1);
	for (size_t i = 0; i < count; i++)
		draw_column(file, &columns[i], i, largest);
	fprintf(file, "<line x1=\"0\" y1=\"%d\" x2=\"%zu\" y2=\"%d\"/></svg>\n",
		HEIGHT, width, HEIGHT);
	fputs("<div class=\"ends\"><span>", file);
	ckpt_chart_text(file, columns[0].label);
	fputs("</span><span>", file);
	if (count > 1)
		ckpt_chart_text(file, columns[count - 1].label);
	fputs("</span></div>\n", file);
}
