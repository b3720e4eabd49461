#!/bin/bash
# SPDX-License-Identifier: MIT
# A C++ class that is not trivial for calls is passed by a pointer to the
# caller's object (psABI 3.2.3, Itanium C++ ABI 3.1.2): right, or refused.
. "$(dirname "$0")/calls.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'

cat >types.h <<-EOF2
	struct Handle {
		int a, b;
		Handle(int x, int y) : a(x), b(y) {}
		Handle(const Handle &other) : a(other.a), b(other.b) {}
		~Handle() {}
	};
	struct Empty {};
	extern "C" int f(Handle h, Empty e, int x);
EOF2
cat >f.cc <<-EOF2
	#include "types.h"
	int f(Handle h, Empty, int x) { return 100 * h.a + 10 * h.b + x; }
EOF2
cat >main.cc <<-EOF2
	#include "types.h"
	#include <cstdio>
	int main()
	{
		for (int i = 0; i < 3; i++)
			std::printf("%d\n", f(Handle(i, i + 1), Empty(), 5));
	}
EOF2
c++ -O2 -g -fPIC -shared -o libf.so f.cc || fail f
c++ -O2 -g -o main main.cc -L. -lf -Wl,-rpath,. || fail main
printf '[[function]]\nname = "f"\n' >ckpt.toml
./main >out.plain
for run in cold warm; do
	preload ./main >out.$run 2>err.$run
	expect_same out.plain out.$run
done
[ -s err.warm ] || expect_counted hits 3
