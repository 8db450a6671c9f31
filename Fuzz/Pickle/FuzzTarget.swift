import FuzzSupport

@testable import Checkpoints

/// A pickle, without the archive around it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard let pickle = try? Pickle(input[...]) else { return 0 }
  require(pickle.containers.count <= input.count, "no more containers than bytes")
  require(pickle.tensors.count <= input.count, "no more tensors than bytes")
  _ = pickle.items(of: pickle.root)
  return 0
}
