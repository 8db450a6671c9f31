// JPEG through libjpeg-turbo. Every entry point makes its own setjmp before libjpeg can fail.

#include "CCodecs.h"
#include "limits.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

// A progressive JPEG may repeat scans over the whole image without end; real ones have about ten. What is bounded is the
// work: scans times pixels.
enum { MAX_SCANS = 100, ALWAYS_ALLOWED_SCANS = 20, MAX_SCANNED_PIXELS = 1000000000 };

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
  cc_status status;
  int is_decoding;  // the header is done
  int bytes_ended;  // libjpeg has run out of bytes and made up an end marker
} error_manager;

static _Noreturn void give_up(error_manager *errors, cc_status status) {
  errors->status = status;
  longjmp(errors->escape, 1);
}

static void format_message(j_common_ptr info) {
  error_manager *errors = (error_manager *)info->err;
  char text[JMSG_LENGTH_MAX];
  errors->base.format_message(info, text);
  if (errors->message) snprintf(errors->message, CC_MESSAGE_SIZE, "%s", text);
}

static void fail(j_common_ptr info) {
  error_manager *errors = (error_manager *)info->err;
  format_message(info);
  switch (info->err->msg_code) {
  case JERR_OUT_OF_MEMORY: give_up(errors, CC_EXHAUSTED);
  case JERR_BAD_PRECISION:
  case JERR_SOF_UNSUPPORTED:
  case JERR_CONVERSION_NOTIMPL:
  case JERR_FRACT_SAMPLE_NOTIMPL:
  case JERR_CCIR601_NOTIMPL:
  case JERR_ARITH_NOTIMPL: give_up(errors, CC_UNSUPPORTED);
  default:
    // The made-up end marker is then what does not belong there.
    if (errors->bytes_ended && errors->message) snprintf(errors->message, CC_MESSAGE_SIZE, "the header is incomplete");
    give_up(errors, errors->bytes_ended ? CC_TRUNCATED : CC_CORRUPT);
  }
}

static _Noreturn void give_up_truncated(j_decompress_ptr decoder) {
  error_manager *errors = (error_manager *)decoder->err;
  const unsigned mcu_height = (unsigned)(decoder->max_v_samp_factor * DCTSIZE);
  const unsigned row = decoder->input_iMCU_row * mcu_height;
  if (errors->message) {
    snprintf(errors->message, CC_MESSAGE_SIZE, "the data of scan %d ends at row %u of %u", decoder->input_scan_number,
             row, decoder->image_height);
  }
  give_up(errors, CC_TRUNCATED);
}

// libjpeg warns and goes on: where data is missing it leaves gray, where data is damaged it leaves noise. Both are
// rejected here. What it warns of otherwise (bytes between segments, odd version numbers) costs no pixels.
static void judge_warning(j_common_ptr info, int level) {
  if (level >= 0) return;
  error_manager *errors = (error_manager *)info->err;
  info->err->num_warnings++;
  if (!info->is_decompressor) return;
  j_decompress_ptr decoder = (j_decompress_ptr)info;
  switch (info->err->msg_code) {
  case JWRN_JPEG_EOF:
    errors->bytes_ended = 1;
    // Huffman decoders announce below that bits are missing. Arithmetic ones take missing bytes for zeros, which an
    // encoder may leave out at the end of a scan. Only a marker then tells that nothing else is missing.
    if (decoder->arith_code && errors->is_decoding && decoder->input_iMCU_row < decoder->total_iMCU_rows)
      give_up_truncated(decoder);
    break;
  case JWRN_HIT_MARKER: give_up_truncated(decoder);
  case JWRN_HUFF_BAD_CODE:
  case JWRN_ARITH_BAD_CODE:
  case JWRN_MUST_RESYNC:
    // An end marker where data of the next restart interval should be.
    if (errors->bytes_ended || decoder->unread_marker == JPEG_EOI) give_up_truncated(decoder);
    format_message(info);
    give_up(errors, CC_CORRUPT);
  default: break;
  }
}

typedef struct {
  struct jpeg_progress_mgr base;
} scan_guard;

