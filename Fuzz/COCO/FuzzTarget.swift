import Foundation
import FuzzSupport

@testable import COCO

/// A COCO file of annotations or of results.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = Data(fuzzInput(data, size))
  if let annotations = try? JSONDecoder().decode(Annotations.self, from: input) {
    _ = AnnotationValidator(annotations) { _ in true }
  }
  _ = try? JSONDecoder().decode([DetectionRecord].self, from: input)
  return 0
}
