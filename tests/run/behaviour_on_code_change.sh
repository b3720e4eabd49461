#!/bin/bash
# SPDX-License-Identifier: MIT
# What is computed anew and what is not when the code around a function
# changes; the table in README. Each case is a library in two versions, with
# gcc and clang, -O0 and -O2.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
[[function]]
name = "f"
object = "libcase.so"
signature = "int f(int x)"

[[function]]
name = "f_renamed"
object = "libcase.so"
signature = "int f_renamed(int x)"
EOF
compiler=
build() { # NUMBER TEXT
	local text=$2 flags=()
	# A line starting with //FLAGS gives flags of its own.
	[[ $text != //FLAGS* ]] || read -ra flags <<<"${text%%$'\n'*}"
	# shellcheck disable=SC2086 # words
	printf '%s\n' "$text" | $compiler -shared -fPIC -Wl,-soname,libcase.so \
		-o "v$1.so" -xc - "${flags[@]:1}" -lm ||
		fail "cannot compile: $text"
}
run_version() { # NUMBER
	cp "v$1.so" libcase.so
	LD_LIBRARY_PATH=. ./call >plain 2>&1
	LD_LIBRARY_PATH=. preload ./call >out 2>err.run
	expect_same plain out
}
compile call -ldl <<'EOF'
#include <dlfcn.h>
#include <stdio.h>
int main(void)
{
	void *library = dlopen("libcase.so", RTLD_NOW);
	int (*f)(int);
	*(void **)&f = dlsym(library, "f");
	if (!f)
		*(void **)&f = dlsym(library, "f_renamed");
	for (int i = 0; i < 4; i++)
		printf("%d\n", f(i));
	return 0;
}
EOF

expect_change() { # hit|miss NAME V0 V1
	build 0 "$3"
	build 1 "$4"
	rm -rf .ckpt
	run_version 0
	[ "$(counted misses)" = 4 ] ||
		fail "$2 ($compiler): the first version is not recorded"
	run_version 1
	case $1 in
	hit) [ "$(counted hits)" = 4 ] || fail "$2 ($compiler): no hit" ;;
	miss) [ "$(counted hits)" = 0 ] || fail "$2 ($compiler): a hit" ;;
	esac
	run_version 0
	[ "$(counted hits)" = 4 ] ||
		fail "$2 ($compiler): the old entries are not found again"
}

# Nothing is recorded where it cannot be told what the result depends on.
expect_refused() { # NAME TEXT
	build 0 "$2"
	rm -rf .ckpt
	run_version 0
	expect_match 'f: .*ignore_globals' err.run
	[ "$(counted stored)" = 0 ] || fail "$1 ($compiler): recorded"
}

