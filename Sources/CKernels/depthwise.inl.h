// Depthwise convolution: 16 channels and a few neighbouring pixels at a time in registers. Where registers suffice, the
// weights stay in them for all rows of a map.

INLINE void NAME(depthwise_tile)(const yx_depthwise *c, const float *in, float *out, const vec *weights, vec bias,
                                 const int kernel, const int pixels) {
  vec sum[DEPTHWISE_PIXELS];
#pragma clang loop unroll(full)
  for (int p = 0; p < pixels; p++) sum[p] = bias;
  const int64_t pixel_stride = (int64_t)c->stride * YX_BLOCK;
#pragma clang loop unroll(full)
  for (int ky = 0; ky < kernel; ky++) {
    const float *row = in + ky * c->input.row_stride;
#pragma clang loop unroll(full)
    for (int kx = 0; kx < kernel; kx++) {
#pragma clang loop unroll(full)
      for (int p = 0; p < pixels; p++) {
        sum[p] += weights[ky * kernel + kx] * NAME(load)(row + kx * YX_BLOCK + p * pixel_stride);
      }
    }
  }
  const yx_activation activation = c->activation;
#pragma clang loop unroll(full)
  for (int p = 0; p < pixels; p++) {
    const vec y =
        activation == YX_SILU_OF_LOG2 ? NAME(silu_of_log2)(sum[p]) : NAME(activate_one)(sum[p], activation);
    NAME(store)(out + p * YX_BLOCK, y);
  }
}

#undef TILE_CASE
#define TILE_CASE(kernel, pixels)                                                  \
  case pixels:                                                                     \
    NAME(depthwise_tile)(c, in_tile, out_tile, weights, bias, kernel, pixels);     \
    break;

INLINE void NAME(depthwise_rows)(const yx_depthwise *c, const float *in, float *out, int block, int first_row,
                                 int end_row, const int kernel) {
  vec weights[25];
#pragma clang loop unroll(full)
  for (int i = 0; i < kernel * kernel; i++) {
    weights[i] = NAME(load)(c->weights + ((int64_t)block * kernel * kernel + i) * YX_BLOCK);
  }
  const vec bias = NAME(load)(c->bias + (int64_t)block * YX_BLOCK);
  const yx_tiles tiles = even_tiles(c->width, DEPTHWISE_PIXELS);
  for (int y = first_row; y < end_row; y++) {
    const float *in_tile =
        in + c->input.origin + block * c->input.block_stride + (int64_t)y * c->stride * c->input.row_stride;
    float *out_tile = out + c->output.origin + block * c->output.block_stride + y * c->output.row_stride;
    for (int i = 0; i < tiles.count; i++) {
      const int pixels = tile_pixels(tiles, i);
      switch (pixels) { DEPTHWISE_CASES(kernel) }
      in_tile += (int64_t)pixels * c->stride * YX_BLOCK;
      out_tile += pixels * YX_BLOCK;
    }
  }
}

static void NAME(depthwise)(const yx_depthwise *c, const float *in, float *out, int block, int first_row,
                            int end_row) {
  // One case for each kernel size in use, so that its loop has constant bounds.
  switch (c->kernel) {
    case 3:
      NAME(depthwise_rows)(c, in, out, block, first_row, end_row, 3);
      break;
    case 5:
      NAME(depthwise_rows)(c, in, out, block, first_row, end_row, 5);
      break;
  }
}
