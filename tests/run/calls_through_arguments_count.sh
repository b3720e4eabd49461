#!/bin/bash
# SPDX-License-Identifier: MIT
# A call through the virtual table of an object that is passed, and through a
# function that is passed. Without a word in the config they are refused, with
# the line to write; with it the code they lead to counts, in the library and
# in the program.
. "$(dirname "$0")/lib.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'

cat >shape.h <<'EOF2'
struct Shape {
	int side;
	virtual int area(int x) const;
	virtual ~Shape() {}
};
Shape *make(int side);
int library_function(int x);
extern "C" int measure(const Shape *shape, int x);
extern "C" int apply(int (*g)(int), int x);
EOF2
cat >shape.cc <<'EOF2'
#include "shape.h"
int Shape::area(int x) const { return x * LIBRARY + side; }
Shape *make(int side)
{
	Shape *shape = new Shape;
	shape->side = side;
	return shape;
}
int library_function(int x) { return x * LIBRARY * 10; }
int measure(const Shape *shape, int x) { return shape->area(x * 7 + 5) * 3 + 1; }
int apply(int (*g)(int), int x) { return g(x) * 5 + 2; }
EOF2
cat >main.cc <<'EOF2'
#include "shape.h"
#include <cstdio>
struct Own : Shape {
	int area(int x) const override { return x * PROGRAM - 1; }
};
static int program_function(int x) { return x + PROGRAM * 100; }
int main()
{
	Own own;
	own.side = 1;
	printf("%d %d ", measure(make(2), 4), measure(&own, 5));
	printf("%d %d\n", apply(library_function, 6), apply(program_function, 7));
}
EOF2
build() { # LIBRARY PROGRAM
	local flags=(-w -g "-DLIBRARY=$1" "-DPROGRAM=$2")
	# shellcheck disable=SC2086 # a compiler with its level
	if [ "$kind" = library ]; then
		$compiler "${flags[@]}" -shared -fPIC -o libshape.so shape.cc &&
			$compiler "${flags[@]}" -o main main.cc -L. -lshape \
				-Wl,-rpath,.
	else
		$compiler "${flags[@]}" -o main main.cc shape.cc
	fi || fail "$compiler $kind: cannot compile"
}
run() { # HITS-OF-measure HITS-OF-apply
	./main >plain
	preload ./main >out 2>err.run
	expect_same plain out
	[ "$(counted hits measure)/$(counted hits apply)" = "$1/$2" ] ||
		fail "$compiler $kind: $(counted hits measure)" \
			"and $(counted hits apply) hits, not $1 and $2"
}

check() { # COMPILER KIND
	local table # the name of the pointer depends on the compiler
	compiler=$1 kind=$2
	rm -rf .ckpt
	build 3 7
	config <<<'functions = ["measure", "apply"]'
	run 0 0
	expect_match 'measure: .*not known; .*write indirect = "object"' err.run
	expect_match 'apply: .*not known; .*write indirect = "object"' err.run
	printf '[[function]]\nname = "%s"\nindirect = "object"\n%s\n' \
		measure 'memory.shape = "one"' apply '' >ckpt.toml
	run 0 0
	expect_match 'measure: .*_vptr.*add "shape->_vptr.*" = "code"' err.run
	expect_match 'apply: `g` .*add "g" = "code"' err.run
	table=$(grep -o 'shape->_vptr[^`]*' err.run | head -n 1)
	printf '[[function]]\nname = "%s"\nindirect = "object"\n' \
		apply >ckpt.toml
	cat >>ckpt.toml <<EOF2
memory.g = "code"
[[function]]
name = "measure"
indirect = "object"
[function.memory]
shape = "one"
"$table" = "code"
EOF2
	run 0 0
	run 2 2
	build 4 7
	run 0 0
	build 3 9
	run 0 0
	build 3 7
	run 2 2
}
check 'c++ -O2' library
check 'clang++ -O0' program
if [ "${CKPT_TEST_FULL-}" ]; then
	check 'c++ -O0' library
	check 'c++ -O0' program
	check 'c++ -O2' program
	check 'clang++ -O0' library
	check 'clang++ -O2' library
	check 'clang++ -O2' program
fi
