// Bilinear resizing of 8-bit images as in OpenCV (INTER_LINEAR, resize.cpp): pixel centres at half integers, weights in
// 1/2048, a horizontal pass with 15-bit results, a vertical pass that rounds. Writes float planes.
//
// Image.resized (Sources/Training/Data/Sample.swift) resizes for training. It stands apart because it blends in float32
// into an image, and both have reproducible results: shared arithmetic would change the bits of one of them.
//
// A line is the result of the horizontal pass for one image row: four 16-bit numbers for each target pixel (red, green,
// blue, unused), so that a pixel is half a vector register.

#include "CLetterbox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vector.h"

enum { WEIGHT_ONE = 2048, LEVELS = 4, BYTES_OF_A_LOAD = 8 };

// Two source neighbours and their weights in 1/2048. The vector loop reads both weights as one number.
typedef struct cl_blend {
  int32_t first;
  int16_t weights[2];
} blend;

static size_t rounded_up(size_t width) { return (width + 3) & ~(size_t)3; }

size_t cl_scratch_size(int resized_width) {
  return rounded_up((size_t)resized_width) * (sizeof(blend) + 2 * LEVELS * sizeof(int16_t));
}

// Distance in the source of neighbouring target pixels. Divides twice, as OpenCV, because one division rounds differently.
static double source_step(int source, int target) { return 1.0 / ((double)target / source); }

// Source position of the centre of target pixel `index`; `first` may lie one pixel outside the image.
static blend place(int index, double step) {
  const float position = (float)((index + 0.5) * step - 0.5);
  const float first = floorf(position);
  const float fraction = position - first;
  return (blend){
      .first = (int32_t)first,
      .weights = {(int16_t)lrintf((1 - fraction) * WEIGHT_ONE), (int16_t)lrintf(fraction * WEIGHT_ONE)},
  };
}

static void prepare_columns(cl_letterbox *box) {
  const double step = source_step(box->image_width, box->target.resized_width);
  const int last = box->image_width - 1;
  box->paired_columns = 0;
  for (int x = 0; x < box->target.resized_width; x++) {
    blend column = place(x, step);
    if (column.first < 0 || column.first >= last) {
      column = (blend){.first = column.first < 0 ? 0 : last, .weights = {WEIGHT_ONE, 0}};
    }
    box->columns[x] = column;
    // Neighbours are loaded as eight bytes, which must lie inside the row.
    if (column.first * 3 + BYTES_OF_A_LOAD <= box->image_width * 3) box->paired_columns = x + 1;
  }
  box->paired_columns &= ~1;
}

// Two pixels from two lines. Both products are truncated before the addition, as in OpenCV's vector code.
INLINE short8 blend_lines(const int16_t *upper, const int16_t *lower, const int16_t *weights) {
  short8 a, b;
  memcpy(&a, upper, sizeof a);
  memcpy(&b, lower, sizeof b);
  return (multiply_high(a, weights[0]) + multiply_high(b, weights[1]) + 2) >> 2;
}

#define NAMED(name) name##_portable
#include "loops.inl.h"
#undef NAMED

#if defined(__x86_64__)
#define NAMED(name) name##_avx2
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#include "loops.inl.h"
#pragma clang attribute pop
#undef NAMED
#endif

const cl_loops *cl_fastest_loops(void) {
#if defined(__x86_64__)
  const char *requested = getenv("YOLOX_ISA");
  const int is_portable = requested && strcmp(requested, "portable") == 0;
  if (!is_portable && __builtin_cpu_supports("avx2")) return &loops_avx2;
#endif
  return &loops_portable;
}

const cl_loops *cl_portable_loops(void) { return &loops_portable; }

static void fill(float *from, const float *end, float value) {
  while (from < end) *from++ = value;
}

static void fill_padding(const cl_target *target) {
  for (int c = 0; c < 3; c++) {
    float *row = target->planes[c];
    for (int y = 0; y < target->resized_height; y++, row += target->width) {
      fill(row + target->resized_width, row + target->width, target->padding[c]);
    }
    fill(row, target->planes[c] + (int64_t)target->height * target->width, target->padding[c]);
  }
}

void cl_begin(cl_letterbox *box, int image_width, int image_height, const cl_target *target, const cl_loops *loops,
              void *scratch) {
  const size_t line = rounded_up((size_t)target->resized_width) * LEVELS;
  int16_t *lines = scratch;
  *box = (cl_letterbox){
      .target = *target,
      .image_width = image_width,
      .image_height = image_height,
      .loops = loops,
      .row_stride = source_step(image_height, target->resized_height),
      .lines = {lines, lines + line},
      .columns = (blend *)(lines + 2 * line),
      .held = {-1, -1},
  };
  prepare_columns(box);
  fill_padding(target);
}

static int clamped(int row, int height) { return row < 0 ? 0 : row < height ? row : height - 1; }

static const int16_t *held_line(const cl_letterbox *box, int y) { return box->lines[box->held[0] == y ? 0 : 1]; }

void cl_take_row(cl_letterbox *box, const uint8_t *row) {
  const int y = box->rows_taken++;
  while (box->rows_written < box->target.resized_height) {
    const blend rows = place(box->rows_written, box->row_stride);
    const int upper = clamped(rows.first, box->image_height);
    const int lower = clamped(rows.first + 1, box->image_height);
    if (y < upper) return;
    // Rows come from the top, so the older of the two lines is no longer needed.
    const int older = box->held[0] < box->held[1] ? 0 : 1;
    if (box->held[1 - older] != y) {
      box->loops->make_line(box, row, box->lines[older]);
      box->held[older] = y;
    }
    if (y < lower) return;
    box->loops->write_row(box, held_line(box, upper), held_line(box, lower), rows.weights);
    box->rows_written++;
  }
}
