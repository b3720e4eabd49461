#!/bin/bash
# SPDX-License-Identifier: MIT
# max_age, of one function and of the cache: an older result is computed again,
# and ckpt why says so.
. "$(dirname "$0")/lib.sh"

write() { # AGE
	config <<END
[[function]]
name = "sum_slowly"
max_age = $1
memory.values = "[count]"
END
}
write 3600
preload "$PROGRAMS/sum" 1 2 3 >out
preload "$PROGRAMS/sum" 1 2 3 >out
expect_warm
sleep 2.1
write 1
preload "$PROGRAMS/sum" 1 2 3 >out
expect_counted misses 1
ckpt why >why
expect_match 'its result was older than max_age' why
