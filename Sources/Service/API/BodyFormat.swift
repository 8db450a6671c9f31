import HTTPServer
import HTTPTypes
import Imaging

extension DetectRequest {
  /// How a request's body contains its images, decided by its Content-Type.
  enum BodyFormat: Sendable {
    /// The format of the image is detected from its bytes; the type is ignored.
    case image
    case form(MediaType)
    case json

    init(_ request: Request) throws(Problem) {
      let text = request.fields[.contentType] ?? ""
      let type = MediaType(text)
      switch type?.name ?? text.asciiLowercased {
      case "multipart/form-data":
        guard let type else { throw .unsupportedType(text) }
        self = .form(type)
      case "application/json": self = .json
      // curl declares every body of --data-binary as a form.
      case "", "application/octet-stream", "application/x-www-form-urlencoded": self = .image
      case let name where name.hasPrefix("image/"): self = .image
      // S3 sends binary/octet-stream, cameras text/plain or video/mjpeg: the bytes tell.
      default:
        guard request.body.isEmpty || ImageFormat(sniffing: request.body) != nil else {
          throw .unsupportedType(text)
        }
        self = .image
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
