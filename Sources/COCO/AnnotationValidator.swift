/// Validates COCO annotations for training: keeps the usable records and lists one issue for each other record.
package struct AnnotationValidator: Sendable {
  /// Existing images with unique ids, and their objects with boxes clipped to the image. Crowds are kept; `area` is at most
  /// that of the box.
  package let cleaned: Annotations
  /// In the order of the file: categories, images, objects.
  package let issues: [Issue]

  package enum Issue: Sendable, Equatable {
    case duplicateCategory(id: Int, name: String)
    case duplicateImage(id: Int, fileName: String)
    case emptyImage(id: Int, fileName: String, width: Int, height: Int)
    case missingImage(id: Int, fileName: String, objects: Int)
    case duplicateObject(id: Int)
    case unknownImage(object: Int, imageID: Int)
    case unknownCategory(object: Int, categoryID: Int)
    case emptyBox(object: Int, box: [Double])
    case outsideImage(object: Int, box: [Double], width: Int, height: Int)
    case clipped(object: Int, box: [Double], width: Int, height: Int)
    /// pycocotools, and therefore ``Evaluator``, treats id 0 as unmatched.
    case zeroID(imageID: Int)
  }

  /// Pixels by which a box may exceed its image without an issue, to allow for rounding.
  package static let tolerance = 1.0

  /// - Parameter imageExists: whether the file of an image exists.
  package init(_ annotations: Annotations, imageExists: (Annotations.Image) -> Bool) {
    var issues: [Issue] = []

    var categories: [Int: Annotations.Category] = [:]
    for category in annotations.categories {
      if categories[category.id] == nil {
        categories[category.id] = category
      } else {
        issues.append(.duplicateCategory(id: category.id, name: category.name))
      }
    }

    let objectCounts = Dictionary(grouping: annotations.objects, by: \.imageID).mapValues(\.count)
    var known: [Int: Annotations.Image] = [:]
    var usable: [Annotations.Image] = []
    for image in annotations.images {
      guard known[image.id] == nil else {
        issues.append(.duplicateImage(id: image.id, fileName: image.fileName))
        continue
      }
      known[image.id] = image
      if image.width <= 0 || image.height <= 0 {
        issues.append(
          .emptyImage(id: image.id, fileName: image.fileName, width: image.width, height: image.height))
      } else if !imageExists(image) {
        issues.append(
          .missingImage(id: image.id, fileName: image.fileName, objects: objectCounts[image.id] ?? 0))
      } else {
        usable.append(image)
      }
    }

    let usableIDs = Set(usable.map(\.id))
    var seen: Set<Int> = []
    var objects: [Annotations.Object] = []
    for object in annotations.objects {
      guard seen.insert(object.id).inserted else {
        issues.append(.duplicateObject(id: object.id))
        continue
      }
      guard let image = known[object.imageID] else {
        issues.append(.unknownImage(object: object.id, imageID: object.imageID))
        continue
      }
      guard categories[object.categoryID] != nil else {
        issues.append(.unknownCategory(object: object.id, categoryID: object.categoryID))
        continue
      }
      // The issue of the image covers its objects.
      guard usableIDs.contains(image.id) else { continue }
      guard object.box.allSatisfy(\.isFinite), object.box[2] > 0, object.box[3] > 0 else {
        issues.append(.emptyBox(object: object.id, box: object.box))
        continue
      }
      guard let inside = object.clipped(to: image) else {
        issues.append(
          .outsideImage(object: object.id, box: object.box, width: image.width, height: image.height))
        continue
      }
      if object.excess(over: image) > AnnotationValidator.tolerance {
        issues.append(.clipped(object: object.id, box: object.box, width: image.width, height: image.height))
      }
      if object.id == 0 { issues.append(.zeroID(imageID: image.id)) }
      objects.append(inside)
    }
    cleaned = Annotations(
      images: usable, categories: annotations.categoryIDs.compactMap { categories[$0] }, objects: objects)
    self.issues = issues
  }

  /// Counts of images, objects, crowds, classes and issues in one line.
  package var summary: String { summary(issues: issues.count) }

  /// - Parameter issueCount: number of issues, with those that others found.
  package func summary(issues issueCount: Int) -> String {
    let crowds = cleaned.objects.count(where: \.isCrowd)
    let empty = cleaned.images.count - Set(cleaned.objects.filter { !$0.isCrowd }.map(\.imageID)).count
    return "\(cleaned.images.count) images (\(empty) without objects), "
      + "\(cleaned.objects.count - crowds) objects and \(crowds) crowds of \(cleaned.categories.count) classes; "
      + "issues: \(issueCount)"
  }
}

extension Annotations.Object {
  /// Pixels by which the box exceeds its image; 0 or less where it lies inside.
  fileprivate func excess(over image: Annotations.Image) -> Double {
    max(-box[0], -box[1], box[0] + box[2] - Double(image.width), box[1] + box[3] - Double(image.height))
  }

  /// - Returns: `nil` if the box lies outside the image.
  fileprivate func clipped(to image: Annotations.Image) -> Self? {
    // Recomputing width and height would change the last bits of a box that lies inside.
    if excess(over: image) <= 0 { return self }
    let (left, top) = (max(box[0], 0), max(box[1], 0))
    let width = min(box[0] + box[2], Double(image.width)) - left
    let height = min(box[1] + box[3], Double(image.height)) - top
    guard width > 0, height > 0 else { return nil }
    return Self(
      id: id, imageID: imageID, categoryID: categoryID, box: [left, top, width, height],
      area: min(area, width * height), isCrowd: isCrowd)
  }
}

extension AnnotationValidator.Issue: CustomStringConvertible {
  /// One line: the record, the reason, the action taken.
  package var description: String {
    switch self {
    case .duplicateCategory(let id, let name):
      "category \(id) (\(name)): duplicate id; the first record is used"
    case .duplicateImage(let id, let fileName):
      "image \(id) (\(fileName)): duplicate id; the first record is used"
    case .emptyImage(let id, let fileName, let width, let height):
      "image \(id) (\(fileName)): \(width)x\(height) pixels; left out"
    case .missingImage(let id, let fileName, let objects):
      "image \(id) (\(fileName)): file not found; left out with its objects (\(objects))"
    case .duplicateObject(let id): "annotation \(id): duplicate id; the first record is used"
    case .unknownImage(let object, let imageID):
      "annotation \(object): image \(imageID) does not exist; left out"
    case .unknownCategory(let object, let categoryID):
      "annotation \(object): category \(categoryID) does not exist; left out"
    case .emptyBox(let object, let box): "annotation \(object): the box \(box) has no area; left out"
    case .outsideImage(let object, let box, let width, let height):
      "annotation \(object): the box \(box) lies outside the \(width)x\(height) image; left out"
    case .clipped(let object, let box, let width, let height):
      "annotation \(object): the box \(box) exceeds the \(width)x\(height) image; clipped"
    case .zeroID(let imageID):
      "annotation 0 (image \(imageID)): COCO's evaluation never counts id 0 as matched; kept"
    }
  }
}
