#!/bin/bash
# SPDX-License-Identifier: MIT
# C++ exceptions leave a call that is being recorded, are caught, rethrown and
# end the program where nobody catches them; nothing is stored for such a call.
. "$(dirname "$0")/calls.sh"
command -v c++ >/dev/null || skip 'no C++ compiler'

cat >f.cc <<-EOF2
	extern "C" int f(int x)
	{
		if (x % 2)
			throw x;
		return 3 * x;
	}
EOF2
cat >main.cc <<-EOF2
	#include <cstdio>
	#include <stdexcept>
	extern "C" int f(int x);
	struct Guard {
		~Guard() { std::printf("unwound "); }
	};
	static int guarded(int x)
	{
		Guard guard;
		try {
			return f(x);
		} catch (int) {
			throw;
		}
	}
	static void never() noexcept { f(9); }
	int main(int count, char **)
	{
		for (int x = 0; x < 6; x++) {
			try {
				std::printf("%d\n", guarded(x));
			} catch (int thrown) {
				std::printf("caught %d\n", thrown);
			}
		}
		std::fflush(stdout);
		if (count > 1)
			never();
	}
EOF2
ulimit -c 0
c++ -O2 -g -fPIC -shared -o libf.so f.cc || fail compile
c++ -O2 -g -o main main.cc -L. -lf -Wl,-rpath,. || fail compile
configure '' >ckpt.toml
for argument in '' throw; do
	# Of the shell: it says so when its child is killed.
	sh -c "./main $argument; exit \$?" >out.plain 2>err.plain
	echo $? >status.plain
	for run in cold warm; do
		sh -c "LD_PRELOAD=$LIBRARY ./main $argument; exit \$?" \
			>out.$run 2>err.$run
		echo $? >status.$run
		expect_same out.plain out.$run
		expect_same err.plain err.$run
		expect_same status.plain status.$run
	done
	[ "$argument" ] || {
		expect_counted hits 3
		expect_counted misses 3
		expect_counted stored 0
	}
done
