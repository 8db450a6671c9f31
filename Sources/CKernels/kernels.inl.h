// All bodies for one instruction set. Requires NAME(x), MAX_BLOCKS, MAX_PIXELS, TILE_CASES,
// DEPTHWISE_PIXELS and DEPTHWISE_CASES.
#include "vector.inl.h"
#include "convolution.inl.h"
#include "winograd.inl.h"
#include "focus.inl.h"
#include "depthwise.inl.h"
#include "elementwise.inl.h"

const yx_kernels NAME(kernels) = {
    .convolution = NAME(convolution),
    .bf16_convolution = NAME(bf16_convolution),
    .winograd = NAME(winograd),
    .focus = NAME(focus),
    .depthwise = NAME(depthwise),
    .max_pool = NAME(max_pool),
    .activate = NAME(activate),
};

#undef vec
#undef ivec
#undef doubles
#undef INLINE
#undef TILE_CASE
#undef DEPTHWISE_PIXELS
#undef NAME
#undef MAX_BLOCKS
#undef MAX_PIXELS
#undef TILE_CASES
#undef DEPTHWISE_CASES
