// Dense convolution. `PIXELS` neighbouring output pixels of one or two blocks stay in registers while the taps go by:
// each input float is broadcast once and meets a vector of weights for each block.

// Adds `depth` neighbouring input floats times their weights. `step` is from an output pixel's input to the next one's.
INLINE void NAME(accumulate)(vec sum[2][MAX_PIXELS], const float *x, int64_t step, int32_t depth,
                             const float *weights, int64_t weights_block_step, const int blocks, const int pixels) {
  for (int32_t d = 0; d < depth; d++) {
    vec w[2];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) w[b] = NAME(load)(weights + b * weights_block_step);
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

INLINE void NAME(tile)(const yx_convolution *c, const float *in, float *out, const float *residual,
                       const float *weights, int64_t weights_block_step, const float *bias, const int blocks,
                       const int pixels) {
  vec sum[2][MAX_PIXELS];
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    const vec start = NAME(load)(bias + b * YX_BLOCK);
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) sum[b][p] = start;
  }
  for (int32_t t = 0; t < c->taps; t++) {
    NAME(accumulate)(sum, in + c->offsets[t], c->input_pixel_step, c->depth,
                     weights + (int64_t)t * c->depth * YX_BLOCK, weights_block_step, blocks, pixels);
  }

  const yx_activation activation = c->activation;
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) {
      vec y = sum[b][p];
      // SiLU is what nearly every layer has: asking for it first keeps the choice out of the unrolled code.
      y = activation == YX_SILU ? y * NAME(sigmoid)(y) : NAME(activate_one)(y, activation);
      if (residual) y += NAME(load)(residual + b * c->residual.block_step + p * YX_BLOCK);
      NAME(store)(out + b * c->output.block_step + p * YX_BLOCK, y);
    }
  }
}

#define TILE_CASE(blocks, pixels)                                                                     \
  case pixels:                                                                                        \
    NAME(tile)(c, in, out, residual, weights, weights_block_step, bias, blocks, pixels);               \
    break;

static void NAME(two_blocks)(const yx_convolution *c, const float *in, float *out, const float *residual,
                             const float *weights, int64_t weights_block_step, const float *bias, int pixels) {
  switch (pixels) { TILE_CASES(2) }
}

static void NAME(one_block)(const yx_convolution *c, const float *in, float *out, const float *residual,
                            const float *weights, int64_t weights_block_step, const float *bias, int pixels) {
  switch (pixels) { TILE_CASES(1) }
}

static void NAME(convolution)(const yx_convolution *c, const float *in, float *out, const float *residual,
                              int first_block, int blocks, int first_row, int end_row) {
  const int64_t weights_block_step = (int64_t)c->taps * c->depth * YX_BLOCK;
  const float *bias = c->bias + (int64_t)first_block * YX_BLOCK;
  // As few tiles as cover a row, all nearly as wide: a narrow rest would run at a fraction of the speed.
  const int tiles = (c->width + MAX_PIXELS - 1) / MAX_PIXELS;
  const int narrow = c->width / tiles;
  const int wider = c->width % tiles;
  for (int y = first_row; y < end_row; y++) {
    const float *in_row = in + c->input_origin + y * c->input_row_step;
    float *out_row = out + c->output.origin + y * c->output.row_step + first_block * c->output.block_step;
    const float *residual_row =
        residual ? residual + c->residual.origin + y * c->residual.row_step + first_block * c->residual.block_step
                 : 0;
    int x = 0;
    for (int i = 0; i < tiles; i++) {
      const int pixels = narrow + (i < wider);
      const float *tile_in = in_row + x * c->input_pixel_step;
      float *tile_out = out_row + (int64_t)x * YX_BLOCK;
      const float *tile_residual = residual_row ? residual_row + (int64_t)x * YX_BLOCK : 0;
      for (int b = 0; b < blocks; b += MAX_BLOCKS) {
        const int these = blocks - b < MAX_BLOCKS ? blocks - b : MAX_BLOCKS;
        const float *weights = c->weights + (first_block + b) * weights_block_step;
        float *block_out = tile_out + b * c->output.block_step;
        const float *block_residual = tile_residual ? tile_residual + b * c->residual.block_step : 0;
        if (these == 2) {
          NAME(two_blocks)(c, tile_in, block_out, block_residual, weights, weights_block_step,
                           bias + b * YX_BLOCK, pixels);
        } else {
          NAME(one_block)(c, tile_in, block_out, block_residual, weights, weights_block_step, bias + b * YX_BLOCK,
                          pixels);
        }
      }
      x += pixels;
    }
  }
}
