/// COCO's box evaluation with exactly pycocotools' numbers (cocoeval.py: evaluate, accumulate, summarize).
///
/// Results for images or categories that are not in the annotations are ignored.
package struct Evaluator: Sendable {
  /// 0.50, 0.55, ... 0.95 with the bits of numpy's linspace, which matter for an IoU exactly at a threshold.
  package static let thresholds = (0..<10).map { 0.5 + Double($0) * ((0.95 - 0.5) / 9) }
  /// 0, 0.01, ... 1, also with the bits of linspace: its 0.35 is slightly more than 0.35.
  package static let recalls = (0...100).map { Double($0) * 0.01 }
  /// Maximum detections per image and class (`maxDets`).
  package static let limits = [1, 10, 100]

  package enum AreaRange: Int, CaseIterable, Sendable {
    case all, small, medium, large

    /// In square pixels, both ends included.
    var bounds: ClosedRange<Double> {
      switch self {
      case .all: 0...1e10
      case .small: 0...1024
      case .medium: 1024...9216
      case .large: 9216...1e10
      }
    }
  }

  private let categoryIDs: [Int]
  private let labels: [String]
  /// By class index, then in the order of the files.
  private let objects: [[ClassEvaluation.Object]]
  private let detections: [[ClassEvaluation.Detection]]

  package init(annotations: Annotations, results: [DetectionRecord]) {
    categoryIDs = annotations.categoryIDs
    labels = annotations.labels
    let classIndices = annotations.classIndices
    // Detections of equal score are ordered by image id.
    let imageIDs = Set(annotations.images.map(\.id)).sorted()
    let imageIndices = Dictionary(uniqueKeysWithValues: imageIDs.enumerated().map { ($1, $0) })

    var objects = [[ClassEvaluation.Object]](repeating: [], count: categoryIDs.count)
    for object in annotations.objects {
      guard let index = classIndices[object.categoryID], let image = imageIndices[object.imageID] else {
        continue
      }
      objects[index].append(
        ClassEvaluation.Object(
          image: image, order: objects[index].count, id: object.id, box: Box(object.box), area: object.area,
          isCrowd: object.isCrowd))
    }
    var detections = [[ClassEvaluation.Detection]](repeating: [], count: categoryIDs.count)
    for result in results {
      guard let index = classIndices[result.categoryID], let image = imageIndices[result.imageID] else {
        continue
      }
      detections[index].append(
        ClassEvaluation.Detection(
          image: image, order: detections[index].count, box: Box(result.box), score: result.score))
    }
    self.objects = objects
    self.detections = detections
  }

  /// The outcome of each detection, by class index.
  func evaluate() -> [ClassMatches] {
    zip(objects, detections).map { ClassEvaluation(objects: $0, detections: $1).matches() }
  }

  /// Precision and recall of each class in each area range.
  package func accumulated() -> PrecisionRecall {
    PrecisionRecall(
      categoryIDs: categoryIDs, labels: labels,
      cells: evaluate().map { matches in AreaRange.allCases.map { PrecisionRecall.Cell(matches, area: $0) } })
  }

  package func summary() -> Summary { Summary(accumulated()) }
}
