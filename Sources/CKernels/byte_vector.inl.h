// Bytes and integers in vectors of 16 channels, and requantization of sums to bytes. Included once for each instruction
// set, after vector.inl.h.

typedef uint8_t NAME(bytes) __attribute__((ext_vector_type(16), aligned(1), may_alias));
typedef int32_t NAME(words) __attribute__((ext_vector_type(16), aligned(4), may_alias));
#define bytes NAME(bytes)
#define words NAME(words)

INLINE vec NAME(float_of_bytes)(const uint8_t *p) { return __builtin_convertvector(*(const bytes *)p, vec); }

#ifdef HAS_VNNI_256
// A vector of 16 integers as two registers of 8.
typedef struct {
  __m256i low, high;
} NAME(halves);
#define halves NAME(halves)

INLINE halves NAME(halves_of)(ivec v) {
  return (halves){(__m256i)__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7),
                  (__m256i)__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)};
}

INLINE ivec NAME(joined)(halves v) {
  typedef int eight __attribute__((ext_vector_type(8)));
  return __builtin_shufflevector((eight)v.low, (eight)v.high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
#endif

// Adds to each lane the products of its four unsigned bytes of `x` and signed bytes of `w`.
#if defined(HAS_VNNI)
INLINE ivec NAME(add_byte_products)(ivec sum, ivec x, ivec w) {
  return (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}
#elif defined(HAS_VNNI_256)
INLINE ivec NAME(add_byte_products)(ivec sum, ivec x, ivec w) {
  const halves s = NAME(halves_of)(sum), xs = NAME(halves_of)(x), ws = NAME(halves_of)(w);
  return NAME(joined)((halves){VNNI_256(s.low, xs.low, ws.low), VNNI_256(s.high, xs.high, ws.high)});
}
#elif defined(HAS_WIDE_PAIRS)
// Multiplying bytes in pairs would saturate, so even and odd bytes are widened to 16 bits separately.
INLINE ivec NAME(add_byte_products)(ivec sum, ivec x, ivec w) {
  const __m512i even_x = _mm512_and_si512((__m512i)x, _mm512_set1_epi32(0x00ff00ff));
  const __m512i odd_x = _mm512_srli_epi16((__m512i)x, 8);
  const __m512i even_w = _mm512_srai_epi16(_mm512_slli_epi16((__m512i)w, 8), 8);
  const __m512i odd_w = _mm512_srai_epi16((__m512i)w, 8);
  return sum + (ivec)_mm512_madd_epi16(even_x, even_w) + (ivec)_mm512_madd_epi16(odd_x, odd_w);
}
#elif defined(HAS_PAIRS)
INLINE __m256i NAME(byte_products)(__m256i x, __m256i w) {
  const __m256i even_x = _mm256_and_si256(x, _mm256_set1_epi32(0x00ff00ff));
  const __m256i odd_x = _mm256_srli_epi16(x, 8);
  const __m256i even_w = _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8);
  const __m256i odd_w = _mm256_srai_epi16(w, 8);
  return _mm256_add_epi32(_mm256_madd_epi16(even_x, even_w), _mm256_madd_epi16(odd_x, odd_w));
}

INLINE ivec NAME(add_byte_products)(ivec sum, ivec x, ivec w) {
  union {
    ivec whole;
    __m256i half[2];
  } xs = {x}, ws = {w}, products;
  products.half[0] = NAME(byte_products)(xs.half[0], ws.half[0]);
  products.half[1] = NAME(byte_products)(xs.half[1], ws.half[1]);
  return sum + products.whole;
}
#else
INLINE ivec NAME(add_byte_products)(ivec sum, ivec x, ivec w) {
#pragma clang loop unroll(full)
  for (int byte = 0; byte < YX_BYTES; byte++) sum += ((x >> (8 * byte)) & 255) * ((w << (24 - 8 * byte)) >> 24);
  return sum;
}
#endif

#ifdef HAS_AVX512_ROUNDSCALE
// x/2 + g(|x|) with the even g(a) = a tanh(a/2) / 2: a quadratic on each half unit, its coefficients found by the lowest
// bits of the rounded 2a. Absolute error below 2e-4, and below 6e-3 where |x| > 7.25: a fraction of a byte's step.
INLINE vec NAME(rough_silu)(vec x) {
  static const float constant[16] = {
      0.00000000e+00f,  -2.90214643e-03f, -4.30703014e-02f, -1.56044051e-01f, -3.15778255e-01f, -4.61389929e-01f,
      -5.50140023e-01f, -5.73475838e-01f, -5.44950962e-01f, -4.84734774e-01f, -4.10645455e-01f, -3.35185826e-01f,
      -2.65725374e-01f, -2.05763459e-01f, -1.56271771e-01f, 0.00000000e+00f};
  static const float linear[16] = {
      0.00000000e+00f, 1.82806682e-02f, 1.22982360e-01f, 3.03946495e-01f, 4.87856477e-01f, 6.18597448e-01f,
      6.83992743e-01f, 6.98786438e-01f, 6.83744669e-01f, 6.55444920e-01f, 6.24229491e-01f, 5.95445275e-01f,
      5.71247041e-01f, 5.52027166e-01f, 5.37338257e-01f, 5.00000000e-01f};
  static const float quadratic[16] = {
      2.49069825e-01f,  2.19965905e-01f,  1.51146516e-01f,  7.84382448e-02f,  2.54148580e-02f, -3.95986857e-03f,
      -1.60128623e-02f, -1.83566902e-02f, -1.63732767e-02f, -1.30473357e-02f, -9.75865312e-03f, -7.01318495e-03f,
      -4.90534818e-03f, -3.36499023e-03f, -2.27496400e-03f, 0.00000000e+00f};
  const __m512 a = _mm512_abs_ps((__m512)x);
  // 1.5 * 2^22: adding it leaves the nearest integer to 2a in the low mantissa bits.
  const __m512i half_units = (__m512i)(_mm512_min_ps(a, _mm512_set1_ps(7.5f)) + 6291456.0f);
  const __m512 c0 = _mm512_permutexvar_ps(half_units, (__m512)NAME(load)(constant));
  const __m512 c1 = _mm512_permutexvar_ps(half_units, (__m512)NAME(load)(linear));
  const __m512 c2 = _mm512_permutexvar_ps(half_units, (__m512)NAME(load)(quadratic));
  return x * 0.5f + (vec)((c2 * a + c1) * a + c0);
}
#elif defined(HAS_VNNI_256)
// The same with cubics on intervals of 1 / 0.9, of which one register holds the coefficients. Absolute error below 1e-4, and
// below 6e-3 where |x| > 7.2.
INLINE __m256 NAME(rough_silu_half)(__m256 x) {
  static const float constant[8] = {1.36404915e-05f, 3.82740516e-03f, -1.53121948e-01f, -5.30232191e-01f,
                                  -6.90389514e-01f, -5.97514808e-01f, -4.18763280e-01f, 0.00000000e+00f};
  static const float linear[8] = {-8.01444869e-04f, -2.23401412e-02f, 2.42455795e-01f, 6.61717117e-01f,
                                  7.92728662e-01f, 7.38384664e-01f, 6.50293827e-01f, 5.00000000e-01f};
  static const float quadratic[8] = {2.57374585e-01f, 2.98902839e-01f, 1.48530900e-01f, -7.80886039e-03f,
                                  -4.35718149e-02f, -3.29623185e-02f, -1.84721109e-02f, 0.00000000e+00f};
  static const float cubic[8] = {-2.19052341e-02f, -4.93237413e-02f, -2.05397308e-02f, -9.96290473e-04f,
                                  2.26061628e-03f, 1.56950194e-03f, 7.73939129e-04f, 0.00000000e+00f};
  const __m256 a = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
  // 1.5 * 2^23: adding it leaves the nearest integer to 0.9 a in the low mantissa bits.
  const __m256i interval = (__m256i)_mm256_fmadd_ps(_mm256_min_ps(a, _mm256_set1_ps(7 / 0.9f)), _mm256_set1_ps(0.9f),
                                                    _mm256_set1_ps(12582912.0f));
  __m256 y = _mm256_permutevar8x32_ps(_mm256_loadu_ps(cubic), interval);
  y = _mm256_fmadd_ps(y, a, _mm256_permutevar8x32_ps(_mm256_loadu_ps(quadratic), interval));
  y = _mm256_fmadd_ps(y, a, _mm256_permutevar8x32_ps(_mm256_loadu_ps(linear), interval));
  y = _mm256_fmadd_ps(y, a, _mm256_permutevar8x32_ps(_mm256_loadu_ps(constant), interval));
  return _mm256_fmadd_ps(x, _mm256_set1_ps(0.5f), y);
}

INLINE vec NAME(rough_silu)(vec x) {
  const halves v = NAME(halves_of)((ivec)x);
  return (vec)NAME(joined)((halves){(__m256i)NAME(rough_silu_half)((__m256)v.low),
                                    (__m256i)NAME(rough_silu_half)((__m256)v.high)});
}
#else
INLINE vec NAME(rough_silu)(vec x) { return x * NAME(sigmoid)(x); }
#endif

// Rounds to the nearest byte, ties to even.
INLINE void NAME(store_bytes)(uint8_t *p, vec y) {
#ifdef HAS_VNNI_256
  // Numbers that the conversion cannot represent, NaN among them, become the lowest integer and then 0; so the large ones are
  // bounded first. `min` returns its second operand if that is NaN.
  const halves v = NAME(halves_of)((ivec)y);
  const __m256 largest = _mm256_set1_ps(255.0f);
  const __m256i words = _mm256_permute4x64_epi64(
      _mm256_packs_epi32(_mm256_cvtps_epi32(_mm256_min_ps(largest, (__m256)v.low)),
                         _mm256_cvtps_epi32(_mm256_min_ps(largest, (__m256)v.high))),
      0xd8);
  _mm_storeu_si128((__m128i *)p,
                   _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
#else
  const float shift = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low mantissa bits
  y = NAME(min)(NAME(max)(y + shift, (vec)shift), (vec)(shift + 255));
#ifdef HAS_AVX512_ROUNDSCALE
  _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)y));
#else
  *(bytes *)p = __builtin_convertvector((ivec)y & 255, bytes);
#endif
#endif
}

