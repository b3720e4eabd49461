#!/bin/bash
# SPDX-License-Identifier: MIT
# Functions of the contract libraries that the other tests do not reach, called
# by python3's ctypes.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["crypt", "nettle", "argon2", "apr", "lzma", "divsufsort", "gsl",
	"openssl", "zlib"]
functions = [
	"crypt_rn", "crypt_ra",
	"nettle_pbkdf2_hmac_sha1", "nettle_pbkdf2_hmac_sha384",
	"nettle_pbkdf2_hmac_sha512", "nettle_pbkdf2_hmac_gosthash94cp",
	"argon2i_hash_raw", "argon2i_hash_encoded",
	"argon2d_hash_raw", "argon2d_hash_encoded",
	"argon2id_hash_raw", "argon2id_hash_encoded", "argon2_verify",
	"PKCS5_PBKDF2_HMAC_SHA1", "EVP_BytesToKey", "compress",
	"apr_md5_encode", "apr_bcrypt_encode",
	"lzma_raw_buffer_encode", "lzma_raw_buffer_decode",
	"divsufsort64", "divbwt",
	"gsl_fit_linear", "gsl_fit_wlinear", "gsl_fit_mul", "gsl_fit_wmul",
	"gsl_integration_glfixed_table_alloc",
]
EOT
cat >calls.py <<'EOT'
import ctypes as c
import hashlib

S, I, U, D, P = c.c_size_t, c.c_int, c.c_uint32, c.c_double, c.c_void_p
new = c.create_string_buffer


def digest(data):
    return hashlib.md5(bytes(data)).hexdigest()


z = c.CDLL("libcrypt.so.1")
z.crypt_rn.restype = c.c_char_p
data = new(32768)
for setting in (b"$6$rounds=1000$salt", b"$5$rounds=1000$salt", b"nonsense"):
    print("crypt_rn", z.crypt_rn(b"pw", setting, data, 32768), data.value)
print("too small", z.crypt_rn(b"pw", b"$6$salt", data, 100))
z.crypt_ra.restype = c.c_char_p
block, size = P(), I(0)
for phrase in (b"first", b"second"):  # the first call makes the block
    print("crypt_ra", z.crypt_ra(phrase, b"$5$rounds=1000$salt",
                                 c.byref(block), c.byref(size)), size.value,
          c.string_at(block))

z = c.CDLL("libnettle.so.8")
for name in ("sha1", "sha384", "sha512", "gosthash94cp"):
    out = new(48)
    getattr(z, "nettle_pbkdf2_hmac_" + name)(S(2), b"pw", 1000, S(4), b"salt",
                                             S(48), out)
    print(name, out.raw.hex())

z = c.CDLL("libargon2.so.1")
for kind in "i", "d", "id":
    out = new(24)
    print(getattr(z, f"argon2{kind}_hash_raw")(
        2, 256, 1, b"pw", S(2), b"saltsalt", S(8), out, S(24)), out.raw.hex())
    text = new(b"\xff" * 120, 120)
    print(getattr(z, f"argon2{kind}_hash_encoded")(
        2, 256, 1, b"pw", S(2), b"saltsalt", S(8), S(16), text, S(120)),
        text.value)
print(z.argon2_verify(text, b"pw", S(2), 2), z.argon2_verify(text, b"p", S(1), 2))

z = c.CDLL("libaprutil-1.so.0")
out = new(b"\xff" * 120, 120)
print(z.apr_md5_encode(b"pw", b"$apr1$saltsalt$", out, S(120)), out.value)
print(z.apr_bcrypt_encode(b"pw", 5, b"0123456789abcdef", S(16), out, S(120)),
      out.value)


class Filter(c.Structure):
    _fields_ = [("id", c.c_uint64), ("options", P)]


z = c.CDLL("liblzma.so.5")
options = (c.c_uint8 * 112)()
print(z.lzma_lzma_preset(options, 3))
distance = (c.c_uint8 * 64)(0, 0, 0, 0, 4)
filters = (Filter * 3)((3, c.addressof(distance)),
                       (0x21, c.addressof(options)), (2 ** 64 - 1, 12345))
plain = bytes(i * i % 251 for i in range(20000))
packed, end = new(30000), S(3)
print(z.lzma_raw_buffer_encode(filters, None, plain, S(len(plain)), packed,
                               c.byref(end), S(30000)), end.value,
      digest(packed.raw[:end.value]))
