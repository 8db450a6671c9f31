import HTTPServer
import HTTPTypes

// Problems that belong to no single type of the service: those of HTTP, of bodies and fields, and of readiness.

extension Problem {
  init(_ error: HTTPError) {
    let detail: String =
      switch error {
      case .notFound(let path): HTTPError.notFound(path: path.excerpt).description
      case .unknownMethod(let method): HTTPError.unknownMethod(method.excerpt).description
      default: error.description
      }
    switch error {
    case .malformed, .unsupportedExpectation: self.init("bad-request", "Bad request", error.status, detail)
    case .lengthRequired: self.init("length-required", "Length required", error.status, detail)
    case .requestLineTooLong: self.init("uri-too-long", "Request line too long", error.status, detail)
    case .fieldsTooLarge: self.init("headers-too-large", "Header fields too large", error.status, detail)
    case .bodyTooLarge: self.init("body-too-large", "Body too large", error.status, detail)
    case .unsupportedVersion: self.init("http-version", "HTTP version not supported", error.status, detail)
    case .unknownMethod: self.init("unknown-method", "Method not known", error.status, detail)
    case .notFound: self.init("not-found", "Not found", error.status, detail)
    case .methodNotAllowed(let allowed):
      self.init(
        "method-not-allowed", "Method not allowed", error.status, detail,
        fields: [.allow: allowed.joined(separator: ", ")])
    case .requestTimeout: self.init("request-timeout", "Request timed out", error.status, detail)
    case .tooManyConnections:
      self.init(
        "too-many-connections", "Too many connections", error.status, detail, fields: [.retryAfter: "1"])
    case .bodyMemoryExhausted:
      self.init("overloaded", "Overloaded", error.status, detail, fields: [.retryAfter: "1"])
    }
  }

  /// - Parameter path: tells what the client meant.
  init(_ error: HTTPError, at path: String?) {
    if case .methodNotAllowed = error, let path, path.hasPrefix("/v1/models/"), path.hasSuffix(":predict") {
      self.init(
        "not-found", "Not found", .notFound,
        "KServe's V1 protocol is not served; POST an image to /detect, or a V2 request to /v2/models/NAME/infer."
      )
    } else {
      self.init(error)
    }
  }

  init(_ error: ContentCodingError) {
    let detail = error.description
    switch error {
    case .unsupported, .tooMany:
      self.init(
        "unsupported-content-coding", "Unsupported content coding", .unsupportedMediaType,
        "\(detail) Send the body without one, or as one of: \(ContentCoding.accepted).",
        fields: [.acceptEncoding: ContentCoding.accepted])
    case .truncated, .corrupt, .trailingBytes: self = .invalidBody(detail)
    case .tooLarge, .ratioTooLarge:
      self.init("body-too-large", "Body too large", .contentTooLarge, detail)
    case .noMemory:
      self.init("overloaded", "Overloaded", .serviceUnavailable, detail, fields: [.retryAfter: "1"])
    }
  }

  static let starting = Problem(
    "not-ready", "Not ready", .serviceUnavailable, "The service is starting.", fields: [.retryAfter: "1"])

  static let stopping = Problem(
    "not-ready", "Not ready", .serviceUnavailable, "The service is stopping.", fields: [.retryAfter: "1"])

  static func invalidBody(_ detail: String) -> Problem {
    Problem("invalid-body", "Invalid body", .badRequest, detail)
  }

  static func noImage(_ detail: String) -> Problem {
    Problem("no-image", "No image", .badRequest, detail)
  }

  static func tooManyImages(count: Int, limit: Int) -> Problem {
    Problem(
      "too-many-images", "Too many images", .contentTooLarge,
      "The request has \(count) images; the maximum is \(limit).")
  }

  /// For a list that is not read to its end.
  static func tooManyImages(limit: Int) -> Problem {
    Problem(
      "too-many-images", "Too many images", .contentTooLarge,
      "The request has more than \(limit) images, the maximum.")
  }

  static func invalidField(_ name: HTTPField.Name, _ value: String, expected: String) -> Problem {
    Problem(
      "invalid-header", "Invalid header field", .badRequest,
      "The header field \(name) is '\(value.excerpt)'; expected \(expected).")
  }
}
