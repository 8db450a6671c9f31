import Checkpoints
import FuzzSupport

/// An ONNX file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  _ = try? Checkpoint(fuzzInput(data, size), path: "input")
  return 0
}
