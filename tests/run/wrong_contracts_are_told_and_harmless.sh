#!/bin/bash
# SPDX-License-Identifier: MIT
# A contract that says more than there is, or nothing that can be computed: the
# program runs as without ckpt, and is told what is wrong with which values.
. "$(dirname "$0")/lib.sh"

compile_library wrong <<'EOF'
#include <stddef.h>
double total(const double *x, int n, const int *m)
{
	double sum = m ? *m : 0;
	for (int i = 0; i < n; i++)
		sum += x[i];
	return sum;
}
void fill(double *y, int n)
{
	for (int i = 0; i < n; i++)
		y[i] = i;
}
EOF
compile program -L. -lwrong -Wl,-rpath,"$PWD" <<'EOF'
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
double total(const double *x, int n, const int *m);
void fill(double *y, int n);
int main(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double *x = (double *)(pages + 4096) - 4;
	int m = 5;

	mprotect(pages + 4096, 4096, PROT_NONE);
	memset(x, 0x41, 4 * sizeof(*x));
	printf("%g\n", total(x, 4, &m));
	printf("%g\n", total(x, 4, NULL));
	fill(x, 4);
	printf("%g %g\n", x[0], x[3]);
	return 0;
}
EOF
./program >plain || fail 'the program does not run'

# CONTRACT MESSAGE: the line for x, and what must be told of it.
try() {
	local run
	rm -rf .ckpt
	config <<-EOF
		[[function]]
		name = "total"
		memory = { m = "one", x = "$1" }
		[[function]]
		name = "fill"
		memory = { y = "${3-out [n]}" }
	EOF
	for run in cold warm; do
		preload ./program >"out.$run" 2>"err.$run" ||
			fail "$1: the program ended with $?"
		expect_same plain "out.$run"
		expect_match "$2" "err.$run"
	done
}

try '[n + 1]' 'total: x: not all of the extent can be read \(n \+ 1|total: x: not all of the extent can be read \(40 bytes at'
try '[n * 100000000]' 'total: x: not all of the extent can be read'
try '[n * 1000000000 * 1000000]' 'total: x: the extent is larger than any memory'
try '[1 - n]' 'total: x: the extent is negative \(1 - n = -3\); bound it'
try '[n / (n - 4)]' 'total: x: an expression has no value'
try 'bytes n << 62' 'total: x: .*(leaves 64 bits|larger than any memory)'
try '[*m]' 'total: x: an expression follows a NULL pointer'
try 'string as char' 'total: x: no terminator before the end of memory'
try '[n]' 'fill: y: not all of the extent can be read' 'out [n + 1]'
try '[n]' 'fill: y: the extent is negative' 'out [-n]'
