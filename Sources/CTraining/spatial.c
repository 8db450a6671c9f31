#include <math.h>
#include <string.h>

#include "CTraining.h"
#include "dispatch.h"

#pragma clang fp contract(fast)

INLINE int clamp(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

void yt_im2col(const float *x, float *columns, int channels, int height, int width, int kernel, int stride, int top,
               int bottom) {
  int pad = (kernel - 1) / 2;
  int ow = (width + 2 * pad - kernel) / stride + 1;
  for (int c = 0; c < channels; c++)
    for (int ky = 0; ky < kernel; ky++)
      for (int kx = 0; kx < kernel; kx++) {
        // Output columns whose input lies inside the row: first <= ox < last.
        int first = clamp((pad - kx + stride - 1) / stride, 0, ow);
        int last = clamp((width - 1 + pad - kx + stride) / stride, first, ow);
        for (int oy = top; oy < bottom; oy++, columns += ow) {
          int iy = oy * stride + ky - pad;
          if (iy < 0 || iy >= height) {
            memset(columns, 0, (size_t)ow * sizeof(float));
            continue;
          }
          const float *row = x + ((long)c * height + iy) * width + kx - pad;
          for (int ox = 0; ox < first; ox++) columns[ox] = 0;
          if (stride == 1)
            memcpy(columns + first, row + first, (size_t)(last - first) * sizeof(float));
          else
            for (int ox = first; ox < last; ox++) columns[ox] = row[ox * stride];
          for (int ox = last; ox < ow; ox++) columns[ox] = 0;
        }
      }
}

DISPATCHED void yt_col2im(const float *restrict columns, float *restrict x, int channels, int height, int width,
                          int kernel, int stride, int top, int bottom) {
  int pad = (kernel - 1) / 2;
  int ow = (width + 2 * pad - kernel) / stride + 1;
  for (int c = 0; c < channels; c++)
    for (int ky = 0; ky < kernel; ky++)
      for (int kx = 0; kx < kernel; kx++) {
        int first = clamp((pad - kx + stride - 1) / stride, 0, ow);
        int last = clamp((width - 1 + pad - kx + stride) / stride, first, ow);
        for (int oy = top; oy < bottom; oy++, columns += ow) {
          int iy = oy * stride + ky - pad;
          if (iy < 0 || iy >= height) continue;
          float *row = x + ((long)c * height + iy) * width + kx - pad;
          if (stride == 1)
            for (int ox = first; ox < last; ox++) row[ox] += columns[ox];
          else
            for (int ox = first; ox < last; ox++) row[ox * stride] += columns[ox];
        }
      }
}

// Copies the plane into the middle of zeros, so that the loops below have no edges.
INLINE void pad_plane(const float *x, float *padded, int height, int width, int pad) {
  int row = width + 2 * pad;
  memset(padded, 0, (size_t)row * (height + 2 * pad) * sizeof(float));
  for (int y = 0; y < height; y++)
    memcpy(padded + (long)(y + pad) * row + pad, x + (long)y * width, (size_t)width * sizeof(float));
}

INLINE void correlate(const float *restrict padded, const float *weight, float *restrict y, int oh, int ow,
                      int row, int kernel, int stride, int accumulate) {
  for (int oy = 0; oy < oh; oy++)
    for (int ox = 0; ox < ow; ox++) {
      float total = accumulate ? y[(long)oy * ow + ox] : 0;
      for (int ky = 0; ky < kernel; ky++)
        for (int kx = 0; kx < kernel; kx++)
          total += weight[ky * kernel + kx] * padded[(long)(oy * stride + ky) * row + ox * stride + kx];
      y[(long)oy * ow + ox] = total;
    }
}

INLINE void weight_gradient(const float *restrict padded, const float *restrict dy, float *restrict dweight,
                            int oh, int ow, int row, int kernel, int stride) {
#pragma clang fp reassociate(on)
  for (int ky = 0; ky < kernel; ky++) {
    float total[5] = {0};
    for (int oy = 0; oy < oh; oy++)
      for (int kx = 0; kx < kernel; kx++) {
        const float *source = padded + (long)(oy * stride + ky) * row + kx;
        float sum = 0;
        for (int ox = 0; ox < ow; ox++) sum += dy[(long)oy * ow + ox] * source[ox * stride];
        total[kx] += sum;
      }
    for (int kx = 0; kx < kernel; kx++) dweight[ky * kernel + kx] += total[kx];
  }
}

// Kernels and strides that the networks use become constants; the last line serves all others.
#define FOR_EACH_KERNEL(CALL)                         \
  if (kernel == 3 && stride == 1) CALL(3, 1);         \
  else if (kernel == 3 && stride == 2) CALL(3, 2);    \
  else if (kernel == 5 && stride == 1) CALL(5, 1);    \
  else CALL(kernel, stride);

DISPATCHED void yt_depthwise(const float *x, const float *weight, float *y, int height, int width, int kernel,
                             int stride, float *padded) {
  int pad = (kernel - 1) / 2, row = width + 2 * pad;
  int oh = (height + 2 * pad - kernel) / stride + 1, ow = (width + 2 * pad - kernel) / stride + 1;
  pad_plane(x, padded, height, width, pad);
#define FORWARD(K, S) correlate(padded, weight, y, oh, ow, row, K, S, 0)
  FOR_EACH_KERNEL(FORWARD)
}

DISPATCHED void yt_depthwise_backward(const float *x, const float *weight, const float *dy, float *dx,
                                      float *dweight, int height, int width, int kernel, int stride,
                                      int accumulate, float *padded) {
  int pad = (kernel - 1) / 2, row = width + 2 * pad;
  int oh = (height + 2 * pad - kernel) / stride + 1, ow = (width + 2 * pad - kernel) / stride + 1;
  pad_plane(x, padded, height, width, pad);
#define WEIGHT(K, S) weight_gradient(padded, dy, dweight, oh, ow, row, K, S)
  FOR_EACH_KERNEL(WEIGHT)
  if (!dx) return;

  if (stride == 1 && kernel <= 5) {
    // The gradient of a correlation is the correlation with the kernel turned round.
    float turned[25];
    for (int i = 0; i < kernel * kernel; i++) turned[i] = weight[kernel * kernel - 1 - i];
    pad_plane(dy, padded, oh, ow, pad);
#define INPUT(K, S) correlate(padded, turned, dx, height, width, row, K, 1, accumulate)
    FOR_EACH_KERNEL(INPUT)
    return;
  }
  memset(padded, 0, (size_t)row * (height + 2 * pad) * sizeof(float));
  for (int ky = 0; ky < kernel; ky++)
    for (int kx = 0; kx < kernel; kx++)
      for (int oy = 0; oy < oh; oy++) {
        float *target = padded + (long)(oy * stride + ky) * row + kx;
        const float *source = dy + (long)oy * ow;
        for (int ox = 0; ox < ow; ox++) target[ox * stride] += weight[ky * kernel + kx] * source[ox];
      }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      float value = padded[(long)(y + pad) * row + x + pad];
      dx[(long)y * width + x] = accumulate ? dx[(long)y * width + x] + value : value;
    }
}

