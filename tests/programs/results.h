/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_RESULTS_H
#define CKPT_TESTS_RESULTS_H

#include <stdbool.h>

enum r_colour { R_RED = 3, R_BLUE = -70000 };

struct r_pair {
	int a;
	short b;
};

struct r_mixed {
	long a;
	double b;
};

struct r_floats {
	float a, b, c;
};

struct r_large {
	long values[8];
};

bool r_bool(int x);
signed char r_char(signed char x);
short r_short(short x);
unsigned r_unsigned(unsigned x);
long r_long(long a, long b, long c, long d, long e, long f, long g, long h);
__int128 r_int128(long x);
enum r_colour r_enum(int x);
float r_float(float x);
double r_double(double a, double b, double c, double d, double e, double f,
		double g, double h, double i, int n);
long double r_long_double(long double x);
double _Complex r_complex(double x);
float _Complex r_complex_float(float x);
long double _Complex r_complex_long(long double x);
struct r_pair r_pair(int x);
struct r_mixed r_mixed(int x);
struct r_floats r_floats(struct r_floats x);
struct r_large r_large(struct r_large x, int n);
int r_errno(int x);
double r_divide(double a, double b);

#endif
