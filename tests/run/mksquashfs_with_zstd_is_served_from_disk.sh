#!/bin/bash
# SPDX-License-Identifier: MIT
# Blocks compressed by two threads, each with a context of its own that it
# uses again and again.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["zstd"]
functions = ["ZSTD_compressCCtx"]
EOT
mkdir tree
seq 1 400000 >tree/numbers
four_runs image mksquashfs tree image -comp zstd -mkfs-time 0 -all-time 0 \
	-all-root -no-progress -noappend -quiet
[ "$(counted hits)" -ge 20 ] || fail 'few hits'
