#!/bin/bash
# SPDX-License-Identifier: MIT
# PREFIX and DESTDIR are honoured; library, planner, contract libraries and
# manual pages are found from there.
. "$(dirname "$0")/lib.sh"

make -s -C "$TOP" B="${B:-build}" PREFIX=/opt/ckpt DESTDIR="$WORK/root" \
	install >out 2>&1 || fail "make install: $(cat out)"
installed=$WORK/root/opt/ckpt
expect_equal 'what stands beside PREFIX' "$installed" \
	"$(find "$WORK/root" -mindepth 2 -maxdepth 2)"
for file in bin/ckpt lib/libckpt.so share/ckpt/contracts/crypt.toml \
	share/man/man1/ckpt.1 share/man/man5/ckpt.toml.5 \
	share/man/man7/libckpt.7; do
	[ -s "$installed/$file" ] || fail "no $file"
done
config <<'EOF'
use = ["crypt"]
functions = ["crypt"]
EOF
for run in cold warm; do
	"$installed/bin/ckpt" run -- mkpasswd -m sha512crypt -R 1000 \
		-S abcdefgh pw >"out.$run" 2>"err.$run" || fail "$run fails"
	[ ! -s "err.$run" ] || fail "$run: something was said"
done
mkpasswd -m sha512crypt -R 1000 -S abcdefgh pw >out.plain
expect_same out.plain out.cold
expect_same out.plain out.warm
expect_counted hits 1 crypt
