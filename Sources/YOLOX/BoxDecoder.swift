import Engine
import PlatformC

/// Decodes the head's outputs to boxes in pixels of the network's input (grid decoding, section 2.1 of the YOLOX
/// paper; yolo_head.py, decode_outputs).
///
/// An anchor's score is objectness x class probability, so an anchor with objectness below the threshold is skipped after
/// one comparison, without a sigmoid or an exponential. This holds for almost all anchors.
package struct BoxDecoder {
  package private(set) var candidates: [Detection] = []

  /// The lowest of all classes.
  private let scoreThreshold: Float
  private let defaultThreshold: Float
  private let classThresholds: [Int: Float]
  private let objectnessThreshold: Float
  private let classes: Set<Int>?

  package init(_ options: DetectionOptions) {
    scoreThreshold = options.lowestScoreThreshold
    defaultThreshold = options.scoreThreshold
    classThresholds = options.scoreThresholds
    objectnessThreshold = options.objectnessThreshold
    classes = options.classes
  }

  /// Adds the candidates of one level.
  ///
  /// - Parameters:
  ///   - stride: pixels of the network's input for each cell of the level's grid.
  ///   - box: 4 channels: x, y offset from the cell in cells, log of width and height in cells.
  ///   - objectness: 1 channel, a logit.
  ///   - classes: one channel for each class, logits.
  package mutating func decode(
    stride: Int, box: Span<Float>, at boxLayout: BlockedLayout, objectness: Span<Float>,
    at objectnessLayout: BlockedLayout, classes classLogits: Span<Float>, at classLayout: BlockedLayout
  ) {
    let scale = Float(stride)
    for row in 0..<objectnessLayout.height {
      for column in 0..<objectnessLayout.width {
        let logit = objectness[objectnessLayout.index(channel: 0, row: row, column: column)]
        guard logit >= objectnessThreshold else { continue }

        var (best, bestLogit) = (0, -Float.infinity)
        for index in 0..<classLayout.channels {
          let classLogit = classLogits[classLayout.index(channel: index, row: row, column: column)]
          if classLogit > bestLogit { (best, bestLogit) = (index, classLogit) }
        }
        let score = sigmoid(logit) * sigmoid(bestLogit)
        guard score >= scoreThreshold, classes?.contains(best) ?? true,
          classThresholds.isEmpty || score >= classThresholds[best, default: defaultThreshold]
        else { continue }

        func prediction(_ channel: Int) -> Float {
          box[boxLayout.index(channel: channel, row: row, column: column)]
        }
        let (centerX, centerY) = (
          (prediction(0) + Float(column)) * scale, (prediction(1) + Float(row)) * scale
        )
        let (halfWidth, halfHeight) = (exp(prediction(2)) * scale / 2, exp(prediction(3)) * scale / 2)
        let found = Box(
          x1: centerX - halfWidth, y1: centerY - halfHeight, x2: centerX + halfWidth, y2: centerY + halfHeight
        )
        if found.isFinite { candidates.append(Detection(classID: best, score: score, box: found)) }
      }
    }
  }

  /// The best candidates without suppression, for networks that predict one anchor for each object.
  package consuming func best(_ limit: Int) -> [Detection] {
    Array(candidates.sorted { $0.score > $1.score }.prefix(limit))
  }

  /// The candidates after non-maximum suppression by falling score, boxes in pixels of the network's input.
  package consuming func suppressed(_ options: DetectionOptions) -> [Detection] {
    if candidates.count > Detection.candidateLimit {
      candidates.sort { $0.score > $1.score }
      candidates.removeLast(candidates.count - Detection.candidateLimit)
    }
    return candidates.suppressed(
      above: options.nmsThreshold, classAgnostic: options.classAgnostic, limit: options.maxDetections)
  }
}

extension DetectionOptions {
  /// The logit of the score threshold, slightly reduced so that rounding in log and exp loses no detection. Anchors with a
  /// lower objectness logit cannot reach the threshold.
  package var objectnessThreshold: Float {
    let threshold = lowestScoreThreshold
    return log(threshold / (1 - threshold)) - 1e-3
  }
}

func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
