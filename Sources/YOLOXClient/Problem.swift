import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A problem reported by the service (RFC 9457, *Problem Details for HTTP APIs*).
public struct Problem: Error, Hashable, Sendable {
  /// Identifies the kind of problem, for example `urn:swift-yolox:problem:overloaded`. `about:blank` if the response is not a
  /// problem document, as from a proxy.
  public let type: String
  /// A short summary of the kind of problem.
  public let title: String?
  /// The HTTP status code.
  public let status: Int
  /// An explanation of this occurrence. For a response that is not a problem document, the first 1000 bytes of its body.
  public let detail: String?
  /// The delay of the Retry-After field, if the response has one in seconds.
  public internal(set) var retryAfter: Duration?
}

extension Problem: Decodable {
  private enum CodingKeys: CodingKey { case type, title, status, detail }

  /// Decodes a problem document. `type`, `title` and `detail` are optional (RFC 9457, section 3.1).
  ///
  /// - Throws: `DecodingError` if `status` is missing or a member has the wrong type.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    type = try container.decodeIfPresent(String.self, forKey: .type) ?? "about:blank"
    title = try container.decodeIfPresent(String.self, forKey: .title)
    status = try container.decode(Int.self, forKey: .status)
    detail = try container.decodeIfPresent(String.self, forKey: .detail)
  }

  /// The problem in a response with an error status.
  init(_ response: HTTPURLResponse, _ body: Data) {
    let isProblemDocument =
      response.value(forHTTPHeaderField: "Content-Type")?.lowercased().hasPrefix("application/problem+json")
      ?? false
    if isProblemDocument, let problem = try? JSONDecoder().decode(Problem.self, from: body) {
      self = problem
    } else {
      type = "about:blank"
      title = HTTPURLResponse.localizedString(forStatusCode: response.statusCode)
      status = response.statusCode
      detail = String(decoding: body.prefix(1000), as: UTF8.self)
    }
    // The service sends seconds. The alternative form, a date, would depend on both clocks.
    retryAfter = response.value(forHTTPHeaderField: "Retry-After").flatMap(Int.init).map { .seconds($0) }
  }
}
