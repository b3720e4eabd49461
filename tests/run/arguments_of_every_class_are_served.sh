#!/bin/bash
# SPDX-License-Identifier: MIT
# Arguments and results in every class of the psABI, by signatures from DWARF:
# many integers and doubles, small structs of all mixtures, memory, x87,
# complex and 128-bit numbers, vectors.
. "$(dirname "$0")/calls.sh"

cat >types.h <<'EOC'
#include <stdbool.h>
#include <stdint.h>
typedef long double ld;
struct ll { long a, b; };
struct dl { double a; long b; };
struct di { long a; double b; };
struct dd { double a, b; };
struct fff { float a, b, c; };
struct fi { int a; float b; };
struct c3 { char c[3]; };
struct __attribute__((packed)) packed { char a; int b; };
struct bits { unsigned a : 3, b : 11; int c : 18; };
struct nest { struct { short a; char b[2]; } in; float c; };
struct mem { long a; double b; int c[4]; };
struct one_ld { ld a; };
typedef float v4 __attribute__((vector_size(16)));
/* clang before 18 splits x between r9 and the stack, which psABI 3.2.3 forbids:
 * such a function is refused. */
#ifdef __clang__
#define WIDE(X)
#else
#define WIDE(X) \
	X(__int128, i128, (long a, long b, long c, long d, long e, __int128 x), \
	  x * a + b + c + d + e, (1, 2, 3, 4, 5, (__int128)1 << 100))
