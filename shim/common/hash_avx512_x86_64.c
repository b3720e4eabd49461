/* SPDX-License-Identifier: MIT */
#define XXH_VECTOR XXH_AVX512
#define CKPT_HASH_VECTOR_SIZE 64
#define CKPT_HASH_OPS ckpt_hash_ops_avx512
#define CKPT_HASH_NAME "avx512"
#include "shim/common/hash_width.inc"
