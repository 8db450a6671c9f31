import COCO
import FoundationCompatibility

/// The score threshold at which each class has the best F1, the harmonic mean of precision and recall, at IoU 0.50.
package struct ScoreThresholds: Encodable, Sendable, Equatable {
  package struct Class: Encodable, Sendable, Equatable {
    package let name: String
    package let threshold: Double
    package let f1: Double
    package let precision: Double
    package let recall: Double
  }

  /// One threshold for all: the mean of the classes'.
  package let threshold: Double
  /// Of the classes that occur and are found, by class index.
  package let classes: [Class]

  /// - Returns: `nil` if no class is found.
  package init?(_ accumulation: PrecisionRecall) {
    classes = accumulation.labels.indices.compactMap { index in
      guard let curve = accumulation[index, .all]?.curves.first else { return nil }
      let points = zip(Evaluator.recalls, curve.precision).map { recall, precision in
        recall + precision > 0 ? 2 * recall * precision / (recall + precision) : 0
      }
      guard let best = points.indices.max(by: { points[$0] < points[$1] }), points[best] > 0 else {
        return nil
      }
      return Class(
        name: accumulation.labels[index], threshold: curve.scores[best], f1: points[best],
        precision: curve.precision[best], recall: Evaluator.recalls[best])
    }
    guard !classes.isEmpty else { return nil }
    threshold = classes.reduce(0) { $0 + $1.threshold } / Double(classes.count)
  }

  func write(to path: String) throws(TrainingError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text: Data
    do {
      text = try encoder.encode(self)
    } catch {
      throw .unwritable(path: path, reason: "\(error)")
    }
    try writeAtomically([UInt8](text), to: path)
  }
}
