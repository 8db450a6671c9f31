// All bodies for maps of bytes for one instruction set. Before: NAME(x), its reciprocal, BYTE_BLOCKS, BYTE_PIXELS and
// BYTE_CASES.
#include "vector.inl.h"
#include "quantized_vector.inl.h"
#include "quantized_convolution.inl.h"
#include "quantized_depthwise.inl.h"

static const yx_quantized_kernels NAME(table) = {
    .name = ISA_NAME,
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
#undef ISA_NAME
#undef BYTE_BLOCKS
#undef BYTE_PIXELS
#undef BYTE_CASES
