import Imaging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Conversion {
  /// Reads Darknet's text files: for `NAME.jpg` a file `NAME.txt` with a line `class x y width height` for each object,
  /// centre and size relative to the image.
  ///
  /// - Parameters:
  ///   - labels: folder of the text files. An image without one has no objects.
  ///   - images: folder of the images, which are read for their sizes.
  ///   - names: of the classes, in order; `nil` for `classes.txt` beside the text files.
  package static func yolo(
    _ labels: String, images: String, names: [String]?
  ) throws(TrainingError) -> Conversion {
    let known = if let names { names } else { try classNames(contentsOf: labels + "/classes.txt") }
    var conversion = Conversion(names: known)
    for file in try FolderListing(images).withExtension("jpg", "jpeg", "png", "webp", "bmp") {
      guard let bytes = FileManager.default.contents(atPath: images + "/" + file),
        let decoded = try? Image(decoding: [UInt8](bytes))
      else {
        conversion.addIssue(file, "cannot be decoded as an image; left out")
        continue
      }
      let size = (width: decoded.width, height: decoded.height)
      let image = conversion.addImage(file, width: size.width, height: size.height)
      let text = FolderListing.stem(file) + ".txt"
      guard let data = FileManager.default.contents(atPath: labels + "/" + text) else { continue }
      let lines = String(decoding: data, as: UTF8.self)
        .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (number, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
        conversion.addYOLO(line, record: "\(text), line \(number + 1)", image: image, size: size)
      }
    }
    return conversion
  }

  private mutating func addYOLO(
    _ line: Substring, record: String, image: Int, size: (width: Int, height: Int)
  ) {
    let numbers = line.split(whereSeparator: \.isWhitespace).map { Double($0) ?? .nan }
    guard numbers.count == 5, numbers.allSatisfy(\.isFinite), numbers[0] == numbers[0].rounded() else {
      return addIssue(record, "not a class index and four numbers; left out")
    }
    guard numbers[0] >= 0, numbers[0] < Double(classCount) else {
      return addIssue(record, "there is no class \(numbers[0]); left out")
    }
    guard numbers[3] > 0, numbers[4] > 0 else { return addIssue(record, "the box has no area; left out") }
    guard numbers.dropFirst().allSatisfy({ $0 <= 1 && $0 >= 0 }) else {
      return addIssue(record, "the box is not relative to the image (0 to 1); left out")
    }
    let (width, height) = (numbers[3] * Double(size.width), numbers[4] * Double(size.height))
    addObject(
      in: image, classIndex: Int(numbers[0]),
      box: [
        numbers[1] * Double(size.width) - width / 2, numbers[2] * Double(size.height) - height / 2, width,
        height,
      ])
  }
}
