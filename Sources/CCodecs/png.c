// PNG through libpng. Every entry point makes its own setjmp before libpng can fail.

#include "CCodecs.h"
#include "limits.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

// Bounds what chunks beside the image data may unpack to, and how many are kept.
enum { MAX_CHUNK_BYTES = 1 << 20, MAX_CHUNKS = 100 };

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  char *message;
  int is_truncated;
  int has_all_rows;  // what fails now comes after the pixels
} source;

static void fail(png_structp png, png_const_charp text) {
  source *s = png_get_error_ptr(png);
  if (s && s->message) {
    snprintf(s->message, CC_MESSAGE_SIZE, "%s", text);
    // libpng's words for a compressed stream that is shorter than the rows.
    if (strstr(text, "Not enough image data")) s->is_truncated = 1;
  }
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, png_size_t count) {
  source *s = png_get_io_ptr(png);
  if (count > s->count - s->position) {
    s->is_truncated = 1;
    png_error(png, "the bytes end before the image does");
  }
  memcpy(target, s->bytes + s->position, count);
  s->position += count;
}

static png_structp open_reader(source *s) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, s, fail, ignore);
  if (!png) return 0;
  png_set_read_fn(png, s, read_bytes);
  png_set_chunk_malloc_max(png, MAX_CHUNK_BYTES);
  png_set_chunk_cache_max(png, MAX_CHUNKS);
  // Colour profiles, texts and the like are skipped, not unpacked. With a gamma libpng would blend in linear light, where
  // browsers and editors blend levels.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, 0, 0);
  static const png_byte unwanted[] = 
      "iCCP\0gAMA\0sRGB\0cHRM\0zTXt\0iTXt\0tEXt\0eXIf\0sPLT\0hIST\0tIME\0pCAL\0sCAL";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unwanted, (int)(sizeof unwanted / 5));
  return png;
}

static cc_status check_size(png_structp png, png_infop info, const cc_limits *limits, cc_image *image) {
  image->width = png_get_image_width(png, info);
  image->height = png_get_image_height(png, info);
  image->rows_in_order = png_get_interlace_type(png, info) == PNG_INTERLACE_NONE;
  // Two rows of up to four 16-bit samples a pixel, and zlib's window.
  image->scratch_bytes = 131072 + 16 * (uint64_t)image->width;
  return cc_exceeds(limits, image->width, image->height) ? cc_too_large(image) : CC_OK;
}

cc_status cc_png_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image) {
  source s = {.bytes = bytes, .count = count, .message = image->message};
  image->message[0] = 0;
  png_structp png = open_reader(&s);
  png_infop info = png ? png_create_info_struct(png) : 0;
  if (!info) {
    png_destroy_read_struct(&png, 0, 0);
    return CC_EXHAUSTED;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, 0);
    return s.is_truncated ? CC_TRUNCATED : CC_CORRUPT;
  }
  png_read_info(png, info);
  const cc_status status = check_size(png, info, limits, image);
  png_destroy_read_struct(&png, &info, 0);
  return status;
}

// What failed after the last row matters if it is the checksum of the image data; an end chunk that is missing, or bytes
// that are none, cost no pixels.
static cc_status status_of_failure(const source *s) {
  if (s->has_all_rows) return !s->is_truncated && strstr(s->message, "IDAT: CRC") ? CC_CORRUPT : CC_OK;
  return s->is_truncated ? CC_TRUNCATED : CC_CORRUPT;
}

cc_status cc_png_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint8_t gray, const cc_rows *rows,
                        cc_image *image) {
  source s = {.bytes = bytes, .count = count, .message = image->message};
  image->message[0] = 0;
  png_structp png = open_reader(&s);
  png_infop info = png ? png_create_info_struct(png) : 0;
  if (!info) {
    png_destroy_read_struct(&png, 0, 0);
    return CC_EXHAUSTED;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, 0);
    return status_of_failure(&s);
  }
  png_read_info(png, info);
  const uint32_t width = image->width, height = image->height;
  if (check_size(png, info, limits, image) != CC_OK || image->width != width || image->height != height) {
    png_destroy_read_struct(&png, &info, 0);
    return CC_TOO_LARGE;
  }

  // Everything becomes 8-bit RGB.
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  if (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA || png_get_valid(png, info, PNG_INFO_tRNS)) {
    const png_color_16 background = {.red = gray, .green = gray, .blue = gray, .gray = gray};
    png_set_background(png, &background, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
  }
  const int passes = png_set_interlace_handling(png);
  if (passes > 1 && !rows->stride) png_error(png, "an interlaced image needs room for all rows");
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != (size_t)width * 3) png_error(png, "rows of an unexpected length");
  for (int pass = 1; pass <= passes; pass++) {
    for (uint32_t y = 0; y < height; y++) {
      uint8_t *row = rows->pixels + y * rows->stride;
      png_read_row(png, row, 0);
      if (pass == passes && rows->row_ready) rows->row_ready(rows->context, row);
    }
  }
  s.has_all_rows = 1;
  png_read_end(png, 0);
  png_destroy_read_struct(&png, &info, 0);
  return CC_OK;
}

typedef struct {
  cc_write write;
  void *context;
} sink;

static void write_bytes(png_structp png, png_bytep bytes, png_size_t count) {
  sink *target = png_get_io_ptr(png);
  target->write(target->context, bytes, count);
}

static void flush_nothing(png_structp png) { (void)png; }

cc_status cc_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, cc_write write, void *context) {
  sink target = {write, context};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, 0, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : 0;
  if (!info) {
    png_destroy_write_struct(&png, 0);
    return CC_EXHAUSTED;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return CC_EXHAUSTED;
  }
  png_set_write_fn(png, &target, write_bytes, flush_nothing);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(png, 3);
  png_write_info(png, info);
  for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return CC_OK;
}
