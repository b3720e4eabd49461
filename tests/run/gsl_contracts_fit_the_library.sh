#!/bin/bash
# SPDX-License-Identifier: MIT
# LU, inverse, linear solve and eigenvectors of the GNU Scientific Library:
# matrices, permutations and workspaces by [[type]] contracts.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["gsl"]
functions = [
	"gsl_linalg_LU_decomp", "gsl_linalg_LU_invert", "gsl_linalg_LU_solve",
	"gsl_linalg_QR_decomp", "gsl_linalg_cholesky_decomp",
	"gsl_eigen_symm", "gsl_eigen_symmv",
]
EOT
cat >algebra.pl <<'EOT'
use Math::GSL::Matrix ':all';
use Math::GSL::Vector ':all';
use Math::GSL::Linalg ':all';
use Math::GSL::Eigen ':all';
use Math::GSL::Permutation ':all';
my $n = 60;

sub fill {
	my ($m, $diagonal) = @_;
	for my $i (0 .. $n - 1) {
		for my $j (0 .. $n - 1) {
			gsl_matrix_set($m, $i, $j, ($i * $j * 7919 +
				($i + $j) * 104729) % 10007 / 10007 +
				($i == $j ? $diagonal : 0));
		}
	}
}

sub show {
	my ($name, $m, $v) = @_;
	print "$name\n";
	printf "%.17g %.17g\n", $m ? gsl_matrix_get($m, $_, 7) : 0,
		$v ? gsl_vector_get($v, $_) : 0 for 0 .. $n - 1;
}

my ($m, $other) = map { gsl_matrix_alloc($n, $n) } 1 .. 2;
my ($v, $x) = map { gsl_vector_alloc($n) } 1 .. 2;
my $p = gsl_permutation_alloc($n);
fill($m, 50);
my ($status, $sign) = gsl_linalg_LU_decomp($m, $p);
show("LU $status $sign", $m);
gsl_linalg_LU_invert($m, $p, $other);
show("inverse", $other);
gsl_vector_set($v, $_, $_ * $_) for 0 .. $n - 1;
gsl_linalg_LU_solve($m, $p, $v, $x);
show("solve", undef, $x);
fill($m, 1);
gsl_linalg_QR_decomp($m, $x);
show("QR", $m, $x);
fill($m, 100);
gsl_linalg_cholesky_decomp($m);
show("Cholesky", $m);
fill($m, 0);
gsl_eigen_symm($m, $v, gsl_eigen_symm_alloc($n));
show("eigenvalues", undef, $v);
fill($m, 0);
gsl_eigen_symmv($m, $v, $other, gsl_eigen_symmv_alloc($n));
show("eigenvectors", $other, $v);
EOT
four_runs - /usr/bin/perl algebra.pl
for function in LU_decomp LU_invert LU_solve QR_decomp cholesky_decomp; do
	expect_counted hits 1 gsl_linalg_$function
done
expect_counted hits 1 gsl_eigen_symm
expect_counted hits 1 gsl_eigen_symmv

# All of the library but integration, on parts of larger matrices.
mapfile -t names < <(sed -n \
	's/^name = "\(gsl_\(linalg\|eigen\|blas\|multifit\)_.*\)"/\1/p' \
	"$TOP/config/contracts/gsl.toml")
[ ${#names[@]} -gt 25 ] || fail "only ${#names[@]} functions"
rm -rf .ckpt
{
	echo 'use = ["gsl"]'
	printf 'functions = ['
	printf '"%s", ' "${names[@]}"
	echo ']'
} >ckpt.toml
four_runs - /usr/bin/python3 "$TOP/tests/programs/gsl.py"
expect_counted refused 0
for name in "${names[@]}"; do
	jq -e --arg name "$name" 'any(.functions[];
		.name == $name and .hits > 0)' stats.json >/dev/null ||
		fail "$name had no hit"
done
printf '[defaults]\nverify = 1\n' >>ckpt.toml
ckpt run -- /usr/bin/python3 "$TOP/tests/programs/gsl.py" >out 2>err.verify
expect_same out out.plain
[ ! -s err.verify ] || fail 'a computed result differs from the kept one'
