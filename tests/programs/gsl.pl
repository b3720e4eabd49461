# SPDX-License-Identifier: MIT
# The singular values of a matrix, and some of its vectors.
use Math::GSL::Matrix ':all';
use Math::GSL::Vector ':all';
use Math::GSL::Linalg ':all';
my $n = 500;
my ($m, $V) = map { gsl_matrix_alloc($n, $n) } 1 .. 2;
my ($S, $w) = map { gsl_vector_alloc($n) } 1 .. 2;
for my $i (0 .. $n - 1) {
	for my $j (0 .. $n - 1) {
		gsl_matrix_set($m, $i, $j,
			(($i * 7919 + $j * 104729) % 10007) / 10007);
	}
}
gsl_linalg_SV_decomp($m, $V, $S, $w);
printf "%.17g %.17g %.17g\n", gsl_vector_get($S, $_),
	gsl_matrix_get($m, $_, 7), gsl_matrix_get($V, 9, $_) for 0 .. $n - 1;
