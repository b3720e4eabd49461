/* SPDX-License-Identifier: MIT */
#include "tools/fptext_x86_64.h"

static const char *const roundings[] = {"to nearest", "downward", "upward",
					"toward zero"};
static const char *const switches[] = {"off", "on"};
static const char *const precisions[] = {"single", "reserved", "double",
					 "extended"};

static const struct setting {
	const char *name;
	unsigned shift;
	uint32_t mask;
	const char *const *values; /* NULL: told as a number */
} settings[] = {
	{"rounding mode", 13, 3, roundings},
	{"flush to zero", 15, 1, switches},
	{"denormals are zero", 6, 1, switches},
	{"masks of floating-point exceptions", 7, 0x3f, NULL},
	{"x87 rounding mode", 26, 3, roundings},
	{"x87 precision", 24, 3, precisions},
	{"masks of x87 exceptions", 16, 0x3f, NULL},
};

bool ckpt_fptext_compare(uint32_t mine, uint32_t other, struct ckpt_buf *out)
{
	bool is_any = false;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct setting *s = &settings[i];
		uint32_t a = mine >> s->shift & s->mask;
		uint32_t b = other >> s->shift & s->mask;

		if (a == b)
			continue;
		is_any = true;
		if (s->values)
			ckpt_buf_format(out, "%s: %s, was %s\n", s->name,
					s->values[a], s->values[b]);
		else
			ckpt_buf_format(out, "%s: 0x%x, was 0x%x\n", s->name, a,
					b);
	}
	return is_any;
}
