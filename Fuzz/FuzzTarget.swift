// What libFuzzer calls with bytes of its invention. Built only where YOLOX_FUZZ is set; see run.sh.
import HTTPServer
import HTTPTypes

/// The first byte chooses what is fuzzed, the next two how; the rest is the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  guard input.count >= 3 else { return 0 }
  let bytes = input[3...]
  switch input[0] % 4 {
  case 0: fuzzForm(Array(bytes))
  default: fuzzRequests(bytes, seed: input[1], limits: input[2])
  }
  return 0
}

/// A finding: libFuzzer keeps the input that led here.
func require(_ condition: Bool, _ promise: String) {
  if !condition { fatalError("broken promise: \(promise)") }
}
