import CKernels

/// Channels to a block; see CKernels.h for a drawing of the layout.
package let channelBlock = Int(YX_BLOCK)

/// Where the numbers of one feature map `[C, H, W]` lie in channel-blocked memory.
package struct BlockedLayout: Sendable {
  package let channels: Int
  package let height: Int
  package let width: Int
  /// Zero pixels around each plane.
  let border: Int
  /// First block of each run of channels and how many channels are in it: a concatenation of 24 and 24 channels lies
  /// in 2 + 2 blocks, each run ending in 8 unused places.
  let segments: [Segment]
  /// From the start of the memory that holds the map.
  let firstBlock: Int
  /// Where in the first block the map's first channel lies.
  var firstLane = 0

  struct Segment: Sendable, Equatable {
    let channels: Int
    var blocks: Int { (channels + channelBlock - 1) / channelBlock }
  }

  var blocks: Int { segments.reduce(0) { $0 + $1.blocks } }
  var rowStride: Int { (width + 2 * border) * channelBlock }
  var blockStride: Int { (height + 2 * border) * rowStride }
  /// Of pixel (0, 0) of the map's first block.
  var origin: Int { firstBlock * blockStride + border * rowStride + border * channelBlock }

  /// For each place in the map's blocks the channel that lies there, or `nil` where none does.
  var channelOfLane: [Int?] {
    var next = 0
    return segments.flatMap { segment -> [Int?] in
      defer { next += segment.channels }
      return (0..<segment.blocks * channelBlock).map { $0 < segment.channels ? next + $0 : nil }
    }
  }

  var kernelLayout: yx_layout {
    yx_layout(origin: Int64(origin), row_stride: Int64(rowStride), block_stride: Int64(blockStride))
  }

  /// Where in the memory the number of `channel` at (`row`, `column`) lies. Only for maps of a single run.
  package func index(channel: Int, row: Int, column: Int) -> Int {
    let place = firstLane + channel
    return origin + place / channelBlock * blockStride + row * rowStride + column * channelBlock
      + place % channelBlock
  }
}
