/* SPDX-License-Identifier: MIT */
/* usage: results [NUMBER]: calls each function of libresults twice with it. */
#include <complex.h>
#include <errno.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/programs/results.h"

static void print_integers(int n)
{
	__int128 wide = r_int128(n);

	printf("%d %d %d %u\n", r_bool(n), r_char((signed char)n),
	       r_short((short)n), r_unsigned((unsigned)n));
	printf("%ld %d\n", r_long(n, 2, 3, 4, 5, 6, 7, 8), (int)r_enum(n));
	printf("%016llx%016llx\n", (unsigned long long)(wide >> 64),
	       (unsigned long long)wide);
}

static void print_reals(int n)
{
	double _Complex c = r_complex(n);
	float _Complex f = r_complex_float((float)n);
	long double _Complex l = r_complex_long(n);

	printf("%a %a %La\n", (double)r_float((float)n),
	       r_double(n, 2, 3, 4, 5, 6, 7, 8, 9, n), r_long_double(n));
	printf("%a %a, %a %a, %La %La\n", creal(c), cimag(c), (double)crealf(f),
	       (double)cimagf(f), creall(l), cimagl(l));
}

static void print_structs(int n)
{
	struct r_pair pair = r_pair(n);
	struct r_mixed mixed = r_mixed(n);
	struct r_floats floats = {(float)n, 2, 3};
	struct r_large large = {{n, 1, 2, 3, 4, 5, 6, 7}};

	floats = r_floats(floats);
	large = r_large(large, n);
	printf("%d %d, %ld %a, %a %a %a\n", pair.a, pair.b, mixed.a, mixed.b,
	       (double)floats.a, (double)floats.b, (double)floats.c);
	for (int i = 0; i < 8; i++)
		printf("%ld ", large.values[i]);
	puts("");
}

static void print_effects(int n)
{
	int result;

	errno = 99;
	result = r_errno(n);
	printf("%d errno %d\n", result, errno);
	feclearexcept(FE_ALL_EXCEPT);
	printf("%a", r_divide(n, 0));
	printf(" flags %x\n", (unsigned)fetestexcept(FE_ALL_EXCEPT));
	feclearexcept(FE_ALL_EXCEPT);
	printf("%a", r_divide(n, 3));
	printf(" flags %x\n", (unsigned)fetestexcept(FE_ALL_EXCEPT));
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 11;

	for (int i = 0; i < 2; i++) {
		print_integers(n);
		print_reals(n);
		print_structs(n);
		print_effects(n);
	}
	return 0;
}
