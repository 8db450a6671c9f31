import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Why there is no answer.
public enum ClientError: Error, Sendable {
  /// The service, or a proxy before it, answered with an error and says which.
  case refused(Problem)
  /// Nobody answered, or not in time.
  case unreachable(reason: String)
  case unreadableFile(URL, reason: String)
  /// A success whose body is not what the service is known to answer.
  case unexpectedAnswer(String)
  /// The task that asked was cancelled.
  case cancelled
}

/// What a service says of an error (RFC 9457). docs/api.md lists the types of swift-yolox.
public struct Problem: Error, Hashable, Sendable {
  /// Stays the same for the same kind of problem: `urn:swift-yolox:problem:overloaded`. It is `about:blank` where the
  /// answer does not say, as that of a proxy.
  public let type: String
  public let title: String?
  /// Of HTTP.
  public let status: Int
  /// What was wrong with this request.
  public let detail: String?
  /// How soon it is worth asking again.
  public internal(set) var retryAfter: Duration?
}

extension Problem: Decodable {
  private enum CodingKeys: CodingKey { case type, title, status, detail }

  /// All members are optional (RFC 9457, section 3.1), but a problem in a list has to have a status.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    type = try container.decodeIfPresent(String.self, forKey: .type) ?? "about:blank"
    title = try container.decodeIfPresent(String.self, forKey: .title)
    status = try container.decode(Int.self, forKey: .status)
    detail = try container.decodeIfPresent(String.self, forKey: .detail)
  }

  /// An answer whose status is an error's.
  init(_ response: HTTPURLResponse, _ body: Data) {
    let isProblem =
      response.value(forHTTPHeaderField: "Content-Type")?.lowercased().hasPrefix("application/problem+json")
      ?? false
    if isProblem, let problem = try? JSONDecoder().decode(Problem.self, from: body) {
      self = problem
    } else {
      type = "about:blank"
      title = HTTPURLResponse.localizedString(forStatusCode: response.statusCode)
      status = response.statusCode
      detail = String(decoding: body.prefix(1000), as: UTF8.self)
    }
    // As a date it would need this clock and the service's to agree; swift-yolox gives seconds.
    retryAfter = response.value(forHTTPHeaderField: "Retry-After").flatMap(Int.init).map { .seconds($0) }
  }
}
