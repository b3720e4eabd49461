#!/bin/bash
# SPDX-License-Identifier: MIT
# zlib, zstd, xz and brotli, both ways, through python3's ctypes (dlsym). The
# lengths that the calls write decide how much of the buffers is kept.
. "$(dirname "$0")/lib.sh"

config <<'EOT'
use = ["zlib", "zstd", "lzma", "brotli"]
functions = [
	"compress2", "uncompress", "uncompress2",
	"ZSTD_compress", "ZSTD_compressCCtx", "ZSTD_decompress",
	"lzma_easy_buffer_encode", "lzma_stream_buffer_decode",
	"BrotliEncoderCompress", "BrotliDecoderDecompress",
]
EOT
cat >pack.py <<'EOT'
import ctypes as c
import hashlib

S, L = c.c_size_t, c.c_ulong
data = bytes((i * i) % 251 for i in range(300000))
room = 400000


def show(name, result, buffer, size):
    # What libraries leave behind that length means nothing.
    print(name, result, size, hashlib.md5(buffer.raw[:size]).hexdigest())


z = c.CDLL("libz.so.1")
packed, size = c.create_string_buffer(room), L(room)
result = z.compress2(packed, c.byref(size), data, L(len(data)), 9)
show("compress2", result, packed, size.value)
back, length = c.create_string_buffer(room), L(room)
result = z.uncompress(back, c.byref(length), packed, size)
show("uncompress", result, back, length.value)
length, used = L(room), L(room)
result = z.uncompress2(back, c.byref(length), packed, c.byref(used))
show("uncompress2", result, back, used.value)
size = L(10)
print("does not fit", z.compress2(packed, c.byref(size), data, L(len(data)), 9))

z = c.CDLL("libzstd.so.1")
for name in ("ZSTD_compress", "ZSTD_compressCCtx", "ZSTD_decompress"):
    getattr(z, name).restype = S
z.ZSTD_createCCtx.restype = c.c_void_p
packed = c.create_string_buffer(room)
size = z.ZSTD_compress(packed, S(room), data, S(len(data)), 9)
show("ZSTD_compress", "", packed, size)
context = c.c_void_p(z.ZSTD_createCCtx())
other = c.create_string_buffer(room)
length = z.ZSTD_compressCCtx(context, other, S(room), data, S(len(data)), 5)
show("ZSTD_compressCCtx", "", other, length)
back = c.create_string_buffer(room)
length = z.ZSTD_decompress(back, S(room), packed, S(size))
show("ZSTD_decompress", "", back, length)

z = c.CDLL("liblzma.so.5")
packed, end = c.create_string_buffer(room), S(7)
result = z.lzma_easy_buffer_encode(6, 4, None, data, S(len(data)), packed,
                                   c.byref(end), S(room))
show("lzma_easy_buffer_encode", result, packed, end.value)
limit, start, back, length = c.c_uint64(1 << 30), S(7), \
    c.create_string_buffer(room), S(0)
result = z.lzma_stream_buffer_decode(c.byref(limit), 0, None, packed,
                                     c.byref(start), end, back,
                                     c.byref(length), S(room))
show("lzma_stream_buffer_decode", result, back, length.value)
print(start.value, limit.value)

packed, size = c.create_string_buffer(room), S(room)
result = c.CDLL("libbrotlienc.so.1").BrotliEncoderCompress(
    9, 22, 0, S(len(data)), data, c.byref(size), packed)
show("BrotliEncoderCompress", result, packed, size.value)
back, length = c.create_string_buffer(room), S(room)
result = c.CDLL("libbrotlidec.so.1").BrotliDecoderDecompress(
    size, packed, c.byref(length), back)
show("BrotliDecoderDecompress", result, back, length.value)
EOT
four_runs - /usr/bin/python3 pack.py
for function in compress2 uncompress uncompress2 ZSTD_compress \
	ZSTD_compressCCtx ZSTD_decompress lzma_easy_buffer_encode \
	lzma_stream_buffer_decode BrotliEncoderCompress \
	BrotliDecoderDecompress; do
	[ "$(counted hits $function)" -ge 1 ] || fail "$function had no hit"
done
