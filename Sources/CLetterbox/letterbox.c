// Bilinear resizing as OpenCV does it to 8-bit pictures (INTER_LINEAR, resize.cpp): pixel centres at half integers,
// weights in 1/2048, horizontal pass to 32-bit sums, vertical pass rounded. Written straight into float planes.

#include "CLetterbox.h"

// Horizontal pass over one row of RGB: out[c][x] in 1/2048.
static void horizontal(const uint8_t *row, const cl_weight *columns, int width, int32_t *out, int plane) {
  for (int x = 0; x < width; x++) {
    const uint8_t *a = row + columns[x].first * 3;
    const uint8_t *b = row + columns[x].second * 3;
    const int32_t wa = columns[x].first_weight, wb = columns[x].second_weight;
    out[x] = a[0] * wa + b[0] * wb;
    out[plane + x] = a[1] * wa + b[1] * wb;
    out[2 * plane + x] = a[2] * wa + b[2] * wb;
  }
}

void cl_letterbox(const uint8_t *pixels, int image_width, const cl_weight *columns, const cl_weight *rows,
                  const cl_target *target, int32_t *scratch) {
  const int width = target->resized_width;
  int32_t *lines[2] = {scratch, scratch + 3 * (int64_t)width};
  int held[2] = {-1, -1};
  for (int y = 0; y < target->resized_height; y++) {
    const int wanted[2] = {rows[y].first, rows[y].second};
    // Going down, the lower row of one step is often the upper row of the next: keep what is there.
    if (held[0] != wanted[0] && held[1] == wanted[0]) {
      int32_t *line = lines[0];
      lines[0] = lines[1];
      lines[1] = line;
      held[1] = held[0];
      held[0] = wanted[0];
    }
    for (int i = 0; i < 2; i++) {
      if (held[i] == wanted[i]) continue;
      horizontal(pixels + (int64_t)wanted[i] * image_width * 3, columns, width, lines[i], width);
      held[i] = wanted[i];
    }
    const int32_t wa = rows[y].first_weight, wb = rows[y].second_weight;
    for (int c = 0; c < 3; c++) {
      const int32_t *upper = lines[0] + c * (int64_t)width;
      const int32_t *lower = lines[1] + c * (int64_t)width;
      const float scale = target->scale[c], offset = target->offset[c];
      float *out = target->planes[c] + (int64_t)y * target->width;
      for (int x = 0; x < width; x++) {
        // Two shifts in between, as OpenCV's vector code does to stay within 16 bits.
        const int32_t sum = ((wa * (upper[x] >> 4)) >> 16) + ((wb * (lower[x] >> 4)) >> 16);
        out[x] = (float)((sum + 2) >> 2) * scale + offset;
      }
      for (int x = width; x < target->width; x++) out[x] = target->padding[c];
    }
  }
  for (int c = 0; c < 3; c++) {
    float *plane = target->planes[c];
    for (int64_t i = (int64_t)target->resized_height * target->width; i < (int64_t)target->height * target->width;
         i++) {
      plane[i] = target->padding[c];
    }
  }
}
