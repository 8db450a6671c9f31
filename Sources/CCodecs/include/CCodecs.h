// JPEG and PNG between bytes in memory and RGB pixels, through libjpeg and libpng. The only place that knows of setjmp:
// no jump leaves a function of this file.
#ifndef CCODECS_H
#define CCODECS_H

#include <stddef.h>
#include <stdint.h>

enum { CC_MESSAGE_SIZE = 200 };

typedef enum {
  CC_OK,
  CC_CORRUPT,    // the bytes are not a whole image of the format; `message` says why
  CC_TOO_LARGE,  // the header promises more than the limits allow
  CC_EXHAUSTED   // no memory, or the file asks for an unreasonable amount of work
} cc_status;

typedef struct {
  uint32_t width;
  uint32_t height;
  uint64_t pixels;
} cc_limits;

typedef struct {
  uint32_t width;  // as stored, whatever the orientation
  uint32_t height;
  int comes_in_rows;  // false where the first row is whole only after the last (interlaced PNG)
  char message[CC_MESSAGE_SIZE];
} cc_image;

// Reads the size from the header; checks it against the limits before any memory is taken for pixels.
cc_status cc_jpeg_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image);
cc_status cc_png_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image);

// Where decoded rows of RGB go. Row y is written at `pixels + y * stride`, whole; then `taken` is told, unless it is null.
// A stride of 0 keeps one row at a time, which a picture that comes in rows allows.
typedef struct {
  uint8_t *pixels;
  size_t stride;
  void (*taken)(void *context, const uint8_t *row);
  void *context;
} cc_rows;

// A side of a picture that is decoded at so many eighths of its size.
static inline uint32_t cc_reduced(uint32_t side, uint32_t eighths) {
  return (uint32_t)(((uint64_t)side * eighths + 7) / 8);
}

// Decodes what cc_*_header has looked at; rows and their number are as its sizes say, reduced to `eighths` of 8. Where
// the status is not CC_OK, rows may be missing. Transparent pixels of a PNG are blended over a background of `gray`.
cc_status cc_jpeg_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint32_t eighths,
                         const cc_rows *rows, cc_image *image);
cc_status cc_png_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint8_t gray, const cc_rows *rows,
                        cc_image *image);

// Encodes RGB rows. The result is given to `write` piece by piece.
typedef void (*cc_write)(void *context, const uint8_t *bytes, size_t count);
cc_status cc_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cc_write write,
                         void *context);
cc_status cc_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, cc_write write, void *context);

#endif
