// Pooling and what touches each pixel once.

// A square maximum is a maximum over rows of a maximum over columns. The neighbourhood is cut off at the edges, which
// is what padding with minus infinity means.
static void NAME(max_pool)(const yx_max_pool *c, const float *in, float *out, float *scratch, int block,
                           int first_row, int end_row) {
  const int reach = c->kernel / 2;
  const float *plane = in + c->input.origin + block * c->input.block_step;
  for (int y = first_row; y < end_row; y++) {
    const int top = y - reach < 0 ? 0 : y - reach;
    const int bottom = y + reach >= c->height ? c->height - 1 : y + reach;
    for (int x = 0; x < c->width; x++) {
      const float *column = plane + top * c->input.row_stride + (int64_t)x * YX_BLOCK;
      vec most = NAME(load)(column);
      for (int row = top; row < bottom; row++) {
        column += c->input.row_stride;
        most = NAME(max)(most, NAME(load)(column));
      }
      NAME(store)(scratch + (int64_t)x * YX_BLOCK, most);
    }
    float *out_row = out + c->output.origin + block * c->output.block_step + y * c->output.row_stride;
    for (int x = 0; x < c->width; x++) {
      const int left = x - reach < 0 ? 0 : x - reach;
      const int right = x + reach >= c->width ? c->width - 1 : x + reach;
      vec most = NAME(load)(scratch + (int64_t)left * YX_BLOCK);
      for (int column = left + 1; column <= right; column++) {
        most = NAME(max)(most, NAME(load)(scratch + (int64_t)column * YX_BLOCK));
      }
      NAME(store)(out_row + (int64_t)x * YX_BLOCK, most);
    }
  }
}

static void NAME(activate)(const float *in, float *out, const float *residual, int64_t pixels,
                           yx_activation activation) {
  for (int64_t i = 0; i < pixels; i++) {
    vec y = NAME(activate_one)(NAME(load)(in + i * YX_BLOCK), activation);
    if (residual) y += NAME(load)(residual + i * YX_BLOCK);
    NAME(store)(out + i * YX_BLOCK, y);
  }
}
