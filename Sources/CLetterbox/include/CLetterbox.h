// The loop of the letterbox: resize, colour order, number type and padding in one pass over the picture.
#ifndef CLETTERBOX_H
#define CLETTERBOX_H

#include <stdint.h>

// Which two source pixels (or rows) make a target pixel, and how much of each, in 1/2048.
typedef struct {
  int32_t first;
  int32_t second;
  int16_t first_weight;
  int16_t second_weight;
} cl_weight;

typedef struct {
  int32_t width;           // of the planes
  int32_t height;
  int32_t resized_width;   // of the picture within them, top left
  int32_t resized_height;
  float *planes[3];        // for the picture's red, green and blue
  float scale[3];          // plane = level * scale + offset
  float offset[3];
  float padding[3];        // what fills the rest
} cl_target;

// `pixels` are RGB rows of `image_width`; `scratch` holds 6 * resized_width numbers.
void cl_letterbox(const uint8_t *pixels, int image_width, const cl_weight *columns, const cl_weight *rows,
                  const cl_target *target, int32_t *scratch);

#endif