// For each place the maximum of its part of the row, and the column of the first such. `padded` is a row with `reach`
// more on both sides. Offsets outside, columns inside: the comparison becomes a choice, which vectorises.
INLINE void row_maxima(const float *x, int height, int width, int reach, float *rows, int *columns, float *padded) {
  for (int i = 0; i < reach; i++) padded[i] = padded[reach + width + i] = -INFINITY;
  for (int y = 0; y < height; y++) {
    memcpy(padded + reach, x + (long)y * width, (size_t)width * sizeof(float));
    float *best = rows + (long)y * width;
    int *place = columns + (long)y * width;
    for (int c = 0; c < width; c++) {
      best[c] = -INFINITY;
      place[c] = c;
    }
    for (int i = 0; i <= 2 * reach; i++)
      for (int c = 0; c < width; c++) {
        float value = padded[c + i];
        place[c] = value > best[c] ? c + i - reach : place[c];
        best[c] = value > best[c] ? value : best[c];
      }
  }
}

// For each column of row y the first row of its part of the column whose maximum is the largest.
INLINE void best_rows(const float *rows, int y, int height, int width, int reach, float *best, int *place) {
  int first = clamp(y - reach, 0, height - 1), last = clamp(y + reach, 0, height - 1);
  for (int c = 0; c < width; c++) {
    best[c] = rows[(long)first * width + c];
    place[c] = first;
  }
  for (int i = first + 1; i <= last; i++)
    for (int c = 0; c < width; c++) {
      float value = rows[(long)i * width + c];
      place[c] = value > best[c] ? i : place[c];
      best[c] = value > best[c] ? value : best[c];
    }
}

DISPATCHED void yt_max_pool(const float *x, float *y, int height, int width, int kernel, float *rows, int *columns,
                            float *line, int *places) {
  int reach = kernel / 2;
  row_maxima(x, height, width, reach, rows, columns, line);
  for (int r = 0; r < height; r++) best_rows(rows, r, height, width, reach, y + (long)r * width, places);
}

DISPATCHED void yt_max_pool_backward(const float *x, const float *dy, float *dx, int height, int width, int kernel,
                                     float *rows, int *columns, float *line, int *places) {
  int reach = kernel / 2;
  row_maxima(x, height, width, reach, rows, columns, line);
  for (int r = 0; r < height; r++) {
    best_rows(rows, r, height, width, reach, line, places);
    for (int c = 0; c < width; c++) {
      long row = (long)places[c] * width;
      dx[row + columns[row + c]] += dy[(long)r * width + c];
    }
  }
}
