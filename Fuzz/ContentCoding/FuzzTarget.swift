import FuzzSupport
import HTTPServer

/// The first byte selects the codings; the rest is the body. No body expands beyond its limits, and the memory for it is
/// reserved before.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard let selector = input.first else { return 0 }
  let codings = ["gzip", "deflate", "deflate, gzip", "gzip, gzip"][Int(selector) % 4]
  var parser = RequestParser()
  parser.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(codings)\r\n\r\n".utf8)
  guard case .complete(let head, _)? = try? parser.next() else { return 0 }
  var limits = DecodingLimits(bytes: 1 << 20)
  limits.freeBytes = 1 << 16
  let request = Request(head: head, body: Array(input[1...]), reserveMemory: { $0 <= 3 << 20 })
  guard let decoded = try? request.decodingBody(limits) else { return 0 }
  require(decoded.body.count <= max(limits.freeBytes, limits.ratio * input.count), "the ratio is bounded")
  require(input.count == 1 || !decoded.hasContentEncoding, "a decoded body has no coding")
  return 0
}
