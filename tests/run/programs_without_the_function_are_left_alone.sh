#!/bin/bash
# SPDX-License-Identifier: MIT
# Helper processes that never have the function say and change nothing; one
# that clears the environment runs without us, one that keeps it with us.
. "$(dirname "$0")/calls.sh"

compile_f
compile main -L. -lf -Wl,-rpath,. <<-EOF2
	#include <stdio.h>
	int f(int);
	int main(void) { printf("%d\n", f(1)); }
EOF2
cat >script <<-'EOF2'
	echo text | sed s/x/y/ | tr a-z A-Z
	uname >/dev/null
	./main
	env -i ./main
	(exit 3)
EOF2
configure '' >ckpt.toml
sh script >out.plain 2>err.plain
echo $? >status.plain
for run in cold warm; do
	preload sh script >out.$run 2>err.$run
	echo $? >status.$run
	expect_same out.plain out.$run
	expect_same err.plain err.$run
	expect_same status.plain status.$run
done
expect_counted hits 1
