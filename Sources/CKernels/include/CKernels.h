// The loops of inference: convolution, pooling, copying. No policy: which kernel runs where is decided in Engine.
//
// Layout of a feature map ("channel-blocked", NCHW16c): channels in blocks of 16, each block a plane of pixels, each
// pixel its 16 channels side by side. Around a plane there may be a border of zero pixels, so that a convolution
// never asks whether it is at an edge:
//
//     block 0                      block 1
//     0 0 0 0 0 0                  0 0 0 ...
//     0 p p p p 0   p = 16 floats  0 p p ...
//     0 p p p p 0                  0 p p ...
//     0 0 0 0 0 0                  0 0 0 ...
//
// Every body is compiled once for each instruction set of the list in instruction_sets.h.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { YX_BLOCK = 16 };

// Products for each 4x4 output pixels of a Winograd convolution.
enum { YX_WINOGRAD = 36 };

typedef enum {
  YX_IDENTITY,
  YX_SILU,
  YX_SILU_OF_LOG2,  // SiLU(x) of x log2 e, which is cheaper: the weights before it can be multiplied by that at no cost
  YX_RELU,
  YX_LEAKY_RELU,  // slope 0.1
  YX_RELU6,
  YX_HARD_SWISH,
  YX_SIGMOID
} yx_activation;

// Positions of a map's pixels, in floats from the map's first float.
typedef struct {
  int64_t origin;      // pixel (0, 0) of block 0
  int64_t row_stride;    // from a pixel to the one below
  int64_t block_stride;  // from a block to the next
} yx_layout;

// A dense convolution as a sum over taps. A tap is a run of `depth` input floats that are neighbours in memory, and
// every output pixel reads the same taps from its own starting point:
//
//     out[block][y][x] = activation(bias + sum over t, d of weights[block][t][d] * in[offsets[t] + d + y, x steps])
//
// A blocked 3x3 has 9 taps of depth 16 for each input block; a planar stem has a tap for each channel and kernel row.
typedef struct {
  int32_t taps;
  int32_t depth;
  const int64_t *offsets;    // [taps], from the input's origin
  int64_t input_pixel_stride;  // from the input of an output pixel to that of its right neighbour
  int64_t input_row_stride;
  int64_t input_origin;
  yx_layout output;
  yx_layout residual;    // added after the activation, if the caller passes a residual
  int32_t has_upsampled_init;  // whether sums start from a pixel of `upsampled_init`, not from the bias
  yx_layout upsampled_init;       // a map of half the size, each pixel for two by two; `origin` is counted from the input
  const float *weights;    // [blocks][taps][depth][16]
  const float *bias;     // [blocks][16]
  int32_t width;         // of the output
  yx_activation activation;
} yx_convolution;

// A dense convolution in bfloat16 with sums in float32. The input rows that some output rows need are rounded into
// scratch memory first, `planes` planes of `max_rows` rows, each pair of neighbouring numbers in one word of 32 bits;
// the offsets and steps of `convolution` count such words, and its weights are pairs too.
typedef struct {
  yx_convolution convolution;
  int32_t blocks;  // of the output
  int32_t kernel;
  int32_t stride;
  yx_layout input;  // `origin` is the first number that output row 0 needs
  int32_t planes;
  int32_t row_floats;       // to round in each row
  int64_t bf16_row_stride;  // in words
  int64_t max_rows;
} yx_bf16_convolution;

// A dense 3x3 convolution with stride 1 of a map with a border of at least one pixel. The output is cut into tiles of
// 4x4 pixels, row by row; those at the right and lower edge may reach beyond it.
typedef struct {
  int32_t input_blocks;
  int32_t depth;  // input channels, at most 16 for each block
  int32_t output_blocks;
  int32_t width;
  int32_t height;
  int32_t tiles_across;
  yx_layout input;
  yx_layout output;
  yx_layout residual;
  const float *weights;  // [blocks][36][depth][16], transformed
  const float *bias;     // [blocks][16]
  yx_activation activation;
} yx_winograd;

