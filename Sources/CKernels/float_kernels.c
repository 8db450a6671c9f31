// Compiles the kernels for maps of floats once for each instruction set; instruction_sets.h lists them.

#include "instruction_sets.h"
#include "tiles.h"

// All functions with vectors as parameters or results are inlined, so no calling convention for vectors matters.
#pragma clang diagnostic ignored "-Wpsabi"

// a * b + c may become one fused operation where the processor has it.
#pragma clang fp contract(fast)

#define CASES_4(blocks) TILE_CASE(blocks, 1) TILE_CASE(blocks, 2) TILE_CASE(blocks, 3) TILE_CASE(blocks, 4)
#define CASES_6(blocks) CASES_4(blocks) TILE_CASE(blocks, 5) TILE_CASE(blocks, 6)
#define CASES_8(blocks) CASES_6(blocks) TILE_CASE(blocks, 7) TILE_CASE(blocks, 8)
#define CASES_14(blocks)                                                                             \
  CASES_8(blocks)                                                                                    \
  TILE_CASE(blocks, 9)                                                                               \
  TILE_CASE(blocks, 10)                                                                              \
  TILE_CASE(blocks, 11)                                                                              \
  TILE_CASE(blocks, 12) TILE_CASE(blocks, 13) TILE_CASE(blocks, 14)

// 16 registers of 4 floats (32 on 64-bit Arm): a vector of 16 takes four.
#define NAME(x) yx_portable_##x
#define MAX_BLOCKS 1
#define DEPTHWISE_PIXELS 4
#define DEPTHWISE_CASES(kernel) CASES_4(kernel)
#if defined(__aarch64__)
#define MAX_PIXELS 6
#define TILE_CASES(blocks) CASES_6(blocks)
#else
#define MAX_PIXELS 4
#define TILE_CASES(blocks) CASES_4(blocks)
#endif
#include "kernels.inl.h"

#if defined(__x86_64__)
#include <immintrin.h>

// 16 registers of 8 floats: 6 pixels of one block, its weights and a broadcast fill them.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(x) yx_avx2_##x
#define MAX_BLOCKS 1
#define MAX_PIXELS 6
#define TILE_CASES(blocks) CASES_6(blocks)
#define DEPTHWISE_PIXELS 4
#define DEPTHWISE_CASES(kernel) CASES_4(kernel)
#include "kernels.inl.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define HAS_AVX512_ROUNDSCALE
#define NAME(x) yx_avx512_##x
#include "kernels512.inl.h"
#pragma clang attribute pop

// The same with two bfloat16 products in the place of one float32 product.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), apply_to = function)
#define HAS_BF16_DOT
#define NAME(x) yx_avx512bf16_##x
#include "kernels512.inl.h"

// And with divisions, for processors where these are fast.
#define HAS_FAST_DIVISION
#define NAME(x) yx_avx512bf16_dividing_##x
#include "kernels512.inl.h"
#undef HAS_FAST_DIVISION
#undef HAS_BF16_DOT
#undef HAS_AVX512_ROUNDSCALE
#pragma clang attribute pop
#endif
