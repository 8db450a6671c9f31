// Pooling, and activations on their own.

#define POOL_NAME NAME(max_pool)
#define POOL_ELEMENT float
#define POOL_VECTOR vec
#include "max_pool.inl.h"

static void NAME(activate)(const float *in, float *out, const float *residual, int64_t pixels,
                           yx_activation activation) {
  for (int64_t i = 0; i < pixels; i++) {
    vec y = NAME(activate_one)(NAME(load)(in + i * YX_BLOCK), activation);
    if (residual) y += NAME(load)(residual + i * YX_BLOCK);
    NAME(store)(out + i * YX_BLOCK, y);
  }
}
