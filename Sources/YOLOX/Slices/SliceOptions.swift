/// How a large image is detected in overlapping tiles besides as a whole, so that small objects cover enough pixels of the
/// network's input (Akyon et al., Slicing Aided Hyper Inference, 2022; terms of its library SAHI).
package struct SliceOptions: Hashable, Sendable {
  package enum Layout: Hashable, Sendable {
    /// As many tiles across and down, of equal size. Images too small for that get fewer.
    case grid(columns: Int, rows: Int)
    /// Tiles of so many pixels.
    case size(width: Int, height: Int)
  }

  /// Bounds the tiles of one image; the whole image comes on top.
  package static let maxTiles = 64
  /// In pixels. Smaller tiles show nothing that a network can detect.
  package static let minTileSide = 32
  package static let maxTileSide = 65_536
  package static let overlapRange: ClosedRange<Double> = 0...0.9

  package var layout: Layout
  /// The part of a tile's side that the next tile covers too, 0...0.9.
  package var overlap: Double
  package var merge: SliceMerge

  /// The defaults are SAHI's.
  package init(_ layout: Layout, overlap: Double = 0.2, merge: SliceMerge = SliceMerge()) {
    self.layout = layout
    self.overlap = overlap
    self.merge = merge
  }
}

extension SliceOptions.Layout {
  /// A grid from `3x2`, columns by rows; `nil` if there are none or too many.
  package init?(grid text: some StringProtocol) {
    guard let (columns, rows) = parsePair(text), columns > 0, rows > 0,
      columns <= SliceOptions.maxTiles, rows <= SliceOptions.maxTiles, columns * rows <= SliceOptions.maxTiles
    else { return nil }
    self = .grid(columns: columns, rows: rows)
  }

  /// A size in pixels from `640` or `640x480`; `nil` outside the limits.
  package init?(size text: some StringProtocol) {
    let sides = SliceOptions.minTileSide...SliceOptions.maxTileSide
    guard let (width, height) = Int(text).map({ ($0, $0) }) ?? parsePair(text), sides.contains(width),
      sides.contains(height)
    else { return nil }
    self = .size(width: width, height: height)
  }

  package static let gridFormat = "columns x rows such as 2x2, at most \(SliceOptions.maxTiles) tiles"
  package static let sizeFormat =
    "pixels such as 640 or 640x480, from \(SliceOptions.minTileSide) to \(SliceOptions.maxTileSide)"
}

/// `640x480`
func parsePair(_ text: some StringProtocol) -> (Int, Int)? {
  let parts = text.split(separator: "x", omittingEmptySubsequences: false)
  guard parts.count == 2, let first = Int(parts[0]), let second = Int(parts[1]) else { return nil }
  return (first, second)
}
