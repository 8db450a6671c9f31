// All bodies for maps of bytes for one instruction set. Requires NAME(x), BYTE_BLOCKS, BYTE_PIXELS and BYTE_CASES.
#ifndef SEPARATE_PARTS
#define SEPARATE_PARTS 0
#endif
#include "vector.inl.h"
#include "byte_vector.inl.h"
#include "byte_convolution.inl.h"
#include "byte_depthwise.inl.h"

#define POOL_NAME NAME(quantized_max_pool)
#define POOL_ELEMENT uint8_t
#define POOL_VECTOR bytes
#include "max_pool.inl.h"

const yx_quantized_kernels NAME(byte_kernels) = {
    .convolution = NAME(quantized_convolution),
    .depthwise = NAME(quantized_depthwise),
    .max_pool = NAME(quantized_max_pool),
    .quantize = NAME(quantize),
};

#undef vec
#undef ivec
#undef bytes
#undef words
#undef INLINE
#undef TILE_CASE
#undef NAME
#undef BYTE_BLOCKS
#undef BYTE_PIXELS
#undef BYTE_CASES
#undef SEPARATE_PARTS
#undef halves
