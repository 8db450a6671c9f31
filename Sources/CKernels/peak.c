// Loops that only multiply and add in registers: the upper bound of this processor's speed.

#include "instruction_sets.h"

// Independent sums, more than the latency of an instruction in cycles.
enum { SUMS = 14 };

#define ROUNDS(type, zero, step)                                                     \
  type sums[SUMS];                                                                   \
  for (int i = 0; i < SUMS; i++) sums[i] = zero;                                     \
  for (int64_t round = 0; round < rounds; round++) {                                 \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < SUMS; i++) {              \
      sums[i] = step;                                                                \
      __asm__ volatile("" : REGISTER(sums[i]));                                      \
    }                                                                                \
  }

#if defined(__x86_64__)
#include <immintrin.h>

#define REGISTER(x) "+v"(x)

// A loop of `step` on registers of `type`, which makes `operations` multiply-adds at once.
#define LOOP(name, features, type, value, step, operations)                          \
  __attribute__((target(features))) static int64_t name(int64_t rounds) {            \
    type x = value;                                                                  \
    __asm__("" : REGISTER(x));                                                       \
    ROUNDS(type, x, step)                                                            \
    return rounds * SUMS * operations;                                               \
  }

LOOP(floats_512, "avx512f", __m512, _mm512_set1_ps(0.5f), _mm512_fmadd_ps(x, x, sums[i]), 16)
LOOP(halves_512, "avx512f,avx512bf16", __m512, _mm512_set1_ps(0.5f),
     _mm512_dpbf16_ps(sums[i], (__m512bh)x, (__m512bh)x), 32)
LOOP(bytes_512, "avx512f,avx512vnni", __m512i, _mm512_set1_epi32(1), _mm512_dpbusd_epi32(sums[i], x, x), 64)
LOOP(floats_256, "avx2,fma", __m256, _mm256_set1_ps(0.5f), _mm256_fmadd_ps(x, x, sums[i]), 8)
LOOP(bytes_256, "avx2,avxvnni", __m256i, _mm256_set1_epi32(1), _mm256_dpbusd_avx_epi32(sums[i], x, x), 32)
LOOP(bytes_256_evex, "avx512f,avx512vl,avx512vnni", __m256i, _mm256_set1_epi32(1),
     _mm256_dpbusd_epi32(sums[i], x, x), 32)
#undef LOOP
#undef REGISTER
#endif

#if defined(__aarch64__)
#define REGISTER(x) "+w"(x)
#else
#define REGISTER(x) "+x"(x)
#endif

static int64_t floats_portable(int64_t rounds) {
  typedef float four __attribute__((ext_vector_type(4)));
  four x = (four)0.5f;
  ROUNDS(four, x, x * x + sums[i])
  return rounds * SUMS * 4;
}

const yx_peak_loops yx_portable_peak = {floats_portable, floats_portable, floats_portable};

#if defined(__x86_64__)
const yx_peak_loops yx_avx2_peak = {floats_256, floats_256, floats_256};
const yx_peak_loops yx_avxvnni_peak = {floats_256, floats_256, bytes_256};
const yx_peak_loops yx_avxvnni_evex_peak = {floats_256, floats_256, bytes_256_evex};
const yx_peak_loops yx_avx512_peak = {floats_512, floats_512, floats_512};
const yx_peak_loops yx_avx512vnni_peak = {floats_512, floats_512, bytes_512};
const yx_peak_loops yx_avx512bf16_peak = {floats_512, halves_512, bytes_512};
#endif
