import FuzzSupport
import HTTPServer
import HTTPTypes

@testable import Service

/// The first line is the Content-Type of a request to `/detect`; the rest is the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard let request = request(typedByFirstLineOf: input),
    let format = try? DetectRequest.BodyFormat(request),
    let decoded = try? DetectRequest(request, format)
  else { return 0 }
  require((1...DetectRequest.maxImages).contains(decoded.images.count), "images within the limit")
  require(decoded.isList || decoded.images.count == 1, "several images are a list")
  return 0
}

private func request(typedByFirstLineOf input: [UInt8]) -> Request? {
  guard let end = input.firstIndex(of: 0x0A) else { return nil }
  let type = String(decoding: input[..<end], as: UTF8.self)
  var parser = RequestParser()
  parser.feed("POST /detect HTTP/1.1\r\nHost: a\r\nContent-Type: \(type)\r\n\r\n".utf8)
  guard case .complete(let head, _)? = try? parser.next() else { return nil }
  return Request(head: head, body: Array(input[(end + 1)...]))
}
