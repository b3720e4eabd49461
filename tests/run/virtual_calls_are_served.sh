#!/bin/bash
# SPDX-License-Identifier: MIT
# Through vtables in a library and through those that the loader copied into
# the program (R_X86_64_COPY), and through a copied function pointer.
. "$(dirname "$0")/calls.sh"

cat >shape.h <<-EOF2
	struct Shape {
		virtual int area(int x);
		virtual ~Shape() {}
	};
	extern "C" int f(int x);
	extern int (*hook)(int);
	int measure(Shape *shape, int x);
EOF2
cat >shape.cc <<-EOF2
	#include "shape.h"
	int Shape::area(int x) { return 3 * x; }
	int f(int x) { return 5 * x; }
	int (*hook)(int) = f;
	int measure(Shape *shape, int x) { return shape->area(x); }
EOF2
cat >main.cc <<-EOF2
	#include "shape.h"
	#include <cstdio>
	struct Square : Shape {
	};
	int main(int count, char **)
	{
		Shape shape;
		Square square;
		Shape *one = count > 1 ? &square : &shape;
		std::printf("%d ", one->area(1));
		std::printf("%d ", measure(&shape, 2));
		std::printf("%d ", measure(&square, 3));
		std::printf("%d\n", hook(4));
	}
EOF2
configure() {
	cat <<-EOF2
		[[function]]
		name = "_ZN5Shape4areaEi"
		signature = "int area(void *self, int x)"
		$1
		[function.memory]
		self = "ignore"
	EOF2
	functions "$1" f
}
command -v c++ >/dev/null || skip 'no C++ compiler'
c++ -O2 -g -fPIC -shared -o libshape.so -Wl,-soname,libshape.so shape.cc ||
	fail compile
for flags in '-fPIE -pie' '-fno-pie -no-pie'; do
	# shellcheck disable=SC2086 # several flags
	c++ -O2 -g $flags -o main main.cc -L. -lshape -Wl,-rpath,. ||
		fail compile
	expect_calls 4 ./main || fail "$flags"
done
