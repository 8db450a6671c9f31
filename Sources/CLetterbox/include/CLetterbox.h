// The loops of the letterbox: resize, colour order, number type and padding in one pass over the rows of an image, which
// may come while the image is being decoded.
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
  float padding[3];        // what fills the rest
} cl_target;

// The two passes, for one instruction set. All give the same numbers.
typedef struct cl_loops cl_loops;

// The fastest that this processor can run; YOLOX_ISA=portable in the environment asks for those that any can.
const cl_loops *cl_fastest_loops(void);
const cl_loops *cl_portable_loops(void);

// The state of one image on its way into the planes. Made by cl_begin; opaque to callers.
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

// Bytes of scratch memory, aligned to 16, for an image of that width in the planes.
size_t cl_scratch_size(int resized_width);

// `scratch` and the target's planes must live until the last row is taken. Everything beside and below the image is
// filled at once.
void cl_begin(cl_letterbox *letterbox, int image_width, int image_height, const cl_target *target,
              const cl_loops *loops, void *scratch);

// Takes the next row of the image, from the top: RGB, 8 bits each.
void cl_take_row(cl_letterbox *letterbox, const uint8_t *row);

#endif
