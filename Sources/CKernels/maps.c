// Operations on whole maps that need no instruction set of their own: borders, upsampling, spans of active pixels.

#include "CKernels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

// `pixel` is null for zeros.
INLINE void fill_pixels(uint8_t *out, int64_t count, const uint8_t *pixel, const size_t pixel_bytes) {
  if (!pixel) {
    memset(out, 0, (size_t)count * pixel_bytes);
    return;
  }
  for (int64_t i = 0; i < count; i++) memcpy(out + i * (int64_t)pixel_bytes, pixel, pixel_bytes);
}

void yx_fill_border(void *out, const yx_layout *layout, int element_bytes, int width, int height, int border,
                    const void *pixels, int first_block, int blocks, int first_row, int end_row) {
  const int64_t pixel_bytes = (int64_t)YX_BLOCK * element_bytes;
  const int top = first_row == 0 ? -border : first_row;
  const int bottom = end_row == height ? height + border : end_row;
  for (int b = first_block; b < first_block + blocks; b++) {
    uint8_t *plane = (uint8_t *)out + (layout->origin + b * layout->block_stride) * element_bytes;
    const uint8_t *pixel = pixels ? (const uint8_t *)pixels + b * pixel_bytes : 0;
    for (int y = top; y < bottom; y++) {
      uint8_t *row = plane + y * layout->row_stride * element_bytes;
      if (y < 0 || y >= height) {
        fill_pixels(row - border * pixel_bytes, width + 2 * (int64_t)border, pixel, (size_t)pixel_bytes);
      } else {
        fill_pixels(row - border * pixel_bytes, border, pixel, (size_t)pixel_bytes);
        fill_pixels(row + width * pixel_bytes, border, pixel, (size_t)pixel_bytes);
      }
    }
  }
}

// With a constant size, so that a pixel is copied by a few moves and not by a call.
INLINE void upsample2x(const uint8_t *in, const yx_layout *input, uint8_t *out, const yx_layout *output, int width,
                       int block, int first_row, int end_row, const int element_bytes) {
  const int64_t pixel_bytes = (int64_t)YX_BLOCK * element_bytes;
  for (int y = first_row; y < end_row; y++) {
    const uint8_t *source =
        in + (input->origin + block * input->block_stride + (y / 2) * input->row_stride) * element_bytes;
    uint8_t *target = out + (output->origin + block * output->block_stride + y * output->row_stride) * element_bytes;
    for (int x = 0; x < width; x++) {
      memcpy(target + x * pixel_bytes, source + x / 2 * pixel_bytes, (size_t)pixel_bytes);
    }
  }
}

void yx_upsample2x(const void *in, const yx_layout *input, void *out, const yx_layout *output, int element_bytes,
                   int width, int block, int first_row, int end_row) {
  if (element_bytes == 1) {
    upsample2x(in, input, out, output, width, block, first_row, end_row, 1);
  } else {
    upsample2x(in, input, out, output, width, block, first_row, end_row, sizeof(float));
  }
}

void yx_find_spans(const float *in, const yx_layout *layout, int width, int height, float threshold, int reaches,
                   int32_t *spans) {
  for (int y = 0; y < height; y++) {
    const float *row = in + layout->origin + y * layout->row_stride;
    int32_t first = 0, end = 0;
    for (int x = 0; x < width; x++) {
      if (!(row[(int64_t)x * YX_BLOCK] >= threshold)) continue;
      if (end == 0) first = x;
      end = x + 1;
    }
    spans[2 * y] = first;
    spans[2 * y + 1] = end;
  }
  for (int reach = 1; reach < reaches; reach++) {
    const int32_t *from = spans + (int64_t)(reach - 1) * 2 * height;
    int32_t *to = spans + (int64_t)reach * 2 * height;
    for (int y = 0; y < height; y++) {
      int32_t first = width, end = 0;
      for (int near = y == 0 ? 0 : y - 1; near <= y + 1 && near < height; near++) {
        if (from[2 * near] == from[2 * near + 1]) continue;
        if (from[2 * near] - 1 < first) first = from[2 * near] == 0 ? 0 : from[2 * near] - 1;
        if (from[2 * near + 1] + 1 > end) end = from[2 * near + 1] == width ? width : from[2 * near + 1] + 1;
      }
      to[2 * y] = end == 0 ? 0 : first;
      to[2 * y + 1] = end;
    }
  }
}
