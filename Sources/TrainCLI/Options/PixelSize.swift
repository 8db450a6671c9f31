import ArgumentParser

/// The size of an image, `3840x2160`.
struct PixelSize: ExpressibleByArgument {
  let width: Int
  let height: Int

  init?(argument: String) {
    let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1], (64...8192).contains(width),
      (64...8192).contains(height)
    else { return nil }
    (self.width, self.height) = (width, height)
  }
}

/// A range of pixels, `24-160`.
struct PixelRange: ExpressibleByArgument {
  let range: ClosedRange<Int>

  init?(argument: String) {
    let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low >= 8, low <= high, high <= 8192 else {
      return nil
    }
    range = low...high
  }
}
