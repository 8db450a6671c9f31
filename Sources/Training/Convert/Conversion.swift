import COCO

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Annotations of another format as COCO's, with a line for each record that could not be used.
package struct Conversion: Sendable {
  package private(set) var complaints: [String] = []
  private var images: [Annotations.Image] = []
  private var objects: [Annotations.Object] = []
  private var names: [String]
  /// Whether names that come up are added.
  private let takesNewNames: Bool

  /// - Parameter names: of the classes, in order; `nil` to take them as they come up.
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

  mutating func complain(_ record: String, _ reason: String) { complaints.append("\(record): \(reason)") }

  /// Returns the picture's id.
  mutating func addImage(_ fileName: String, width: Int, height: Int) -> Int {
    images.append(
      Annotations.Image(id: images.count + 1, fileName: fileName, width: width, height: height))
    return images.count
  }

  mutating func addObject(in image: Int, classIndex: Int, box: [Double]) {
    objects.append(
      Annotations.Object(id: objects.count + 1, imageID: image, categoryID: classIndex + 1, box: box))
  }

  /// - Returns: `nil` for a name that is not among those given.
  mutating func classIndex(_ name: String) -> Int? {
    if let index = names.firstIndex(of: name) { return index }
    guard takesNewNames else { return nil }
    names.append(name)
    return names.count - 1
  }

  var classCount: Int { names.count }
}

/// The files of a folder by their names, in order.
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

  func withExtension(_ extensions: String...) -> [String] {
    names.filter { name in extensions.contains { name.lowercased().hasSuffix("." + $0) } }
  }

  static func stem(_ name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}

/// Class names, one a line.
package func classNames(contentsOf path: String) throws(TrainingError) -> [String] {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw .unusableData(path: path, reason: "cannot be read")
  }
  return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
}
