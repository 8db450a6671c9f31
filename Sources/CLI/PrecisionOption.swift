import ArgumentParser
import Engine
import YOLOX

/// `--precision`.
enum PrecisionOption: ExpressibleByArgument, Equatable {
  case auto
  case fixed(Precision)

  static let help = ArgumentHelp(
    """
    fp32; bf16: dense convolutions multiply bfloat16; int8: for weights from 'yolox weights quantize'; auto: the \
    fastest of them on this processor that loses at most 0.2 points of AP.
    """)

  init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else if let precision = Precision(rawValue: argument) {
      self = .fixed(precision)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { ["auto"] + Precision.allCases.map(\.rawValue) }

  var defaultValueDescription: String {
    switch self {
    case .auto: "auto"
    case .fixed(let precision): precision.rawValue
    }
  }

  /// - Parameter report: told what `auto` has chosen.
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
