import ArgumentParser
import Engine
import YOLOX

/// `--precision`.
package enum PrecisionOption: ExpressibleByArgument, Equatable {
  case auto
  case fixed(Precision)

  static let help = ArgumentHelp(
    "Numeric precision. auto: the fastest that costs at most 0.2 points of AP.",
    discussion: "int8 needs weights from 'yolox weights quantize'; bf16 applies to dense convolutions.")

  /// Where a file may set it, the parser knows no default.
  static let helpWithDefault = ArgumentHelp(
    "Precision, fp32 if not set. auto: fastest that costs at most 0.2 points of AP.",
    discussion: help.discussion)

  package init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else if let precision = Precision(rawValue: argument) {
      self = .fixed(precision)
    } else {
      return nil
    }
  }

  package static var allValueStrings: [String] { ["auto"] + Precision.allCases.map(\.rawValue) }

  package var defaultValueDescription: String {
    switch self {
    case .auto: "auto"
    case .fixed(let precision): precision.rawValue
    }
  }

  /// - Parameter report: receives what `auto` has chosen.
  func resolved(for weights: PretrainedWeights, report: (PrecisionChoice) -> Void) -> Precision {
    switch self {
    case .fixed(let precision):
      return precision
    case .auto:
      let choice = PrecisionChoice(averagePrecision: weights.calibration?.averagePrecision ?? [:])
      report(choice)
      return choice.precision
    }
  }
}
