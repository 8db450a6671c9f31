// A block of 16 channels as one vector, and the arithmetic of activations. Included once for each instruction set.

typedef float NAME(vec) __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef int NAME(ivec) __attribute__((ext_vector_type(16)));
#define vec NAME(vec)
#define ivec NAME(ivec)
#define INLINE static inline __attribute__((always_inline))

INLINE vec NAME(load)(const float *p) { return *(const vec *)p; }
INLINE void NAME(store)(float *p, vec v) { *(vec *)p = v; }
INLINE vec NAME(max)(vec a, vec b) { return __builtin_elementwise_max(a, b); }
INLINE vec NAME(min)(vec a, vec b) { return __builtin_elementwise_min(a, b); }

// e^x for x in [-87, 87], relative error below 2e-7: x = n ln 2 + r with |r| <= ln 2 / 2, e^r by its Taylor
// polynomial of degree 6, and 2^n straight into the exponent bits.
INLINE vec NAME(exp)(vec x) {
  const vec shift = (vec)12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low mantissa bits
  x = NAME(min)(NAME(max)(x, (vec)-87.0f), (vec)87.0f);
  const vec shifted = x * 1.44269504088896341f + shift;
  const vec n = shifted - shift;
  vec r = x - n * 0.693359375f;  // ln 2 in two parts, the first exact in few bits (Cody and Waite)
  r = r + n * 2.12194440e-4f;
  vec p = (vec)1.3888889e-3f;
  p = p * r + 8.3333333e-3f;
  p = p * r + 4.1666667e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // A cast between vectors of the same size keeps the bits.
  const ivec exponent = ((ivec)shifted - (ivec)shift) << 23;
  return (vec)((ivec)p + exponent);
}

INLINE vec NAME(sigmoid)(vec x) { return 1.0f / ((vec)1.0f + NAME(exp)(-x)); }

// SiLU of x for t = x log2 e, the result of a convolution whose weights and bias were multiplied by log2 e:
//
//     x / (1 + e^-x) = t / (log2 e + log2 e * 2^-t)
//
// so that neither the exponential nor the result costs a multiplication.
#ifdef HAS_AVX512_ROUNDSCALE
// 2^-t = 2^i 2^(j / 32) 2^-r with whole numbers i, 0 <= j < 32 and |r| <= 1 / 64. The table has log2 e * 2^(j / 32), less j
// in the bits to which i 32 + j is added; 2^-r is a polynomial of degree 2. Where a division takes 16 cycles for 16 numbers
// (Intel), a reciprocal of 14 bits and a Newton step replace it; where it takes 6 (AMD), it is the faster of the two.
// Relative error below 2.5e-7 for t in [-40, 40] either way.
static const uint32_t NAME(powers)[32] __attribute__((aligned(64))) = {
    0x3fb8aa3b, 0x3fb8b567, 0x3fb8d73d, 0x3fb9103e, 0x3fb960ea, 0x3fb9c9c7, 0x3fba4b5b, 0x3fbae633,
    0x3fbb9ada, 0x3fbc69e2, 0x3fbd53e0, 0x3fbe5969, 0x3fbf7b18, 0x3fc0b98b, 0x3fc21564, 0x3fc38f47,
    0x3fc293ee, 0x3fc16fe8, 0x3fc05be9, 0x3fbf584b, 0x3fbe656a, 0x3fbd83a4, 0x3fbcb359, 0x3fbbf4ea,
    0x3fbb48bb, 0x3fbaaf34, 0x3fba28bc, 0x3fb9b5bf, 0x3fb956a9, 0x3fb90beb, 0x3fb8d5f5, 0x3fb8b53e,
};

