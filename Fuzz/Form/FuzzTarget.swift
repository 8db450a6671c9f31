import FuzzSupport
import HTTPServer

/// Checks the parser of `application/x-www-form-urlencoded` text: parameters written again parse to the same ones.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard let parameters = try? RequestTarget.parameters(input[...]) else { return 0 }
  require(parameters.count <= input.count, "no more parameters than bytes")
  let written = parameters.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
  let again = try? RequestTarget.parameters(Array(written.utf8)[...])
  require(again == parameters, "the same once written again")
  return 0
}

/// Percent-encodes every byte.
private func encoded(_ text: String) -> String {
  text.utf8.map { byte in
    let digits = String(byte, radix: 16)
    return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
  }.joined()
}