back, start, length = new(30000), S(3), S(1)
print(z.lzma_raw_buffer_decode(filters, None, packed, c.byref(start), end,
                               back, c.byref(length), S(30000)), start.value,
      length.value, back.raw[1:length.value] == plain)
end = S(0)
print("does not fit", z.lzma_raw_buffer_encode(
    filters, None, plain, S(len(plain)), packed, c.byref(end), S(10)),
    end.value)

z = c.CDLL("libdivsufsort64.so.3")
array = (c.c_int64 * len(plain))()
z.divsufsort64.argtypes = [P, P, c.c_int64]
print(z.divsufsort64(plain, array, len(plain)), digest(array))
z = c.CDLL("libdivsufsort.so.3")
work = (c.c_int32 * (len(plain) + 1))()
out = new(len(plain))
print(z.divbwt(plain, out, work, len(plain)), digest(out))
inplace = new(plain, len(plain))
print(z.divbwt(inplace, inplace, None, len(plain)), digest(inplace))

z = c.CDLL("libcrypto.so.3")
for name in ("EVP_sha256", "EVP_aes_256_cbc", "EVP_des_ede3_cbc", "EVP_rc4"):
    getattr(z, name).restype = P
z.EVP_BytesToKey.argtypes = [P, P, P, P, I, I, P, P]
for name in ("EVP_aes_256_cbc", "EVP_des_ede3_cbc", "EVP_rc4"):
    for salt in (b"saltsalt", None):
        key, iv = new(b"\xaa" * 64, 64), new(b"\xaa" * 16, 16)
        print(name, z.EVP_BytesToKey(getattr(z, name)(), z.EVP_sha256(), salt,
                                     b"pw", 2, 1000, key, iv),
              key.raw.hex(), iv.raw.hex())
print(z.EVP_BytesToKey(z.EVP_aes_256_cbc(), z.EVP_sha256(), None, None, 0, 1,
                       None, None))
print(z.EVP_BytesToKey(z.EVP_aes_256_cbc(), z.EVP_sha256(), None, b"p", 1, 1,
                       key, None), key.raw.hex())
out = new(20)
print(z.PKCS5_PBKDF2_HMAC_SHA1(b"pw", -1, b"salt", 4, 1000, 20, out),
      out.raw.hex())
z = c.CDLL("libz.so.1")
packed, size = new(30000), c.c_ulong(30000)
print(z.compress(packed, c.byref(size), plain, c.c_ulong(len(plain))),
      size.value, digest(packed.raw[:size.value]))

c.CDLL("libgslcblas.so.0", mode=c.RTLD_GLOBAL)
z = c.CDLL("libgsl.so.27")
x = (D * 40)(*[i * 0.7 for i in range(40)])
y = (D * 60)(*[i * i * 0.1 for i in range(60)])
w = (D * 20)(*[1 + i % 3 for i in range(20)])
r = [D(-1) for _ in range(6)]
at = [c.byref(value) for value in r]
print(z.gsl_fit_linear(x, S(2), y, S(3), S(20), *at), [v.value for v in r])
print(z.gsl_fit_wlinear(x, S(2), w, S(1), y, S(3), S(20), *at),
      [v.value for v in r])
print(z.gsl_fit_mul(x, S(2), y, S(3), S(20), *at[:3]), [v.value for v in r])
print(z.gsl_fit_wmul(x, S(2), w, S(1), y, S(3), S(20), *at[:3]),
      [v.value for v in r])
z.gsl_integration_glfixed_table_alloc.restype = P
for n in (4, 7, 33):  # the last is computed, the others are in tables
    table = P(z.gsl_integration_glfixed_table_alloc(S(n)))
    for i in range(n):
        z.gsl_integration_glfixed_point(D(0), D(1), S(i), at[0], at[1], table)
        print(n, r[0].value, r[1].value)
    z.gsl_integration_glfixed_table_free(table)

EOT
four_runs - /usr/bin/python3 calls.py
mapfile -t names < <(sed -n '/^functions/,/^]/p' ckpt.toml | grep -o '[a-zA-Z0-9]*_[a-zA-Z0-9_]*\|divbwt\|compress\|divsufsort64')
for function in "${names[@]}"; do
	[ "$(counted hits "$function")" -ge 1 ] || fail "$function had no hit"
done
printf '[defaults]\nverify = 1\n' >>ckpt.toml
ckpt run -- /usr/bin/python3 calls.py >out 2>err.verify
expect_same out out.plain
[ ! -s err.verify ] || fail 'a computed result differs from the kept one'
