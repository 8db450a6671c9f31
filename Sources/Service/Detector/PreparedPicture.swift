import Imaging
import YOLOX

/// A picture as a request has it.
enum ImageInput: Sendable {
  /// The bytes of a JPEG or PNG.
  case encoded([UInt8])
  case pixels(Image)
  /// The network's input, `[3, H, W]`.
  case planes([Float])
}

/// A picture ready for the network, and what getting there took.
struct PreparedPicture: Sendable {
  let image: PreparedImage
  /// The picture itself, where boxes are to be drawn into it.
  let picture: Image?
  let decoding: Duration
  let preprocessing: Duration

  /// - Parameter keepsPicture: has all of the picture decoded, where the network may need a part of its pixels only. Of
  ///   planes there is none.
  init(_ given: ImageInput, for model: Model, limits: ImageLimits, keepsPicture: Bool) throws(ImageError) {
    let start = ContinuousClock.now
    switch given {
    case .encoded(let bytes):
      let encoded = try EncodedImage(bytes, limits: limits)
      image = try model.prepare(encoded)
      // Beside the network's input, not instead: what is found does not depend on whether it is drawn.
      picture = keepsPicture ? try encoded.decoded() : nil
      decoding = start.duration(to: .now) - image.letterboxing
    case .pixels(let pixels):
      (picture, image) = (keepsPicture ? pixels : nil, model.prepare(pixels))
      decoding = .zero
    case .planes(let planes):
      (picture, image) = (nil, model.prepare(planes: planes))
      decoding = .zero
    }
    preprocessing = image.letterboxing
  }
}
