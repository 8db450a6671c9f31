// The bodies for registers of 16 floats, 32 of them: 14 pixels of two blocks, two vectors of weights, a broadcast.
// Requires NAME(x).
#define MAX_BLOCKS 2
#define MAX_PIXELS 14
#define TILE_CASES(blocks) CASES_14(blocks)
#define DEPTHWISE_PIXELS 8
#define DEPTHWISE_CASES(kernel) CASES_8(kernel)
#include "kernels.inl.h"
