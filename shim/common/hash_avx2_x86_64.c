/* SPDX-License-Identifier: MIT */
#define XXH_VECTOR XXH_AVX2
#define CKPT_HASH_VECTOR_SIZE 32
#define CKPT_HASH_OPS ckpt_hash_ops_avx2
#define CKPT_HASH_NAME "avx2"
#include "shim/common/hash_width.inc"
