import FuzzSupport
import HTTPServer
import HTTPTypes

@testable import Service

/// The first two bytes are the length of the JSON in a body of KServe's `infer`, most significant first; zero for a body of
/// JSON only. The rest is the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard input.count >= 2 else { return 0 }
  let length = Int(input[0]) << 8 | Int(input[1])
  let field = length > 0 ? "Inference-Header-Content-Length: \(length)\r\n" : ""
  var parser = RequestParser()
  parser.feed("POST /v2/models/a/infer HTTP/1.1\r\nHost: a\r\n\(field)\r\n".utf8)
  guard case .complete(let head, _)? = try? parser.next() else { return 0 }
  let request = Request(head: head, body: Array(input[2...]))
  guard let decoded = try? InferRequest(request) else { return 0 }
  require(!decoded.outputs.isEmpty, "an output")
  return 0
}
