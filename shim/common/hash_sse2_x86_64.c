/* SPDX-License-Identifier: MIT */
#define XXH_VECTOR XXH_SSE2
#define CKPT_HASH_VECTOR_SIZE 16
#define CKPT_HASH_OPS ckpt_hash_ops_sse2
#define CKPT_HASH_NAME "sse2"
#include "shim/common/hash_width.inc"
