import COCO
import FoundationCompatibility
import Imaging
import YOLOX

/// Ranks images without labels by what labelling them would teach: the sum of the uncertainties of their detections (Brust et
/// al., "Active Learning for Deep Object Detection", 2019, the 1-vs-2 margin of an independent class score, summed).
package struct LabellingOrder: Sendable {
  package struct RankedImage: Sendable {
    /// Index of the image in the data set.
    package let index: Int
    package let uncertainty: Float
    package let detections: [Detection]
  }

  /// The most uncertain first.
  package let images: [RankedImage]

  /// Detections below this score are noise.
  private static let minScore: Float = 0.1

  package init(detections: [[Detection]]) {
    images = detections.enumerated().map { index, found in
      let counted = found.filter { $0.score >= LabellingOrder.minScore }
      // The margin between an object and none is |s - (1 - s)|.
      let uncertainty = counted.reduce(Float(0)) { $0 + (1 - abs(2 * $1.score - 1)) }
      return RankedImage(index: index, uncertainty: uncertainty, detections: counted)
    }.sorted { ($0.uncertainty, $1.index) > ($1.uncertainty, $0.index) }
  }

  /// Writes the first `count` images as a COCO file, their detections as annotations to correct.
  package func write(_ dataset: DetectionDataset, count: Int, to path: String) throws(TrainingError) {
    var objects: [Annotations.Object] = []
    var attributes: [Int: [String: String]] = [:]
    for ranked in images.prefix(count) {
      for detection in ranked.detections where detection.score >= DetectionOptions().scoreThreshold {
        objects.append(
          Annotations.Object(
            id: objects.count + 1, imageID: dataset.entries[ranked.index].imageID,
            categoryID: dataset.annotations.categoryIDs[detection.classID], box: detection.box.bbox))
        attributes[objects.count] = ["score": number(Double(detection.score))]
      }
    }
    try AnnotationsFile.write(
      dataset.annotations(ofImages: images.prefix(count).map(\.index), objects), attributes: attributes,
      to: path)
  }

  /// The first `count` images with their detections drawn in.
  package func drawn(_ dataset: DetectionDataset, count: Int) -> [CaptionedImage] {
    images.prefix(count).compactMap { ranked in
      let boxes = ranked.detections.sorted { $0.score > $1.score }.map { detection in
        let box = detection.box
        return BoxAnnotation(
          box: (box.x1, box.y1, box.x2, box.y2),
          label: dataset.labelAndScore(of: detection),
          colorIndex: detection.classID)
      }
      return dataset.drawn(
        ranked.index, boxes, caption: "uncertainty \(number(Double(ranked.uncertainty)))")
    }
  }
}

extension DetectionDataset {
  /// The images of a folder, without objects. Files that are no images are left out with a line each.
  package convenience init(unlabelled folder: String, labels: [String]) throws(TrainingError) {
    let names: [String]
    do {
      names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    } catch {
      throw .unusableData(path: folder, reason: "the folder cannot be read")
    }
    var images: [Annotations.Image] = []
    var issues: [String] = []
    for name in names where ImageFormat.isFileName(name) {
      do throws(TrainingError) {
        let header = try ImageHeader(contentsOf: folder + "/" + name)
        images.append(
          Annotations.Image(
            id: images.count + 1, fileName: name, width: header.width, height: header.height))
      } catch {
        issues.append("\(error); left out")
      }
    }
    guard !images.isEmpty else { throw .emptyDataset(path: folder) }
    self.init(
      annotations: Annotations(
        images: images,
        categories: labels.enumerated().map { Annotations.Category(id: $0 + 1, name: $1) }, objects: []),
      images: folder, issues: issues)
  }
}
