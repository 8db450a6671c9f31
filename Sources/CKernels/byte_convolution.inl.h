// Dense convolution of bytes, as in convolution.inl.h: each word of four input bytes is broadcast once and multiplied by
// a vector of weights for each of two blocks, or for both parts of one block.

INLINE void NAME(accumulate_bytes)(ivec sum[2][BYTE_PIXELS], const yx_quantized_convolution *c, const uint8_t *in,
                                   const int8_t *weights, int64_t weights_stride, const int blocks, const int pixels) {
  const int64_t step = c->input_pixel_stride;
  const int32_t depth = c->depth;
  for (int32_t t = 0; t < c->taps; t++) {
    const uint8_t *x = in + c->offsets[t];
    for (int32_t d = 0; d < depth; d++) {
      ivec w[2];
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) w[b] = *(const words *)(weights + b * weights_stride);
#pragma clang loop unroll(full)
      for (int p = 0; p < pixels; p++) {
        int32_t word;
        __builtin_memcpy(&word, x + p * step, sizeof word);
        const ivec value = (ivec)word;
#pragma clang loop unroll(full)
        for (int b = 0; b < blocks; b++) sum[b][p] = NAME(add_byte_products)(sum[b][p], value, w[b]);
      }
      x += YX_BYTES;
      weights += YX_BLOCK * YX_BYTES;
    }
  }
}

// `vectors` sums for each pixel: of two blocks, or the two parts of one.
INLINE void NAME(byte_tile)(const yx_quantized_convolution *c, const uint8_t *in, void *out, const uint8_t *residual,
                            int block, const int vectors, const int parts, const int pixels) {
  ivec sum[2][BYTE_PIXELS];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) sum[v][p] = (ivec)0;
  }
  const int64_t weights_stride = (int64_t)c->taps * c->depth * YX_BLOCK * YX_BYTES;
  const int8_t *weights = c->weights + block * parts * weights_stride;
  if (SEPARATE_PARTS && vectors == 2) {
    // The registers hold the sums of one part only; the input is read once for each.
    NAME(accumulate_bytes)(sum, c, in, weights, weights_stride, 1, pixels);
    NAME(accumulate_bytes)(sum + 1, c, in, weights + weights_stride, weights_stride, 1, pixels);
  } else {
    NAME(accumulate_bytes)(sum, c, in, weights, weights_stride, vectors, pixels);
  }

  const yx_requantization *q = &c->requantization;
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v += parts) {
    const int64_t lane = (int64_t)(block + v) * YX_BLOCK;
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) {
      vec y = __builtin_convertvector(sum[v][p], vec);
      if (parts == 2) y = y * 128.0f + __builtin_convertvector(sum[1][p], vec);
      if (q->output_scale) {
        NAME(requantize)(q, lane, y, residual ? residual + v * c->residual.block_stride + p * YX_BLOCK : 0,
                         (uint8_t *)out + v * c->output.block_stride + p * YX_BLOCK);
      } else {
        NAME(store)((float *)out + v * c->output.block_stride + p * YX_BLOCK,
                    y * NAME(load)(q->scale + lane) + NAME(load)(q->bias + lane));
      }
    }
  }
}

#undef TILE_CASE
#define TILE_CASE(vectors, pixels)                                                     \
  case pixels:                                                                         \
    NAME(byte_tile)(c, in, out, residual, block, vectors, vectors / blocks, pixels);    \
    break;

// `blocks` and `vectors` are constants of each caller.
INLINE void NAME(byte_rows)(const yx_quantized_convolution *c, const uint8_t *first_in, uint8_t *first_out,
                            const uint8_t *first_residual, int block, const int blocks, const int vectors,
                            int first_row, int end_row) {
  const yx_tiles tiles = even_tiles(c->width, BYTE_PIXELS);
  const int64_t number = c->requantization.output_scale ? 1 : sizeof(float);
  for (int y = first_row; y < end_row; y++) {
    const uint8_t *in = first_in + y * c->input_row_stride;
    uint8_t *out = first_out + (y * c->output.row_stride + block * c->output.block_stride) * number;
    const uint8_t *residual =
        first_residual ? first_residual + y * c->residual.row_stride + block * c->residual.block_stride : 0;
    for (int i = 0; i < tiles.count; i++) {
      const int pixels = tile_pixels(tiles, i);
      switch (pixels) { BYTE_CASES(vectors) }
      in += pixels * c->input_pixel_stride;
      out += pixels * YX_BLOCK * number;
      if (residual) residual += pixels * YX_BLOCK;
    }
  }
}

static void NAME(byte_pair_rows)(const yx_quantized_convolution *c, const uint8_t *in, uint8_t *out,
                                 const uint8_t *residual, int block, int first_row, int end_row) {
  NAME(byte_rows)(c, in, out, residual, block, 2, 2, first_row, end_row);
}

static void NAME(byte_single_rows)(const yx_quantized_convolution *c, const uint8_t *in, uint8_t *out,
                                   const uint8_t *residual, int block, int first_row, int end_row) {
  NAME(byte_rows)(c, in, out, residual, block, 1, 1, first_row, end_row);
}

static void NAME(byte_wide_rows)(const yx_quantized_convolution *c, const uint8_t *in, uint8_t *out,
                                 const uint8_t *residual, int block, int first_row, int end_row) {
  NAME(byte_rows)(c, in, out, residual, block, 1, 2, first_row, end_row);
}

static void NAME(quantized_convolution)(const yx_quantized_convolution *c, const uint8_t *in, void *output,
                                        const uint8_t *residual, int first_block, int blocks, int first_row,
                                        int end_row) {
  in += c->input_origin;
  const int64_t number = c->requantization.output_scale ? 1 : sizeof(float);
  uint8_t *out = (uint8_t *)output + c->output.origin * number;
  if (residual) residual += c->residual.origin;
  int block = first_block;
  const int end = first_block + blocks;
  while (block < end) {
    if (c->parts == 2) {
      NAME(byte_wide_rows)(c, in, out, residual, block++, first_row, end_row);
    } else if (BYTE_BLOCKS == 2 && block + 2 <= end) {
      NAME(byte_pair_rows)(c, in, out, residual, block, first_row, end_row);
      block += 2;
    } else {
      NAME(byte_single_rows)(c, in, out, residual, block++, first_row, end_row);
    }
  }
}
