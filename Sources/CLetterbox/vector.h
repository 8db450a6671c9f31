// The few vector operations of the letterbox. clang makes them from plain C for any processor; where what it makes for
// SSE2, which every x86-64 has, is several times slower than that processor's own instruction, the instruction is named.
#ifndef VECTOR_H
#define VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Always, so that it becomes code for whichever instruction set the caller is compiled for.
#define INLINE static inline __attribute__((always_inline))

typedef uint8_t byte8 __attribute__((vector_size(8)));
typedef int16_t short4 __attribute__((vector_size(8)));
typedef int16_t short8 __attribute__((vector_size(16)));
typedef int32_t int4 __attribute__((vector_size(16)));
typedef int32_t int8x32 __attribute__((vector_size(32)));
typedef float float4 __attribute__((vector_size(16)));

// Red, green and blue of two neighbouring pixels, weighted and added. Reads eight bytes.
INLINE int4 blend_neighbours(const uint8_t *pixels, const int16_t *weights) {
#if defined(__SSE2__)
  int32_t both;
  memcpy(&both, weights, sizeof both);
  const __m128i levels = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)pixels), _mm_setzero_si128());
  const __m128i pairs = _mm_unpacklo_epi16(levels, _mm_srli_si128(levels, 6));
  return (int4)_mm_madd_epi16(pairs, _mm_set1_epi32(both));
#else
  byte8 bytes;
  memcpy(&bytes, pixels, sizeof bytes);
  const short8 levels = __builtin_convertvector(bytes, short8);
  const short4 first = __builtin_shufflevector(levels, levels, 0, 1, 2, 3);
  const short4 second = __builtin_shufflevector(levels, levels, 3, 4, 5, 6);
  return __builtin_convertvector(first, int4) * weights[0] + __builtin_convertvector(second, int4) * weights[1];
#endif
}

// For numbers that fit into 16 bits.
INLINE short8 narrow(int4 low, int4 high) {
#if defined(__SSE2__)
  return (short8)_mm_packs_epi32((__m128i)low, (__m128i)high);
#else
  return __builtin_convertvector(__builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7), short8);
#endif
}

// The upper 16 bits of the products.
INLINE short8 multiply_high(short8 a, int16_t b) {
#if defined(__SSE2__)
  return (short8)_mm_mulhi_epi16((__m128i)a, _mm_set1_epi16(b));
#else
  const int8x32 products = __builtin_convertvector(a, int8x32) * (int32_t)b;
  return __builtin_convertvector(products >> 16, short8);
#endif
}

INLINE float4 widen_low(short8 levels) {
#if defined(__SSE2__)
  return (float4)_mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpacklo_epi16((__m128i)levels, (__m128i)levels), 16));
#else
  const short4 low = __builtin_shufflevector(levels, levels, 0, 1, 2, 3);
  return __builtin_convertvector(low, float4);
#endif
}

INLINE float4 widen_high(short8 levels) {
  return widen_low(__builtin_shufflevector(levels, levels, 4, 5, 6, 7, 4, 5, 6, 7));
}

INLINE void store(float *to, float4 values) { memcpy(to, &values, sizeof values); }

#endif
