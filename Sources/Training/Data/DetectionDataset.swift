import COCO
import Imaging
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Pictures of a COCO file with their boxes, checked as they are read.
package final class DetectionDataset: Sendable {
  package struct Entry: Sendable {
    package let imageID: Int
    package let path: String
    package let objects: [Sample.Object]
  }

  package let annotations: Annotations
  /// Names of the classes, by class index.
  package let labels: [String]
  package let entries: [Entry]
  /// A line for each record that was left out or cut, with the reason.
  package let complaints: [String]
  /// Pictures as they were last fitted; a few hundred fit into memory, more are decoded again each time.
  private let cache = Mutex<(side: Int, bytes: Int, samples: [Int: Sample])>((0, 0, [:]))
  private static let cacheLimit = 1 << 30

  package init(annotations: Annotations, images folder: String) {
    self.annotations = annotations
    let classIndex = Dictionary(
      annotations.categoryIDs.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    labels = annotations.categoryIDs.map { id in annotations.categories.first { $0.id == id }?.name ?? "\(id)"
    }

    var complaints: [String] = []
    var images: [Int: Annotations.Image] = [:]
    for image in annotations.images where images.updateValue(image, forKey: image.id) != nil {
      complaints.append("image \(image.id) (\(image.fileName)): its id is used twice")
    }
    var objects: [Int: [Sample.Object]] = [:]
    var seen: Set<Int> = []
    for object in annotations.objects where !object.isCrowd {
      let what = "annotation \(object.id)"
      guard seen.insert(object.id).inserted else {
        complaints.append("\(what): its id is used twice")
        continue
      }
      guard let image = images[object.imageID] else {
        complaints.append("\(what): image \(object.imageID) does not exist")
        continue
      }
      guard let index = classIndex[object.categoryID] else {
        complaints.append("\(what): unknown category \(object.categoryID)")
        continue
      }
      let corners = Sample.Object(
        x1: Float(object.box[0]), y1: Float(object.box[1]), x2: Float(object.box[0] + object.box[2]),
        y2: Float(object.box[1] + object.box[3]), classIndex: index)
      let box = corners.clipped(width: image.width, height: image.height)
      guard box.x2 > box.x1, box.y2 > box.y1 else {
        complaints.append(
          "\(what): the box \(object.box) has no area in a \(image.width)x\(image.height) picture")
        continue
      }
      // Half a pixel over the edge is rounding, not a fault.
      if abs(box.x1 - corners.x1) + abs(box.y1 - corners.y1) + abs(box.x2 - corners.x2)
        + abs(box.y2 - corners.y2) > 1
      {
        complaints.append("\(what): the box \(object.box) reaches out of its picture and was cut")
      }
      objects[image.id, default: []].append(box)
    }
    var entries: [Entry] = []
    for image in annotations.images {
      let path = folder + "/" + image.fileName
      guard FileManager.default.fileExists(atPath: path) else {
        complaints.append("image \(image.id): \(path) does not exist")
        continue
      }
      entries.append(Entry(imageID: image.id, path: path, objects: objects[image.id] ?? []))
    }
    self.entries = entries
    self.complaints = complaints
  }

  /// Picture `index` scaled to fit into a square of `side`.
  package func sample(_ index: Int, side: Int) throws(TrainingError) -> Sample {
    if let known = cache.withLock({ $0.side == side ? $0.samples[index] : nil }) { return known }
    let entry = entries[index]
    let image: Image
    do {
      image = try Image(decoding: [UInt8](Data(contentsOf: URL(filePath: entry.path))))
    } catch {
      throw .unreadablePicture(path: entry.path, reason: "\(error)")
    }
    let sample = Sample(image: image, objects: entry.objects).fitted(into: side)
    cache.withLock { cache in
      if cache.side != side { cache = (side, 0, [:]) }
      guard cache.bytes + sample.image.pixels.count <= DetectionDataset.cacheLimit else { return }
      if cache.samples.updateValue(sample, forKey: index) == nil { cache.bytes += sample.image.pixels.count }
    }
    return sample
  }
}
