// Max-pooling of one element type. Requires POOL_NAME, POOL_ELEMENT (a number) and POOL_VECTOR (16 of them, loaded from
// any address of a number).

// A square maximum is a maximum over rows of a maximum over columns. The window is clipped at the edges, which equals
// padding with minus infinity.
static void POOL_NAME(const yx_max_pool *c, const POOL_ELEMENT *in, POOL_ELEMENT *out, POOL_ELEMENT *scratch, int block,
                      int first_row, int end_row) {
  const int reach = c->kernel / 2;
  const POOL_ELEMENT *plane = in + c->input.origin + block * c->input.block_stride;
  for (int y = first_row; y < end_row; y++) {
    const int top = y - reach < 0 ? 0 : y - reach;
    const int bottom = y + reach >= c->height ? c->height - 1 : y + reach;
    for (int x = 0; x < c->width; x++) {
      const POOL_ELEMENT *column = plane + top * c->input.row_stride + (int64_t)x * YX_BLOCK;
      POOL_VECTOR max = *(const POOL_VECTOR *)column;
      for (int row = top; row < bottom; row++) {
        column += c->input.row_stride;
        max = __builtin_elementwise_max(max, *(const POOL_VECTOR *)column);
      }
      *(POOL_VECTOR *)(scratch + (int64_t)x * YX_BLOCK) = max;
    }
    POOL_ELEMENT *out_row = out + c->output.origin + block * c->output.block_stride + y * c->output.row_stride;
    for (int x = 0; x < c->width; x++) {
      const int left = x - reach < 0 ? 0 : x - reach;
      const int right = x + reach >= c->width ? c->width - 1 : x + reach;
      POOL_VECTOR max = *(const POOL_VECTOR *)(scratch + (int64_t)left * YX_BLOCK);
      for (int column = left + 1; column <= right; column++) {
        max = __builtin_elementwise_max(max, *(const POOL_VECTOR *)(scratch + (int64_t)column * YX_BLOCK));
      }
      *(POOL_VECTOR *)(out_row + (int64_t)x * YX_BLOCK) = max;
    }
  }
}

#undef POOL_NAME
#undef POOL_ELEMENT
#undef POOL_VECTOR
