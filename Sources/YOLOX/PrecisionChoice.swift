import Engine

/// The fastest precision that loses next to nothing, and why it is that one.
package struct PrecisionChoice: Sendable, Equatable, CustomStringConvertible {
  package let precision: Precision
  /// How much average precision it costs, 0...1.
  package let loss: Double
  /// Why it is none of the faster ones.
  package let rejected: [Finding]

  package enum Finding: Sendable, Equatable, CustomStringConvertible {
    /// This processor gains nothing by it.
    case slow(Precision)
    /// The weights do not say what it costs.
    case unmeasured(Precision)
    case inaccurate(Precision, loss: Double)

    package var description: String {
      switch self {
      case .slow(let precision): "\(precision.rawValue) is not faster on this processor"
      case .unmeasured(let precision): "\(precision.rawValue) was not measured with these weights"
      case .inaccurate(let precision, let loss):
        "\(precision.rawValue) loses \(PrecisionChoice.points(loss))"
      }
    }
  }

  /// A fifth of a point of average precision.
  package static let acceptedLoss = 0.002

  /// What bfloat16 costs where the weights do not say: nothing that 159 pictures of COCO show, YOLOX-Nano having an AP of
  /// 0.2734 on them in both.
  package static let usualLosses: [Precision: Double] = [.bfloat16: 0]

  /// - Parameters:
  ///   - averagePrecision: of the weights in each precision in which they were measured, 0...1.
  ///   - isFast: whether this machine computes faster with a precision than with those before it.
  package init(
    averagePrecision: [Precision: Double], isFast: (Precision) -> Bool = { $0.isFast }
  ) {
    var rejected: [Finding] = []
    for precision in [Precision.int8, .bfloat16] {
      guard isFast(precision) else {
        rejected.append(.slow(precision))
        continue
      }
      let measured = averagePrecision[.float32].flatMap { best in
        averagePrecision[precision].map { max(best - $0, 0) }
      }
      guard let loss = measured ?? PrecisionChoice.usualLosses[precision] else {
        rejected.append(.unmeasured(precision))
        continue
      }
      guard loss <= PrecisionChoice.acceptedLoss else {
        rejected.append(.inaccurate(precision, loss: loss))
        continue
      }
      self.init(precision: precision, loss: loss, rejected: rejected)
      return
    }
    self.init(precision: .float32, loss: 0, rejected: rejected)
  }

  private init(precision: Precision, loss: Double, rejected: [Finding]) {
    self.precision = precision
    self.loss = loss
    self.rejected = rejected
  }

  package var description: String {
    (["precision \(precision.rawValue), which loses \(PrecisionChoice.points(loss))"]
      + rejected.map(\.description)).joined(separator: "; ")
  }

  private static func points(_ loss: Double) -> String {
    let hundredths = Int((loss * 10000).rounded())
    return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100) points of AP"
  }
}
