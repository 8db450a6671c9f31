// The same loops for maps of bytes. A byte represents number = scale * (byte - zero point); scale and zero point differ
// for each channel. The layout is that of CKernels.h, a pixel of a block being 16 bytes; pixels of the
// border hold their channel's zero point.
//
// Sums are integers, equal on every processor. Scale, bias, activation and residual are applied in float32; the result is
// rounded to a byte where the output is a map of bytes.
#ifndef CKERNELS_QUANTIZED_H
#define CKERNELS_QUANTIZED_H

#include "CKernels.h"

// Neighbouring input bytes that one instruction multiplies by their weights.
enum { YX_BYTES = 4 };

// Maps a sum to the output. Every array has 16 numbers for each block of the output.
typedef struct {
  const float *scale;  // activation(scale * sum + bias)
  const float *bias;
  const float *residual_scale;  // + residual_scale * byte + residual_bias, where there is a residual
  const float *residual_bias;
  const float *output_scale;  // byte = output_scale * number + output_zero_point; null where the output is float32
  const float *output_zero_point;
  yx_activation activation;
} yx_requantization;

// As yx_convolution. A tap is a run of `depth` words of 4 bytes. Offsets, strides and layouts count bytes, except that a
// float32 output counts floats; a convolution with such an output has no activation and no residual.
//
// Weights have 8 bits, or 15 in two parts, each a convolution of its own: sum = 128 * first + second.
typedef struct {
  int32_t taps;
  int32_t depth;
  const int64_t *offsets;
  int64_t input_pixel_stride;
  int64_t input_row_stride;
  int64_t input_origin;
  yx_layout output;
  yx_layout residual;
  const int8_t *weights;  // [blocks][parts][taps][depth][16][4]
  int32_t parts;
  int32_t width;
  yx_requantization requantization;
} yx_quantized_convolution;

// A 3x3 convolution that keeps channels apart. Reads up to 16 bytes beyond the last pixel that it needs.
typedef struct {
  int32_t stride;
  yx_layout input;  // `origin` is the first tap of output pixel (0, 0)
  yx_layout output;
  const int8_t *weights;  // [blocks][3][16][4]: the three of a row and a zero
  int32_t width;
  yx_requantization requantization;
} yx_quantized_depthwise;

typedef struct {
  // As in yx_kernels. `out` is a map of bytes or of floats.
  void (*convolution)(const yx_quantized_convolution *, const uint8_t *in, void *out, const uint8_t *residual,
                      int first_block, int blocks, int first_row, int end_row);
  void (*depthwise)(const yx_quantized_depthwise *, const uint8_t *in, uint8_t *out, int block, int first_row,
                    int end_row);

  // `scratch` holds width * 16 bytes.
  void (*max_pool)(const yx_max_pool *, const uint8_t *in, uint8_t *out, uint8_t *scratch, int block, int first_row,
                   int end_row);

  // Floats to bytes with one scale: a row of an image.
  void (*quantize)(const float *in, uint8_t *out, int64_t count, float scale, float zero);
} yx_quantized_kernels;

#endif
