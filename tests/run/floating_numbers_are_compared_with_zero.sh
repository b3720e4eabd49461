#!/bin/bash
# SPDX-License-Identifier: MIT
# What is only written where a factor is 0: +0 and -0, real and complex, by
# value and by pointer. There what the memory held before is no input.
. "$(dirname "$0")/lib.sh"

compile_library scale <<'EOF'
#include <complex.h>
#define SCALE(name, T, by, get) \
	void name(T by, double *y) { y[0] = (get) == 0 ? 1 : y[0] + 1; }
SCALE(scale_f, float, x, x)
SCALE(scale_d, double, x, x)
SCALE(scale_c, const float complex, *x, *x)
SCALE(scale_z, const double complex, *x, *x)
EOF
compile main -L. -lscale -Wl,-rpath,. -lm <<'EOF'
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
void scale_f(float, double *);
void scale_d(double, double *);
void scale_c(const float complex *, double *);
void scale_z(const double complex *, double *);
int main(int argc, char **argv)
{
	/* As float, the third is 0. */
	static const double parts[] = {0, -0.0, 1e-300, INFINITY, NAN};
	for (int i = 0; argc > 1 && i < 25; i++) {
		double a = parts[i / 5], b = parts[i % 5], y[4];
		float complex c = CMPLXF((float)a, (float)b);
		double complex z = CMPLX(a, b);
		for (int k = 0; k < 4; k++)
			y[k] = atof(argv[1]);
		scale_f((float)a, &y[0]);
		scale_d(a, &y[1]);
		scale_c(&c, &y[2]);
		scale_z(&z, &y[3]);
		printf("%g %g %g %g\n", y[0], y[1], y[2], y[3]);
	}
}
EOF
for f in f d c z; do
	star=
	[[ $f != [cz] ]] || star='*'
	printf '[[function]]\nname = "scale_%s"\n' $f
	printf 'memory.y = ["out one if %sx == 0", "inout one"]\n' "$star"
	[ ! "$star" ] || echo 'memory.x = "one"'
done >ckpt.toml
three_runs 100 ./main 5
# Where the factor is 0 the calls are found again, the others are not.
./main 6 >out.plain
preload ./main 6 >out 2>err.run
expect_same out.plain out
expect_counted misses 2 scale_f
expect_counted misses 3 scale_d
expect_counted misses 12 scale_c
expect_counted misses 21 scale_z
