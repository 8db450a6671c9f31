import FuzzSupport

/// The first line is the Content-Type; the rest is the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  fuzzForm(fuzzInput(data, size))
  return 0
}
