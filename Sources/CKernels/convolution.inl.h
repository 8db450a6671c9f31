// Dense convolution. `PIXELS` neighbouring output pixels of one or two blocks stay in registers over all taps; each input
// float is broadcast once and multiplied by a vector of weights for each block.

// Adds `depth` neighbouring input floats times their weights. `step` is from an output pixel's input to the next one's.
INLINE void NAME(accumulate)(vec sum[2][MAX_PIXELS], const float *x, int64_t step, int32_t depth,
                             const float *weights, int64_t weights_block_stride, const int blocks, const int pixels) {
  for (int32_t d = 0; d < depth; d++) {
    vec w[2];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) w[b] = NAME(load)(weights + b * weights_block_stride);
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) {
      const vec value = (vec)x[p * step];
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) sum[b][p] += value * w[b];
    }
    x++;
    weights += YX_BLOCK;
  }
}

// As `accumulate` for pairs of bfloat16 in each word of input and weights. The loops are equal but for the product: one
// loop would take it as a function pointer, which must be inlined for the sums to stay in registers.
INLINE void NAME(accumulate_pairs)(vec sum[2][MAX_PIXELS], const float *x, int64_t step, int32_t depth,
                                   const float *weights, int64_t weights_block_stride, const int blocks,
                                   const int pixels) {
  for (int32_t d = 0; d < depth; d++) {
    vec w[2];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) w[b] = NAME(load)(weights + b * weights_block_stride);
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) {
      const vec value = (vec)x[p * step];
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) sum[b][p] = NAME(add_products)(sum[b][p], value, w[b]);
    }
    x++;
    weights += YX_BLOCK;
  }
}

// `start` is the bias, or the pixel of the upsampled map where the tile begins, in its left or, for is_right, right half.
INLINE void NAME(tile)(const yx_convolution *c, const float *in, float *out, const float *residual,
                       const float *weights, int64_t weights_block_stride, const float *start, int is_right,
                       const int is_bf16, const int blocks, const int pixels) {
  vec sum[2][MAX_PIXELS];
  if (c->has_upsampled_init) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
      for (int p = 0; p < pixels; p++) {
        sum[b][p] = NAME(load)(start + b * c->upsampled_init.block_stride + (p / 2 + (p % 2 ? is_right : 0)) * YX_BLOCK);
      }
    }
  } else {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      const vec bias = NAME(load)(start + b * YX_BLOCK);
#pragma clang loop unroll(full)
      for (int p = 0; p < pixels; p++) sum[b][p] = bias;
    }
  }
  for (int32_t t = 0; t < c->taps; t++) {
    const float *x = in + c->offsets[t];
    const float *w = weights + (int64_t)t * c->depth * YX_BLOCK;
    if (is_bf16) {
      NAME(accumulate_pairs)(sum, x, c->input_pixel_stride, c->depth, w, weights_block_stride, blocks, pixels);
    } else {
      NAME(accumulate)(sum, x, c->input_pixel_stride, c->depth, w, weights_block_stride, blocks, pixels);
    }
  }

  const yx_activation activation = c->activation;
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) {
      vec y = sum[b][p];
      // Nearly every layer has SiLU: testing for it first keeps the branch out of the unrolled code.
      y = activation == YX_SILU_OF_LOG2 ? NAME(silu_of_log2)(y) : NAME(activate_one)(y, activation);
      if (residual) y += NAME(load)(residual + b * c->residual.block_stride + p * YX_BLOCK);
      NAME(store)(out + b * c->output.block_stride + p * YX_BLOCK, y);
    }
  }
}

#define TILE_CASE(blocks, pixels)                                                                                 \
  case pixels:                                                                                                    \
    NAME(tile)(c, in, out, residual, weights, weights_block_stride, start, is_right, is_bf16, blocks, pixels);     \
    break;

INLINE void NAME(tile_of_blocks)(const yx_convolution *c, const float *in, float *out, const float *residual,
                                 const float *weights, int64_t weights_block_stride, const float *start, int is_right,
                                 const int is_bf16, int blocks, int pixels) {
  if (blocks == 2) {
    switch (pixels) { TILE_CASES(2) }
  } else {
    switch (pixels) { TILE_CASES(1) }
  }
}

// `in` is where the input of row `first_row` begins, `doubled` the map that is upsampled, or null.
INLINE void NAME(rows)(const yx_convolution *c, const float *in, const float *upsampled, float *out,
                       const float *residual, int first_block, int blocks, int first_row, int end_row,
                       const int is_bf16) {
  const int64_t weights_block_stride = (int64_t)c->taps * c->depth * YX_BLOCK;
  const yx_tiles tiles = even_tiles(c->width, MAX_PIXELS);
  // The weights of one or two blocks stay in the cache over all rows.
  for (int block = first_block; block < first_block + blocks; block += MAX_BLOCKS) {
    const int rest = first_block + blocks - block;
    const int these = rest < MAX_BLOCKS ? rest : MAX_BLOCKS;
    const float *weights = c->weights + block * weights_block_stride;
    const float *bias = c->bias + (int64_t)block * YX_BLOCK;
    for (int y = first_row; y < end_row; y++) {
      const float *tile_in = in + (y - first_row) * c->input_row_stride;
      float *tile_out = out + c->output.origin + y * c->output.row_stride + block * c->output.block_stride;
      const float *tile_residual =
          residual ? residual + c->residual.origin + y * c->residual.row_stride + block * c->residual.block_stride : 0;
      const float *init_row = upsampled + y / 2 * c->upsampled_init.row_stride + block * c->upsampled_init.block_stride;
      int x = 0;
      for (int i = 0; i < tiles.count; i++) {
        const int pixels = tile_pixels(tiles, i);
        const float *start = c->has_upsampled_init ? init_row + x / 2 * YX_BLOCK : bias;
        NAME(tile_of_blocks)(c, tile_in, tile_out, tile_residual, weights, weights_block_stride, start, x % 2, is_bf16,
                             these, pixels);
        x += pixels;
        tile_in += pixels * c->input_pixel_stride;
        tile_out += pixels * YX_BLOCK;
        if (tile_residual) tile_residual += pixels * YX_BLOCK;
      }
    }
  }
}

static void NAME(convolution)(const yx_convolution *c, const float *in, float *out, const float *residual,
                              int first_block, int blocks, int first_row, int end_row) {
  NAME(rows)(c, in + c->input_origin + first_row * c->input_row_stride, in + c->upsampled_init.origin, out, residual,
             first_block, blocks, first_row, end_row, 0);
}

static void NAME(bf16_convolution)(const yx_bf16_convolution *c, const float *in, float *out,
                                     const float *residual, float *scratch, int first_row, int end_row) {
  const int rows = (end_row - first_row - 1) * c->stride + c->kernel;
  const int64_t plane_stride = c->max_rows * c->bf16_row_stride;
  for (int plane = 0; plane < c->planes; plane++) {
    for (int row = 0; row < rows; row++) {
      NAME(bf16_round)(in + c->input.origin + plane * c->input.block_stride + (first_row * c->stride + row) * c->input.row_stride,
                   scratch + plane * plane_stride + row * c->bf16_row_stride, c->row_floats);
    }
  }
  NAME(rows)(&c->convolution, scratch, in + c->convolution.upsampled_init.origin, out, residual, 0, c->blocks, first_row,
             end_row, 1);
}
