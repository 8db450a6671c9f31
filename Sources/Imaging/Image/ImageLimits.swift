/// Maximum size of an image. All but the bytes are checked against the header, before memory is allocated.
package struct ImageLimits: Sendable, Equatable {
  package static let defaultSide = 16384
  package static let defaultPixels = 50_000_000

  /// Of the encoded image.
  package var bytes: Int
  /// Of the width and of the height.
  package var side: Int
  /// Width times height.
  package var pixels: Int

  package init(bytes: Int = 20 << 20, side: Int = defaultSide, pixels: Int = defaultPixels) {
    self.bytes = bytes
    self.side = side
    self.pixels = pixels
  }

  /// Peak memory of decoding for each pixel at worst: RGB rows, their rotated copy, and the 32-bit pixels of a lossless
  /// WebP with alpha before and after blending (``EncodedImage/decodedBytes``).
  package static let worstBytesPerPixel = 14

  /// The maximum number of pixels in a process with `memory` bytes: one image at its worst takes at most half of it.
  /// Between 4 megapixels (a security camera) and 200 megapixels (the largest phones).
  package static func pixels(forMemory memory: Int) -> Int {
    min(max(memory / 2 / worstBytesPerPixel, 4_000_000), 200_000_000)
  }

  package func admits(width: Int, height: Int) -> Bool {
    let (count, overflows) = width.multipliedReportingOverflow(by: height)
    return width <= side && height <= side && !overflows && count <= pixels
  }
}