#endif
#define FUNCTIONS(X) \
	X(long, i12, (long a, int b, short c, char d, unsigned e, long f, \
		      long g, int h, short i, unsigned char j, long k, bool l), \
	  a + 2 * b + 3 * c + 4 * d + 5L * e + 6 * f + 7 * g + 8 * h + 9 * i + \
		  10 * j + 11 * k + 12 * l, \
	  (1, -2, 3, -4, 5, 6, 7, -8, 9, 10, 11, 1)) \
	X(double, d10, (double a, double b, double c, double d, double e, \
			double f, double g, double h, double i, float j), \
	  a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + \
		  10 * j, \
	  (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) \
	X(double, m16, (int a, double b, long c, float d, short e, double f, \
			long g, float h, int i, double j, long k, double l, \
			char m, double n, long o, float p), \
	  a + 2 * b + 3.0 * c + 4 * d + 5 * e + 6 * f + 7.0 * g + 8 * h + \
		  9 * i + 10 * j + 11.0 * k + 12 * l + 13 * m + 14 * n + \
		  15.0 * o + 16 * p, \
	  (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)) \
	X(struct ll, s_ll, (struct ll x), ((struct ll){x.b, x.a}), \
	  ((struct ll){1, 2})) \
	X(struct dl, s_dl, (struct dl x), ((struct dl){x.a + 1, x.b + 1}), \
	  ((struct dl){1.5, 2})) \
	X(struct di, s_di, (struct di x), ((struct di){x.a + 1, x.b + 1}), \
	  ((struct di){1, 2.5})) \
	X(struct dd, s_dd, (struct dd x), ((struct dd){x.b, x.a}), \
	  ((struct dd){1.5, 2.5})) \
	X(struct fff, s_fff, (struct fff x), ((struct fff){x.c, x.a, x.b}), \
	  ((struct fff){1, 2, 3})) \
	X(struct fi, s_fi, (struct fi x), ((struct fi){x.a * 2, x.b * 2}), \
	  ((struct fi){1, 2.5f})) \
	X(struct c3, s_c3, (struct c3 x), \
	  ((struct c3){{x.c[2], x.c[1], x.c[0]}}), ((struct c3){"abc"})) \
	X(struct packed, s_packed, (struct packed x), \
	  ((struct packed){x.a + 1, x.b + 1}), ((struct packed){1, 2})) \
	X(struct bits, s_bits, (struct bits x), \
	  ((struct bits){x.a + 1, x.b + 1, x.c - 1}), \
	  ((struct bits){1, 2, -3})) \
	X(struct nest, s_nest, (struct nest x), \
	  ((struct nest){{x.in.a + 1, {x.in.b[1], 7}}, x.c + 1}), \
	  ((struct nest){{1, {2, 3}}, 4})) \
	X(struct mem, s_mem, (struct mem x, int y), \
	  ((struct mem){x.a + y, x.b + y, {x.c[3], x.c[2], x.c[1], y}}), \
	  ((struct mem){1, 2, {3, 4, 5, 6}}, 7)) \
	X(struct one_ld, s_ld, (int a, struct one_ld x), \
	  ((struct one_ld){x.a + a}), (1, (struct one_ld){2.5L})) \
	X(ld, x87, (ld a, int b, ld c), a + b + c, (1.5L, 2, 3.25L)) \
	X(_Complex double, cd, (_Complex double x), x * x, (1.0 + 2.0i)) \
	X(_Complex float, cf, (_Complex float x), x * x, (1.0f + 2.0fi)) \
	X(_Complex long double, cl, (_Complex long double x), x * x, \
	  (1.0L + 2.0Li)) \
	WIDE(X) \
	X(v4, vector, (v4 a, v4 b), a + b, \
	  ((v4){1, 2, 3, 4}, (v4){5, 6, 7, 8})) \
	X(bool, boolean, (bool a, signed char b), !a && b < 0, (0, -1))
#define DECLARE(type, name, parameters, value, arguments) \
	type name parameters;
FUNCTIONS(DECLARE)
EOC
cat >f.c <<'EOC'
#include "types.h"
#define DEFINE(type, name, parameters, value, arguments) \
	type name parameters { return value; }
FUNCTIONS(DEFINE)
EOC
cat >main.c <<'EOC'
#include "types.h"
#include <stdio.h>
#include <string.h>
/* Results are compared with those computed here; no type but the long doubles
 * has padding. */
#define LOCAL(type, name, parameters, value, arguments) \
	static __attribute__((noinline)) type name##_here parameters \
	{ return value; }
FUNCTIONS(LOCAL)
static void print(const char *name, const void *got, const void *wanted,
		  unsigned size)
{
	int differs = memcmp(got, wanted, size);

	if (!strcmp(name, "cl")) /* two of 10 bytes and padding */
		differs = memcmp(got, wanted, 10) ||
			  memcmp((const char *)got + 16,
				 (const char *)wanted + 16, 10);
	printf("%s %s\n", name, differs ? "WRONG" : "right");
}
#define CALL(type, name, parameters, value, arguments) \
	{ \
		type got, wanted; \
		memset(&got, 0, sizeof(got)); \
		memset(&wanted, 0, sizeof(wanted)); \
		got = name arguments; \
		wanted = name##_here arguments; \
		print(#name, &got, &wanted, \
		      __builtin_types_compatible_p(type, ld) || \
				      sizeof(got) == sizeof(ld) && \
					      #name[0] == 's' && #name[2] == 'l' \
				      ? 10 : sizeof(got)); \
	}
int main(void)
{
	FUNCTIONS(CALL)
	return 0;
}
EOC
names=$(sed -n 's/^	X([^,]*, \([a-z_0-9]*\), .*/\1/p' types.h)
configure() { # KEYS
	local name
	for name in $chosen; do
		printf '[[function]]\nname = "%s"\n%s\n' "$name" "$1"
	done
}
try() { # COMPILER FLAGS…
	chosen=$names
	# Clang splits an __int128 between r9 and the stack, against the psABI:
	# that is noticed and refused.
	[ "$1" != clang ] || chosen=${names/i128/}
	"$1" -w -g -fPIC -shared "${@:2}" -o libf.so -Wl,-soname,libf.so f.c ||
		fail compile
	"$1" -w -g "${@:2}" -o main main.c -L. -lf -Wl,-rpath,. || fail compile
	expect_calls "$(wc -w <<<"$chosen")" ./main || fail "$*"
	expect_no_match WRONG out.plain
}
try gcc -O2
try gcc -O0
command -v clang >/dev/null && try clang -O2
exit 0
