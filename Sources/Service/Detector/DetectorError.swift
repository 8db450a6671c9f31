/// Why a picture was not looked at.
package enum DetectorError: Error, Equatable, Sendable {
  /// There are too many pictures already; these may be gone in `wait`.
  case overloaded(limit: Int, wait: Duration)
  /// The request's time was over before its turn came.
  case expired
  /// The client went away.
  case abandoned

  /// One word, for counting.
  var reason: String {
    switch self {
    case .overloaded: "overloaded"
    case .expired: "expired"
    case .abandoned: "abandoned"
    }
  }
}
