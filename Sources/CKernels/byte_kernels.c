// Compiles the kernels for maps of bytes once for each instruction set; instruction_sets.h lists them.

#include "instruction_sets.h"
#include "tiles.h"

#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang fp contract(fast)

#define CASES_4(vectors) TILE_CASE(vectors, 1) TILE_CASE(vectors, 2) TILE_CASE(vectors, 3) TILE_CASE(vectors, 4)
#define CASES_6(vectors) CASES_4(vectors) TILE_CASE(vectors, 5) TILE_CASE(vectors, 6)
#define CASES_8(vectors) CASES_6(vectors) TILE_CASE(vectors, 7) TILE_CASE(vectors, 8)
#define CASES_14(vectors)                                                                              \
  CASES_8(vectors)                                                                                     \
  TILE_CASE(vectors, 9)                                                                                \
  TILE_CASE(vectors, 10)                                                                               \
  TILE_CASE(vectors, 11) TILE_CASE(vectors, 12) TILE_CASE(vectors, 13) TILE_CASE(vectors, 14)

#define NAME(x) yx_portable_##x
#define BYTE_BLOCKS 1
#define BYTE_PIXELS 4
#define BYTE_CASES(vectors) CASES_4(vectors)
#include "byte_kernels.inl.h"

#if defined(__x86_64__)
#include <immintrin.h>

// 16 registers of 8 sums: 4 pixels of one block, its weights taken apart, a broadcast taken apart.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define HAS_PAIRS
#define NAME(x) yx_avx2_##x
#define SEPARATE_PARTS 1
#define BYTE_BLOCKS 1
#define BYTE_PIXELS 4
#define BYTE_CASES(vectors) CASES_4(vectors)
#include "byte_kernels.inl.h"
#undef HAS_PAIRS
#pragma clang attribute pop

// 16 registers of 8 sums: 6 pixels of one block, its weights, a broadcast. Once for AVX-VNNI, and once in the encoding of
// AVX-512, so that processors with the latter can test the body. Its times mean nothing there: the compiler keeps more in
// registers, and other vectors in registers of 512 bits.
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#define HAS_VNNI_256
#define VNNI_256 _mm256_dpbusd_avx_epi32
#define NAME(x) yx_avxvnni_##x
#include "byte_kernels256.inl.h"
#undef VNNI_256
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#define VNNI_256 _mm256_dpbusd_epi32
#define NAME(x) yx_avxvnni_evex_##x
#include "byte_kernels256.inl.h"
#undef VNNI_256
#undef HAS_VNNI_256
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define HAS_AVX512_ROUNDSCALE
#define HAS_WIDE_PAIRS
#define NAME(x) yx_avx512_##x
#define BYTE_BLOCKS 1
#define BYTE_PIXELS 14
#define BYTE_CASES(vectors) CASES_14(vectors)
#include "byte_kernels.inl.h"
#undef HAS_WIDE_PAIRS
#pragma clang attribute pop

// 32 registers of 16 sums: 14 pixels of two blocks, two vectors of weights, a broadcast. All four products of a word and
// their sum are one instruction.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#define HAS_VNNI
#undef DEPTHWISE_BYTE_PIXELS
#undef DEPTHWISE_BYTE_CASES
#define DEPTHWISE_BYTE_PIXELS 8
#define DEPTHWISE_BYTE_CASES(stride) CASES_8(stride)
#define NAME(x) yx_avx512vnni_##x
#define BYTE_BLOCKS 2
#define BYTE_PIXELS 14
#define BYTE_CASES(vectors) CASES_14(vectors)
#include "byte_kernels.inl.h"
#undef HAS_VNNI
#undef HAS_AVX512_ROUNDSCALE
#pragma clang attribute pop
#endif
