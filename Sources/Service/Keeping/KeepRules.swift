import YOLOX

/// Which images are kept for relabelling, and how many of them.
package struct KeepRules: Equatable, Sendable {
  /// An image is kept if a detection has a score within these, 0...1. Its boxes are those from the lower one on.
  package var scores: ClosedRange<Float> = 0.25...0.6
  /// Labels of the detections that count for ``scores``; empty for all.
  package var classes: Set<String> = []
  /// The share of all images that is considered, 0...1.
  package var sampleRate = 1.0
  /// Of all kept images and what is written about them, in bytes. The oldest images are removed for new ones.
  package var maxBytes = 1 << 30
  /// Age at which an image is removed; `nil` for none.
  package var maxAge: Duration? = .seconds(30 * 86400)

  /// Bounds the memory that the records of kept images take, and the size of their COCO file.
  package static let maxImages = 50_000
  /// Of all kept images together.
  package static let maxBoxes = 2_000_000

  package init() {}

  /// The time before which no image may have been kept.
  func oldest(at now: Timestamp) -> Timestamp? { maxAge.map { now.advanced(by: .zero - $0) } }

  /// - Parameter detections: all from the lower score on.
  package func selects(_ detections: [Detection], labels: [String]) -> Bool {
    detections.contains { detection in
      scores.contains(detection.score)
        && (classes.isEmpty
          || (labels.indices.contains(detection.classID) && classes.contains(labels[detection.classID])))
    }
  }
}
