/// One detection in COCO's results format.
package struct DetectionRecord: Codable, Sendable, Equatable {
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
    precondition(box.count == 4, "a box has 4 numbers")
    self.imageID = imageID
    self.categoryID = categoryID
    self.box = box
    self.score = score
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    imageID = try container.decode(Int.self, forKey: .imageID)
    categoryID = try container.decode(Int.self, forKey: .categoryID)
    box = try container.decodeBox(forKey: .box)
    score = try container.decode(Double.self, forKey: .score)
  }

  package static func read(_ path: String) throws(COCOError) -> [DetectionRecord] { try readJSON(path) }

  /// Replaces the file atomically.
  package static func write(_ results: [DetectionRecord], to path: String) throws(COCOError) {
    try writeJSON(results, to: path)
  }
}

extension KeyedDecodingContainer {
  func decodeBox(forKey key: Key) throws -> [Double] {
    let box = try decode([Double].self, forKey: key)
    guard box.count == 4 else {
      let context = DecodingError.Context(
        codingPath: codingPath + [key], debugDescription: "a box has 4 numbers, this one \(box.count)")
      throw DecodingError.dataCorrupted(context)
    }
    return box
  }
}
