import Imaging
import YOLOX

/// An image as a request contains it.
enum ImageInput: Sendable {
  /// The bytes of an image file.
  case encoded([UInt8])
  case pixels(Image)
  /// The network's input, `[3, H, W]`.
  case planes([Float])

  /// `nil` for tensors.
  var encodedBytes: [UInt8]? {
    if case .encoded(let bytes) = self { bytes } else { nil }
  }
}
