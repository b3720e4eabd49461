#!/bin/bash
# SPDX-License-Identifier: MIT
# ckpt show tells the outputs of a call by name, type and value, with
# keep_inputs its inputs too; ckpt why then names the very field with both
# values. What the contract calls secret is told nowhere. Hits read no inputs.
. "$(dirname "$0")/lib.sh"

compile_library g <<'EOF'
struct item { int index; char tag[8]; double value; unsigned flag : 3; int *next; };
struct box { struct item *items; long n; const char *name; };
double work(const struct box *box, double x, const float *y, int n,
	    double *out, struct item *more, const char *password)
{
	double sum = password[0];

	for (long i = 0; i < box->n; i++)
		sum += box->items[i].value * x;
	for (int i = 0; i < n; i++)
		out[i] = y[i] * 2;
	more->index = 7;
	return sum;
}
EOF
compile main -L. -lg -Wl,-rpath,. <<'EOF'
#include <stdio.h>
#include <stdlib.h>
struct item { int index; char tag[8]; double value; unsigned flag : 3; int *next; };
struct box { struct item *items; long n; const char *name; };
double work(const struct box *, double, const float *, int, double *,
	    struct item *, const char *);
int main(int argc, char **argv)
{
	struct item items[] = {{1, "one", 1.5, 2}, {2, "two", -2.25, 5},
			       {3, "three", atof(argv[1]), 1}};
	struct box box = {items, 3, "the \"box\""};
	struct item more = {0, "more", 1};
	float y[] = {1, 2, 3, 0.5f};
	double out[4];

	printf("%g\n", work(&box, 2, y, 4, out, &more, "Xyzzy"));
	return 0;
}
EOF
contract() {
	config <<EOF
[[function]]
name = "work"
keep_inputs = $1
[function.memory]
"box" = "one"
"box->items" = "in [box->n]"
"box->items[].next" = "ignore"
"box->name" = "string"
"y" = "[n]"
"out" = "out [n]"
"more" = "inout one"
"more->next" = "null"
"password" = "string secret"
EOF
}
show() {
	key=$(ckpt list --json --sort age |
		jq -r '[.entries[] | select(.function == "work")][-1].key')
	ckpt show "$key" >show || fail 'ckpt show fails'
}
contract false
three_runs 1 ./main 3
show
expect_match '^  return: double$' show
expect_match '^  out: double\[4\]$' show
expect_match '^      2, 4, 6, 1$' show
expect_no_match '^inputs|three|Xyzzy' show
ckpt clear >/dev/null

contract true
three_runs 1 ./main 3.5
preload ./main 4.5 >/dev/null
show
expect_match '^      \[1\] index = 2, tag = "two", value = -2.25, flag = 5' show
expect_match '^  box->name: const char\[10\]$' show
expect_match 'the \\"box\\"' show
expect_match '^      1, 2, 3, 0.5$' show
expect_no_match 'Xyzzy' show
! grep -rq Xyzzy .ckpt || fail 'the secret is in the store'
ckpt show --json "$key" | jq -e '
	([.inputs[] | select(.path == "box->items")][0].values[2].value
		== "4.5" or
	 [.inputs[] | select(.path == "box->items")][0].values[2].value
		== "3.5") and
	[.outputs[] | select(.path == "more")][0].values[0].index == "7"' >out ||
	fail 'JSON says something else'
ckpt why work >why
expect_match '^      box->items\[2\]\.value: 4\.5, was 3\.5$' why
expect_no_match '^      box: ' why

# The inputs go with their result, and without them it is served all the same.
expect_equal 'entries' 4 "$(ckpt list --json | jq '.entries | length')"
ckpt rm "$key" >out
expect_equal 'entries' 2 "$(ckpt list --json | jq '.entries | length')"
inputs=$(ckpt list --json |
	jq -r '.entries[] | select(.function | startswith("inputs")).key')
ckpt rm "$inputs" >out
ckpt list --function work >list
preload ./main 3.5 >out
preload ./main 4.5 >out
[ "$(ckpt list --json | jq '.entries | length')" = 3 ] ||
	fail 'another result was removed too'
