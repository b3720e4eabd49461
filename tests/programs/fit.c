/* SPDX-License-Identifier: MIT */
/* usage: fit ROUNDS: two fits of different size. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/programs/model.h"

static void run(int rows, int columns, int rounds)
{
	struct model m = {rows, columns, NULL, 't', rounds};
	double *x = calloc((size_t)columns, sizeof(*x));
	double *y = calloc((size_t)rows, sizeof(*y));
	struct fit fit;

	m.weights = calloc((size_t)(rows * columns), sizeof(*m.weights));
	if (!x || !y || !m.weights)
		exit(1);
	for (int i = 0; i < rows * columns; i++)
		m.weights[i] = (i * 7919 % 1009) / 1009.0;
	for (int i = 0; i < columns; i++)
		x[i] = i / 3.0;
	fit = model_fit(&m, x, y);
	printf("%.17g %ld\n", fit.error, fit.steps);
	for (int i = 0; i < rows; i++)
		printf("%.17g\n", y[i]);
	free(m.weights);
	free(x);
	free(y);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	run(300, 200, rounds);
	run(7, 5, rounds);
	return 0;
}
