// JPEG through libjpeg-turbo. Every entry point makes its own setjmp before libjpeg can fail.

#include "CCodecs.h"
#include "limits.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// A progressive JPEG may repeat scans over the whole picture without end; real ones have about ten. What is bounded is
// the work: scans times pixels.
enum { MOST_SCANS = 100, ALLOWED_SCANS = 20, MOST_SCANNED_PIXELS = 1000000000 };

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
  cc_status status;
  int came_to_nothing;  // the bytes ended before the first row of blocks was whole
} error_manager;

static void fail(j_common_ptr info) {
  error_manager *errors = (error_manager *)info->err;
  char text[JMSG_LENGTH_MAX];
  errors->base.format_message(info, text);
  if (errors->message) snprintf(errors->message, CC_MESSAGE_SIZE, "%s", text);
  errors->status = info->err->msg_code == JERR_OUT_OF_MEMORY ? CC_EXHAUSTED : CC_CORRUPT;
  longjmp(errors->escape, 1);
}

// Warnings are for pictures that can still be seen. Bytes that end early are one of them: libjpeg makes the rest gray.
static void note(j_common_ptr info, int level) {
  if (level >= 0) return;
  error_manager *errors = (error_manager *)info->err;
  info->err->num_warnings++;
  if (info->is_decompressor && info->err->msg_code == JWRN_JPEG_EOF) {
    j_decompress_ptr decoder = (j_decompress_ptr)info;
    if (decoder->input_scan_number <= 1 && decoder->input_iMCU_row == 0) errors->came_to_nothing = 1;
  }
  char text[JMSG_LENGTH_MAX];
  errors->base.format_message(info, text);
  if (errors->message) snprintf(errors->message, CC_MESSAGE_SIZE, "%s", text);
}

typedef struct {
  struct jpeg_progress_mgr base;
} scan_guard;

static void count_scans(j_common_ptr info) {
  if (!info->is_decompressor) return;
  j_decompress_ptr decoder = (j_decompress_ptr)info;
  const int scans = decoder->input_scan_number;
  const int64_t work = (int64_t)scans * decoder->image_width * decoder->image_height;
  if (scans <= ALLOWED_SCANS || (scans <= MOST_SCANS && work <= MOST_SCANNED_PIXELS)) return;
  error_manager *errors = (error_manager *)info->err;
  if (errors->message) snprintf(errors->message, CC_MESSAGE_SIZE, "%d scans of a picture", scans);
  errors->status = CC_EXHAUSTED;
  longjmp(errors->escape, 1);
}

static void prepare_errors(error_manager *errors, char *message) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = fail;
  errors->base.emit_message = note;
  errors->message = message;
  errors->status = CC_CORRUPT;
  errors->came_to_nothing = 0;
  if (message) message[0] = 0;
}

static cc_status too_large(cc_image *image) {
  snprintf(image->message, CC_MESSAGE_SIZE, "%u x %u pixels", image->width, image->height);
  return CC_TOO_LARGE;
}

cc_status cc_jpeg_header(const uint8_t *bytes, size_t count, const cc_limits *limits, cc_image *image) {
  struct jpeg_decompress_struct decoder;
  error_manager errors;
  decoder.err = &errors.base;
  prepare_errors(&errors, image->message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&decoder);
    return errors.status;
  }
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, bytes, count);
  jpeg_read_header(&decoder, TRUE);
  image->width = decoder.image_width;
  image->height = decoder.image_height;
  image->comes_in_rows = 1;
  jpeg_destroy_decompress(&decoder);
  return cc_exceeds(limits, image->width, image->height) ? too_large(image) : CC_OK;
}

// Adobe writes CMYK inverted: 255 is no ink. Ink takes light away from each of red, green and blue.
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, uint32_t width, int inverted) {
  for (uint32_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
    const unsigned key = inverted ? cmyk[3] : 255u - cmyk[3];
    for (int c = 0; c < 3; c++) {
      const unsigned light = inverted ? cmyk[c] : 255u - cmyk[c];
      rgb[c] = (uint8_t)((light * key + 127) / 255);
    }
  }
}

