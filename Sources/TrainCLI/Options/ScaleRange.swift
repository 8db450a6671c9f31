import ArgumentParser

/// A range of scales, `0.5-1.5`.
struct ScaleRange: ExpressibleByArgument {
  let range: ClosedRange<Float>

  init?(argument: String) {
    let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map { Float($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low > 0, low <= high, high <= 10 else {
      return nil
    }
    range = low...high
  }
}
