#!/bin/bash
# SPDX-License-Identifier: MIT
# python's ctypes finds crypt() with dlsym() and calls it through libffi.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["crypt"]
functions = ["crypt"]
EOF
cat >hash.py <<'EOF'
import ctypes
library = ctypes.CDLL("libcrypt.so.1")
library.crypt.restype = ctypes.c_char_p
print(library.crypt(b"pw", b"$6$rounds=5000000$saltsalt").decode())
EOF
four_runs - /usr/bin/python3 hash.py
expect_counted hits 1 crypt
