import Imaging
import YOLOX

/// The images of a data set with the worst errors, with the errors drawn in.
struct WorstImages {
  let dataset: DetectionDataset
  let matchings: [DetectionMatching]

  static let limit = 12

  func drawn() -> [CaptionedImage] {
    let order = matchings.indices.filter { matchings[$0].errorScore > 0 }
      .sorted { matchings[$0].errorScore > matchings[$1].errorScore }
    return order.prefix(WorstImages.limit).compactMap { index in
      let matching = matchings[index]
      let missed = matching.falseNegatives.map { object in
        BoxAnnotation(object.box, "missed \(dataset.labels[object.classIndex])", .missed)
      }
      let misclassified = matching.misclassified.map { match in
        BoxAnnotation(
          match.detection.box,
          "\(dataset.labels[match.detection.classID]), should be \(dataset.labels[match.object.classIndex])",
          .misclassified)
      }
      let wrong = matching.falsePositives.map { detection in
        BoxAnnotation(detection.box, dataset.labelAndScore(of: detection), .falsePositive)
      }
      return dataset.drawn(
        index, missed + misclassified + wrong,
        caption: "\(missed.count) missed, \(misclassified.count) misclassified, \(wrong.count) false "
          + "positives, \(matching.matches.count - misclassified.count) correct")
    }
  }
}
