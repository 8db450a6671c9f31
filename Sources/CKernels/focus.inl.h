// The first convolution of a network that begins with a focus: 3x3 with stride 1 over the four phases of each 2x2 square
// of the image, by Winograd's F(4x4, 3x3), directly from the planes of the image.
//
// A band of rows at a time, the phases of all channels are laid side by side in scratch memory, one vector a pixel, which
// makes them a map of one block with zeros around it.

typedef double NAME(doubles) __attribute__((ext_vector_type(8), aligned(4), may_alias));
#define doubles NAME(doubles)

// Transposes 8 rows of 8 pairs to 8 pixels of 16 numbers, where a pair is the two phases of a row. Each pair moves as a
// double.
INLINE void NAME(transpose_pairs)(const doubles rows[8], float *out) {
#pragma clang loop unroll(full)
  for (int odd = 0; odd < 2; odd++) {
    doubles pairs[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
      const doubles a = rows[2 * i], b = rows[2 * i + 1];
      pairs[i] = odd ? __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
                     : __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    }
    const doubles near_even = __builtin_shufflevector(pairs[0], pairs[1], 0, 1, 4, 5, 8, 9, 12, 13);
    const doubles near_odd = __builtin_shufflevector(pairs[0], pairs[1], 2, 3, 6, 7, 10, 11, 14, 15);
    const doubles far_even = __builtin_shufflevector(pairs[2], pairs[3], 0, 1, 4, 5, 8, 9, 12, 13);
    const doubles far_odd = __builtin_shufflevector(pairs[2], pairs[3], 2, 3, 6, 7, 10, 11, 14, 15);
    float *const first = out + odd * YX_BLOCK;
    *(doubles *)first = __builtin_shufflevector(near_even, far_even, 0, 1, 4, 5, 8, 9, 12, 13);
    *(doubles *)(first + 2 * YX_BLOCK) = __builtin_shufflevector(near_odd, far_odd, 0, 1, 4, 5, 8, 9, 12, 13);
    *(doubles *)(first + 4 * YX_BLOCK) = __builtin_shufflevector(near_even, far_even, 2, 3, 6, 7, 10, 11, 14, 15);
    *(doubles *)(first + 6 * YX_BLOCK) = __builtin_shufflevector(near_odd, far_odd, 2, 3, 6, 7, 10, 11, 14, 15);
  }
}

// Row `y` of the map of phases, `width` pixels and a zero pixel on either side; up to 7 more are written beyond.
// Number 4 * channel + 2 * (row of the phase) + (column of the phase) of a pixel is that phase.
static void NAME(focus_row)(const yx_focus *c, const float *image, int y, float *out) {
  const int width = c->winograd.width;
  const int64_t row_floats = 2 * (int64_t)width;
  const int64_t plane_floats = 2 * (int64_t)c->winograd.height * row_floats;
  NAME(store)(out, (vec)0.0f);
  for (int x = 0; x < width; x += 8) {
    const int count = width - x < 8 ? 2 * (width - x) : 16;
    doubles rows[8];
    for (int i = 0; i < 8; i++) {
      if (i >= 2 * c->channels) {
        rows[i] = (doubles)0.0;
        continue;
      }
      const float *source = image + i / 2 * plane_floats + (2 * y + i % 2) * row_floats + 2 * x;
      if (count == 16) {
        rows[i] = *(const doubles *)source;
      } else {
        float rest[YX_BLOCK] = {0};
        __builtin_memcpy(rest, source, count * sizeof(float));
        rows[i] = *(const doubles *)rest;
      }
    }
    NAME(transpose_pairs)(rows, out + (int64_t)(x + 1) * YX_BLOCK);
  }
  NAME(store)(out + (int64_t)(width + 1) * YX_BLOCK, (vec)0.0f);
}

static void NAME(focus)(const yx_focus *c, const float *image, float *out, float *scratch, int first_row,
                        int end_row) {
  // Rows of the map of phases: first_row - 1 to the last row that the tiles read.
  const int64_t row_stride = c->row_stride;
  const int rows = (end_row - first_row + 3) / 4 * 4 + 2;
  for (int row = 0; row < rows; row++) {
    const int y = first_row - 1 + row;
    if (y >= 0 && y < c->winograd.height) {
      NAME(focus_row)(c, image, y, scratch + row * row_stride);
    } else {
      __builtin_memset(scratch + row * row_stride, 0, (c->winograd.width + 2) * YX_BLOCK * sizeof(float));
    }
  }
  yx_winograd winograd = c->winograd;
  winograd.input.origin = (1 - (int64_t)first_row) * row_stride + YX_BLOCK;
  winograd.input.row_stride = row_stride;
  const int end_tile = (end_row + 3) / 4 * winograd.tiles_across;
  for (int tile = first_row / 4 * winograd.tiles_across; tile < end_tile; tile += YX_FOCUS_TILES) {
    const int end = tile + YX_FOCUS_TILES < end_tile ? tile + YX_FOCUS_TILES : end_tile;
    NAME(winograd)(&winograd, scratch, out, 0, scratch + rows * row_stride, tile, end);
  }
}