// Tiles that the convolution after a focus takes through all of its passes at a time.
enum { YX_FOCUS_TILES = 28 };

// A focus and the 3x3 convolution after it, of an image of planes. `winograd` has the size of the output and one input
// block, whose places are 4 * channel + 2 * row + column of the pixel in its 2x2 square; its input layout is not read.
typedef struct {
  yx_winograd winograd;
  int32_t channels;  // of the image, at most 4
  int64_t row_stride;  // between rows of phases in scratch memory: room for a multiple of 8 pixels and 2 more
} yx_focus;

// A k x k convolution that keeps channels apart.
typedef struct {
  int32_t kernel;
  int32_t stride;
  yx_layout input;  // `origin` is the first tap of output pixel (0, 0)
  yx_layout output;
  const float *weights;  // [blocks][kernel * kernel][16]
  const float *bias;     // [blocks][16]
  int32_t width;
  yx_activation activation;
} yx_depthwise;

// Stride 1, as if padded with minus infinity.
typedef struct {
  int32_t kernel;
  yx_layout input;
  yx_layout output;
  int32_t width;
  int32_t height;
} yx_max_pool;

typedef struct {
  // Output rows `first_row ..< end_row` of `blocks` (1 or 2) blocks from `first_block`. `residual` may be null.
  void (*convolution)(const yx_convolution *, const float *in, float *out, const float *residual, int first_block,
                      int blocks, int first_row, int end_row);

  // Output rows `first_row ..< end_row` of all blocks. `scratch` holds the rounded input.
  void (*bf16_convolution)(const yx_bf16_convolution *, const float *in, float *out, const float *residual,
                             float *scratch, int first_row, int end_row);

  // Tiles `first_tile ..< end_tile` of all blocks. `scratch` holds 36 * 16 * (input blocks + 3) floats for each of them.
  void (*winograd)(const yx_winograd *, const float *in, float *out, const float *residual, float *scratch,
                   int first_tile, int end_tile);

  // Output rows `first_row ..< end_row` of all blocks; `first_row` is a multiple of 4. `scratch` holds row_stride floats for
  // each row and two more, rows rounded up to a multiple of 4, and the scratch memory of `winograd` for YX_FOCUS_TILES tiles.
  void (*focus)(const yx_focus *, const float *image, float *out, float *scratch, int first_row, int end_row);

  void (*depthwise)(const yx_depthwise *, const float *in, float *out, int block, int first_row, int end_row);

  // `scratch` holds (width + kernel) * 16 floats.
  void (*max_pool)(const yx_max_pool *, const float *in, float *out, float *scratch, int block, int first_row,
                   int end_row);

  // out[i] = activation(in[i]) (+ residual[i]) over `pixels` pixels; `in` and `out` may be the same.
  void (*activate)(const float *in, float *out, const float *residual, int64_t pixels, yx_activation);
} yx_kernels;

// Fills the border beside rows `first_row ..< end_row`; the rows above and below the map belong to its first and last
// row. `element_bytes` is 1 or 4. `pixels` has 16 elements for each block of the map, or is null for zeros.
void yx_fill_border(void *out, const yx_layout *, int element_bytes, int width, int height, int border,
                    const void *pixels, int first_block, int blocks, int first_row, int end_row);

// Each pixel twice in both directions. `element_bytes` is 1 or 4; `width`, `first_row` and `end_row` are the output's.
void yx_upsample2x(const void *in, const yx_layout *input, void *out, const yx_layout *output, int element_bytes,
                   int width, int block, int first_row, int end_row);

// For each row of a map of one channel, counted from `origin`: the first pixel that reaches the threshold and the pixel
// after the last; both 0 if none does. Then, `reaches` - 1 times, the spans before, extended by a pixel to all sides.
void yx_find_spans(const float *in, const yx_layout *, int width, int height, float threshold, int reaches,
                   int32_t *spans);

// Processors that this process is allowed to run on.
int yx_allowed_processors(void);

// Tells the processor that this thread is waiting for another one.
static inline void yx_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

#include "Quantized.h"
#include "InstructionSets.h"

#endif
