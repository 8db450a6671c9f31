import Foundation
import FuzzSupport
import Training

/// A folder of Pascal VOC with one XML file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  guard FileManager.default.createFile(atPath: folder + "/a.xml", contents: Data(fuzzInput(data, size)))
  else {
    return 0
  }
  _ = try? Conversion.voc(folder, names: nil)
  return 0
}

/// One for each process: libFuzzer can run several.
private let folder: String = {
  let path = FileManager.default.temporaryDirectory.appending(path: "fuzz-voc-\(getpid())").path
  try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  return path
}()
