import FuzzSupport
import Imaging

/// An image in any format, told by its bytes. The pixels are limited as much as the memory of the fuzzer demands.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  var limits = ImageLimits()
  limits.side = 1024
  limits.pixels = 1 << 18
  guard let encoded = try? EncodedImage(fuzzInput(data, size), limits: limits),
    let image = try? encoded.decoded()
  else { return 0 }
  require(image.width == encoded.width && image.height == encoded.height, "the size that the header has")
  require(image.width * image.height <= limits.pixels, "pixels within the limit")
  return 0
}
