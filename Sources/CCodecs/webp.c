// WebP through libwebp: one still image, or one frame of an animation.

#include "CCodecs.h"
#include "limits.h"

#include <stdlib.h>

#include <webp/decode.h>

static cc_status status_of(VP8StatusCode code, cc_image *image) {
  const char *text;
  cc_status status = CC_CORRUPT;
  switch (code) {
  case VP8_STATUS_OK: return CC_OK;
  case VP8_STATUS_OUT_OF_MEMORY: status = CC_EXHAUSTED, text = "out of memory"; break;
  case VP8_STATUS_UNSUPPORTED_FEATURE: status = CC_UNSUPPORTED, text = "unsupported feature"; break;
  case VP8_STATUS_SUSPENDED:
  case VP8_STATUS_NOT_ENOUGH_DATA: status = CC_TRUNCATED, text = "the image data ends early"; break;
  default: text = "the bitstream is damaged";
  }
  snprintf(image->message, CC_MESSAGE_SIZE, "%s", text);
  return status;
}

cc_status cc_webp_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image) {
  WebPBitstreamFeatures features;
  image->message[0] = 0;
  const VP8StatusCode code = WebPGetFeatures(bytes, count, &features);
  if (code != VP8_STATUS_OK) return status_of(code, image);
  image->width = (uint32_t)features.width;
  image->height = (uint32_t)features.height;
  image->has_alpha = features.has_alpha;
  image->rows_in_order = 0;
  const uint64_t pixels = (uint64_t)image->width * image->height;
  // Lossless decoding holds all pixels as 32 bits; a lossy image holds a few rows, its alpha plane all of them. Blending
  // needs red, green, blue and alpha of all pixels.
  const uint64_t held = features.format == 1 ? (features.has_alpha ? pixels * 5 : 0) : pixels * 4;
  image->scratch_bytes = 131072 + 256 * (uint64_t)image->width + held + (features.has_alpha ? pixels * 4 : 0);
  return cc_exceeds(limits, image->width, image->height) ? cc_too_large(image) : CC_OK;
}

static void blend(const uint8_t *rgba, uint8_t *rgb, uint32_t width, unsigned gray) {
  for (uint32_t x = 0; x < width; x++, rgba += 4, rgb += 3) {
    const unsigned alpha = rgba[3];
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)((rgba[c] * alpha + gray * (255 - alpha) + 127) / 255);
  }
}

cc_status cc_webp_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint32_t eighths, uint8_t gray,
                         const cc_rows *rows, cc_image *image) {
  const uint32_t width = image->width, height = image->height;
  // The header is read again, so that nothing is written to memory of another size.
  const cc_status status = cc_webp_header(bytes, count, limits, image);
  if (status != CC_OK) return status;
  if (image->width != width || image->height != height) return cc_too_large(image);

  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return CC_EXHAUSTED;
  config.output.is_external_memory = 1;
  if (image->has_alpha) {
    uint8_t *rgba = malloc((size_t)width * height * 4);
    if (!rgba) return CC_EXHAUSTED;
    config.output.colorspace = MODE_RGBA;
    config.output.u.RGBA = (WebPRGBABuffer){rgba, (int)(width * 4), (size_t)width * height * 4};
    const VP8StatusCode code = WebPDecode(bytes, count, &config);
    for (uint32_t y = 0; code == VP8_STATUS_OK && y < height; y++)
      blend(rgba + (size_t)y * width * 4, rows->pixels + y * rows->stride, width, gray);
    free(rgba);
    return status_of(code, image);
  }
  const uint32_t out_width = cc_scaled(width, eighths), out_height = cc_scaled(height, eighths);
  if (eighths < 8) {
    config.options.use_scaling = 1;
    config.options.scaled_width = (int)out_width;
    config.options.scaled_height = (int)out_height;
  }
  config.output.colorspace = MODE_RGB;
  config.output.u.RGBA =
      (WebPRGBABuffer){rows->pixels, (int)rows->stride, rows->stride * (out_height - 1) + (size_t)out_width * 3};
  return status_of(WebPDecode(bytes, count, &config), image);
}