cc_status cc_jpeg_decode(const uint8_t *bytes, size_t count, const cc_limits *limits, uint32_t eighths,
                         const cc_rows *rows, cc_image *image) {
  struct jpeg_decompress_struct decoder;
  error_manager errors;
  scan_guard guard = {.base = {.progress_monitor = count_scans}};
  // Changed after setjmp and read after a jump: must not live in a register.
  uint8_t *volatile cmyk_row = 0;

  decoder.err = &errors.base;
  prepare_errors(&errors, image->message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&decoder);
    free(cmyk_row);
    return errors.status;
  }
  jpeg_create_decompress(&decoder);
  decoder.progress = &guard.base;
  jpeg_mem_src(&decoder, bytes, count);
  jpeg_read_header(&decoder, TRUE);
  // The header may not have been seen by cc_jpeg_header as it is now: check again before writing anything.
  if (decoder.image_width != image->width || decoder.image_height != image->height ||
      cc_exceeds(limits, decoder.image_width, decoder.image_height)) {
    jpeg_destroy_decompress(&decoder);
    return too_large(image);
  }
  const int is_cmyk = decoder.jpeg_color_space == JCS_CMYK || decoder.jpeg_color_space == JCS_YCCK;
  decoder.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  // The inverse transform of a block then gives fewer pixels, made from its lower frequencies alone.
  decoder.scale_num = eighths;
  decoder.scale_denom = 8;
  jpeg_start_decompress(&decoder);
  const uint32_t width = decoder.output_width;
  if (width != cc_reduced(image->width, eighths) || decoder.output_height != cc_reduced(image->height, eighths)) {
    jpeg_destroy_decompress(&decoder);
    snprintf(image->message, CC_MESSAGE_SIZE, "cannot be reduced to %u eighths", eighths);
    return CC_CORRUPT;
  }
  if (is_cmyk) {
    cmyk_row = malloc((size_t)width * 4);
    if (!cmyk_row) {
      jpeg_destroy_decompress(&decoder);
      return CC_EXHAUSTED;
    }
  }
  while (decoder.output_scanline < decoder.output_height) {
    uint8_t *row = rows->pixels + decoder.output_scanline * rows->stride;
    JSAMPROW target = is_cmyk ? cmyk_row : row;
    jpeg_read_scanlines(&decoder, &target, 1);
    if (is_cmyk) cmyk_to_rgb(cmyk_row, row, width, decoder.saw_Adobe_marker);
    if (rows->taken) rows->taken(rows->context, row);
  }
  jpeg_finish_decompress(&decoder);
  jpeg_destroy_decompress(&decoder);
  free(cmyk_row);
  return errors.came_to_nothing ? CC_CORRUPT : CC_OK;
}

typedef struct {
  struct jpeg_destination_mgr base;
  cc_write write;
  void *context;
  uint8_t buffer[16384];
} destination;

static void start_writing(j_compress_ptr encoder) {
  destination *d = (destination *)encoder->dest;
  d->base.next_output_byte = d->buffer;
  d->base.free_in_buffer = sizeof d->buffer;
}

static boolean write_full_buffer(j_compress_ptr encoder) {
  destination *d = (destination *)encoder->dest;
  d->write(d->context, d->buffer, sizeof d->buffer);
  start_writing(encoder);
  return TRUE;
}

static void write_rest(j_compress_ptr encoder) {
  destination *d = (destination *)encoder->dest;
  d->write(d->context, d->buffer, sizeof d->buffer - d->base.free_in_buffer);
}

cc_status cc_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, cc_write write,
                         void *context) {
  struct jpeg_compress_struct encoder;
  error_manager errors;
  destination target = {.write = write, .context = context};
  encoder.err = &errors.base;
  prepare_errors(&errors, 0);
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&encoder);
    return errors.status;
  }
  jpeg_create_compress(&encoder);
  target.base.init_destination = start_writing;
  target.base.empty_output_buffer = write_full_buffer;
  target.base.term_destination = write_rest;
  encoder.dest = &target.base;
  encoder.image_width = width;
  encoder.image_height = height;
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, quality, TRUE);
  jpeg_start_compress(&encoder, TRUE);
  while (encoder.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)encoder.next_scanline * width * 3);
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  return CC_OK;
}
