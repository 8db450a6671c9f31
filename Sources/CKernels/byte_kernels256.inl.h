// The bodies for maps of bytes for registers of 8 sums, 16 of them, with a product of four bytes (VNNI_256). Requires NAME(x).
#define BYTE_BLOCKS 1
#define BYTE_PIXELS 6
#define BYTE_CASES(vectors) CASES_6(vectors)
#define SEPARATE_PARTS 1
#undef DEPTHWISE_BYTE_PIXELS
#undef DEPTHWISE_BYTE_CASES
#define DEPTHWISE_BYTE_PIXELS 4
#define DEPTHWISE_BYTE_CASES(stride) CASES_4(stride)
#include "byte_kernels.inl.h"
