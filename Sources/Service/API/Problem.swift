import HTTPServer
import HTTPTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An answer that says what was wrong (RFC 9457, `application/problem+json`).
package struct Problem: Error, Encodable, Sendable {
  /// Stays the same for the same kind of problem, so that programs can ask for it.
  package let type: String
  package let title: String
  package let status: Int
  package let detail: String
  let fields: HTTPFields

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

extension Response {
  /// An answer in JSON, whatever type `fields` may name.
  static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, fields: HTTPFields = [:],
    inSnakeCase: Bool = false
  ) -> Response {
    var fields = fields
    fields[.contentType] = "application/json"
    return Response(status, fields: fields, body: encodeJSON(value, inSnakeCase: inSnakeCase))
  }
}

/// JSON with its keys in order, so that equal answers are equal bytes.
func encodeJSON(_ value: some Encodable, inSnakeCase: Bool = false) -> [UInt8] {
  let encoder = JSONEncoder()
  if inSnakeCase { encoder.keyEncodingStrategy = .convertToSnakeCase }
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // Only numbers that JSON cannot say make encoding fail; none of our answers has any.
  guard let data = try? encoder.encode(value) else { return Array("{}".utf8) }
  return [UInt8](data)
}
