import HTTPServer
import HTTPTypes
import Imaging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An answer that says what was wrong (RFC 9457, `application/problem+json`). The only place where errors become HTTP.
package struct Problem: Error, Encodable, Sendable {
  /// Stays the same for the same kind of problem, so that programs can ask for it.
  package let type: String
  package let title: String
  package let status: Int
  package let detail: String
  private let fields: HTTPFields

  enum CodingKeys: CodingKey { case type, title, status, detail }

  init(
    _ kind: String, _ title: String, _ status: HTTPResponse.Status, _ detail: String, fields: HTTPFields = [:]
  ) {
    type = "urn:swift-yolox:problem:" + kind
    self.title = title
    self.status = status.code
    self.detail = detail
    self.fields = fields
  }

  package var response: Response {
    var fields = fields
    fields[.contentType] = "application/problem+json"
    return Response(.init(code: status), fields: fields, body: encodeJSON(self))
  }
}

extension Problem {
  init(_ error: ImageError) {
    let detail = error.description
    switch error {
    case .empty:
      self.init("no-image", "No image", .badRequest, "The body is empty; send a JPEG or PNG in it.")
    case .unknownFormat:
      self.init(
        "unsupported-image", "Unsupported image format", .unsupportedMediaType, "The body is \(detail).")
    case .tooManyBytes, .tooLarge:
      self.init("image-too-large", "Image too large", .contentTooLarge, detail)
    case .corrupt, .unreasonable:
      self.init("corrupt-image", "Corrupt image", .unprocessableContent, detail)
    }
  }

  init(_ error: DetectQuery.Invalid) {
    let detail =
      switch error {
      case .unknown(let name):
        "'\(name)' is not a parameter; there are \(DetectQuery.names.joined(separator: ", "))."
      case .twice(let name): "'\(name)' is there twice."
      case .value(let name, let value, let expected): "'\(name)' is '\(value)'; expected is \(expected)."
      }
    self.init("invalid-parameter", "Invalid parameter", .badRequest, detail)
  }

  static let notReady = Problem("not-ready", "Not ready", .serviceUnavailable, "The service is stopping.")

  static let notAcceptable = Problem(
    "not-acceptable", "Not acceptable", .notAcceptable,
    "There are \(Representation.allCases.map(\.rawValue).joined(separator: ", ")).")

  static func unsupportedType(_ type: String) -> Problem {
    Problem(
      "unsupported-media-type", "Unsupported media type", .unsupportedMediaType,
      "The body is \(type); send image/jpeg, image/png, application/octet-stream, or no type.")
  }

  init(_ error: DetectorError) {
    switch error {
    case .overloaded(let waiting):
      self.init(
        "overloaded", "Overloaded", .serviceUnavailable,
        "\(waiting) images are waiting already; try again soon.",
        fields: [.retryAfter: "1"])
    case .stopped:
      self.init(
        "stopping", "Stopping", .serviceUnavailable, "The service is stopping.", fields: [.retryAfter: "1"])
    }
  }

  init(_ refusal: Refusal) {
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
    case .requestTimedOut: self.init("request-timeout", "Request timed out", refusal.status, detail)
    case .tooManyConnections:
      self.init(
        "too-many-connections", "Too many connections", refusal.status, detail, fields: [.retryAfter: "1"])
    }
  }
}

/// JSON with its keys in order, so that equal answers are equal bytes.
func encodeJSON(_ value: some Encodable) -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // Only numbers that JSON cannot say make encoding fail; none of our answers has any.
  guard let data = try? encoder.encode(value) else { return Array("{}".utf8) }
  return [UInt8](data)
}
