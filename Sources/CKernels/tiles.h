// Divides a row into tiles for the registers.
#ifndef CKERNELS_TILES_H
#define CKERNELS_TILES_H

// The fewest tiles that cover the row, of nearly equal width: a small last tile would run at a fraction of the speed.
typedef struct {
  int count;
  int narrower;  // width of the other tiles
  int wider;     // how many tiles, the first ones, are a pixel wider
} yx_tiles;

static inline __attribute__((always_inline)) yx_tiles even_tiles(int width, int max_pixels) {
  const int count = (width + max_pixels - 1) / max_pixels;
  return (yx_tiles){count, width / count, width % count};
}

static inline __attribute__((always_inline)) int tile_pixels(yx_tiles tiles, int index) {
  return tiles.narrower + (index < tiles.wider);
}

#endif
