#!/bin/bash
# SPDX-License-Identifier: MIT
# python3's hashlib: scrypt asks first with no output buffer, pbkdf2_hmac names
# its hash by an opaque handle.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["openssl"]
functions = ["EVP_PBE_scrypt", "PKCS5_PBKDF2_HMAC"]
EOT
cat >derive.py <<'EOT'
import hashlib
print(hashlib.scrypt(b"pw", salt=b"salt", n=1 << 14, r=8, p=1,
                     maxmem=1 << 26).hex())
for name in ("sha256", "sha512"):
    print(hashlib.pbkdf2_hmac(name, b"pw", b"salt", 50000).hex())
EOT
four_runs - /usr/bin/python3 derive.py
expect_counted hits 1 EVP_PBE_scrypt
expect_counted hits 2 PKCS5_PBKDF2_HMAC
