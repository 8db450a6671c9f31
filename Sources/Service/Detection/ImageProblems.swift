import HTTPTypes
import Imaging

extension Problem {
  init(_ error: ImageError) {
    let detail = error.description
    switch error {
    case .empty: self = .noImage("The image is empty; send a JPEG or PNG.")
    case .unknownFormat:
      self.init(
        "unsupported-image", "Unsupported image format", .unsupportedMediaType, "The image is \(detail).")
    case .tooManyBytes, .tooLarge:
      self.init("image-too-large", "Image too large", .contentTooLarge, detail)
    case .corrupt, .unreasonable:
      self.init("corrupt-image", "Corrupt image", .unprocessableContent, detail)
    }
  }
}

extension ImageError {
  /// The value of the metric's label `reason`.
  var reason: String {
    switch self {
    case .empty: "empty"
    case .unknownFormat: "unknown_format"
    case .tooManyBytes, .tooLarge: "too_large"
    case .corrupt, .unreasonable: "corrupt"
    }
  }
}
