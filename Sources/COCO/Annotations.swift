#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A COCO "instances" file: pictures, categories and where the objects are (cocodataset.org, data format).
package struct Annotations: Decodable, Sendable {
  package struct Image: Decodable, Sendable {
    package let id: Int
    package let fileName: String
    package let width: Int
    package let height: Int

    enum CodingKeys: String, CodingKey {
      case id, width, height
      case fileName = "file_name"
    }
  }

  package struct Category: Decodable, Sendable {
    package let id: Int
    package let name: String
  }

  package struct Object: Decodable, Sendable {
    package let id: Int
    package let imageID: Int
    package let categoryID: Int
    /// x, y of the top left corner, width, height, in pixels.
    package let box: [Double]
    package let area: Double
    /// A box around many objects, of which any number may be found.
    package let isCrowd: Bool

    enum CodingKeys: String, CodingKey {
      case id, area
      case imageID = "image_id"
      case categoryID = "category_id"
      case box = "bbox"
      case isCrowd = "iscrowd"
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      id = try container.decode(Int.self, forKey: .id)
      imageID = try container.decode(Int.self, forKey: .imageID)
      categoryID = try container.decode(Int.self, forKey: .categoryID)
      box = try container.decode([Double].self, forKey: .box)
      guard box.count == 4 else {
        throw DecodingError.dataCorruptedError(
          forKey: .box, in: container, debugDescription: "a box has 4 numbers")
      }
      area = try container.decodeIfPresent(Double.self, forKey: .area) ?? box[2] * box[3]
      isCrowd = try container.decodeIfPresent(Int.self, forKey: .isCrowd) == 1
    }
  }

  package let images: [Image]
  package let categories: [Category]
  package let objects: [Object]

  enum CodingKeys: String, CodingKey {
    case images, categories
    case objects = "annotations"
  }

  package init(contentsOf path: String) throws(COCOError) { self = try readJSON(path) }

  /// Category ids by class index: COCO's ids have gaps, a network's classes have none.
  package var categoryIDs: [Int] { categories.map(\.id).sorted() }
}

/// One found object, as in COCO's result files.
package struct Result: Codable, Sendable, Equatable {
  package let imageID: Int
  package let categoryID: Int
  /// x, y of the top left corner, width, height, in pixels.
  package let box: [Double]
  package let score: Double

  enum CodingKeys: String, CodingKey {
    case score
    case imageID = "image_id"
    case categoryID = "category_id"
    case box = "bbox"
  }

  package init(imageID: Int, categoryID: Int, box: [Double], score: Double) {
    self.imageID = imageID
    self.categoryID = categoryID
    self.box = box
    self.score = score
  }

  package static func read(_ path: String) throws(COCOError) -> [Result] {
    let results: [Result] = try readJSON(path)
    if let broken = results.first(where: { $0.box.count != 4 }) {
      throw .unreadable(
        path: path, reason: "a box of \(broken.box.count) numbers for image \(broken.imageID)")
    }
    return results
  }

  package static func write(_ results: [Result], to path: String) throws(COCOError) {
    do {
      try JSONEncoder().encode(results).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw .unwritable(path: path)
    }
  }
}

package enum COCOError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case unwritable(path: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .unwritable(let path): "\(path): cannot be written"
    }
  }
}

private func readJSON<Value: Decodable>(_ path: String) throws(COCOError) -> Value {
  do {
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: URL(filePath: path)))
  } catch DecodingError.keyNotFound(let key, _) {
    throw .unreadable(path: path, reason: "'\(key.stringValue)' is missing")
  } catch DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context) {
    throw .unreadable(path: path, reason: context.debugDescription)
  } catch {
    throw .unreadable(path: path, reason: "cannot be read")
  }
}
