/* SPDX-License-Identifier: MIT */
#ifndef CKPT_TESTS_MODEL_H
#define CKPT_TESTS_MODEL_H

struct model {
	int rows;
	int columns;
	double *weights;
	char tag; /* padding follows */
	int rounds;
};

struct fit {
	double error;
	long steps;
};

struct fit model_fit(const struct model *m, const double *x, double *y);

#endif
