#ifndef CC_LIMITS_H
#define CC_LIMITS_H

#include "CCodecs.h"

static inline int cc_exceeds(const cc_limits *limits, uint64_t width, uint64_t height) {
  return width > limits->width || height > limits->height || width * height > limits->pixels;
}

#endif