cases() {
	expect_change hit 'parameter renamed' \
		'int f(int x) { return x * 3 + 1; }' \
		'int f(int y) { return y * 3 + 1; }'
	expect_change hit 'local and global renamed' \
		'int a = 5; int f(int x) { int l = x * a; return l + 1; }' \
		'int b = 5; int f(int x) { int m = x * b; return m + 1; }'
	expect_change hit 'function renamed' \
		'int f(int x) { return x * 3; }' \
		'int f_renamed(int x) { return x * 3; }'
	expect_change hit 'comments, typedef, const, formatting' \
		'int f(int x) { int y = x ^ 5; return y; }' \
		'typedef int number; /* new */
		 number f(const number x)
		 { const number y = x ^ 5; /* more */ return y; }'
	expect_change hit 'value of an unreferenced global' \
		'int unused = 1; int f(int x) { return x + 1; }' \
		'int unused = 2; int f(int x) { return x + 1; }'
	expect_change hit 'unrelated functions and data added in front' \
		'int g = 3; static const char t[] = "t";
		 int f(int x) { return x * g + t[0]; }' \
		'int h[99] = {4}; int other(int x) { return h[x] * 7; }
		 const char *text(void) { return "unrelated"; }
		 int g = 3; static const char t[] = "t";
		 int f(int x) { return x * g + t[0]; }'
	expect_change hit 'callee renamed' \
		'__attribute__((noinline)) int g(int x) { return x * x; }
		 int f(int x) { return g(x) + 1; }' \
		'__attribute__((noinline)) int h(int x) { return x * x; }
		 int f(int x) { return h(x) + 1; }'
	expect_change hit 'built with debug information' \
		'//FLAGS -g0
		 int f(int x) { return x * 3; }' \
		'//FLAGS -g3
		 int f(int x) { return x * 3; }'
	expect_change hit 'stripped' \
		'//FLAGS -g
		 static int __attribute__((noinline)) g(int x) { return x * x; }
		 int f(int x) { return g(x); }' \
		'//FLAGS -s
		 static int __attribute__((noinline)) g(int x) { return x * x; }
		 int f(int x) { return g(x); }'
	expect_change hit 'stripped: a string, a table, a static variable' \
		'//FLAGS -g
		 static const short t[] = {3, 1, 4, 1}; static int n[4] = {2};
		 int *last = n + 2;
		 int f(int x) { return "abcd"[x & 3] + t[x & 3] + n[x & 3]; }' \
		'//FLAGS -s
		 static const short t[] = {3, 1, 4, 1}; static int n[4] = {2};
		 int *last = n + 2;
		 int f(int x) { return "abcd"[x & 3] + t[x & 3] + n[x & 3]; }'
	expect_change hit 'linked for another page size' \
		'int g = 2; int f(int x) { return x * g; }' \
		'//FLAGS -Wl,-z,max-page-size=65536
		 int g = 2; int f(int x) { return x * g; }'

	expect_change miss 'logic' \
		'int f(int x) { return x + 1; }' \
		'int f(int x) { return x + 2; }'
	expect_change miss 'value of a referenced global' \
		'int g = 1; int f(int x) { return x + g; }' \
		'int g = 2; int f(int x) { return x + g; }'
	expect_refused 'value behind a global pointer without contract' \
		'static int v = 1; int *g = &v; int f(int x) { return x + *g; }'
	expect_change miss 'double constant' \
		'int f(int x) { return (int)(x * 3.25); }' \
		'int f(int x) { return (int)(x * 3.75); }'
	expect_change miss 'string' \
		'int f(int x) { return "abcdefgh"[x & 7]; }' \
		'int f(int x) { return "abcdXfgh"[x & 7]; }'
	expect_change miss 'constant table' \
		'static const int t[] = {1, 2, 3, 4};
		 int f(int x) { return t[x & 3]; }' \
		'static const int t[] = {1, 2, 3, 5};
		 int f(int x) { return t[x & 3]; }'
	expect_change miss 'switch' \
		'int f(int x) { switch (x) { case 0: return 3; case 1: return 9;
		 case 2: return 4; case 3: return 8; case 4: return 5; }
		 return x; }' \
		'int f(int x) { switch (x) { case 0: return 3; case 1: return 9;
		 case 2: return 4; case 3: return 7; case 4: return 5; }
		 return x; }'
	expect_change miss 'callee of a callee' \
		'__attribute__((noinline)) static int h(int x) { return x; }
		 __attribute__((noinline)) static int g(int x) { return h(x)*2; }
		 int f(int x) { return g(x) + 1; }' \
		'__attribute__((noinline)) static int h(int x) { return x+9; }
		 __attribute__((noinline)) static int g(int x) { return h(x)*2; }
		 int f(int x) { return g(x) + 1; }'
	expect_change miss 'callee in a constant table of pointers' \
		'static int g(int x) { return x; } static int h(int x) { return -x; }
		 static int (*const t[])(int) = {g, h};
		 int f(int x) { return t[x & 1](x); }' \
		'static int g(int x) { return x; } static int h(int x) { return ~x; }
		 static int (*const t[])(int) = {g, h};
		 int f(int x) { return t[x & 1](x); }'
	expect_change miss 'recursive callee' \
		'static int g(int x) { return x < 2 ? 1 : x * g(x - 1); }
		 int f(int x) { return g(x); }' \
		'static int g(int x) { return x < 2 ? 2 : x * g(x - 1); }
		 int f(int x) { return g(x); }'
}

# y = x + 1; return y is the same code once it is optimised.
optimised_cases() {
	expect_change hit 'a variable for the result' \
		'int f(int x) { int y = x + 1; return y; }' \
		'int f(int x) { return x + 1; }'
}

compilers=("$CC -O2" 'clang -O0')
[ ! "${CKPT_TEST_FULL-}" ] || compilers+=("$CC -O0" 'clang -O2')
for compiler in "${compilers[@]}"; do
	cases
	[[ $compiler != *-O2 ]] || optimised_cases
done
