import HTTPTypes
import Imaging

extension Problem {
  init(_ error: ImageError) {
    let detail = error.description
    switch error {
    case .empty: self = .noImage("The image is empty; send a \(ImageFormat.list).")
    case .unsupported, .unknownFormat, .unsupportedVariant:
      self.init("unsupported-image", "Unsupported image format", .unsupportedMediaType, detail)
    case .tooManyBytes, .tooLarge:
      self.init("image-too-large", "Image too large", .contentTooLarge, detail)
    case .truncated:
      self.init("truncated-image", "Truncated image", .unprocessableContent, detail)
    case .corrupt, .unreasonable:
      self.init("corrupt-image", "Corrupt image", .unprocessableContent, detail)
    case .unencodable:
      self.init("unencodable-image", "Image cannot be encoded", .unprocessableContent, detail)
    }
  }
}

extension ImageError {
  /// The value of the metric's label `reason`.
  var reason: String {
    switch self {
    case .empty: "empty"
    case .unsupported, .unsupportedVariant: "unsupported_format"
    case .unknownFormat: "unknown_format"
    case .tooManyBytes, .tooLarge: "too_large"
    case .truncated: "truncated"
    case .corrupt, .unreasonable, .unencodable: "corrupt"
    }
  }
}
