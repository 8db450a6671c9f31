import COCO
import FoundationCompatibility

/// Converts annotations to COCO's format and collects one line for each unusable record.
package struct Conversion: Sendable {
  package private(set) var issues: [String] = []
  private var images: [Annotations.Image] = []
  private var objects: [Annotations.Object] = []
  /// By annotation id.
  package private(set) var segmentations: [Int: Segmentation] = [:]
  private var names: [String]
  /// Whether unknown class names are added.
  private let takesNewNames: Bool

  /// - Parameter names: class names in order; `nil` to add them in order of appearance.
  init(names: [String]?) {
    self.names = names ?? []
    takesNewNames = names == nil
  }

  package var annotations: Annotations {
    Annotations(
      images: images,
      categories: names.enumerated().map { Annotations.Category(id: $0.offset + 1, name: $0.element) },
      objects: objects)
  }

  mutating func addIssue(_ record: String, _ reason: String) { issues.append("\(record): \(reason)") }

  /// Adds an image and returns its id.
  mutating func addImage(_ fileName: String, width: Int, height: Int) -> Int {
    images.append(
      Annotations.Image(id: images.count + 1, fileName: fileName, width: width, height: height))
    return images.count
  }

  mutating func addObject(
    in image: Int, classIndex: Int, box: [Double], segmentation: Segmentation? = nil
  ) {
    objects.append(
      Annotations.Object(id: objects.count + 1, imageID: image, categoryID: classIndex + 1, box: box))
    segmentations[objects.count] = segmentation
  }

  /// - Returns: `nil` for a name that is not in the given list.
  mutating func classIndex(_ name: String) -> Int? {
    if let index = names.firstIndex(of: name) { return index }
    guard takesNewNames else { return nil }
    names.append(name)
    return names.count - 1
  }

  var classCount: Int { names.count }
}

/// The sorted file names of a folder.
struct FolderListing {
  let path: String
  let names: [String]

  init(_ path: String) throws(TrainingError) {
    self.path = path
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw .unusableData(path: path, reason: "the folder cannot be read")
    }
  }

  func withExtension(_ suffix: String) -> [String] {
    names.filter { $0.lowercased().hasSuffix("." + suffix) }
  }

  static func stem(_ name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}

/// Reads class names, one per line.
package func classNames(contentsOf path: String) throws(TrainingError) -> [String] {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw .unusableData(path: path, reason: "cannot be read")
  }
  return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
}
