/// A part of an image, in pixels.
package struct Tile: Hashable, Sendable {
  package let x: Int
  package let y: Int
  package let width: Int
  package let height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  /// From pixels of the tile to pixels of the image.
  package func toImage(_ detection: Detection) -> Detection {
    var detection = detection
    let (dx, dy) = (Float(x), Float(y))
    detection.box.x1 += dx
    detection.box.x2 += dx
    detection.box.y1 += dy
    detection.box.y2 += dy
    return detection
  }
}

/// An image needs more tiles than are allowed.
package struct TooManyTiles: Error, Equatable, CustomStringConvertible {
  package let count: Int

  package var description: String {
    "the image has \(count) tiles of this size; at most \(SliceOptions.maxTiles) are allowed. Use larger tiles or less overlap"
  }
}

extension SliceOptions {
  /// The parts of an image to run the network on: the tiles by rows, then the whole image. Only the whole image where one
  /// tile covers it.
  package func tiles(width: Int, height: Int) throws(TooManyTiles) -> [Tile] {
    let (columns, rows) = (spans(side: width, isWidth: true), spans(side: height, isWidth: false))
    let (count, overflows) = columns.count.multipliedReportingOverflow(by: rows.count)
    guard !overflows, count <= SliceOptions.maxTiles else {
      throw TooManyTiles(count: overflows ? .max : count)
    }
    let whole = Tile(x: 0, y: 0, width: width, height: height)
    guard count > 1 else { return [whole] }
    let tiles = (0..<rows.count).flatMap { row in
      (0..<columns.count).map { column in
        let (across, down) = (columns[column], rows[row])
        return Tile(x: across.start, y: down.start, width: across.length, height: down.length)
      }
    }
    return tiles + [whole]
  }

  private func spans(side: Int, isWidth: Bool) -> TileSpans {
    switch layout {
    case .grid(let columns, let rows):
      TileSpans(side: side, count: isWidth ? columns : rows, overlap: overlap)
    case .size(let width, let height):
      TileSpans(side: side, length: isWidth ? width : height, overlap: overlap)
    }
  }
}

/// The tiles along one side of an image.
private struct TileSpans {
  let count: Int
  private let side: Int
  private let length: Int
  private let starts: Starts

  private enum Starts {
    /// Tiles at this distance, the last one moved back to end with the image (SAHI, slicing.py, get_slice_bboxes).
    case stride(Int)
    case even
  }

  init(side: Int, length: Int, overlap: Double) {
    let length = min(length, side)
    let stride = max(1, length - Int(overlap * Double(length)))
    self.side = side
    self.length = length
    starts = .stride(stride)
    count = 1 + (side - length + stride - 1) / stride
  }

  init(side: Int, count: Int, overlap: Double) {
    let count = max(1, min(count, side / SliceOptions.minTileSide))
    self.side = side
    self.count = count
    let length = (Double(side) / (Double(count) - Double(count - 1) * overlap)).rounded(.up)
    self.length = min(side, Int(length))
    starts = .even
  }

  subscript(index: Int) -> (start: Int, length: Int) {
    switch starts {
    case .stride(let stride): (min(index * stride, side - length), length)
    case .even: (count > 1 ? (side - length) * index / (count - 1) : 0, length)
    }
  }
}
