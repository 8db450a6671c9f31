import HTTPTypes

/// Identifies a request in the log: the client's X-Request-Id if it is 1 to 128 printable ASCII characters, or a random
/// number.
struct RequestID {
  let text: String

  init(_ fields: HTTPFields) {
    let given = fields[.requestID] ?? ""
    let isPrintable = given.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    if !given.isEmpty, given.utf8.count <= 128, isPrintable {
      text = given
    } else {
      text = String(UInt64.random(in: .min ... .max), radix: 16)
    }
  }
}

extension HTTPField.Name {
  static let requestID = HTTPField.Name("X-Request-Id")!  // a token, as the initialiser requires
}
