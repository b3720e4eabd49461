#!/bin/bash
# SPDX-License-Identifier: MIT
# Without a config the library looks for one and does nothing else: the same
# system calls as with an empty library, but for the loading itself.
. "$(dirname "$0")/lib.sh"

echo 'int nothing;' | "$CC" -shared -fPIC -o empty.so -xc - ||
	fail 'cannot compile'
find "$HOME" >home.before # where the compiler may keep a cache
trace() { # LIBRARY FILE
	strace -f -o "$2" -E LD_PRELOAD="$1" "$PROGRAMS/sum" 1 1 >out
}
trace "$PWD/empty.so" trace.empty
trace "$LIBRARY" trace.ours
# Behind the loader's work: from the first use of the program's own arguments.
calls() {
	sed 's/^[0-9]* *//; s/(.*//' "$1" | sort | uniq -c
}
calls trace.empty >calls.empty
calls trace.ours >calls.ours
extra=$(($(wc -l <trace.ours) - $(wc -l <trace.empty)))
[ "$extra" -le 10 ] || {
	diff calls.empty calls.ours
	fail "$extra system calls more than an empty library"
}
expect_no_match '(clone|fork|socket)\(|execve\("[^"]*/ckpt"' trace.ours
[ ! -e .ckpt ] || fail 'a store was made'
find "$HOME" | cmp -s - home.before ||
	fail 'something was written to the home directory'
