#!/bin/bash
# SPDX-License-Identifier: MIT
# htpasswd through apr_password_validate (bcrypt), python3's argon2 module.
. "$(dirname "$0")/lib.sh"

config <<'EOF'
use = ["apr", "argon2"]
functions = ["apr_password_validate", "argon2_hash"]
EOF
htpasswd -cbBC 12 users joe secret 2>/dev/null || fail 'no htpasswd'
four_runs - htpasswd -vb users joe secret
expect_counted hits 1 apr_password_validate
# Another password is another input.
ckpt run -- htpasswd -vb users joe wrong >out 2>&1
expect_equal 'exit status of a wrong password' 3 $?

cat >hash.py <<'EOF'
from argon2.low_level import Type, hash_secret
print(hash_secret(b"secret", b"saltsalt", time_cost=10, memory_cost=65536,
	parallelism=1, hash_len=32, type=Type.ID).decode())
EOF
four_runs - /usr/bin/python3 hash.py
expect_counted hits 1 argon2_hash
