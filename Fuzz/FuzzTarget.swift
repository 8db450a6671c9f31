// The entry point of libFuzzer. Built only if YOLOX_FUZZ is set; see run.sh.
import HTTPServer
import HTTPTypes

/// The first byte selects the parser, the next two its parameters; the rest is the input.
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

/// Traps if a property does not hold; libFuzzer then keeps the input.
func require(_ condition: Bool, _ property: String) {
  if !condition { fatalError("violated: \(property)") }
}
