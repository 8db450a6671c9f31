// Both passes. letterbox.c includes this once for each instruction set, under another name.

static void NAMED(make_line)(const cl_letterbox *box, const uint8_t *row, int16_t *line) {
  const blend *columns = box->columns;
  int x = 0;
  for (; x < box->paired_columns; x += 2) {
    const int4 left = blend_neighbours(row + columns[x].first * 3, columns[x].weights);
    const int4 right = blend_neighbours(row + columns[x + 1].first * 3, columns[x + 1].weights);
    const short8 levels = narrow(left >> 4, right >> 4);
    memcpy(line + x * LEVELS, &levels, sizeof levels);
  }
  for (; x < box->target.resized_width; x++) {
    const blend column = columns[x];
    const uint8_t *first = row + column.first * 3;
    const uint8_t *second = column.first + 1 < box->image_width ? first + 3 : first;
    for (int c = 0; c < 3; c++) {
      line[x * LEVELS + c] = (int16_t)((first[c] * column.weights[0] + second[c] * column.weights[1]) >> 4);
    }
  }
}

static void NAMED(write_row)(const cl_letterbox *box, const int16_t *upper, const int16_t *lower,
                             const int16_t *weights) {
  const cl_target *target = &box->target;
  const int width = target->resized_width;
  const int64_t start = (int64_t)box->rows_written * target->width;
  float *red = target->planes[0] + start, *green = target->planes[1] + start, *blue = target->planes[2] + start;
  const float *scale = target->scale, *offset = target->offset;
  int x = 0;
  for (; x + 4 <= width; x += 4) {
    const short8 left = blend_lines(upper + x * LEVELS, lower + x * LEVELS, weights);
    const short8 right = blend_lines(upper + (x + 2) * LEVELS, lower + (x + 2) * LEVELS, weights);
    // r0 g0 b0 - r1 g1 b1 - and r2 g2 b2 - r3 g3 b3 - become r0 r1 r2 r3 g0 g1 g2 g3 and b0 b1 b2 b3.
    const short8 even = __builtin_shufflevector(left, right, 0, 8, 1, 9, 2, 10, 3, 11);
    const short8 odd = __builtin_shufflevector(left, right, 4, 12, 5, 13, 6, 14, 7, 15);
    const short8 red_green = __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
    const short8 only_blue = __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
    store(red + x, widen_low(red_green) * scale[0] + offset[0]);
    store(green + x, widen_high(red_green) * scale[1] + offset[1]);
    store(blue + x, widen_low(only_blue) * scale[2] + offset[2]);
  }
  for (; x < width; x++) {
    for (int c = 0; c < 3; c++) {
      const int a = (upper[x * LEVELS + c] * weights[0]) >> 16, b = (lower[x * LEVELS + c] * weights[1]) >> 16;
      target->planes[c][start + x] = (float)((a + b + 2) >> 2) * scale[c] + offset[c];
    }
  }
}

static const cl_loops NAMED(loops) = {NAMED(make_line), NAMED(write_row)};
