// 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3): 36 products for 16 output pixels instead of 144.
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.3.
//
// A few tiles at a time, so that intermediate results stay in the second-level cache: 6x6 input pixels of each tile are
// transformed to 36 numbers, 36 matrices of tiles by channels are multiplied by 36 weight matrices, and the 36 sums are
// transformed to 4x4 pixels.

// B^T d for six vectors.
INLINE void NAME(winograd_in)(const vec d[6], vec t[6]) {
  const vec even = d[4] - 4.0f * d[2];
  const vec odd = d[3] - 4.0f * d[1];
  const vec wide = d[4] - d[2];
  const vec slope = 2.0f * (d[3] - d[1]);
  t[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = wide + slope;
  t[4] = wide - slope;
  t[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

// A^T m for six vectors.
INLINE void NAME(winograd_out)(const vec m[6], vec y[4]) {
  const vec near_sum = m[1] + m[2], near_difference = m[1] - m[2];
  const vec far_sum = m[3] + m[4], far_difference = m[3] - m[4];
  y[0] = m[0] + near_sum + far_sum;
  y[1] = near_difference + 2.0f * far_difference;
  y[2] = near_sum + 4.0f * far_sum;
  y[3] = near_difference + 8.0f * far_difference + m[5];
}

// One block of one tile: 6x6 pixels at `in` to 36 vectors, `step` floats apart.
static void NAME(winograd_in_tile)(const float *in, int64_t row_stride, float *out, int64_t step) {
  vec half[6][6];
#pragma clang loop unroll(full)
  for (int x = 0; x < 6; x++) {
    vec column[6], t[6];
#pragma clang loop unroll(full)
    for (int y = 0; y < 6; y++) column[y] = NAME(load)(in + y * row_stride + x * YX_BLOCK);
    NAME(winograd_in)(column, t);
#pragma clang loop unroll(full)
    for (int y = 0; y < 6; y++) half[y][x] = t[y];
  }
#pragma clang loop unroll(full)
  for (int y = 0; y < 6; y++) {
    vec t[6];
    NAME(winograd_in)(half[y], t);
#pragma clang loop unroll(full)
    for (int x = 0; x < 6; x++) NAME(store)(out + (y * 6 + x) * step, t[x]);
  }
}

// The 6x6 pixels of a tile that extends beyond the border, zeros outside.
static void NAME(winograd_patch)(const yx_winograd *c, const float *in, int top, int left, float *patch) {
  for (int y = 0; y < 6; y++) {
    for (int x = 0; x < 6; x++) {
      const int isInside = top + y <= c->height && left + x <= c->width;
      const float *pixel = in + y * c->input.row_stride + (int64_t)x * YX_BLOCK;
      NAME(store)(patch + (y * 6 + x) * YX_BLOCK, isInside ? NAME(load)(pixel) : (vec)0.0f);
    }
  }
}

// `sums` are the 36 vectors of one block of one tile, `step` floats apart. Writes the pixels that the map has.
INLINE void NAME(winograd_out_tile)(const yx_winograd *c, const float *sums, int64_t step, vec bias, float *out,
                                    const float *residual, int rows, int columns, const yx_activation activation) {
  vec half[4][6];
#pragma clang loop unroll(full)
  for (int x = 0; x < 6; x++) {
    vec column[6], t[4];
#pragma clang loop unroll(full)
    for (int y = 0; y < 6; y++) column[y] = NAME(load)(sums + (y * 6 + x) * step);
    NAME(winograd_out)(column, t);
#pragma clang loop unroll(full)
    for (int y = 0; y < 4; y++) half[y][x] = t[y];
  }
#pragma clang loop unroll(full)
  for (int y = 0; y < 4; y++) {
    if (y >= rows) continue;
    vec t[4];
    NAME(winograd_out)(half[y], t);
#pragma clang loop unroll(full)
    for (int x = 0; x < 4; x++) {
      if (x >= columns) continue;
      vec value = NAME(activate_one)(t[x] + bias, activation);
      if (residual) value += NAME(load)(residual + y * c->residual.row_stride + x * YX_BLOCK);
      NAME(store)(out + y * c->output.row_stride + x * YX_BLOCK, value);
    }
  }
}

// Sums over the channels for `pixels` tiles and one or two blocks.
INLINE void NAME(winograd_product)(const float *in, int64_t in_stride, int32_t depth, const float *weights,
                                   int64_t weights_block_stride, float *out, int64_t out_block_stride, const int blocks,
                                   const int pixels) {
  vec sum[2][MAX_PIXELS];
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) sum[b][p] = (vec)0.0f;
  }
  NAME(accumulate)(sum, in, in_stride, depth, weights, weights_block_stride, blocks, pixels);
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
    for (int p = 0; p < pixels; p++) NAME(store)(out + b * out_block_stride + p * YX_BLOCK, sum[b][p]);
  }
}

