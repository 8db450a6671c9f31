// Depthwise convolution: 16 channels at a time, a few neighbouring pixels in registers, weights loaded once for them.

#define DEPTHWISE_PIXELS 4

INLINE void NAME(depthwise_tile)(const yx_depthwise *c, const float *in, float *out, const float *weights,
                                 const float *bias, const int kernel, const int pixels) {
  vec sum[DEPTHWISE_PIXELS];
#pragma clang loop unroll(full)
  for (int p = 0; p < pixels; p++) sum[p] = NAME(load)(bias);
  const int64_t pixel_step = (int64_t)c->stride * YX_BLOCK;
  for (int ky = 0; ky < kernel; ky++) {
    const float *row = in + ky * c->input.row_step;
#pragma clang loop unroll(full)
    for (int kx = 0; kx < kernel; kx++) {
      const vec w = NAME(load)(weights + (ky * kernel + kx) * YX_BLOCK);
#pragma clang loop unroll(full)
      for (int p = 0; p < pixels; p++) sum[p] += w * NAME(load)(row + kx * YX_BLOCK + p * pixel_step);
    }
  }
#pragma clang loop unroll(full)
  for (int p = 0; p < pixels; p++) {
    NAME(store)(out + p * YX_BLOCK, NAME(activate_one)(sum[p], c->activation));
  }
}

INLINE void NAME(depthwise_rows)(const yx_depthwise *c, const float *in, float *out, int block, int first_row,
                                 int end_row, const int kernel) {
  const float *weights = c->weights + (int64_t)block * kernel * kernel * YX_BLOCK;
  const float *bias = c->bias + (int64_t)block * YX_BLOCK;
  for (int y = first_row; y < end_row; y++) {
    const float *in_row =
        in + c->input.origin + block * c->input.block_step + (int64_t)y * c->stride * c->input.row_step;
    float *out_row = out + c->output.origin + block * c->output.block_step + y * c->output.row_step;
    int x = 0;
    for (; x + DEPTHWISE_PIXELS <= c->width; x += DEPTHWISE_PIXELS) {
      NAME(depthwise_tile)(c, in_row + (int64_t)x * c->stride * YX_BLOCK, out_row + (int64_t)x * YX_BLOCK, weights,
                           bias, kernel, DEPTHWISE_PIXELS);
    }
    for (; x < c->width; x++) {
      NAME(depthwise_tile)(c, in_row + (int64_t)x * c->stride * YX_BLOCK, out_row + (int64_t)x * YX_BLOCK, weights,
                           bias, kernel, 1);
    }
  }
}

static void NAME(depthwise)(const yx_depthwise *c, const float *in, float *out, int block, int first_row,
                            int end_row) {
  // The kernel sizes that there are, so that each gets a loop without a variable in it.
  switch (c->kernel) {
    case 3:
      NAME(depthwise_rows)(c, in, out, block, first_row, end_row, 3);
      break;
    case 5:
      NAME(depthwise_rows)(c, in, out, block, first_row, end_row, 5);
      break;
  }
}
