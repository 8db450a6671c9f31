// Compiles the kernels for maps of bytes for each instruction set and chooses among them; see dispatch.c.

#include "Quantized.h"

#include <stdlib.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang fp contract(fast)

#define CASES_4(vectors) TILE_CASE(vectors, 1) TILE_CASE(vectors, 2) TILE_CASE(vectors, 3) TILE_CASE(vectors, 4)
#define CASES_8(vectors) \
  CASES_4(vectors) TILE_CASE(vectors, 5) TILE_CASE(vectors, 6) TILE_CASE(vectors, 7) TILE_CASE(vectors, 8)
#define CASES_14(vectors)                                                                              \
  CASES_8(vectors)                                                                                     \
  TILE_CASE(vectors, 9)                                                                                \
  TILE_CASE(vectors, 10)                                                                               \
  TILE_CASE(vectors, 11) TILE_CASE(vectors, 12) TILE_CASE(vectors, 13) TILE_CASE(vectors, 14)

#define NAME(x) portable_##x
#define ISA_NAME "portable"
#define BYTE_BLOCKS 1
#define BYTE_PIXELS 4
#define BYTE_CASES(vectors) CASES_4(vectors)
#define portable_reciprocal(x) (1.0f / (x))
#include "quantized.inl.h"

#if defined(__x86_64__)
#include <immintrin.h>

// 16 registers of 8 sums: 4 pixels of one block, its weights taken apart, a broadcast taken apart.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define HAS_PAIRS
#define NAME(x) avx2_##x
#define ISA_NAME "avx2"
#define BYTE_BLOCKS 1
#define BYTE_PIXELS 4
#define BYTE_CASES(vectors) CASES_4(vectors)
#define avx2_reciprocal(x) (1.0f / (x))
#include "quantized.inl.h"
#undef HAS_PAIRS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define HAS_AVX512_ROUNDSCALE
#define HAS_WIDE_PAIRS
#define NAME(x) avx512_##x
#define ISA_NAME "avx512"
#define BYTE_BLOCKS 1
#define BYTE_PIXELS 14
#define BYTE_CASES(vectors) CASES_14(vectors)
#define avx512_reciprocal(x) (1.0f / (x))
#include "quantized.inl.h"
#undef HAS_WIDE_PAIRS
#pragma clang attribute pop

// 32 registers of 16 sums: 14 pixels of two blocks, two vectors of weights, a broadcast. All four products of a word and
// their sum are one instruction.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#define HAS_VNNI
#define DEPTHWISE_BYTE_PIXELS 8
#define DEPTHWISE_BYTE_CASES(stride) CASES_8(stride)
#define NAME(x) avx512vnni_##x
#define ISA_NAME "avx512vnni"
#define BYTE_BLOCKS 2
#define BYTE_PIXELS 14
#define BYTE_CASES(vectors) CASES_14(vectors)
#define avx512vnni_reciprocal(x) (1.0f / (x))
#include "quantized.inl.h"
#undef HAS_VNNI
#undef HAS_AVX512_ROUNDSCALE
#pragma clang attribute pop
#endif

const yx_quantized_kernels *yx_quantized_kernels_for(const char *name) {
#if defined(__x86_64__)
  if (!name) name = getenv("YOLOX_ISA");
  const int is_bounded = name && yx_kernels_named(name);
  if (__builtin_cpu_supports("avx512vnni") && yx_kernels_named("avx512") &&
      (!is_bounded || strcmp(name, "avx512bf16") == 0)) {
    return &avx512vnni_table;
  }
  const yx_quantized_kernels *const lesser[] = {&avx512_table, &avx2_table};
  for (int i = 0; i < 2; i++) {
    if (yx_kernels_named(lesser[i]->name) && (!is_bounded || strcmp(name, lesser[i]->name) == 0)) return lesser[i];
  }
#else
  (void)name;
#endif
  return &portable_table;
}

void yx_fill_border(uint8_t *out, const yx_layout *layout, int width, int height, int border, const uint8_t *zero,
                    int block, int first_row, int end_row) {
  const int top = first_row == 0 ? -border : first_row;
  const int bottom = end_row == height ? height + border : end_row;
  uint8_t *plane = out + layout->origin + block * layout->block_step;
  for (int y = top; y < bottom; y++) {
    uint8_t *row = plane + y * layout->row_stride;
    const int isInside = y >= 0 && y < height;
    for (int x = -border; x < width + border; x++) {
      if (isInside && x == 0) x = width;
      memcpy(row + (int64_t)x * YX_BLOCK, zero, YX_BLOCK);
    }
  }
}

void yx_upsample2x_bytes(const uint8_t *in, const yx_layout *input, uint8_t *out, const yx_layout *output, int width,
                         int block, int first_row, int end_row) {
  for (int y = first_row; y < end_row; y++) {
    const uint8_t *source = in + input->origin + block * input->block_step + (y / 2) * input->row_stride;
    uint8_t *target = out + output->origin + block * output->block_step + y * output->row_stride;
    for (int x = 0; x < width; x++) {
      memcpy(target + (int64_t)x * YX_BLOCK, source + (int64_t)(x / 2) * YX_BLOCK, YX_BLOCK);
    }
  }
}
