// JPEG, PNG and WebP between bytes in memory and RGB pixels, through libjpeg-turbo, libpng and libwebp. setjmp is used in
// these files only: no jump leaves a function.
#ifndef CCODECS_H
#define CCODECS_H

#include <stddef.h>
#include <stdint.h>

enum { CC_MESSAGE_SIZE = 200 };

typedef enum {
  CC_OK,
  CC_CORRUPT,      // the bytes break the format's rules; `message` says how
  CC_TRUNCATED,    // the image data ends early; `message` says where
  CC_UNSUPPORTED,  // a valid variant of the format that the library does not decode
  CC_TOO_LARGE,    // the header's size exceeds the limits
  CC_EXHAUSTED     // no memory, or the file asks for an unreasonable amount of work
} cc_status;

typedef struct {
  uint32_t width;
  uint32_t height;
  uint64_t pixels;
} cc_limits;

typedef struct {
  uint32_t width;  // as stored, before any orientation
  uint32_t height;
  int rows_in_order;       // 0 where the first row is complete only after the last (interlaced PNG, WebP)
  int has_alpha;           // WebP only
  uint64_t scratch_bytes;  // what decoding allocates beside the rows, estimated from the header
  char message[CC_MESSAGE_SIZE];
} cc_image;

// Read the header and check its size against the limits before any memory for pixels is allocated.
cc_status cc_jpeg_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image);
cc_status cc_png_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image);
cc_status cc_webp_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image);

// The destination of decoded RGB rows. Row y is written to `pixels + y * stride`; then `row_ready` is called unless it
// is null. A stride of 0 keeps one row at a time, which needs `rows_in_order`.
typedef struct {
  uint8_t *pixels;
  size_t stride;
  void (*row_ready)(void *context, const uint8_t *row);
  void *context;
} cc_rows;

// A side of an image that is decoded at so many eighths of its size.
static inline uint32_t cc_scaled(uint32_t side, uint32_t eighths) {
  return (uint32_t)(((uint64_t)side * eighths + 7) / 8);
}

// Decode what cc_*_header has read; the number and length of rows follow from its sizes, scaled to `eighths` of 8. Where
// the status is not CC_OK, rows may be missing. Transparent pixels are blended over a background of `gray`. WebP's rows
// are not scaled unless the image is opaque, and `row_ready` is not called.
cc_status cc_jpeg_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint32_t eighths,
                         const cc_rows *rows, cc_image *image);
cc_status cc_png_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint8_t gray, const cc_rows *rows,
                        cc_image *image);
cc_status cc_webp_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint32_t eighths, uint8_t gray,
                         const cc_rows *rows, cc_image *image);

// Encode RGB rows. The result is passed to `write` piece by piece.
typedef void (*cc_write)(void *context, const uint8_t *bytes, size_t count);
cc_status cc_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cc_write write,
                         void *context);
cc_status cc_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, cc_write write, void *context);

#endif
