// Letterboxing: resize, colour order, conversion to float and padding in one pass over the rows of an image, which may
// arrive while the image is being decoded.
#ifndef CLETTERBOX_H
#define CLETTERBOX_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  int32_t width;           // of the planes
  int32_t height;
  int32_t resized_width;   // of the image within them, top left
  int32_t resized_height;
  float *planes[3];        // for the image's red, green and blue
  float scale[3];          // plane = level * scale + offset
  float offset[3];
  float padding[3];        // value of the remaining pixels
} cl_target;

// The two passes for one instruction set. All sets give equal results.
typedef struct cl_loops cl_loops;

// The fastest loops for this processor, or the portable ones if YOLOX_ISA in the environment is `portable`.
const cl_loops *cl_fastest_loops(void);
const cl_loops *cl_portable_loops(void);

// State of one letterbox operation. Initialised by cl_begin; private to this target.
typedef struct cl_letterbox {
  cl_target target;
  int32_t image_width;
  int32_t image_height;
  int32_t rows_taken;
  int32_t rows_written;
  double row_stride;
  const cl_loops *loops;
  struct cl_blend *columns;
  int32_t paired_columns;
  int16_t *lines[2];
  int32_t held[2];
} cl_letterbox;

struct cl_loops {
  void (*make_line)(const cl_letterbox *letterbox, const uint8_t *row, int16_t *line);
  void (*write_row)(const cl_letterbox *letterbox, const int16_t *upper, const int16_t *lower, const int16_t *weights);
};

// Bytes of scratch memory, aligned to 16, for an image resized to that width.
size_t cl_scratch_size(int resized_width);

// `scratch` and the target's planes must live until the last row is taken. Fills the padding beside and below the image.
void cl_begin(cl_letterbox *letterbox, int image_width, int image_height, const cl_target *target,
              const cl_loops *loops, void *scratch);

// Takes the next row of the image, from the top: RGB, 8 bits each.
void cl_take_row(cl_letterbox *letterbox, const uint8_t *row);

#endif
