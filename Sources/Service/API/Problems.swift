import HTTPServer
import HTTPTypes
import Imaging

// Every kind of problem that the service knows: the only place where errors become HTTP.

extension Problem {
  init(_ error: ImageError) {
    let detail = error.description
    switch error {
    case .empty: self = .noPicture("The image is empty; send a \(ImageFormat.list).")
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

  init(_ error: DetectParameters.Invalid) {
    let detail =
      switch error {
      case .unknown(let name):
        "'\(name)' is not a parameter; there are \(DetectParameters.Name.allCases.map(\.rawValue).joined(separator: ", "))."
      case .twice(let name): "'\(name)' is there twice."
      case .value(let name, let value, let expected): "'\(name)' is '\(value)'; expected is \(expected)."
      }
    self.init("invalid-parameter", "Invalid parameter", .badRequest, detail)
  }

  init(_ error: DetectorError) {
    switch error {
    case .overloaded(let limit, let wait):
      let seconds = max(1, (wait / .seconds(1)).rounded(.up))
      self.init(
        "overloaded", "Overloaded", .serviceUnavailable,
        "\(limit) pictures are all that the service takes at a time; try again soon.",
        fields: [.retryAfter: "\(Int(seconds))"])
    case .expired:
      self.init(
        "deadline-exceeded", "Deadline exceeded", .gatewayTimeout,
        "The request's time was over before its turn came.")
    case .abandoned:
      // Nobody reads this; the number is the one that nginx gives such requests in its log.
      self.init("abandoned", "Client went away", .init(code: 499), "The client closed the connection.")
    }
  }

  init(_ refusal: HTTPError) {
    let detail = refusal.description
    switch refusal {
    case .malformed, .unsupportedExpectation: self.init("bad-request", "Bad request", refusal.status, detail)
    case .requestLineTooLong: self.init("uri-too-long", "Request line too long", refusal.status, detail)
    case .fieldsTooLarge: self.init("headers-too-large", "Header fields too large", refusal.status, detail)
    case .bodyTooLarge: self.init("body-too-large", "Body too large", refusal.status, detail)
    case .unsupportedVersion: self.init("http-version", "HTTP version not supported", refusal.status, detail)
    case .unknownMethod: self.init("unknown-method", "Method not known", refusal.status, detail)
    case .notFound: self.init("not-found", "Not found", refusal.status, detail)
    case .methodNotAllowed(let allowed):
      self.init(
        "method-not-allowed", "Method not allowed", refusal.status, detail,
        fields: [.allow: allowed.joined(separator: ", ")])
    case .requestTimeout: self.init("request-timeout", "Request timed out", refusal.status, detail)
    case .tooManyConnections:
      self.init(
        "too-many-connections", "Too many connections", refusal.status, detail, fields: [.retryAfter: "1"])
    case .bodyMemoryExhausted:
      self.init("overloaded", "Overloaded", refusal.status, detail, fields: [.retryAfter: "1"])
    }
  }
}

extension Problem {
  static let starting = Problem(
    "not-ready", "Not ready", .serviceUnavailable, "The service is starting.", fields: [.retryAfter: "1"])

  static let stopping = Problem(
    "not-ready", "Not ready", .serviceUnavailable, "The service is stopping.", fields: [.retryAfter: "1"])

  static let notAcceptable = Problem(
    "not-acceptable", "Not acceptable", .notAcceptable,
    "There are \(Representation.allCases.map(\.rawValue).joined(separator: ", ")).")

  static let onePictureOnly = Problem(
    "not-acceptable", "Not acceptable", .notAcceptable,
    "What was found in several pictures is given as application/json or text/csv only.")

  static let unauthorized = Problem(
    "unauthorized", "Unauthorized", .unauthorized, "A key is needed: 'Authorization: Bearer KEY'.",
    fields: [.wwwAuthenticate: "Bearer"])

  static let keyNeeded = Problem(
    "forbidden", "Forbidden", .forbidden, "Models can be changed only on a service that was given API keys.")

  static func unsupportedType(_ type: String) -> Problem {
    Problem(
      "unsupported-media-type", "Unsupported media type", .unsupportedMediaType,
      "The body is \(type); send image/jpeg, image/png, application/octet-stream, multipart/form-data, "
        + "application/json, or no type.")
  }

  static func noPicture(_ detail: String) -> Problem {
    Problem("no-image", "No image", .badRequest, detail)
  }

  static func badBody(_ detail: String) -> Problem {
    Problem("invalid-body", "Invalid body", .badRequest, detail)
  }

  static func tooManyPictures(count: Int, limit: Int) -> Problem {
    Problem(
      "too-many-images", "Too many images", .contentTooLarge,
      "\(count) pictures; at most \(limit) are taken in one request.")
  }

  static func badField(_ name: HTTPField.Name, _ value: String, expected: String) -> Problem {
    Problem(
      "invalid-header", "Invalid header field", .badRequest, "\(name) is '\(value)'; expected is \(expected)."
    )
  }

  static func noModel(_ name: String, known: [String]) -> Problem {
    Problem(
      "no-model", "No such model", .notFound,
      "No model is called '\(name)'; there are \(known.joined(separator: ", ")).")
  }

  static func noModelVersion(_ version: String, of name: String) -> Problem {
    Problem(
      "no-model", "No such model", .notFound, "The model '\(name)' has no version '\(version)'; there is 1.")
  }

  static func modelNotLoaded(_ name: String) -> Problem {
    Problem(
      "model-not-loaded", "Model not loaded", .serviceUnavailable, "The model '\(name)' is not loaded.",
      fields: [.retryAfter: "1"])
  }

  static func modelCannotLoad(_ name: String) -> Problem {
    Problem(
      "model-cannot-load", "Model cannot be loaded", .unprocessableContent,
      "The file of '\(name)' cannot be loaded; the log says why. What was loaded before still serves.")
  }
}

extension ImageError {
  /// One word, for counting.
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
