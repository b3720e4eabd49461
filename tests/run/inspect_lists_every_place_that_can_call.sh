#!/bin/bash
# SPDX-License-Identifier: MIT
# ckpt inspect: each place that can call a function, with object and kind,
# whether such calls are served and why not; long lists are cut; as JSON, too.
. "$(dirname "$0")/lib.sh"

compile_library f <<-'EOF2'
	int f(int x) { int s = 1; while (x--) s = s * 31 + x % 7; return s; }
	int own(int x) { return f(x) + 1; }
	__attribute__((visibility("hidden"), noinline)) int hidden(int x)
	{ int s = 1; while (x--) s = s * 33 + x % 7; return s; }
	int (*const table[])(int) = {hidden};
	int calls_hidden(int x) { return hidden(x) + table[0](x); }
EOF2
compile main -L. -lf -Wl,-rpath,. <<-'EOF2'
	int f(int), calls_hidden(int);
	static inline int copied(int x) { return x * 3 + 1; }
	static int (*const pointers[])(int) = {f, f};
	int main(int count, char **arguments)
	{
		(void)arguments;
		int sum = copied(count); /* line 7 */
		return f(count) + pointers[count](sum) + calls_hidden(sum);
	}
EOF2
echo 'functions = ["f"]' | config

ckpt inspect ./main f >out 2>err.inspect || fail inspect
expect_match 'called +from 4 places, 4 of them served' out
expect_match 'call slot +main at 0x[0-9a-f]+$' out
expect_match 'pointer +main at 0x[0-9a-f]+ .pointers' out
expect_match 'call slot +libf.so at 0x[0-9a-f]+$' out

printf '[[function]]\nname = "f"\nfrom = "libf*"\n' | config
ckpt inspect ./main f >out 2>err.inspect || fail inspect
expect_match 'called +from 4 places, 1 of them served' out
expect_match 'call slot +main at 0x[0-9a-f]+: not served, "from" leaves' out

# What the compiler copied into its callers, and what it only copied.
ckpt inspect ./main hidden >out 2>err.inspect || fail inspect
expect_match 'direct call +libf.so at 0x[0-9a-f]+ .calls_hidden' out
expect_match 'local pointer libf.so at 0x[0-9a-f]+ .table' out
printf '[[function]]\nname = "f"\nvia = "slot"\n' | config
compile local <<-'EOF2'
	__attribute__((noinline)) int f(int x)
	{ int s = 1; while (x--) s = s * 31 + x % 7; return s; }
	int main(int count, char **arguments)
	{
		(void)arguments;
		return f(count);
	}
EOF2
ckpt inspect ./local f >out 2>err.inspect && fail 'slots do not reach it'
expect_match 'refused .*via = "slot" cannot reach it' out
printf 'functions = ["copied"]\n' | config
for command in 'inspect ./main copied' 'check ./main'; do
	# shellcheck disable=SC2086 # words
	ckpt $command >out 2>err.inspect && fail "$command: only copies"
	expect_match 'put copies of it into its callers .*:7\).*noinline' out
done
preload ./main >out 2>err.main
expect_match 'copied: the compiler put copies' err.main

# A long list, cut and whole.
{
	echo 'int f(int); static int (*const volatile p[])(int) = {'
	for ((i = 0; i < 50; i++)); do echo 'f,'; done
	echo '}; int main(int n, char **v) { (void)v; return p[n](n); }'
} | compile long -L. -lf -Wl,-rpath,.
ckpt inspect ./long f >out 2>err.inspect || fail inspect
expect_match 'called +from 51 places' out
expect_match 'and 31 more' out
ckpt inspect --all ./long f >out 2>err.inspect || fail inspect
expect_equal 'places with --all' 50 "$(grep -c ' pointer ' out)"

ckpt inspect --json ./main f hidden >json 2>err.inspect || fail json
expect_equal 'places in JSON' '4 2' "$(jq -r \
	'[.functions[].callers | map(select(.served)) | length] | join(" ")' \
	json)"
jq -e '.functions[1].callers | map(.kind) | contains(["direct call"])' json \
	>/dev/null || fail 'kinds in JSON'
