import FuzzSupport

@testable import Checkpoints

/// An ONNX file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  _ = try? ONNXFile.read(fuzzInput(data, size))
  return 0
}