static void count_scans(j_common_ptr info) {
  if (!info->is_decompressor) return;
  j_decompress_ptr decoder = (j_decompress_ptr)info;
  const int scans = decoder->input_scan_number;
  const int64_t work = (int64_t)scans * decoder->image_width * decoder->image_height;
  if (scans <= ALWAYS_ALLOWED_SCANS || (scans <= MAX_SCANS && work <= MAX_SCANNED_PIXELS)) return;
  error_manager *errors = (error_manager *)info->err;
  if (errors->message) snprintf(errors->message, CC_MESSAGE_SIZE, "%d scans", scans);
  give_up(errors, CC_EXHAUSTED);
}

// Whether the scans of a file that has several brought all of the image: of every component each coefficient, to its
// last bit. T.81 would let an encoder leave some out for good; no known one does, and a file that lost its last scans
// looks the same.
static void require_all_scans(j_decompress_ptr decoder) {
  error_manager *errors = (error_manager *)decoder->err;
  int incomplete = 0;
  for (int component = 0; component < decoder->num_components; component++) {
    if (!decoder->comp_info[component].quant_table) {  // latched by a component's first scan
      incomplete += DCTSIZE2;
    } else if (decoder->progressive_mode && decoder->coef_bits) {
      for (int k = 0; k < DCTSIZE2; k++) incomplete += decoder->coef_bits[component][k] != 0;
    }
  }
  if (!incomplete) return;
  if (errors->message) {
    snprintf(errors->message, CC_MESSAGE_SIZE, "scans are missing: %d of %d coefficients are incomplete", incomplete,
             decoder->num_components * DCTSIZE2);
  }
  give_up(errors, CC_TRUNCATED);
}

static void prepare_errors(error_manager *errors, char *message) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = fail;
  errors->base.emit_message = judge_warning;
  errors->message = message;
  errors->status = CC_CORRUPT;
  errors->is_decoding = 0;
  errors->bytes_ended = 0;
  if (message) message[0] = 0;
}

// A file of several scans is held as coefficients of two bytes until the last scan has come; one of a single scan needs
// a few rows of blocks.
static uint64_t scratch_bytes(j_decompress_ptr decoder) {
  uint64_t coefficients = 0;
  for (int component = 0; component < decoder->num_components; component++) {
    const jpeg_component_info *info = &decoder->comp_info[component];
    coefficients += (uint64_t)info->width_in_blocks * info->height_in_blocks * DCTSIZE2;
  }
  const uint64_t rows = (uint64_t)decoder->image_width * decoder->num_components * decoder->max_v_samp_factor * DCTSIZE;
  return 65536 + 4 * rows + (jpeg_has_multiple_scans(decoder) ? coefficients * sizeof(JCOEF) : 0);
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
  image->rows_in_order = 1;
  image->scratch_bytes = scratch_bytes(&decoder);
  jpeg_destroy_decompress(&decoder);
  return cc_exceeds(limits, image->width, image->height) ? cc_too_large(image) : CC_OK;
}

// Adobe writes CMYK inverted: 255 is no ink. Ink absorbs each of red, green and blue.
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
    return cc_too_large(image);
  }
  const int is_cmyk = decoder.jpeg_color_space == JCS_CMYK || decoder.jpeg_color_space == JCS_YCCK;
  decoder.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  // The inverse transform of a block then gives fewer pixels, made from its lower frequencies alone.
  decoder.scale_num = eighths;
  decoder.scale_denom = 8;
  errors.is_decoding = 1;
  jpeg_start_decompress(&decoder);
  if (jpeg_has_multiple_scans(&decoder)) require_all_scans(&decoder);
  const uint32_t width = decoder.output_width;
  if (width != cc_scaled(image->width, eighths) || decoder.output_height != cc_scaled(image->height, eighths)) {
    jpeg_destroy_decompress(&decoder);
    snprintf(image->message, CC_MESSAGE_SIZE, "cannot be scaled to %u eighths", eighths);
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
    if (rows->row_ready) rows->row_ready(rows->context, row);
  }
  // Not jpeg_finish_decompress, which looks for the end marker: it may be missing, or other bytes may come first.
  jpeg_destroy_decompress(&decoder);
  free(cmyk_row);
  return CC_OK;
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
