#!/bin/bash
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

ckpt init mkpasswd >out || fail 'init without functions fails'
expect_match '^crypt .*libcrypt\.so\.1 .*use = \["crypt"\]' out

# What the program itself calls comes first.
ckpt init liblinear-train >out || fail 'init without functions fails'
expect_equal 'first function' train "$(awk 'NR == 1 { print $1 }' out)"
expect_match '^dgemm_ .* # called by libraries' out

# What a contract library knows needs no more.
ckpt init mkpasswd crypt >out || fail 'init fails'
ckpt check mkpasswd >out || fail "check does not accept it: $(cat out)"
cp ckpt.toml before
ckpt init mkpasswd crypt_r >out 2>err.again
expect_equal 'exit status where there is one' 1 $?
expect_match 'ckpt\.toml' err.again
expect_same before ckpt.toml
rm ckpt.toml

# From a prototype: suggestions, none of them active.
ckpt init --output sum.toml "$PROGRAMS/sum" sum_slowly no_such >out ||
	fail 'init fails'
expect_match '^# double sum_slowly\(const int \*values, size_t count\)' sum.toml
expect_match '^# "values" = "\[count\]"' sum.toml
expect_match '^# no_such: ' sum.toml
ckpt check --config sum.toml "$PROGRAMS/sum" >out &&
	fail 'a suggestion was taken unseen'
expect_match 'values' out
sed -i 's/^# \("values"\)/\1/' sum.toml
ckpt check --config sum.toml "$PROGRAMS/sum" >out ||
	fail "check does not accept it: $(cat out)"

# Without names: what is known of the program, by contracts and by debug info.
compile clouds <<-EOF
	#include <stdlib.h>
	#include <string.h>
	struct point { double x, y; char *label; };
	struct cloud {
		struct point *points; int npoints; const char *name; void *user;
	};
	__attribute__((noinline)) double mass(const struct cloud *c,
		const char *unit, double *out, size_t n)
	{
		double s = 0;
		for (int i = 0; i < c->npoints; i++)
			s += c->points[i].x;
		for (size_t i = 0; i < n; i++)
			out[i] = s * strlen(unit);
		return s;
	}
	__attribute__((noinline)) long join(char **words, int count)
	{
		long size = 0;
		for (int i = 0; i < count; i++)
			size += strlen(words[i]) * (i + 1);
		return size;
	}
	__attribute__((noinline)) long walk(long n)
	{
		return n < 2 ? n : walk(n - 1) + walk(n - 2);
	}
	int main(int count, char **words)
	{
		struct point p = {1, 2, "a"};
		struct cloud c = {&p, 1, "x", 0};
		double out[2];
		return (int)(mass(&c, words[0], out, 2) + walk(10) +
			     join(words, count)) & 1;
	}
EOF
ckpt init ./clouds >out || fail 'init without functions fails'
expect_match '^mass .* double mass\(const struct cloud \*c, const char' out
expect_match '^walk .* long int walk\(long int n\)' out

# Each open pointer has its likely contract, also inside what it leads to.
ckpt init --output clouds.toml ./clouds mass join walk >out || fail 'init fails'
expect_match '^# "c" = "one"$' clouds.toml
expect_match '^# "c->points" = "inout \[c->npoints\]"$' clouds.toml
expect_match '^# "c->name" = "string"$' clouds.toml
expect_match '^# "c->user" = "inout bytes SIZE"' clouds.toml
expect_match '^# "unit" = "string"$' clouds.toml
expect_match '^# "out" = "inout \[n\]"$' clouds.toml
expect_match '^# "words\[\]" = "inout string"$' clouds.toml
expect_no_match '^"' clouds.toml
ckpt check --config clouds.toml ./clouds >out && fail 'check is content'
expect_match 'ok walk' out
sed -i '/c->user/d; s/^# \("[cuow]\)/\1/' clouds.toml
ckpt check --config clouds.toml ./clouds >out
expect_match 'ok join' out
expect_match 'c->user' out
expect_no_match '`(unit|out|c|words)`' out

# Of a library without debug info: the header that may declare it.
if [ -e /usr/include/crypt.h ]; then
	ckpt init --output - mkpasswd crypt_checksalt >out
	expect_match '^# headers = \["crypt\.h"\]' out
fi

# [[type]]s of libraries: nothing is open for a string by reference. A function
# of C++ goes by the name that the list gives it.
if command -v c++ >/dev/null; then
	cat >text.cc <<-EOF
		#include <string>
		__attribute__((noipa)) long weigh(const std::string &s)
		{
			long sum = 0;
			for (char c : s)
				sum += c;
			return sum;
		}
		int main(int, char **words)
		{
			return weigh(words[0]) & 1;
		}
	EOF
	c++ -O2 -g -o text text.cc || fail 'cannot compile'
	ckpt init ./text >out
	name=$(sed -n 's/^\(weigh(.* const&)\) .*/\1/p' out)
	ckpt init --output text.toml ./text "$name" >out || fail 'init fails'
	expect_match '^# nothing to add' text.toml
	ckpt check --config text.toml ./text >out ||
		fail "check does not accept it: $(cat out)"
fi
