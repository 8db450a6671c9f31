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

__attribute__((target("avx512f"))) static int64_t floats_512(int64_t rounds) {
  __m512 x = _mm512_set1_ps(0.5f);
  __asm__("" : "+v"(x));
  ROUNDS(__m512, x, _mm512_fmadd_ps(x, x, sums[i]))
  return rounds * SUMS * 16;
}

__attribute__((target("avx512f,avx512bf16"))) static int64_t halves_512(int64_t rounds) {
  __m512 x = _mm512_set1_ps(0.5f);
  __asm__("" : "+v"(x));
  ROUNDS(__m512, x, _mm512_dpbf16_ps(sums[i], (__m512bh)x, (__m512bh)x))
  return rounds * SUMS * 32;
}

__attribute__((target("avx512f,avx512vnni"))) static int64_t bytes_512(int64_t rounds) {
  __m512i x = _mm512_set1_epi32(1);
  __asm__("" : "+v"(x));
  ROUNDS(__m512i, x, _mm512_dpbusd_epi32(sums[i], x, x))
  return rounds * SUMS * 64;
}

__attribute__((target("avx2,fma"))) static int64_t floats_256(int64_t rounds) {
  __m256 x = _mm256_set1_ps(0.5f);
  __asm__("" : "+v"(x));
  ROUNDS(__m256, x, _mm256_fmadd_ps(x, x, sums[i]))
  return rounds * SUMS * 8;
}
__attribute__((target("avx2,avxvnni"))) static int64_t bytes_256(int64_t rounds) {
  __m256i x = _mm256_set1_epi32(1);
  __asm__("" : "+x"(x));
  ROUNDS(__m256i, x, _mm256_dpbusd_avx_epi32(sums[i], x, x))
  return rounds * SUMS * 32;
}

__attribute__((target("avx512f,avx512vl,avx512vnni"))) static int64_t bytes_256_evex(int64_t rounds) {
  __m256i x = _mm256_set1_epi32(1);
  __asm__("" : "+v"(x));
  ROUNDS(__m256i, x, _mm256_dpbusd_epi32(sums[i], x, x))
  return rounds * SUMS * 32;
}
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
