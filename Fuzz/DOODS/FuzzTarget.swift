import Foundation
import FuzzSupport

@testable import Service

/// The body of a request to DOODS' `/detect`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard let request = try? JSONDecoder().decode(DOODSRequest.self, from: Data(input)) else { return 0 }
  if let threshold = request.lowestThreshold {
    require((0...1).contains(threshold), "a threshold within 0...1")
  }
  return 0
}
