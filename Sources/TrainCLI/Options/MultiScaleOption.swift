import ArgumentParser
import Training
import YOLOX

/// The range of input sizes in multi-scale training.
enum MultiScaleOption: ExpressibleByArgument, Equatable {
  /// The paper's range for the network.
  case auto
  /// One fixed size.
  case off
  case range(ClosedRange<Int>)

  init?(argument: String) {
    switch argument {
    case "auto": self = .auto
    case "off": self = .off
    default:
      let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count == 2, let low = ends[0], let high = ends[1], low > 0, low <= high,
        low % 32 == 0, high % 32 == 0
      else { return nil }
      self = .range(low...high)
    }
  }

  /// - Parameter size: the input size of the network.
  func range(_ variant: Variant, size: Int) -> ClosedRange<Int>? {
    switch self {
    case .auto: TrainingOptions.multiScale(variant, size: size)
    case .off: nil
    case .range(let range): range
    }
  }
}
