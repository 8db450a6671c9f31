import HTTPTypes
import PlatformC

/// Serializes responses (RFC 9112, section 4) and adds Date, Content-Length and Connection. Each event loop has one, which
/// caches the text of the date for a second.
struct ResponseEncoder {
  private var second = 0
  private var date: [UInt8] = []

  static let continueResponse = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// - Parameters:
  ///   - isHead: the request was HEAD; the response has the Content-Length of its body, but not the body.
  mutating func encode(
    _ response: Response, closing: Bool, isHTTP10: Bool, isHead: Bool, into bytes: inout [UInt8]
  ) {
    bytes.append(contentsOf: "HTTP/1.1 ".utf8)
    bytes.append(contentsOf: String(response.status.code).utf8)
    bytes.append(0x20)
    bytes.append(contentsOf: reasonPhrase(response.status.code).utf8)
    bytes.append(contentsOf: "\r\nDate: ".utf8)
    bytes.append(contentsOf: currentDate())
    for field in response.fields {
      bytes.append(contentsOf: "\r\n".utf8)
      bytes.append(contentsOf: field.name.rawName.utf8)
      bytes.append(contentsOf: ": ".utf8)
      bytes.append(contentsOf: field.value.utf8)
    }
    // RFC 9110, section 8.6: no Content-Length with 1xx and 204.
    if response.status.code >= 200, response.status != .noContent {
      bytes.append(contentsOf: "\r\nContent-Length: ".utf8)
      bytes.append(contentsOf: String(response.body.count).utf8)
    }
    if closing {
      bytes.append(contentsOf: "\r\nConnection: close".utf8)
    } else if isHTTP10 {
      bytes.append(contentsOf: "\r\nConnection: keep-alive".utf8)
    }
    bytes.append(contentsOf: "\r\n\r\n".utf8)
    if !isHead { bytes.append(contentsOf: response.body) }
  }

  /// IMF-fixdate (RFC 9110, section 5.6.7).
  private mutating func currentDate() -> [UInt8] {
    let now = time(nil)
    if Int(now) != second {
      second = Int(now)
      date = Array(HTTPDate.text(now).utf8)
    }
    return date
  }
}

/// IMF-fixdate (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
  package static func now() -> String { text(time(nil)) }

  static func text(_ seconds: time_t) -> String {
    var (seconds, parts) = (seconds, tm())
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let day =
      "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year)"
    return "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
  }
}
