/// What a trainer can use of a COCO file, and what is wrong with the rest: one complaint for each bad record.
package struct AnnotationValidator: Sendable {
  /// Pictures that are there, with each id once, and objects in them whose boxes lie inside. Crowds are still among
  /// them; `area` is at most that of the box.
  package let cleaned: Annotations
  /// In the order of the file: categories, pictures, objects.
  package let complaints: [Complaint]

  package enum Complaint: Sendable, Equatable {
    case repeatedCategory(id: Int, name: String)
    case repeatedImage(id: Int, fileName: String)
    case emptyImage(id: Int, fileName: String, width: Int, height: Int)
    case missingImage(id: Int, fileName: String, objects: Int)
    case repeatedObject(id: Int)
    case unknownImage(object: Int, imageID: Int)
    case unknownCategory(object: Int, categoryID: Int)
    case noArea(object: Int, box: [Double])
    case outside(object: Int, box: [Double], width: Int, height: Int)
    case cut(object: Int, box: [Double], width: Int, height: Int)
    /// pycocotools, and so our evaluation, takes 0 for no object and never counts it as found.
    case zeroID(imageID: Int)
  }

  /// Rounding, not a fault: how far a box may reach out of its picture without a complaint, in pixels.
  package static let tolerance = 1.0

  /// - Parameter imageExists: whether the file of a picture is there.
  package init(_ annotations: Annotations, imageExists: (Annotations.Image) -> Bool) {
    var complaints: [Complaint] = []

    var categories: [Int: Annotations.Category] = [:]
    for category in annotations.categories {
      if categories[category.id] == nil {
        categories[category.id] = category
      } else {
        complaints.append(.repeatedCategory(id: category.id, name: category.name))
      }
    }

    let objectCounts = Dictionary(grouping: annotations.objects, by: \.imageID).mapValues(\.count)
    var known: [Int: Annotations.Image] = [:]
    var usable: [Annotations.Image] = []
    for image in annotations.images {
      guard known[image.id] == nil else {
        complaints.append(.repeatedImage(id: image.id, fileName: image.fileName))
        continue
      }
      known[image.id] = image
      if image.width <= 0 || image.height <= 0 {
        complaints.append(
          .emptyImage(id: image.id, fileName: image.fileName, width: image.width, height: image.height))
      } else if !imageExists(image) {
        complaints.append(
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
        complaints.append(.repeatedObject(id: object.id))
        continue
      }
      guard let image = known[object.imageID] else {
        complaints.append(.unknownImage(object: object.id, imageID: object.imageID))
        continue
      }
      guard categories[object.categoryID] != nil else {
        complaints.append(.unknownCategory(object: object.id, categoryID: object.categoryID))
        continue
      }
      // The complaint about the picture speaks for its objects.
      guard usableIDs.contains(image.id) else { continue }
      guard object.box.allSatisfy(\.isFinite), object.box[2] > 0, object.box[3] > 0 else {
        complaints.append(.noArea(object: object.id, box: object.box))
        continue
      }
      guard let inside = object.cut(to: image) else {
        complaints.append(
          .outside(object: object.id, box: object.box, width: image.width, height: image.height))
        continue
      }
      if object.reach(outOf: image) > AnnotationValidator.tolerance {
        complaints.append(.cut(object: object.id, box: object.box, width: image.width, height: image.height))
      }
      if object.id == 0 { complaints.append(.zeroID(imageID: image.id)) }
      objects.append(inside)
    }
    cleaned = Annotations(
      images: usable, categories: annotations.categoryIDs.compactMap { categories[$0] }, objects: objects)
    self.complaints = complaints
  }

  /// One line: what is there to train on, and how many complaints there are.
  package var summary: String {
    let crowds = cleaned.objects.count(where: \.isCrowd)
    let empty = cleaned.images.count - Set(cleaned.objects.filter { !$0.isCrowd }.map(\.imageID)).count
    return "\(cleaned.images.count) pictures (\(empty) without objects), "
      + "\(cleaned.objects.count - crowds) objects and \(crowds) crowds of \(cleaned.categories.count) classes; "
      + "complaints: \(complaints.count)"
  }
}

extension Annotations.Object {
  /// How far the box reaches over the edge of its picture, in pixels; 0 or less where it lies inside.
  fileprivate func reach(outOf image: Annotations.Image) -> Double {
    max(-box[0], -box[1], box[0] + box[2] - Double(image.width), box[1] + box[3] - Double(image.height))
  }

  /// - Returns: `nil` where nothing of the box lies in the picture.
  fileprivate func cut(to image: Annotations.Image) -> Self? {
    // Adding and taking off again would change the last bits of a box that lies inside.
    if reach(outOf: image) <= 0 { return self }
    let (left, top) = (max(box[0], 0), max(box[1], 0))
    let width = min(box[0] + box[2], Double(image.width)) - left
    let height = min(box[1] + box[3], Double(image.height)) - top
    guard width > 0, height > 0 else { return nil }
    return Self(
      id: id, imageID: imageID, categoryID: categoryID, box: [left, top, width, height],
      area: min(area, width * height), isCrowd: isCrowd)
  }
}

extension AnnotationValidator.Complaint: CustomStringConvertible {
  /// One line: the record, what is wrong with it, what became of it.
  package var description: String {
    switch self {
    case .repeatedCategory(let id, let name):
      "category \(id) (\(name)): its id is used twice; the first one counts"
    case .repeatedImage(let id, let fileName):
      "image \(id) (\(fileName)): its id is used twice; the first one counts"
    case .emptyImage(let id, let fileName, let width, let height):
      "image \(id) (\(fileName)): \(width)x\(height) pixels; left out"
    case .missingImage(let id, let fileName, let objects):
      "image \(id) (\(fileName)): there is no such file; left out with its objects (\(objects))"
    case .repeatedObject(let id): "annotation \(id): its id is used twice; the first one counts"
    case .unknownImage(let object, let imageID):
      "annotation \(object): image \(imageID) does not exist; left out"
    case .unknownCategory(let object, let categoryID):
      "annotation \(object): category \(categoryID) does not exist; left out"
    case .noArea(let object, let box): "annotation \(object): the box \(box) has no area; left out"
    case .outside(let object, let box, let width, let height):
      "annotation \(object): the box \(box) lies outside its \(width)x\(height) picture; left out"
    case .cut(let object, let box, let width, let height):
      "annotation \(object): the box \(box) reaches out of its \(width)x\(height) picture; cut to it"
    case .zeroID(let imageID):
      "annotation 0 (image \(imageID)): COCO's evaluation takes the id 0 for none and never counts it as found; kept"
    }
  }
}
