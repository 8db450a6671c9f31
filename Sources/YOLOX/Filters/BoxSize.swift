/// A limit of a box's width and height.
package struct BoxSize: Hashable, Sendable {
  package enum Length: Hashable, Sendable {
    case pixels(Double)
    /// Of the image's width or height, 0...1.
    case share(Double)

    func pixels(of side: Int) -> Double {
      switch self {
      case .pixels(let pixels): pixels
      case .share(let share): share * Double(side)
      }
    }
  }

  package var width: Length
  package var height: Length

  /// From `32`, `32x64`, `5%` or `5%x10%`; `nil` if it is none of these.
  package init?(_ text: some StringProtocol) {
    let lengths = text.split(separator: "x", omittingEmptySubsequences: false).map(BoxSize.length)
    guard (1...2).contains(lengths.count), let width = lengths[0], let height = lengths[lengths.count - 1]
    else { return nil }
    (self.width, self.height) = (width, height)
  }

  private static func length(_ text: some StringProtocol) -> Length? {
    let isShare = text.hasSuffix("%")
    guard let number = Double(isShare ? text.dropLast() : text[...]), number.isFinite, number >= 0 else {
      return nil
    }
    guard isShare else { return .pixels(number) }
    return number <= 100 ? .share(number / 100) : nil
  }

  package static let format =
    "pixels such as 32 or 32x64, or percent of the image's sides such as 5% or 5%x10%"
}
