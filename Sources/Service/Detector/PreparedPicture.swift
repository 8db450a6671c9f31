import Imaging
import YOLOX

/// A picture ready for the network, and what getting there took.
struct PreparedPicture: Sendable {
  let image: PreparedImage
  /// The picture itself, where boxes are to be drawn into it.
  let picture: Image?
  let decoding: Duration
  let preprocessing: Duration

  /// - Parameter keepsPicture: has all of the picture decoded, where otherwise a part of its pixels may do.
  init(_ bytes: [UInt8], for model: Model, limits: ImageLimits, keepsPicture: Bool) throws(ImageError) {
    let start = ContinuousClock.now
    picture = keepsPicture ? try Image(decoding: bytes, limits: limits) : nil
    let end = ContinuousClock.now
    if let picture {
      image = model.prepare(picture)
    } else {
      image = try model.prepare(EncodedImage(bytes, limits: limits))
    }
    decoding = start.duration(to: end) + image.decoding
    preprocessing = image.letterboxing
  }
}
