#ifndef CC_LIMITS_H
#define CC_LIMITS_H

#include "CCodecs.h"

#include <stdio.h>

static inline int cc_exceeds(const cc_limits *limits, uint64_t width, uint64_t height) {
  return width > limits->width || height > limits->height || width * height > limits->pixels;
}

static inline cc_status cc_too_large(cc_image *image) {
  snprintf(image->message, CC_MESSAGE_SIZE, "%u x %u pixels", image->width, image->height);
  return CC_TOO_LARGE;
}

#endif
