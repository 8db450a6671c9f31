import Imaging
import YOLOX

/// A picture ready for the network, and what getting there took.
struct PreparedPicture: Sendable {
  let image: PreparedImage
  /// The picture itself, where boxes are to be drawn into it.
  let picture: Image?
  let decoding: Duration
  let preprocessing: Duration

  static func make(
    _ bytes: [UInt8], for model: Model, limits: ImageLimits, keepsPicture: Bool
  ) -> Result<PreparedPicture, ImageError> {
    let start = ContinuousClock.now
    let picture: Image
    do { picture = try Image(decoding: bytes, limits: limits) } catch { return .failure(error) }
    let decoded = ContinuousClock.now
    let image = model.prepare(picture)
    return .success(
      PreparedPicture(
        image: image, picture: keepsPicture ? picture : nil, decoding: start.duration(to: decoded),
        preprocessing: decoded.duration(to: .now)))
  }
}