INLINE vec NAME(silu_of_log2)(vec t) {
  const vec shift = (vec)393216.0f;  // 1.5 * 2^18: adding it leaves i 32 + j in the low mantissa bits
  const vec bounded = (vec)_mm512_range_ps((__m512)t, _mm512_set1_ps(124.0f), 2);  // the smaller magnitude, sign of t
  const vec shifted = shift - bounded;
  const vec r = bounded - (vec)_mm512_roundscale_ps((__m512)bounded, 0x50);  // to 5 binary places
  const ivec power = (ivec)_mm512_permutex2var_epi32(_mm512_load_si512(NAME(powers)), (__m512i)shifted,
                                                     _mm512_load_si512(NAME(powers) + 16));
  vec p = r * 2.402265e-1f - 6.9315734e-1f;
  p = p * r + 1.0f;
  const vec denominator = p * (vec)(power + ((ivec)shifted << 18)) + 1.44269504f;
#ifdef HAS_FAST_DIVISION
  return t / denominator;
#else
  const vec guess = (vec)_mm512_rcp14_ps((__m512)denominator);
  const vec y = t * guess;
  return y + (t - denominator * y) * guess;
#endif
}
#else
// 2^-t = 2^n 2^f with |f| <= 1/2, 2^f by its minimax polynomial of degree 5. Relative error below 5e-7 for t in [-28, 28].
INLINE vec NAME(silu_of_log2)(vec t) {
  const vec shift = (vec)12582912.0f;  // as in exp
  const vec bounded = NAME(min)(NAME(max)(t, (vec)-124.0f), (vec)124.0f);
  const vec shifted = shift - bounded;
  const vec f = shift - shifted - bounded;
  vec p = (vec)1.326472719e-3f;
  p = p * f + 9.671512644e-3f;
  p = p * f + 5.550733743e-2f;
  p = p * f + 2.402224209e-1f;
  p = p * f + 6.931469776e-1f;
  p = p * f + 1.0f;
  const vec power = (vec)((ivec)p + (((ivec)shifted - (ivec)shift) << 23));
  return t / (power * 1.44269504f + 1.44269504f);
}
#endif

// Equal on every instruction set within rounding for finite x up to 2^100 in magnitude. Beyond it SiLU is not exact: negative
// numbers give up to -12 instead of 0 and overflow is infinite or NaN. Of NaN, SiLU, LeakyReLU and HardSwish are NaN, ReLU and
// ReLU6 are 0, and the sigmoid is 1, as minimum and maximum prefer numbers.
INLINE vec NAME(activate_one)(vec x, yx_activation activation) {
  switch (activation) {
    case YX_SILU:
      return NAME(silu_of_log2)(x * 1.44269504088896341f);
    case YX_SILU_OF_LOG2:
      return NAME(silu_of_log2)(x);
    case YX_RELU:
      return NAME(max)(x, (vec)0.0f);
    case YX_LEAKY_RELU:
      return NAME(max)(x, x * 0.1f);
    case YX_RELU6:
      return NAME(min)(NAME(max)(x, (vec)0.0f), (vec)6.0f);
    case YX_HARD_SWISH:
      return x * NAME(min)(NAME(max)(x * (1.0f / 6) + 0.5f, (vec)0.0f), (vec)1.0f);
    case YX_SIGMOID:
      return NAME(sigmoid)(x);
    case YX_IDENTITY:
      return x;
  }
  return x;
}

// Numbers of 16 bits are the upper halves of floats (bfloat16), rounded to nearest, ties to even. Two of them share a
// word: the first in its lower half.
#ifdef HAS_BF16_DOT
INLINE vec NAME(add_products)(vec sum, vec a, vec b) {
  return (vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#else
INLINE vec NAME(add_products)(vec sum, vec a, vec b) {
  sum += (vec)((ivec)a << 16) * (vec)((ivec)b << 16);
  const ivec upper = (ivec)0xffff0000;
  sum += (vec)((ivec)a & upper) * (vec)((ivec)b & upper);
  return sum;
}
#endif

INLINE uint16_t NAME(bf16_round_one)(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  if (x != x) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// `count` floats to half as many words.
INLINE void NAME(bf16_round)(const float *in, float *out, int64_t count) {
  uint16_t *halves = (uint16_t *)out;
  int64_t i = 0;
#ifdef HAS_BF16_DOT
  for (; i + YX_BLOCK <= count; i += YX_BLOCK) {
    _mm256_storeu_si256((__m256i *)(halves + i), (__m256i)_mm512_cvtneps_pbh((__m512)NAME(load)(in + i)));
  }
#endif
  for (; i < count; i++) halves[i] = NAME(bf16_round_one)(in[i]);
}
