import FuzzSupport

/// The first two bytes are parameters of the test; the rest is what a client sends.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard input.count >= 2 else { return 0 }
  fuzzRequests(input[2...], seed: input[0], limits: input[1])
  return 0
}
