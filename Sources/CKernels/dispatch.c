// Compiles the kernels for each instruction set and chooses among them once, when they are first asked for.

#include "CKernels.h"

#include <stdlib.h>
#include <string.h>

// Everything that takes or gives a vector is inlined: no vector crosses a call, so no calling convention matters.
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
#define NAME(x) portable_##x
#define ISA_NAME "portable"
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
#define NAME(x) avx2_##x
#define ISA_NAME "avx2"
#define MAX_BLOCKS 1
#define MAX_PIXELS 6
#define TILE_CASES(blocks) CASES_6(blocks)
#define DEPTHWISE_PIXELS 4
#define DEPTHWISE_CASES(kernel) CASES_4(kernel)
#include "kernels.inl.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define HAS_AVX512_ROUNDSCALE
#define NAME(x) avx512_##x
#define ISA_NAME "avx512"
#include "kernels512.inl.h"
#pragma clang attribute pop

// The same with two bfloat16 products in the place of one float32 product.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), apply_to = function)
#define HAS_BF16_DOT
#define NAME(x) avx512bf16_##x
#define ISA_NAME "avx512bf16"
#include "kernels512.inl.h"

// And with divisions, for processors that are quick at them.
#define HAS_FAST_DIVISION
#define NAME(x) avx512bf16_dividing_##x
#define ISA_NAME "avx512bf16"
#include "kernels512.inl.h"
#undef HAS_FAST_DIVISION
#undef HAS_BF16_DOT
#undef HAS_AVX512_ROUNDSCALE
#pragma clang attribute pop
#endif

enum { MOST_LEVELS = 4 };

static const yx_kernels *available[MOST_LEVELS + 1];
static const yx_kernels *chosen;

// Runs before main, so that no thread ever sees the tables half filled.
__attribute__((constructor)) static void choose(void) {
  int count = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    if (__builtin_cpu_supports("avx512bf16")) {
      available[count++] = __builtin_cpu_is("amd") ? &avx512bf16_dividing_table : &avx512bf16_table;
    }
    available[count++] = &avx512_table;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) available[count++] = &avx2_table;
#endif
  available[count++] = &portable_table;
  chosen = available[0];

  const char *wanted = getenv("YOLOX_ISA");
  if (wanted) {
    const yx_kernels *found = yx_kernels_named(wanted);
    if (found) chosen = found;
  }
}

void yx_clear_border(float *out, const yx_layout *layout, int width, int height, int border, int first_block,
                     int blocks, int first_row, int end_row) {
  const size_t pixel = YX_BLOCK * sizeof(float);
  const int top = first_row == 0 ? -border : first_row;
  const int bottom = end_row == height ? height + border : end_row;
  for (int b = first_block; b < first_block + blocks; b++) {
    float *plane = out + layout->origin + b * layout->block_step;
    for (int y = top; y < bottom; y++) {
      float *row = plane + y * layout->row_stride;
      if (y < 0 || y >= height) {
        memset(row - border * YX_BLOCK, 0, (size_t)(width + 2 * border) * pixel);
      } else {
        memset(row - border * YX_BLOCK, 0, (size_t)border * pixel);
        memset(row + (int64_t)width * YX_BLOCK, 0, (size_t)border * pixel);
      }
    }
  }
}

void yx_upsample2x(const float *in, const yx_layout *input, float *out, const yx_layout *output, int width, int block,
                   int first_row, int end_row) {
  for (int y = first_row; y < end_row; y++) {
    const float *source = in + input->origin + block * input->block_step + (y / 2) * input->row_stride;
    float *target = out + output->origin + block * output->block_step + y * output->row_stride;
    for (int x = 0; x < width; x++) {
      memcpy(target + (int64_t)x * YX_BLOCK, source + (int64_t)(x / 2) * YX_BLOCK, YX_BLOCK * sizeof(float));
    }
  }
}

void yx_find_spans(const float *in, const yx_layout *layout, int width, int height, float threshold, int reaches,
                   int32_t *spans) {
  for (int y = 0; y < height; y++) {
    const float *row = in + layout->origin + y * layout->row_stride;
    int32_t first = 0, end = 0;
    for (int x = 0; x < width; x++) {
      if (!(row[(int64_t)x * YX_BLOCK] >= threshold)) continue;
      if (end == 0) first = x;
      end = x + 1;
    }
    spans[2 * y] = first;
    spans[2 * y + 1] = end;
  }
  for (int reach = 1; reach < reaches; reach++) {
    const int32_t *from = spans + (int64_t)(reach - 1) * 2 * height;
    int32_t *to = spans + (int64_t)reach * 2 * height;
    for (int y = 0; y < height; y++) {
      int32_t first = width, end = 0;
      for (int near = y == 0 ? 0 : y - 1; near <= y + 1 && near < height; near++) {
        if (from[2 * near] == from[2 * near + 1]) continue;
        if (from[2 * near] - 1 < first) first = from[2 * near] == 0 ? 0 : from[2 * near] - 1;
        if (from[2 * near + 1] + 1 > end) end = from[2 * near + 1] == width ? width : from[2 * near + 1] + 1;
      }
      to[2 * y] = end == 0 ? 0 : first;
      to[2 * y + 1] = end;
    }
  }
}

const yx_kernels *yx_best_kernels(void) { return chosen; }

const yx_kernels *const *yx_available_kernels(void) { return available; }

const yx_kernels *yx_kernels_named(const char *name) {
  for (int i = 0; available[i]; i++) {
    if (strcmp(available[i]->name, name) == 0) return available[i];
  }
  return 0;
}
