import Engine

/// The fastest precision within the allowed loss of accuracy, with the reason for the choice.
package struct PrecisionChoice: Sendable, Equatable, CustomStringConvertible {
  package let precision: Precision
  /// Loss of average precision, 0...1.
  package let loss: Double
  /// Whether the loss was measured with these weights.
  package let isMeasured: Bool
  /// Reason why no faster precision was chosen.
  package let rejected: [Finding]

  package enum Finding: Sendable, Equatable, CustomStringConvertible {
    /// The faster precision is not faster on this processor.
    case slow(Precision)
    /// The weights file has no measured loss.
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

  /// Allowed loss: 0.2 points of average precision.
  package static let acceptedLoss = 0.002

  /// Loss of bfloat16 if the weights file has no measurement: none on 159 images of COCO, where YOLOX-Nano has an AP of
  /// 0.2734 in both precisions.
  package static let usualLosses: [Precision: Double] = [.bfloat16: 0]

  /// - Parameters:
  ///   - averagePrecision: by measured precision, 0...1.
  ///   - isFast: whether this machine computes faster with a precision than with the less compact ones.
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
      self.init(precision: precision, loss: loss, isMeasured: measured != nil, rejected: rejected)
      return
    }
    self.init(precision: .float32, loss: 0, isMeasured: true, rejected: rejected)
  }

  private init(precision: Precision, loss: Double, isMeasured: Bool, rejected: [Finding]) {
    self.precision = precision
    self.loss = loss
    self.isMeasured = isMeasured
    self.rejected = rejected
  }

  package var description: String {
    ([summary] + rejected.map(\.description)).joined(separator: "; ")
  }

  private var summary: String {
    if precision == .float32 { return "precision \(precision.rawValue), the reference" }
    let source = isMeasured ? "measured with these weights" : "usual, not measured with these weights"
    return "precision \(precision.rawValue), which loses \(PrecisionChoice.points(loss)) (\(source))"
  }

  private static func points(_ loss: Double) -> String {
    let hundredths = Int((loss * 10000).rounded())
    return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100) points of AP"
  }
}
