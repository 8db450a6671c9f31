#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Turns the head's numbers into boxes in pixels of the network's input (grid decoding, section 2.1 of the YOLOX
/// paper; yolo_head.py, decode_outputs).
///
/// Most anchors see nothing. An anchor's score is objectness x class probability, so one whose objectness alone is
/// below the threshold is left after a single comparison, without a sigmoid or an exponential.
package struct BoxDecoder {
  /// More candidates than this are cut to the best before suppression, whose cost grows with their square.
  package static let candidateLimit = 4096

  package private(set) var candidates: [Detection] = []

  private let scoreThreshold: Float
  private let objectnessThreshold: Float
  private let classes: Set<Int>?

  package init(_ options: DetectionOptions) {
    scoreThreshold = options.scoreThreshold
    // The logit of the threshold; a little lower, so that rounding in log and exp loses nothing at the border.
    objectnessThreshold = log(scoreThreshold / (1 - scoreThreshold)) - 1e-3
    classes = options.classes
  }

  /// Adds what one level sees.
  ///
  /// - Parameters:
  ///   - box: `[rows * columns, 4]`: x, y offset from the cell in cells, log of width and height in cells.
  ///   - objectness: `[rows * columns, 1]`, a logit.
  ///   - classLogits: `[rows * columns, classes]`, logits.
  package mutating func decode(
    stride: Int, columns: Int, box: Span<Float>, objectness: Span<Float>, classLogits: Span<Float>
  ) {
    let anchors = objectness.count
    let classCount = classLogits.count / max(anchors, 1)
    let scale = Float(stride)
    for anchor in 0..<anchors where objectness[anchor] >= objectnessThreshold {
      var best = 0
      let firstClass = anchor * classCount
      for index in 1..<max(classCount, 1)
      where classLogits[firstClass + index] > classLogits[firstClass + best] {
        best = index
      }
      let score = sigmoid(objectness[anchor]) * sigmoid(classLogits[firstClass + best])
      guard score >= scoreThreshold, classes?.contains(best) ?? true else { continue }

      let centerX = (box[anchor * 4] + Float(anchor % columns)) * scale
      let centerY = (box[anchor * 4 + 1] + Float(anchor / columns)) * scale
      let halfWidth = exp(box[anchor * 4 + 2]) * scale / 2
      let halfHeight = exp(box[anchor * 4 + 3]) * scale / 2
      let found = Box(
        x1: centerX - halfWidth, y1: centerY - halfHeight, x2: centerX + halfWidth, y2: centerY + halfHeight)
      if found.isFinite { candidates.append(Detection(classID: best, score: score, box: found)) }
    }
  }

  /// What is left after non-maximum suppression, by falling score, boxes in pixels of the network's input.
  package consuming func suppressed(_ options: DetectionOptions) -> [Detection] {
    if candidates.count > BoxDecoder.candidateLimit {
      candidates.sort { $0.score > $1.score }
      candidates.removeLast(candidates.count - BoxDecoder.candidateLimit)
    }
    return candidates.suppressed(
      above: options.nmsThreshold, classAgnostic: options.classAgnostic, limit: options.maxDetections)
  }
}

private func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
