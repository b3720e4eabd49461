/* SPDX-License-Identifier: MIT */
/* A library as people write them: a struct with a matrix, vectors in and out,
 * and a small struct as the result. */
#include "tests/programs/model.h"

struct fit model_fit(const struct model *m, const double *x, double *y)
{
	struct fit fit = {0, 0};

	for (int round = 0; round < m->rounds; round++)
		for (int i = 0; i < m->rows; i++) {
			double sum = 0;

			for (int j = 0; j < m->columns; j++)
				sum += m->weights[i * m->columns + j] * x[j];
			y[i] = sum;
			fit.error = fit.error * 0.5 + sum * sum;
			fit.steps++;
		}
	return fit;
}
