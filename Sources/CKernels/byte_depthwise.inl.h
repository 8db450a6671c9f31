// Depthwise 3x3 convolution of bytes.

#if defined(HAS_VNNI) || defined(HAS_VNNI_256)
// Four neighbouring pixels are transposed to 16 words, one for each channel, and multiplied by the three weights of a row
// and a zero. With stride 1 the same words, multiplied by a zero and the three weights, give the next output pixel.
#ifdef HAS_VNNI
INLINE ivec NAME(pixels_of_channels)(const uint8_t *p) {
  const __m512i by_channels = _mm512_permutexvar_epi32(
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), _mm512_loadu_si512(p));
  const __m128i bytes_of_lane = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return (ivec)_mm512_shuffle_epi8(by_channels, _mm512_broadcast_i32x4(bytes_of_lane));
}
#else
INLINE ivec NAME(pixels_of_channels)(const uint8_t *p) {
  // Pixels 0 and 1, 2 and 3; then pairs of 0 and 2 beside pairs of 1 and 3, of 8 channels each.
  const __m256i first = _mm256_loadu_si256((const __m256i *)p), second = _mm256_loadu_si256((const __m256i *)p + 1);
  const __m256i low = _mm256_permute4x64_epi64(_mm256_unpacklo_epi8(first, second), 0xd8);
  const __m256i high = _mm256_permute4x64_epi64(_mm256_unpackhi_epi8(first, second), 0xd8);
  const __m256i in_order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
  return NAME(joined)((halves){_mm256_shuffle_epi8(low, in_order), _mm256_shuffle_epi8(high, in_order)});
}
#endif

INLINE void NAME(byte_depthwise_tile)(const yx_quantized_depthwise *c, const uint8_t *in, uint8_t *out,
                                      const ivec weights[3], int64_t lane, const int stride, const int pixels) {
  ivec sum[DEPTHWISE_BYTE_PIXELS];
#pragma clang loop unroll(full)
  for (int p = 0; p < pixels; p++) sum[p] = (ivec)0;
#pragma clang loop unroll(full)
  for (int ky = 0; ky < 3; ky++) {
    const uint8_t *row = in + ky * c->input.row_stride;
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p += 3 - stride) {
      const ivec x = NAME(pixels_of_channels)(row + p * stride * YX_BLOCK);
      sum[p] = NAME(add_byte_products)(sum[p], x, weights[ky]);
      if (stride == 1 && p + 1 < pixels) sum[p + 1] = NAME(add_byte_products)(sum[p + 1], x, weights[ky] << 8);
    }
  }
#pragma clang loop unroll(full)
  for (int p = 0; p < pixels; p++) {
    NAME(requantize)(&c->requantization, lane, __builtin_convertvector(sum[p], vec), 0, out + p * YX_BLOCK);
  }
}

#undef TILE_CASE
#define TILE_CASE(stride, pixels)                                                \
  case pixels:                                                                   \
    NAME(byte_depthwise_tile)(c, in, out, weights, lane, stride, pixels);         \
    break;

INLINE void NAME(byte_depthwise_rows)(const yx_quantized_depthwise *c, const uint8_t *first_in, uint8_t *first_out,
                                      int block, int first_row, int end_row, const int stride) {
  const int64_t lane = (int64_t)block * YX_BLOCK;
  ivec weights[3];
  for (int ky = 0; ky < 3; ky++) weights[ky] = *(const words *)(c->weights + (lane * 3 + ky * YX_BLOCK) * YX_BYTES);
  const yx_tiles tiles = even_tiles(c->width, DEPTHWISE_BYTE_PIXELS);
  for (int y = first_row; y < end_row; y++) {
    const uint8_t *in = first_in + (int64_t)y * stride * c->input.row_stride;
    uint8_t *out = first_out + y * c->output.row_stride;
    for (int i = 0; i < tiles.count; i++) {
      const int pixels = tile_pixels(tiles, i);
      switch (pixels) { DEPTHWISE_BYTE_CASES(stride) }
      in += pixels * stride * YX_BLOCK;
      out += pixels * YX_BLOCK;
    }
  }
}
#else
// Sums of nine products of bytes are exact in float32.
INLINE void NAME(byte_depthwise_rows)(const yx_quantized_depthwise *c, const uint8_t *first_in, uint8_t *first_out,
                                      int block, int first_row, int end_row, const int stride) {
  const int64_t lane = (int64_t)block * YX_BLOCK;
  float weights[9 * YX_BLOCK];
  for (int i = 0; i < 9 * YX_BLOCK; i++) {
    const int ky = i / YX_BLOCK / 3, kx = i / YX_BLOCK % 3;
    weights[i] = c->weights[((lane * 3 + ky * YX_BLOCK) + i % YX_BLOCK) * YX_BYTES + kx];
  }
  for (int y = first_row; y < end_row; y++) {
    const uint8_t *in = first_in + (int64_t)y * stride * c->input.row_stride;
    uint8_t *out = first_out + y * c->output.row_stride;
    for (int x = 0; x < c->width; x++) {
      vec sum = (vec)0.0f;
#pragma clang loop unroll(full)
      for (int tap = 0; tap < 9; tap++) {
        sum += NAME(load)(weights + tap * YX_BLOCK) *
               NAME(float_of_bytes)(in + tap / 3 * c->input.row_stride + (x * stride + tap % 3) * YX_BLOCK);
      }
      NAME(requantize)(&c->requantization, lane, sum, 0, out + (int64_t)x * YX_BLOCK);
    }
  }
}
#endif

static void NAME(quantized_depthwise)(const yx_quantized_depthwise *c, const uint8_t *in, uint8_t *out, int block,
                                      int first_row, int end_row) {
  in += c->input.origin + block * c->input.block_stride;
  out += c->output.origin + block * c->output.block_stride;
  if (c->stride == 1) {
    NAME(byte_depthwise_rows)(c, in, out, block, first_row, end_row, 1);
  } else {
    NAME(byte_depthwise_rows)(c, in, out, block, first_row, end_row, 2);
  }
}
