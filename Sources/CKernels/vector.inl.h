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

#ifdef HAS_SCALE
// 1 / (1 + 2^t) with t = -x log2 e: nearest integer n, 2^(t - n) by its minimax polynomial of degree 5, and the power of
// n by the instruction for it. Relative error below 5e-7 for x in [-20, 20].
INLINE vec NAME(sigmoid)(vec x) {
  const float log2_e = -1.44269504088896341f;
  x = NAME(max)(x, (vec)-87.0f);
  const __m512 n = _mm512_roundscale_ps((__m512)(x * log2_e), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const vec r = x * log2_e - (vec)n;
  vec p = (vec)1.326472719e-3f;
  p = p * r + 9.671512644e-3f;
  p = p * r + 5.550733743e-2f;
  p = p * r + 2.402224209e-1f;
  p = p * r + 6.931469776e-1f;
  p = p * r + 1.0f;
  return NAME(reciprocal)((vec)1.0f + (vec)_mm512_scalef_ps((__m512)p, n));
}
#else
INLINE vec NAME(sigmoid)(vec x) { return NAME(reciprocal)((vec)1.0f + NAME(exp)(-x)); }
#endif

INLINE vec NAME(activate_one)(vec x, yx_activation activation) {
  switch (activation) {
    case YX_SILU:
      return x * NAME(sigmoid)(x);
    case YX_RELU:
      return NAME(max)(x, (vec)0.0f);
    case YX_LEAKY_RELU:
      return NAME(max)(x, x * 0.1f);
    case YX_SIGMOID:
      return NAME(sigmoid)(x);
    case YX_IDENTITY:
      return x;
  }
  return x;
}

// Numbers of 16 bits are the upper halves of floats (bfloat16), rounded to nearest, ties to even. Two of them share a
// word: the first in its lower half.
#ifdef HAS_NARROW_DOT
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

INLINE uint16_t NAME(narrow_one)(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  if (x != x) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// `count` floats to half as many words.
INLINE void NAME(narrow)(const float *in, float *out, int64_t count) {
  uint16_t *narrow = (uint16_t *)out;
  int64_t i = 0;
#ifdef HAS_NARROW_DOT
  for (; i + YX_BLOCK <= count; i += YX_BLOCK) {
    _mm256_storeu_si256((__m256i *)(narrow + i), (__m256i)_mm512_cvtneps_pbh((__m512)NAME(load)(in + i)));
  }
#endif
  for (; i < count; i++) narrow[i] = NAME(narrow_one)(in[i]);
}
