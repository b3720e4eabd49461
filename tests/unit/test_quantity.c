/* SPDX-License-Identifier: MIT */
#include "config/quantity.h"

#include "tests/unit/unit.h"

#include <stddef.h>

struct quantity {
	const char *text;
	double value;
};

static void check(const struct quantity *quantities, size_t count,
		  enum ckpt_quantity kind)
{
	for (size_t i = 0; i < count; i++) {
		double value = -1;

		ck_assert_msg(
			ckpt_quantity_parse(quantities[i].text, kind, &value),
			"%s", quantities[i].text);
		ck_assert_double_eq_tol(value, quantities[i].value,
					quantities[i].value * 1e-12);
	}
}

START_TEST(sizes_are_powers_of_1000_or_of_1024)
{
	static const struct quantity sizes[] = {
		{"1000", 1000},		 {"1B", 1},
		{"2 kB", 2000},		 {"3MB", 3e6},
		{"4 GB", 4e9},		 {"5 TB", 5e12},
		{"2 KiB", 2048},	 {"1.5 MiB", 1572864},
		{"5 GiB", 5368709120.0}, {"1 TiB", 1099511627776.0},
	};

	check(sizes, sizeof(sizes) / sizeof(*sizes), CKPT_QUANTITY_BYTES);
}
END_TEST

START_TEST(times_are_seconds)
{
	static const struct quantity times[] = {
		{"90", 90},	      {"90 s", 90},	{"1.5 min", 90},
		{"2 h", 7200},	      {"1 day", 86400}, {"30 days", 2592000},
		{"2 weeks", 1209600}, {"10 ms", 0.01},	{"250us", 0.00025},
		{"7 ns", 7e-9},
	};

	check(times, sizeof(times) / sizeof(*times), CKPT_QUANTITY_SECONDS);
}
END_TEST

START_TEST(anything_else_is_none)
{
	static const char *const texts[] = {
		"",	 " ",	"GiB",	  "-1",	     "+1",
		"1.",	 ".5",	"1e9",	  "1,5 GiB", "5 Gigs",
		"5 gib", "5 s", "5 GiB ", "0x10",    "inf",
	};
	double value = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ck_assert_msg(!ckpt_quantity_parse(texts[i],
						   CKPT_QUANTITY_BYTES, &value),
			      "%s", texts[i]);
	ck_assert(!ckpt_quantity_parse("5 GiB", CKPT_QUANTITY_SECONDS, &value));
}
END_TEST

UNIT_MAIN("quantity", sizes_are_powers_of_1000_or_of_1024, times_are_seconds,
	  anything_else_is_none)
