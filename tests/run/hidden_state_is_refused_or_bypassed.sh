#!/bin/bash
# SPDX-License-Identifier: MIT
# Streams, opaque contexts, callbacks: with the contract that a hopeful user
# would write, the call is refused by name and reason, and nothing is stored.
. "$(dirname "$0")/lib.sh"

expect_refused() { # FUNCTION REGEX COMMAND…
	"${@:3}" >out.plain 2>err.plain
	ckpt run -- "${@:3}" >out 2>err.run
	expect_same out.plain out
	ckpt run -- "${@:3}" >out 2>err.run
	expect_same out.plain out
	expect_counted hits 0
	expect_counted stored 0
}
config <<'EOF'
[[function]]
name = "deflate"
signature = "int deflate(struct z_stream_s *strm, int flush)"
EOF
seq 1 20000 >numbers
expect_refused deflate 'strm' /usr/bin/python3 -c \
	'import zlib; print(len(zlib.compress(open("numbers", "rb").read())))'

config <<'EOF'
[[function]]
name = "EVP_KDF_derive"
signature = """
int EVP_KDF_derive(struct evp_kdf_ctx_st *ctx, unsigned char *key,
	size_t size, const struct ossl_param_st *params)"""
[function.memory]
"key" = "out [size]"
EOF
expect_refused EVP_KDF_derive 'ctx' openssl kdf -keylen 32 \
	-kdfopt pass:secret -kdfopt salt:salt -kdfopt n:1024 -kdfopt r:8 \
	-kdfopt p:1 SCRYPT
