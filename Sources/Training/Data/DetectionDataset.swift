import COCO
import Imaging
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Pictures of a COCO file with their boxes, checked as they are read. Crowds are not trained on.
package final class DetectionDataset: Sendable {
  package struct Entry: Sendable {
    package let imageID: Int
    package let path: String
    package let objects: [Sample.Object]
  }

  /// Without the records that cannot be used.
  package let annotations: Annotations
  /// Names of the classes, by class index.
  package let labels: [String]
  package let entries: [Entry]
  /// A line for each bad record: which, what is wrong, what became of it.
  package let complaints: [String]
  /// One line: what there is to train on.
  package let summary: String
  /// Pictures as they were last fitted; a few hundred fit into memory, more are decoded again each time.
  private let cache = Mutex<(side: Int, bytes: Int, samples: [Int: Sample])>((0, 0, [:]))
  private static let cacheLimit = 1 << 30

  /// - Parameters:
  ///   - folder: where the pictures lie that `annotations` name.
  ///   - outlines: of objects, by annotation id; only copy-paste needs them.
  package init(annotations: Annotations, images folder: String, outlines: [Int: Segmentation] = [:]) {
    let check = AnnotationValidator(annotations) { image in
      FileManager.default.fileExists(atPath: folder + "/" + image.fileName)
    }
    self.annotations = check.cleaned
    labels = check.cleaned.labels
    complaints = check.complaints.map(\.description)
    summary = check.summary

    let classIndices = check.cleaned.classIndices
    var objects: [Int: [Sample.Object]] = [:]
    for object in check.cleaned.objects where !object.isCrowd {
      guard let classIndex = classIndices[object.categoryID] else { continue }
      let box = object.box.map { Float($0) }
      objects[object.imageID, default: []].append(
        Sample.Object(
          x1: box[0], y1: box[1], x2: box[0] + box[2], y2: box[1] + box[3], classIndex: classIndex,
          outline: outlines[object.id]))
    }
    entries = check.cleaned.images.map {
      Entry(imageID: $0.id, path: folder + "/" + $0.fileName, objects: objects[$0.id] ?? [])
    }
  }

  /// Picture `index` as it is in its file.
  package func picture(_ index: Int) throws(TrainingError) -> Image {
    let path = entries[index].path
    do {
      return try Image(decoding: [UInt8](Data(contentsOf: URL(filePath: path))))
    } catch {
      throw .unreadablePicture(path: path, reason: "\(error)")
    }
  }

  /// Picture `index` scaled to fit into a square of `side`.
  package func sample(_ index: Int, side: Int) throws(TrainingError) -> Sample {
    if let known = cache.withLock({ $0.side == side ? $0.samples[index] : nil }) { return known }
    let sample = Sample(image: try picture(index), objects: entries[index].objects).fitted(into: side)
    cache.withLock { cache in
      if cache.side != side { cache = (side, 0, [:]) }
      guard cache.bytes + sample.image.pixels.count <= DetectionDataset.cacheLimit else { return }
      if cache.samples.updateValue(sample, forKey: index) == nil { cache.bytes += sample.image.pixels.count }
    }
    return sample
  }
}
