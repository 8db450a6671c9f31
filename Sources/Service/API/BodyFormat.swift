import HTTPServer
import HTTPTypes

extension DetectRequest {
  /// How a request's body contains its images, decided by its Content-Type.
  enum BodyFormat: Sendable {
    /// The format of the image is detected from its bytes; the type is ignored.
    case image
    case form(MediaType)
    case json

    init(_ fields: HTTPFields) throws(Problem) {
      guard let text = fields[.contentType], !text.isEmpty else {
        self = .image
        return
      }
      guard let type = MediaType(text) else { throw .unsupportedType(text) }
      switch type.name {
      case "multipart/form-data": self = .form(type)
      case "application/json": self = .json
      // curl declares every body of --data-binary as a form.
      case "application/octet-stream", "application/x-www-form-urlencoded": self = .image
      case let name where name.hasPrefix("image/"): self = .image
      default: throw .unsupportedType(text)
      }
    }
  }
}

extension Problem {
  fileprivate static func unsupportedType(_ type: String) -> Problem {
    Problem(
      "unsupported-media-type", "Unsupported media type", .unsupportedMediaType,
      "The body's type is \(type.excerpt); send image/jpeg, image/png, application/octet-stream, "
        + "multipart/form-data, application/json, or no type.")
  }
}
