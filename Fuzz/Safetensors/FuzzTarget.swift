import FuzzSupport

@testable import Checkpoints

/// A safetensors file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  _ = try? Safetensors.read(fuzzInput(data, size))
  return 0
}
