import COCO
import FoundationCompatibility
import YOLOX

/// Detections in COCO's results format, with the ids of a data set.
struct COCOResults {
  /// A record of the format, with the image's file beside its id.
  struct Record: Encodable {
    let imageID: Int
    let fileName: String
    let categoryID: Int
    let box: [Double]
    let score: Double

    enum CodingKeys: String, CodingKey {
      case imageID = "image_id"
      case fileName = "file_name"
      case categoryID = "category_id"
      case box = "bbox"
      case score
    }
  }

  private let categoryIDs: [Int]
  private let imageIDs: [String: Int]
  private(set) var records: [Record] = []

  /// - Parameters:
  ///   - paths: the images.
  ///   - annotations: has the ids. Without it, categories are COCO's, and images are numbered: after their file if its name
  ///     is a number that no earlier image has, else with the lowest number that is free.
  init(labels: [String], paths: [String], annotations: Annotations?) throws(CLIError) {
    if let annotations {
      let ids = Dictionary(
        annotations.categories.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
      if let missing = labels.first(where: { ids[$0] == nil }) {
        throw CLIError("--annotations: no category is called '\(missing)', as a class of the network is")
      }
      categoryIDs = labels.compactMap { ids[$0] }
      imageIDs = COCOResults.annotatedIDs(paths, annotations)
    } else {
      guard labels == cocoLabels else {
        throw CLIError(
          "--format coco: the category ids of this network's data set are unknown, because its classes are not COCO's; "
            + "name a file with --annotations, or use --format json")
      }
      categoryIDs = cocoCategoryIDs
      imageIDs = COCOResults.numbered(paths)
    }
  }

  mutating func append(_ detections: [Detection], in path: String) throws(CLIError) {
    guard let imageID = imageIDs[path] else { throw CLIError("not an image of --annotations") }
    records += detections.map { detection in
      Record(
        imageID: imageID, fileName: path, categoryID: categoryIDs[detection.classID], box: detection.box.bbox,
        score: Double(detection.score))
    }
  }

  private static func annotatedIDs(_ paths: [String], _ annotations: Annotations) -> [String: Int] {
    let byName = Dictionary(grouping: annotations.images) { lastComponent($0.fileName) }
    var ids: [String: Int] = [:]
    var used: Set<Int> = []
    for path in paths {
      let candidates = byName[lastComponent(path)] ?? []
      let exact = candidates.filter { path == $0.fileName || path.hasSuffix("/" + $0.fileName) }
      let image =
        exact.max { $0.fileName.utf8.count < $1.fileName.utf8.count }
        ?? (candidates.count == 1 ? candidates[0] : nil)
      if let image, used.insert(image.id).inserted { ids[path] = image.id }
    }
    return ids
  }

  private static func numbered(_ paths: [String]) -> [String: Int] {
    var ids: [String: Int] = [:]
    var used: Set<Int> = []
    for path in paths {
      guard let id = Int(URL(filePath: path).deletingPathExtension().lastPathComponent), id >= 0,
        used.insert(id).inserted
      else { continue }
      ids[path] = id
    }
    var next = 1
    for path in paths where ids[path] == nil {
      while !used.insert(next).inserted { next += 1 }
      ids[path] = next
    }
    return ids
  }

  private static func lastComponent(_ path: String) -> Substring {
    path.split(separator: "/").last ?? path[...]
  }
}
