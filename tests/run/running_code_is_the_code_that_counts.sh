#!/bin/bash
# SPDX-License-Identifier: MIT
# The analysis reads files; what runs is what is mapped and bound. A library
# replaced or overwritten while the program runs, RTLD_DEEPBIND and the order
# of dlopen are noticed: every run prints what it prints without us.
. "$(dirname "$0")/lib.sh"

config <<<'functions = ["f", "later"]'
build_f() { # NUMBER NAME
	compile_library "$2" <<EOF2
int f(int x) { return x * $1 + 1; }
EOF2
}
compile_library later <<'EOF2'
int later(int x) { return x * 5 + 2; }
EOF2
compile running <<'EOF2'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static int call(void *library, const char *name, int x)
{
	int (*f)(int) = dlsym(library, name);
	return f ? f(x) : -1;
}
int main(int argc, char **argv)
{
	void *library = dlopen("./libf.so", RTLD_NOW), *later;

	printf("%d ", call(library, "f", 3));
	/* Now the file is another one. */
	if (argc > 1 && system(argv[1]) != 0)
		return 1;
	later = dlopen("./liblater.so", RTLD_NOW);
	printf("%d ", call(library, "f", 3));
	printf("%d ", call(library, "f", 4));
	printf("%d\n", call(later, "later", 5));
	return 0;
}
EOF2
check() { # HOW
	local run
	rm -rf .ckpt
	for run in plain cold warm; do
		build_f 3 f
		build_f 4 new
		if [ $run = plain ]; then
			./running "$1" >plain || fail "$1: plain"
		else
			preload ./running "$1" >out 2>err.run || fail "$1: $run"
			expect_same plain out
		fi
	done
	# The library that came is another one, also for what is kept.
	./running >plain
	preload ./running >out 2>err.run
	expect_same plain out
	expect_equal 'the new library' '13 13 17 27' "$(cat out)"
}
check 'mv libnew.so libf.so'
check 'rm libf.so; cp libnew.so libf.so'

# What f calls, by its own library or by what was there before it.
for name in first second own; do
	compile_library $name <<EOF2
int g(int x) { return x + ${#name} * 100; }
EOF2
done
compile_library f -L. -lown -Wl,-rpath,. <<'EOF2'
int g(int x);
int f(int x) { return g(x) * 2; }
EOF2
compile bound <<'EOF2'
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	int flags = RTLD_NOW;
	void *library;
	int (*f)(int);

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "deep"))
			flags |= RTLD_DEEPBIND;
		else if (!dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL))
			return 1;
	library = dlopen("./libf.so", flags);
	f = dlsym(library, "f");
	printf("%d %d\n", f(1), f(2));
	return 0;
}
EOF2
rm -rf .ckpt
for round in 1 2; do
	while read -ra arguments; do
		./bound "${arguments[@]}" >plain || fail "${arguments[*]}"
		preload ./bound "${arguments[@]}" >out 2>err.run
		expect_same plain out
		cat out >>"all$round"
	done <<-'EOF2'

		./libfirst.so
		./libfirst.so ./libsecond.so
		./libsecond.so ./libfirst.so
		./libfirst.so deep
		./libsecond.so deep
	EOF2
done
expect_equal 'different results' 3 "$(sort -u all1 | wc -l)"
expect_same all1 all2
expect_counted misses 0
[ "$(counted hits)" = 2 ] || [ "$(counted refused)" -gt 0 ] ||
	fail "neither served nor refused"
