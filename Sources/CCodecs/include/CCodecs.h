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
  uint32_t width;
  uint32_t height;
  char message[CC_MESSAGE_SIZE];
} cc_image;

// Reads the size from the header; checks it against the limits before any memory is taken for pixels.
cc_status cc_jpeg_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image);
cc_status cc_png_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image);

// Decodes into `pixels`, which holds width * height * 3 bytes by the header. Transparent pixels of a PNG are blended
// over a background of `gray`.
cc_status cc_jpeg_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint8_t *pixels, cc_image *image);
cc_status cc_png_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint8_t gray, uint8_t *pixels,
                        cc_image *image);

// Encodes RGB rows. The result is given to `write` piece by piece.
typedef void (*cc_write)(void *context, const uint8_t *bytes, size_t count);
cc_status cc_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cc_write write,
                         void *context);
cc_status cc_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, cc_write write, void *context);

#endif
