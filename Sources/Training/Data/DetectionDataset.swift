import COCO
import FoundationCompatibility
import Imaging
import Synchronization

/// The images of a COCO file with their objects. Unusable records and crowds are left out.
package final class DetectionDataset: Sendable {
  package struct Entry: Sendable {
    package let imageID: Int
    package let path: String
    package let objects: [Sample.Object]
  }

  /// The annotations without unusable records.
  package let annotations: Annotations
  /// Names of the classes, by class index.
  package let labels: [String]
  package let entries: [Entry]
  /// One line for each unusable record: the record, the reason, the action taken.
  package let issues: [String]
  /// Counts of images, objects and classes in one line.
  package let summary: String
  /// Identifies file names and sizes, boxes and classes, wherever the folder is.
  package let fingerprint: UInt64
  /// Fitted images of the last size. A few hundred fit into memory; more are decoded again each time.
  private let cache = Mutex<(side: Int, bytes: Int, samples: [Int: Sample])>((0, 0, [:]))
  /// Images whose headers are fine, but not the rest, by index; and those not reported yet.
  private let damaged = Mutex<(reasons: [Int: String], unreported: [String])>(([:], []))
  private static let cacheLimit = 1 << 30

  /// - Parameters:
  ///   - folder: the folder of the images that `annotations` name.
  ///   - segmentations: segmentations by annotation id, which only copy-paste needs.
  ///   - issues: lines about records that `annotations` lacks.
  package init(
    annotations: Annotations, images folder: String, segmentations: [Int: Segmentation] = [:],
    issues: [String] = []
  ) {
    let check = ImageCheck(annotations, folder: folder)
    let validator = AnnotationValidator(check.annotations) { image in
      FileManager.default.fileExists(atPath: folder + "/" + image.fileName)
    }
    self.annotations = validator.cleaned
    labels = validator.cleaned.labels
    self.issues = issues + check.issues + validator.issues.map(\.description)
    summary = validator.summary(issues: self.issues.count)

    let classIndices = validator.cleaned.classIndices
    var objects: [Int: [Sample.Object]] = [:]
    for object in validator.cleaned.objects where !object.isCrowd {
      guard let classIndex = classIndices[object.categoryID] else { continue }
      let box = object.box.map { Float($0) }
      let segmentation = segmentations[object.id]
      objects[object.imageID, default: []].append(
        Sample.Object(
          x1: box[0], y1: box[1], x2: box[0] + box[2], y2: box[1] + box[3], classIndex: classIndex,
          segmentation: check.transforms[object.imageID].map { segmentation?.transformed(by: $0) }
            ?? segmentation))
    }
    entries = validator.cleaned.images.map {
      Entry(imageID: $0.id, path: folder + "/" + $0.fileName, objects: objects[$0.id] ?? [])
    }
    fingerprint = Fingerprint.of(validator.cleaned, byteCounts: check.byteCounts)
  }

  private init(_ source: DetectionDataset, annotations: Annotations, entries: [Entry], issues: [String]) {
    self.annotations = annotations
    self.entries = entries
    self.issues = source.issues + issues
    labels = annotations.labels
    summary = AnnotationValidator(annotations, imageExists: { _ in true }).summary(issues: self.issues.count)
    // Of the same files; the annotations tell the rest.
    fingerprint = Fingerprint.of(annotations, byteCounts: [:]) ^ source.fingerprint
  }

  /// The same images with `classes` as the list of classes. Names decide, not ids.
  ///
  /// - Throws: ``TrainingError/unusableData(path:reason:)`` if objects have a class that `classes` lacks.
  package func matched(to classes: [String]) throws(TrainingError) -> DetectionDataset {
    if labels == classes { return self }
    let indices = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let ownIDs = annotations.categoryIDs
    let counts = Dictionary(grouping: annotations.objects, by: \.categoryID).mapValues(\.count)
    let unknown = labels.indices.filter { indices[labels[$0]] == nil }
    let missing = unknown.filter { counts[ownIDs[$0]] != nil }
    guard missing.isEmpty else {
      let names = missing.map { "'\(labels[$0])' (\(counts[ownIDs[$0]] ?? 0) objects)" }
      throw .unusableData(
        path: entries.first?.path ?? "",
        reason: "the data set of this image has classes that training does not have: "
          + "\(names.joined(separator: ", ")); training has \(classes.joined(separator: ", "))")
    }
    // Class index in `classes` by own class index.
    let places = labels.map { indices[$0] }
    let categoryIDs = Dictionary(
      uniqueKeysWithValues: zip(ownIDs, places).compactMap { id, place in place.map { (id, $0 + 1) } })
    let matched = Annotations(
      images: annotations.images,
      categories: classes.enumerated().map { Annotations.Category(id: $0 + 1, name: $1) },
      objects: annotations.objects.compactMap { object in
        categoryIDs[object.categoryID].map {
          Annotations.Object(
            id: object.id, imageID: object.imageID, categoryID: $0, box: object.box, area: object.area,
            isCrowd: object.isCrowd)
        }
      })
    return DetectionDataset(
      self, annotations: matched,
      entries: entries.map { entry in
        Entry(
          imageID: entry.imageID, path: entry.path,
          objects: entry.objects.compactMap { object in
            places[object.classIndex].map {
              Sample.Object(
                x1: object.x1, y1: object.y1, x2: object.x2, y2: object.y2, classIndex: $0,
                segmentation: object.segmentation)
            }
          })
      }, issues: unknown.map { "class '\(labels[$0])': unknown to training and without objects; left out" })
  }

  /// The images with these indices, with all classes.
  package func subset(_ indices: [Int]) -> DetectionDataset {
    let kept = indices.sorted().map { entries[$0] }
    let ids = Set(kept.map(\.imageID))
    return DetectionDataset(
      self,
      annotations: Annotations(
        images: annotations.images.filter { ids.contains($0.id) }, categories: annotations.categories,
        objects: annotations.objects.filter { ids.contains($0.imageID) }), entries: kept, issues: [])
  }

  /// Decodes image `index`.
  package func image(_ index: Int) throws(TrainingError) -> Image {
    let path = entries[index].path
    do {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      return try EncodedImage(bytes, limits: ImageHeader.limits).decoded()
    } catch {
      let failure = TrainingError.unreadableImage(path: path, reason: "\(error)")
      damaged.withLock {
        guard $0.reasons.updateValue(failure.reason, forKey: index) == nil else { return }
        $0.unreported.append("\(failure); left out")
      }
      throw failure
    }
  }

  /// Ids of the images that could not be decoded.
  package var damagedImageIDs: Set<Int> {
    Set(damaged.withLock { Array($0.reasons.keys) }.map { entries[$0].imageID })
  }

  /// The lines about images that could not be decoded since the last call.
  package func takeDamageReports() -> [String] {
    damaged.withLock { damaged in
      defer { damaged.unreported = [] }
      return damaged.unreported
    }
  }

  /// Returns image `index` scaled to fit into a square of `side` pixels, or the next one that can be decoded.
  ///
  /// - Throws: ``TrainingError/unreadableImage(path:reason:)`` if no image can be decoded.
  package func sample(_ index: Int, side: Int) throws(TrainingError) -> Sample {
    var failure = TrainingError.emptyDataset(path: "")
    for offset in entries.indices {
      let candidate = (index + offset) % entries.count
      if damaged.withLock({ $0.reasons[candidate] != nil }) { continue }
      do throws(TrainingError) {
        return try decodedSample(candidate, side: side)
      } catch {
        failure = error
      }
    }
    throw failure
  }

  private func decodedSample(_ index: Int, side: Int) throws(TrainingError) -> Sample {
    if let known = cache.withLock({ $0.side == side ? $0.samples[index] : nil }) { return known }
    let sample = Sample(image: try image(index), objects: entries[index].objects).fitted(into: side)
    cache.withLock { cache in
      if cache.side != side { cache = (side, 0, [:]) }
      guard cache.bytes + sample.image.pixels.count <= DetectionDataset.cacheLimit else { return }
      if cache.samples.updateValue(sample, forKey: index) == nil { cache.bytes += sample.image.pixels.count }
    }
    return sample
  }
}
