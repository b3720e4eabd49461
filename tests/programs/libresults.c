/* SPDX-License-Identifier: MIT */
/* A result in every class of psABI 3.2.3, arguments in every register. */
#include "tests/programs/results.h"

#include <errno.h>

bool r_bool(int x)
{
	return x > 2;
}

signed char r_char(signed char x)
{
	return (signed char)(x * -3);
}

short r_short(short x)
{
	return (short)(x * 1001);
}

unsigned r_unsigned(unsigned x)
{
	return x - 7;
}

long r_long(long a, long b, long c, long d, long e, long f, long g, long h)
{
	return a - b * c + d * e - f * g + h;
}

__int128 r_int128(long x)
{
	return (__int128)x << 70 | 5;
}

enum r_colour r_enum(int x)
{
	return x % 2 ? R_RED : R_BLUE;
}

float r_float(float x)
{
	return x / 3;
}

double r_double(double a, double b, double c, double d, double e, double f,
		double g, double h, double i, int n)
{
	return a + b / 2 + c / 3 + d / 4 + e / 5 + f / 6 + g / 7 + h / 8 +
	       i / 9 + n;
}

long double r_long_double(long double x)
{
	return x / 3;
}

double _Complex r_complex(double x)
{
	return x + x * 2i;
}

float _Complex r_complex_float(float x)
{
	return x + x * 3i;
}

long double _Complex r_complex_long(long double x)
{
	return x / 3 + x * 5i;
}

struct r_pair r_pair(int x)
{
	return (struct r_pair){x, (short)(x + 1)};
}

struct r_mixed r_mixed(int x)
{
	return (struct r_mixed){x, x / 4.0};
}

struct r_floats r_floats(struct r_floats x)
{
	return (struct r_floats){x.b, x.a, x.a + x.b};
}

struct r_large r_large(struct r_large x, int n)
{
	for (int i = 0; i < 8; i++)
		x.values[i] = x.values[i] * n + i;
	return x;
}

int r_errno(int x)
{
	errno = x;
	return -x;
}

double r_divide(double a, double b)
{
	return a / b;
}
