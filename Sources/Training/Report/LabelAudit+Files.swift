import COCO
import FoundationCompatibility
import Imaging
import YOLOX

extension LabelAudit {
  /// Writes the labels of the images with findings as a COCO file for a labelling tool, images worst first. Each finding is
  /// an annotation of its own, with the attributes `audit`, `suspicion` and `score`.
  package func write(_ dataset: DetectionDataset, to path: String) throws(TrainingError) {
    let categoryIDs = dataset.annotations.categoryIDs
    let records = Dictionary(
      dataset.annotations.images.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let labels = Dictionary(grouping: dataset.annotations.objects, by: \.imageID)
    var nextID = (dataset.annotations.objects.map(\.id).max() ?? 0) + 1
    var objects: [Annotations.Object] = []
    var attributes: [Int: [String: String]] = [:]
    for image in images {
      let imageID = dataset.entries[image.index].imageID
      objects += labels[imageID] ?? []
      for finding in image.findings {
        guard let box = finding.detection?.box ?? finding.object?.box,
          let classIndex = finding.detection?.classID ?? finding.object?.classIndex
        else { continue }
        objects.append(
          Annotations.Object(
            id: nextID, imageID: imageID, categoryID: categoryIDs[classIndex],
            box: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map { Double($0) }))
        attributes[nextID] = [
          "audit": finding.issue.rawValue, "suspicion": number(Double(finding.suspicion)),
        ]
        if let detection = finding.detection {
          attributes[nextID]?["score"] = number(Double(detection.score))
        }
        nextID += 1
      }
    }
    try AnnotationsFile.write(
      Annotations(
        images: images.compactMap { records[dataset.entries[$0.index].imageID] },
        categories: dataset.annotations.categories, objects: objects), attributes: attributes, to: path)
  }

  /// The first `count` images with their findings drawn in.
  package func drawn(_ dataset: DetectionDataset, count: Int) -> [CaptionedImage] {
    images.prefix(count).compactMap { image in
      let boxes = image.findings.flatMap { finding -> [BoxAnnotation] in
        var boxes: [BoxAnnotation] = []
        if let detection = finding.detection {
          boxes.append(
            BoxAnnotation(
              detection.box, "\(dataset.labels[detection.classID]) \(Int(detection.score * 100))%",
              finding.issue == .unlabelled ? .falsePositive : .misclassified))
        }
        if let object = finding.object {
          boxes.append(BoxAnnotation(object.box, "label: \(dataset.labels[object.classIndex])", .missed))
        }
        return boxes
      }
      let counts = Issue.allCases.compactMap { issue in
        let count = image.findings.count { $0.issue == issue }
        return count > 0 ? "\(count) \(issue.rawValue)" : nil
      }
      return dataset.drawn(image.index, boxes, caption: counts.joined(separator: ", "))
    }
  }
}
