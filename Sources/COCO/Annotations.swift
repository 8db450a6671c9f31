/// A COCO "instances" file: images, categories and objects (cocodataset.org, data format). `segmentation` and other members
/// are ignored.
package struct Annotations: Decodable, Sendable {
  package struct Image: Decodable, Sendable, Equatable {
    package let id: Int
    package let fileName: String
    package let width: Int
    package let height: Int

    enum CodingKeys: String, CodingKey {
      case id, width, height
      case fileName = "file_name"
    }

    package init(id: Int, fileName: String, width: Int, height: Int) {
      self.id = id
      self.fileName = fileName
      self.width = width
      self.height = height
    }
  }

  package struct Category: Decodable, Sendable, Equatable {
    package let id: Int
    package let name: String
    package let supercategory: String?

    package init(id: Int, name: String, supercategory: String? = nil) {
      self.id = id
      self.name = name
      self.supercategory = supercategory
    }
  }

  package struct Object: Decodable, Sendable, Equatable {
    package let id: Int
    package let imageID: Int
    package let categoryID: Int
    /// x, y of the top left corner, width, height, in pixels.
    package let box: [Double]
    /// Area of the segmentation if there is one, so at most that of the box.
    package let area: Double
    /// A box around a group of objects, of which any number may be detected.
    package let isCrowd: Bool

    enum CodingKeys: String, CodingKey {
      case id, area
      case imageID = "image_id"
      case categoryID = "category_id"
      case box = "bbox"
      case isCrowd = "iscrowd"
    }

    /// - Parameter area: `nil` for the area of the box.
    package init(
      id: Int, imageID: Int, categoryID: Int, box: [Double], area: Double? = nil, isCrowd: Bool = false
    ) {
      precondition(box.count == 4, "a box has 4 numbers")
      self.id = id
      self.imageID = imageID
      self.categoryID = categoryID
      self.box = box
      self.area = area ?? box[2] * box[3]
      self.isCrowd = isCrowd
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        id: try container.decode(Int.self, forKey: .id),
        imageID: try container.decode(Int.self, forKey: .imageID),
        categoryID: try container.decode(Int.self, forKey: .categoryID),
        box: try container.decodeBox(forKey: .box),
        area: try container.decodeIfPresent(Double.self, forKey: .area),
        isCrowd: try Object.decodeIsCrowd(container))
    }

    /// COCO has 0 or 1; some labelling tools write false or true.
    private static func decodeIsCrowd(_ container: KeyedDecodingContainer<CodingKeys>) throws -> Bool {
      do {
        return try container.decodeIfPresent(Int.self, forKey: .isCrowd) ?? 0 != 0
      } catch DecodingError.typeMismatch {
        return try container.decode(Bool.self, forKey: .isCrowd)
      }
    }
  }

  package let images: [Image]
  package let categories: [Category]
  package let objects: [Object]

  enum CodingKeys: String, CodingKey {
    case images, categories
    case objects = "annotations"
  }

  package init(images: [Image], categories: [Category], objects: [Object]) {
    self.images = images
    self.categories = categories
    self.objects = objects
  }

  package init(contentsOf path: String) throws(COCOError) { self = try readJSON(path) }

  /// Reads a file for training, leaving out malformed records: one of them does not make a data set unusable. For
  /// evaluation, where a missing object would change the result, use ``init(contentsOf:)``.
  ///
  /// - Returns: the annotations, and one line for each record that was left out.
  package static func readingUsableRecords(
    of path: String
  ) throws(COCOError) -> (annotations: Annotations, issues: [String]) {
    let file: LenientFile = try readJSON(path, allowsNonNumbers: true)
    return (
      Annotations(
        images: file.images.compactMap(\.value), categories: file.categories.compactMap(\.value),
        objects: file.objects.compactMap(\.value)),
      LenientFile.issues("categories", file.categories) + LenientFile.issues("images", file.images)
        + LenientFile.issues("annotations", file.objects)
    )
  }

  /// Category ids by class index: COCO's ids have gaps (1 to 90 for 80 categories), a network's classes have none.
  package var categoryIDs: [Int] { Set(categories.map(\.id)).sorted() }

  /// Class indices by category id.
  package var classIndices: [Int: Int] {
    Dictionary(uniqueKeysWithValues: categoryIDs.enumerated().map { ($1, $0) })
  }

  /// Names by class index.
  package var labels: [String] {
    let names = Dictionary(categories.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    return categoryIDs.map { names[$0] ?? "\($0)" }
  }
}