#undef TILE_CASE
#define TILE_CASE(blocks, pixels)                                                                             \
  case pixels:                                                                                                \
    NAME(winograd_product)(in, in_stride, depth, weights, weights_block_stride, out, out_block_stride, blocks, pixels); \
    break;

static void NAME(winograd_two_blocks)(const float *in, int64_t in_stride, int32_t depth, const float *weights,
                                      int64_t weights_block_stride, float *out, int64_t out_block_stride, int pixels) {
  switch (pixels) { TILE_CASES(2) }
}

static void NAME(winograd_one_block)(const float *in, int64_t in_stride, int32_t depth, const float *weights,
                                     int64_t weights_block_stride, float *out, int64_t out_block_stride, int pixels) {
  switch (pixels) { TILE_CASES(1) }
}

static void NAME(winograd)(const yx_winograd *c, const float *in, float *out, const float *residual, float *scratch,
                           int first_tile, int end_tile) {
  const int count = end_tile - first_tile;
  const int32_t depth = c->depth;
  // An odd number of cache lines, so that neighbouring tiles do not map to the same cache sets.
  const int64_t tile_stride = (c->input_blocks | 1) * YX_BLOCK;
  const int64_t spread_stride = count * tile_stride;
  float *const spread = scratch;                           // [36][tiles][channels]
  float *const sums = scratch + YX_WINOGRAD * spread_stride;  // [36][blocks][tiles][16]

  for (int i = 0; i < count; i++) {
    const int top = (first_tile + i) / c->tiles_across * 4 - 1;
    const int left = (first_tile + i) % c->tiles_across * 4 - 1;
    const int isWhole = top + 5 <= c->height && left + 5 <= c->width;
    for (int b = 0; b < c->input_blocks; b++) {
      const float *from =
          in + (c->input.origin + b * c->input.block_stride + top * c->input.row_stride + (int64_t)left * YX_BLOCK);
      float *target = spread + i * tile_stride + b * YX_BLOCK;
      if (isWhole) {
        NAME(winograd_in_tile)(from, c->input.row_stride, target, spread_stride);
      } else {
        float patch[YX_WINOGRAD * YX_BLOCK] __attribute__((aligned(64)));
        NAME(winograd_patch)(c, from, top, left, patch);
        NAME(winograd_in_tile)(patch, 6 * YX_BLOCK, target, spread_stride);
      }
    }
  }

  const int64_t weights_block_stride = (int64_t)YX_WINOGRAD * depth * YX_BLOCK;
  const int64_t sums_block_stride = (int64_t)count * YX_BLOCK;
  const yx_tiles groups = even_tiles(count, MAX_PIXELS);
  for (int block = 0; block < c->output_blocks; block += MAX_BLOCKS) {
    const int blocks = c->output_blocks - block < MAX_BLOCKS ? c->output_blocks - block : MAX_BLOCKS;
    for (int k = 0; k < YX_WINOGRAD; k++) {
      const float *weights = c->weights + block * weights_block_stride + (int64_t)k * depth * YX_BLOCK;
      int t = 0;
      for (int g = 0; g < groups.count; g++) {
        const int pixels = tile_pixels(groups, g);
        const float *from = spread + k * spread_stride + t * tile_stride;
        float *to = sums + k * blocks * sums_block_stride + (int64_t)t * YX_BLOCK;
        if (blocks == 2) {
          NAME(winograd_two_blocks)(from, tile_stride, depth, weights, weights_block_stride, to, sums_block_stride, pixels);
        } else {
          NAME(winograd_one_block)(from, tile_stride, depth, weights, weights_block_stride, to, sums_block_stride, pixels);
        }
        t += pixels;
      }
    }
    for (int b = 0; b < blocks; b++) {
      const vec bias = NAME(load)(c->bias + (int64_t)(block + b) * YX_BLOCK);
      for (int i = 0; i < count; i++) {
        const int y = (first_tile + i) / c->tiles_across * 4;
        const int x = (first_tile + i) % c->tiles_across * 4;
        const float *from = sums + b * sums_block_stride + (int64_t)i * YX_BLOCK;
        float *to = out + c->output.origin + (block + b) * c->output.block_stride + y * c->output.row_stride +
                    (int64_t)x * YX_BLOCK;
        const float *more = residual ? residual + c->residual.origin + (block + b) * c->residual.block_stride +
                                           y * c->residual.row_stride + (int64_t)x * YX_BLOCK
                                     : 0;
        const int rows = c->height - y, columns = c->width - x;
        const int64_t step = blocks * sums_block_stride;
        if (c->activation == YX_SILU_OF_LOG2) {
          NAME(winograd_out_tile)(c, from, step, bias, to, more, rows, columns, YX_SILU_OF_LOG2);
        } else {
          NAME(winograd_out_tile)(c, from, step, bias, to, more, rows, columns, c->activation);
        }
      }
    }
  }
}
