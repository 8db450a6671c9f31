import HTTPServer
import HTTPTypes

/// A response that describes an error (RFC 9457, `application/problem+json`).
///
/// Errors become problems beside the types that they belong to, each by a `switch` over all its cases.
package struct Problem: Error, Encodable, Sendable {
  /// Constant for each kind of problem, so that programs can compare it.
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
    // Texts of clients are cut where they are quoted; this bounds a detail that quotes many.
    self.detail = detail.truncated(toUTF8: Problem.maxDetailBytes)
    self.fields = fields
  }

  private static let maxDetailBytes = 1000
}
