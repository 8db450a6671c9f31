import COCO
import FoundationCompatibility

/// Writes a COCO "instances" file.
package struct AnnotationsFile: Encodable {
  private struct Image: Encodable {
    let id: Int
    let fileName: String
    let width: Int
    let height: Int

    enum CodingKeys: String, CodingKey {
      case id, width, height
      case fileName = "file_name"
    }
  }

  private struct Category: Encodable {
    let id: Int
    let name: String
  }

  private struct Object: Encodable {
    let id: Int
    let imageID: Int
    let categoryID: Int
    let box: [Double]
    let area: Double
    let isCrowd: Int
    let segmentation: [[Float]]?
    let attributes: [String: String]?

    enum CodingKeys: String, CodingKey {
      case id, area, segmentation, attributes
      case imageID = "image_id"
      case categoryID = "category_id"
      case box = "bbox"
      case isCrowd = "iscrowd"
    }
  }

  private let images: [Image]
  private let annotations: [Object]
  private let categories: [Category]

  /// Replaces the file atomically.
  ///
  /// - Parameters:
  ///   - segmentations: by annotation id.
  ///   - attributes: by annotation id; labelling tools show them beside the box.
  package static func write(
    _ annotations: Annotations, segmentations: [Int: Segmentation] = [:],
    attributes: [Int: [String: String]] = [:], to path: String
  ) throws(TrainingError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text: Data
    do {
      text = try encoder.encode(AnnotationsFile(annotations, segmentations, attributes))
    } catch {
      throw .unwritable(path: path, reason: "\(error)")
    }
    try writeAtomically([UInt8](text), to: path)
  }

  private init(
    _ source: Annotations, _ segmentations: [Int: Segmentation], _ attributes: [Int: [String: String]]
  ) {
    images = source.images.map {
      Image(id: $0.id, fileName: $0.fileName, width: $0.width, height: $0.height)
    }
    categories = source.categories.map { Category(id: $0.id, name: $0.name) }
    annotations = source.objects.map {
      Object(
        id: $0.id, imageID: $0.imageID, categoryID: $0.categoryID, box: $0.box, area: $0.area,
        isCrowd: $0.isCrowd ? 1 : 0, segmentation: segmentations[$0.id]?.polygons,
        attributes: attributes[$0.id])
    }
  }
}
