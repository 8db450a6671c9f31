import FoundationCompatibility
import Imaging

extension Conversion {
  /// Reads Darknet's text files: for `NAME.jpg` a file `NAME.txt` with a line `class x y width height` for each object,
  /// centre and size relative to the image; or a line `class x1 y1 x2 y2 x3 y3 ...` with an outline.
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
    for file in try FolderListing(images).names.filter(ImageFormat.isFileName) {
      let header: ImageHeader
      do throws(TrainingError) {
        header = try ImageHeader(contentsOf: images + "/" + file)
      } catch {
        conversion.addIssue(file, "cannot be decoded as an image (\(error.reason)); left out")
        continue
      }
      let size = (width: header.width, height: header.height)
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
    // A box, or a polygon of at least three points.
    let isPolygon = numbers.count >= 7 && numbers.count % 2 == 1
    guard numbers.count == 5 || isPolygon, numbers.allSatisfy(\.isFinite),
      numbers[0] == numbers[0].rounded()
    else {
      return addIssue(record, "not a class index and four numbers or a polygon; left out")
    }
    guard numbers[0] >= 0, numbers[0] < Double(classCount) else {
      return addIssue(record, "there is no class \(numbers[0]); left out")
    }
    // Tools round, so that sides may exceed the image a little.
    guard numbers.dropFirst().allSatisfy({ $0 <= 1.01 && $0 >= -0.01 }) else {
      return addIssue(record, "the box is not relative to the image (0 to 1); left out")
    }
    if isPolygon { return addPolygon(numbers, record: record, image: image, size: size) }
    guard numbers[3] > 0, numbers[4] > 0 else { return addIssue(record, "the box has no area; left out") }
    let (width, height) = (numbers[3] * Double(size.width), numbers[4] * Double(size.height))
    addObject(
      in: image, classIndex: Int(numbers[0]),
      box: [
        numbers[1] * Double(size.width) - width / 2, numbers[2] * Double(size.height) - height / 2, width,
        height,
      ])
  }

  /// An outline as polygon and as the box around it.
  private mutating func addPolygon(
    _ numbers: [Double], record: String, image: Int, size: (width: Int, height: Int)
  ) {
    let points = stride(from: 1, to: numbers.count, by: 2).map {
      (x: numbers[$0] * Double(size.width), y: numbers[$0 + 1] * Double(size.height))
    }
    guard let left = points.map(\.x).min(), let right = points.map(\.x).max(),
      let top = points.map(\.y).min(), let bottom = points.map(\.y).max(), right > left, bottom > top
    else { return addIssue(record, "the polygon has no area; left out") }
    addObject(
      in: image, classIndex: Int(numbers[0]), box: [left, top, right - left, bottom - top],
      segmentation: Segmentation(polygons: [points.flatMap { [Float($0.x), Float($0.y)] }]))
  }
}
