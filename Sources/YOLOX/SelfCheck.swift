import Engine
import Imaging

extension Model {
  /// Runs the network once on a small image of which one half is grey and the other a gradient. Every weight is used as in an
  /// image of full size, in a tenth of the time or less.
  ///
  /// - Returns: what is suspicious about its predictions, a line each: such weights belong to another preprocessing or
  ///   activation, or are damaged.
  package func selfCheck(pool: WorkerPool) -> [String] {
    let side = SelfCheck.maxSide
    let size = InputSize(height: min(side, inputSize.height), width: min(side, inputSize.width))
    // Multiples of 32 can always be planned. If not, the whole input is right too.
    let image = prepare(SelfCheck.image(size), planned: size) ?? prepare(SelfCheck.image(inputSize))
    var predictor = Predictor(self, pool: pool)
    let options = DetectionOptions(keepsPredictions: true)
    guard let predictions = predictor.detect([(image, options)]).first?.predictions else { return [] }
    return SelfCheck.warnings(predictions, threshold: options.scoreThreshold)
  }
}

package enum SelfCheck {
  /// Of the cells of an empty image, more than this share see an object only where weights are used wrongly.
  private static let suspiciousShare = 0.25
  /// Of the image, in pixels; a multiple of 32. The coarsest feature map still has cells that do not see its edge.
  static let maxSide = 128

  package static func image(_ size: InputSize) -> Image {
    var pixels = [UInt8](repeating: 114, count: 3 * size.width * size.height)
    for row in 0..<size.height {
      for column in size.width / 2..<size.width {
        let level = UInt8(truncatingIfNeeded: 255 * row / max(size.height - 1, 1))
        for channel in 0..<3 { pixels[(row * size.width + column) * 3 + channel] = level }
      }
    }
    return Image(width: size.width, height: size.height, pixels: pixels)
  }

  /// - Parameter predictions: `[anchors, 5 + classes]`.
  package static func warnings(_ predictions: Tensor, threshold: Float) -> [String] {
    let columns = predictions.shape[1]
    guard predictions.values.allSatisfy(\.isFinite) else {
      return [
        "its predictions for an empty image are not finite; the weights are damaged or meant for another activation"
      ]
    }
    let anchors = predictions.shape[0]
    func isConstant(_ column: Int) -> Bool {
      let first = predictions.values[column]
      return (0..<anchors).allSatisfy { abs(predictions.values[$0 * columns + column] - first) < 1e-6 }
    }
    // Of three feature maps, each with its own bias, not even one sees the image.
    if anchors > 1, (0..<columns).allSatisfy({ isConstant($0) }) {
      return ["its predictions do not depend on the image; the weights are damaged"]
    }
    let seeing = (0..<anchors).count { anchor in
      let row = predictions.values[anchor * columns..<(anchor + 1) * columns]
      return row[row.startIndex + 4] * (row[(row.startIndex + 5)...].max() ?? 0) >= threshold
    }
    guard Double(seeing) > suspiciousShare * Double(anchors) else { return [] }
    return [
      "it sees \(seeing) objects in an empty image; check --preprocessing and --activation, or the training"
    ]
  }
}
