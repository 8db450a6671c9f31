import COCO
import Imaging
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
  /// Fitted images of the last size. A few hundred fit into memory; more are decoded again each time.
  private let cache = Mutex<(side: Int, bytes: Int, samples: [Int: Sample])>((0, 0, [:]))
  private static let cacheLimit = 1 << 30

  /// - Parameters:
  ///   - folder: the folder of the images that `annotations` name.
  ///   - segmentations: segmentations by annotation id, which only copy-paste needs.
  package init(annotations: Annotations, images folder: String, segmentations: [Int: Segmentation] = [:]) {
    let validator = AnnotationValidator(annotations) { image in
      FileManager.default.fileExists(atPath: folder + "/" + image.fileName)
    }
    self.annotations = validator.cleaned
    labels = validator.cleaned.labels
    issues = validator.issues.map(\.description)
    summary = validator.summary

    let classIndices = validator.cleaned.classIndices
    var objects: [Int: [Sample.Object]] = [:]
    for object in validator.cleaned.objects where !object.isCrowd {
      guard let classIndex = classIndices[object.categoryID] else { continue }
      let box = object.box.map { Float($0) }
      objects[object.imageID, default: []].append(
        Sample.Object(
          x1: box[0], y1: box[1], x2: box[0] + box[2], y2: box[1] + box[3], classIndex: classIndex,
          segmentation: segmentations[object.id]))
    }
    entries = validator.cleaned.images.map {
      Entry(imageID: $0.id, path: folder + "/" + $0.fileName, objects: objects[$0.id] ?? [])
    }
  }

  /// Decodes image `index`.
  package func image(_ index: Int) throws(TrainingError) -> Image {
    let path = entries[index].path
    do {
      return try Image(decoding: [UInt8](Data(contentsOf: URL(filePath: path))))
    } catch {
      throw .unreadableImage(path: path, reason: "\(error)")
    }
  }

  /// Returns image `index` scaled to fit into a square of `side` pixels.
  package func sample(_ index: Int, side: Int) throws(TrainingError) -> Sample {
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
