import COCO
import FoundationCompatibility
import Imaging
import YOLOX

extension LabelAudit {
  /// Writes the labels of the images with findings as a COCO file for a labelling tool, images worst first. Each finding is
  /// an annotation of its own, with the attributes `audit`, `suspicion` and `score`.
  package func write(_ dataset: DetectionDataset, to path: String) throws(TrainingError) {
    let categoryIDs = dataset.annotations.categoryIDs
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
            box: box.bbox))
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
      dataset.annotations(ofImages: images.map(\.index), objects), attributes: attributes, to: path)
  }

  /// The first `count` images with their findings drawn in.
  package func drawn(_ dataset: DetectionDataset, count: Int) -> [CaptionedImage] {
    images.prefix(count).compactMap { image in
      let boxes = image.findings.flatMap { finding -> [BoxAnnotation] in
        var boxes: [BoxAnnotation] = []
        if let detection = finding.detection {
          boxes.append(
            BoxAnnotation(
              detection.box, dataset.labelAndScore(of: detection),
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
