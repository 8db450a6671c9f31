// All bodies for one instruction set. Before: NAME(x), its reciprocal, MAX_BLOCKS, MAX_PIXELS and TILE_CASES.
#include "vector.inl.h"
#include "convolution.inl.h"
#include "winograd.inl.h"
#include "depthwise.inl.h"
#include "elementwise.inl.h"

static const yx_kernels NAME(table) = {
    .name = ISA_NAME,
    .convolution = NAME(convolution),
    .narrow_convolution = NAME(narrow_convolution),
    .winograd = NAME(winograd),
    .depthwise = NAME(depthwise),
    .max_pool = NAME(max_pool),
    .activate = NAME(activate),
};

#undef vec
#undef ivec
#undef INLINE
#undef TILE_CASE
#undef DEPTHWISE_PIXELS
#undef NAME
#undef ISA_NAME
#undef MAX_BLOCKS
#undef MAX_PIXELS
#undef TILE_CASES
