#!/bin/bash
# SPDX-License-Identifier: MIT
# libckpt.so can live in any process: it needs the C library and its loader
# only, exports no symbol, keeps its TLS tiny and asks for no executable stack.
. "$(dirname "$0")/lib.sh"

needed=$(readelf -dW "$LIBRARY" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
	grep -vx 'ld-linux-x86-64\.so\.2')
expect_equal 'NEEDED' libc.so.6 "$needed"

exported=$(nm -D --defined-only "$LIBRARY")
expect_equal 'exported symbols' '' "$exported"

tls=$(readelf -lW "$LIBRARY" | awk '$1 == "TLS" { print $6 }')
[ $((${tls:-0})) -le 1536 ] || fail "TLS segment of $tls bytes"

flags=$(readelf -lW "$LIBRARY" | awk '$1 == "GNU_STACK" { print $7 }')
expect_equal 'GNU_STACK flags' RW "$flags"
