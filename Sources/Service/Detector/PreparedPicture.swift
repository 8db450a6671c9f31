import Imaging
import YOLOX

/// A picture ready for the network, and what getting there took.
struct PreparedPicture: Sendable {
  let image: PreparedImage
  /// The picture itself, where boxes are to be drawn into it.
  let picture: Image?
  let decoding: Duration
  let preprocessing: Duration

  init(_ bytes: [UInt8], for model: Model, limits: ImageLimits, keepsPicture: Bool) throws(ImageError) {
    let start = ContinuousClock.now
    let decoded = try Image(decoding: bytes, limits: limits)
    let end = ContinuousClock.now
    image = model.prepare(decoded)
    picture = keepsPicture ? decoded : nil
    decoding = start.duration(to: end)
    preprocessing = end.duration(to: .now)
  }
}
