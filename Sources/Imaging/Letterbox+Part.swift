import CLetterbox

extension Letterbox {
  /// Writes the letterboxed part of an image into `planes`, `[3, inputHeight, inputWidth]`. The part is of the letterbox's
  /// image size and is not copied.
  ///
  /// - Parameters:
  ///   - x: of the part's left column in `image`.
  ///   - y: of the part's top row in `image`.
  package func apply(
    toPartOf image: Image, x: Int, y: Int, preprocessing: Preprocessing, into planes: inout MutableSpan<Float>
  ) {
    precondition(
      x >= 0 && y >= 0 && x + imageWidth <= image.width && y + imageHeight <= image.height,
      "a part outside the image")
    apply(toRowsOf: (imageWidth, imageHeight), preprocessing, into: &planes) { box in
      image.pixels.withUnsafeBufferPointer { pixels in
        guard let first = pixels.baseAddress else { return }
        for row in y..<y + imageHeight { cl_take_row(box, first + (row * image.width + x) * 3) }
      }
    }
  }
}
