import ArgumentParser
import Training
import YOLOX

/// The sides that the network's input takes in turns.
enum MultiScaleOption: ExpressibleByArgument, Equatable {
  /// The paper's range for the network.
  case auto
  /// Always the same side.
  case off
  case range(ClosedRange<Int>)

  init?(argument: String) {
    switch argument {
    case "auto": self = .auto
    case "off": self = .off
    default:
      let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count == 2, let least = ends[0], let most = ends[1], least > 0, least <= most,
        least % 32 == 0, most % 32 == 0
      else { return nil }
      self = .range(least...most)
    }
  }

  /// - Parameter side: of the input, for which the network is trained.
  func range(_ variant: Variant, side: Int) -> ClosedRange<Int>? {
    switch self {
    case .auto: TrainingOptions.multiScale(variant, side: side)
    case .off: nil
    case .range(let range): range
    }
  }
}
