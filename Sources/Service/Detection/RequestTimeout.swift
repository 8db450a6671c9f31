import HTTPTypes

/// How long a request may take: the client's `X-Request-Timeout-Ms`, but at most the service's limit.
struct RequestTimeout {
  let duration: Duration

  init(_ fields: HTTPFields, atMost limit: Duration) throws(Problem) {
    guard let text = fields[.requestTimeout] else {
      duration = limit
      return
    }
    guard let milliseconds = Int(text), milliseconds > 0 else {
      throw .invalidField(.requestTimeout, text, expected: "a positive number of milliseconds")
    }
    duration = min(limit, .milliseconds(milliseconds))
  }
}

extension HTTPField.Name {
  fileprivate static let requestTimeout = HTTPField.Name("X-Request-Timeout-Ms")!  // a token, as required
}
