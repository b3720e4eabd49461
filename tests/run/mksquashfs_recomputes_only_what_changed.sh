#!/bin/bash
# SPDX-License-Identifier: MIT
# Two threads, a hundred blocks: all found again; with one file changed, only
# the blocks that hold the change are compressed.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["lzma"]
functions = ["lzma_stream_buffer_encode"]
EOF
mkdir sq
cp -L /usr/lib/x86_64-linux-gnu/libcrypto.so.3 sq/
seq 1 1000000 >sq/n.txt
touch -d 2024-01-01 sq sq/*
make_image() {
	rm -f s.sqfs
	"$@" mksquashfs sq s.sqfs -comp xz -mkfs-time 0 -all-time 0 -all-root \
		-no-progress -noappend -processors 2 >out 2>err.run ||
		fail 'mksquashfs fails'
}
make_image
mv s.sqfs plain.sqfs
for run in cold warm; do
	make_image ckpt run --
	expect_same plain.sqfs s.sqfs
	[ ! -s err.run ] || fail 'something was said'
done
expect_counted misses 0
[ "$(counted hits)" -gt 50 ] || fail "only $(counted hits) hits"
echo hello >>sq/n.txt
touch -d 2024-01-01 sq/n.txt
make_image
mv s.sqfs plain.sqfs
make_image ckpt run --
expect_same plain.sqfs s.sqfs
expect_counted misses 2