// From the sum of a pixel of a block, as float, to its bytes. `lane` is the block's first in every array of `q`.
INLINE void NAME(requantize)(const yx_requantization *q, int64_t lane, vec sum, const uint8_t *residual,
                             uint8_t *out) {
  vec y = sum * NAME(load)(q->scale + lane) + NAME(load)(q->bias + lane);
  y = q->activation == YX_SILU ? NAME(rough_silu)(y) : NAME(activate_one)(y, q->activation);
  if (residual) {
    y += NAME(float_of_bytes)(residual) * NAME(load)(q->residual_scale + lane) + NAME(load)(q->residual_bias + lane);
  }
  NAME(store_bytes)(out, y * NAME(load)(q->output_scale + lane) + NAME(load)(q->output_zero_point + lane));
}

// A row of an image.
static void NAME(quantize)(const float *in, uint8_t *out, int64_t count, float scale, float zero) {
  int64_t i = 0;
  for (; i + YX_BLOCK <= count; i += YX_BLOCK) NAME(store_bytes)(out + i, NAME(load)(in + i) * scale + zero);
  if (i == count) return;
  float last[YX_BLOCK] = {0};
  uint8_t rounded[YX_BLOCK];
  __builtin_memcpy(last, in + i, (size_t)(count - i) * sizeof(float));
  NAME(store_bytes)(rounded, NAME(load)(last) * scale + zero);
  __builtin_memcpy(out + i, rounded, (size_t)(count - i));
}
