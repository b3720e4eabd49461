#!/bin/bash
# SPDX-License-Identifier: MIT
# An unmodified program of somebody else, built from its source package with
# -g -O2: its own internal function, which it calls directly, needs a contract
# of a few lines and nothing else. The source comes by apt, if it can.
. "$(dirname "$0")/lib.sh"

full_only 'fetches the source package of zopfli'
command -v apt-get >/dev/null || skip 'no apt-get to fetch the source'
mkdir -p apt/parts apt/lists/partial
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
	[ ! -f "$file" ] || sed -e 's/^Types: deb$/Types: deb-src/' \
		-e 's/^deb /deb-src /' "$file" >"apt/parts/${file##*/}"
done
apt=(apt-get -q -o Dir::Etc::sourcelist=- -o "Dir::Etc::sourceparts=$PWD/apt/parts"
	-o "Dir::State::lists=$PWD/apt/lists" -o APT::Sandbox::User=root)
"${apt[@]}" update >out.apt 2>&1
"${apt[@]}" source --download-only zopfli >>out.apt 2>&1 ||
	skip "no source package: $(tail -n 1 out.apt)"
tar -xzf zopfli_*.orig.tar.gz || fail 'cannot be unpacked'
make -C zopfli-*/ CFLAGS='-g -O2' zopfli >out.make 2>&1 ||
	fail "cannot be built: $(tail -n 3 out.make)"
cp zopfli-*/zopfli .

config <<'EOF2'
[[function]]
name = "ZopfliDeflate"
indirect = "object"
[function.memory]
options = "one"
in = "[insize]"
bp = "inout one"
outsize = "inout one"
"*out" = "inout [pre(*outsize) -> post(*outsize)] realloc capacity pow2(*outsize)"
EOF2
head -c 100000 zopfli >input
four_runs - ./zopfli -c input
expect_counted hits 1 ZopfliDeflate
gzip -dc <out.warm | cmp - input || fail 'what came is not the input'
four_runs - ./zopfli --zlib --i5 -c input
ckpt inspect ./zopfli ZopfliDeflate >out
expect_match 'reached +by its entry' out
expect_match 'direct call +zopfli at 0x[0-9a-f]+ .ZopfliGzipCompress' out
