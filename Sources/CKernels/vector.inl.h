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

INLINE vec NAME(sigmoid)(vec x) { return NAME(reciprocal)((vec)1.0f + NAME(exp)(-x)); }

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
