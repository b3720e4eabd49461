#!/bin/bash
# SPDX-License-Identifier: MIT
# Functions that are not what their contract says: one counts its calls behind
# a pointer that is ignored, one leaves some of its output as it was, one sums
# in an order that depends on where its input lies. verify = 1 uses the
# computed result, names the place, and drops the entry each time.
. "$(dirname "$0")/lib.sh"

cat >f.c <<'EOF'
#include <stdint.h>

struct handle {
	int calls;
};
int counts(struct handle *handle, int n);
void fills(int *out, int n, int all);
float sums(const float *x, int n);

int counts(struct handle *handle, int n)
{
	return n + handle->calls++;
}

void fills(int *out, int n, int all)
{
	for (int i = 0; i < n; i++)
		if (all || i != 2)
			out[i] = 10 * i;
}

float sums(const float *x, int n)
{
	float four[4] = {0}, sum = 0;

	for (; n && (uintptr_t)x % 32; n--)
		sum += *x++;
	for (; n >= 4; n -= 4, x += 4)
		for (int i = 0; i < 4; i++)
			four[i] += x[i];
	for (; n; n--)
		sum += *x++;
	return sum + four[0] + four[1] + four[2] + four[3];
}
EOF
cat >main.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>

struct handle {
	int calls;
};
int counts(struct handle *handle, int n);
void fills(int *out, int n, int all);
float sums(const float *x, int n);

int main(int argc, char **argv)
{
	int before = argc > 2 ? atoi(argv[2]) : 0;
	struct handle handle = {before};
	int out[4] = {before, before, before, before};
	float *x = aligned_alloc(64, 4096);

	switch (argv[1][0]) {
	case 'c':
		printf("%d\n", counts(&handle, 1));
		break;
	case 'f':
		fills(out, 4, 0);
		printf("%d %d %d %d\n", out[0], out[1], out[2], out[3]);
		break;
	default:
		for (int i = 0; i < 101; i++)
			x[before + i] = 1.0f / (float)(i + 1);
		printf("%.9g\n", sums(x + before, 101));
	}
	return 0;
}
EOF
"$CC" -g -O2 -fno-tree-vectorize -fPIC -shared -o libf.so f.c || fail compile
"$CC" -g -O2 -o main main.c -L. -lf -Wl,-rpath,. || fail compile
configure() { # ALIGNMENT
	config <<-EOF
		[[function]]
		name = "counts"
		verify = 1
		[function.memory]
		handle = "ignore"
		[[function]]
		name = "fills"
		verify = 1
		[function.memory]
		out = "out [n]"
		[[function]]
		name = "sums"
		verify = 1
		alignment = $1
		[function.memory]
		x = "[n]"
	EOF
}
configure false

# NAME ARGUMENT-OF-FIRST-RUN ARGUMENT-OF-SECOND WHAT-IS-SAID
lies() {
	local first second
	first=$(./main "$1" "$2")
	second=$(./main "$1" "$3")
	[ "$first" != "$second" ] || fail "$1 does not lie"
	expect_equal "$1 computed" "$first" \
		"$(ckpt run -- ./main "$1" "$2" 2>err)"
	[ ! -s err ] || fail "$1: something was said of the first run"
	expect_equal "$1 verified" "$second" \
		"$(ckpt run -- ./main "$1" "$3" 2>err)"
	expect_match "$1: .*gives another result: $4" err
	expect_counted errors 1 "$1"
	expect_equal "$1 dropped" "$first" \
		"$(ckpt run -- ./main "$1" "$2" 2>err)"
	expect_counted misses 1 "$1"
}
lies counts 0 5 'return: 6 was 1'
lies fills 0 7 'out\[2\]: 7 was 0'
lies sums 0 1 'return: [0-9.]* was [0-9.]*'

# The cure for the last: where floats lie counts as an input.
configure true
preload ./main sums 0 >/dev/null 2>err
preload ./main sums 1 >out 2>err
expect_equal 'sums by alignment' "$(./main sums 1)" "$(cat out)"
expect_counted misses 1 sums
preload ./main sums 1 >out 2>err
expect_counted hits 1 sums
[ ! -s err ] || fail "something was said of sums: $(cat err)"
