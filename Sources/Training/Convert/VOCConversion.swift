import FoundationCompatibility

extension Conversion {
  /// Reads a folder of Pascal VOC's XML files (host.robots.ox.ac.uk/pascal/VOC, devkit documentation), one for each
  /// image.
  ///
  /// VOC boxes are 1-based and include the last pixel: `xmin` 1 and `xmax` 10 cover the first ten columns.
  ///
  /// - Parameters:
  ///   - list: a file with the image names to convert, one per line (VOC's `ImageSets/Main/train.txt`); `nil` for all.
  ///   - images: folder of the images; an image of the XML file's name is taken where the named one is missing.
  package static func voc(
    _ folder: String, names: [String]?, list: String? = nil, images: String? = nil
  ) throws(TrainingError) -> Conversion {
    var conversion = Conversion(names: names)
    let wanted = try list.map { path throws(TrainingError) in
      Set(try classNames(contentsOf: path).compactMap { $0.split(separator: " ").first.map(String.init) })
    }
    for file in try FolderListing(folder).withExtension("xml")
    where wanted?.contains(FolderListing.stem(file)) ?? true {
      guard let data = FileManager.default.contents(atPath: folder + "/" + file) else {
        conversion.addIssue(file, "cannot be read; left out")
        continue
      }
      do throws(XMLElement.Fault) {
        conversion.addVOC(try XMLElement(parsing: [UInt8](data)), file: file, images: images)
      } catch {
        conversion.addIssue(file, "invalid XML at byte \(error.offset) (\(error.reason)); left out")
      }
    }
    return conversion
  }

  private mutating func addVOC(_ root: XMLElement, file: String, images: String?) {
    guard var name = root.first("filename")?.trimmed, !name.isEmpty,
      let width = root.first("size")?.number("width"), let height = root.first("size")?.number("height"),
      width >= 1, height >= 1, width < 1e6, height < 1e6
    else { return addIssue(file, "no filename or size; left out") }
    if let images, !FileManager.default.fileExists(atPath: "\(images)/\(name)") {
      let stem = FolderListing.stem(file)
      let names = ["jpg", "jpeg", "png", "JPG"].map { "\(stem).\($0)" }
      name = names.first { FileManager.default.fileExists(atPath: "\(images)/\($0)") } ?? name
    }
    let image = addImage(name, width: Int(width), height: Int(height))
    for (number, object) in root.all("object").enumerated() {
      let record = "\(file), object \(number + 1)"
      guard let label = object.first("name")?.trimmed, !label.isEmpty else {
        addIssue(record, "has no name; left out")
        continue
      }
      let sides = ["xmin", "ymin", "xmax", "ymax"].compactMap { object.first("bndbox")?.number($0) }
      guard sides.count == 4 else {
        addIssue(record, "has no box of four numbers; left out")
        continue
      }
      let box = [sides[0] - 1, sides[1] - 1, sides[2] - sides[0] + 1, sides[3] - sides[1] + 1]
      guard box[2] > 0, box[3] > 0 else {
        addIssue(record, "the box \(sides) has no area; left out")
        continue
      }
      guard let index = classIndex(label) else {
        addIssue(record, "the class '\(label)' is not in the list of names; left out")
        continue
      }
      addObject(in: image, classIndex: index, box: box)
    }
  }
}

extension XMLElement {
  fileprivate var trimmed: String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  fileprivate func number(_ name: String) -> Double? {
    first(name).flatMap { Double($0.trimmed) }.flatMap { $0.isFinite ? $0 : nil }
  }
}
