import CKernels

/// Channels in a block; CKernels.h draws the layout.
package let channelBlock = Int(YX_BLOCK)

/// Layout of one feature map `[C, H, W]` in channel-blocked memory.
package struct BlockedLayout: Sendable {
  package let channels: Int
  package let height: Int
  package let width: Int
  /// Zero pixels around each plane.
  let border: Int
  /// First block and channel count of each run of channels: a concatenation of 24 and 24 channels has 2 + 2 blocks, and
  /// each run ends in 8 unused lanes.
  let segments: [Segment]
  /// Offset from the start of the memory that holds the map.
  let firstBlock: Int
  /// Lane of the map's first channel in its first block.
  var firstLane = 0

  struct Segment: Sendable, Equatable {
    let channels: Int
    var blocks: Int { (channels + channelBlock - 1) / channelBlock }
  }

  var blocks: Int { segments.reduce(0) { $0 + $1.blocks } }
  var rowStride: Int { (width + 2 * border) * channelBlock }
  var blockStride: Int { (height + 2 * border) * rowStride }
  /// Offset of pixel (0, 0) of the map's first block.
  var origin: Int { firstBlock * blockStride + border * rowStride + border * channelBlock }

  /// The channel of each lane of the map's blocks; `nil` for unused lanes.
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

  /// Offset of `channel` at (`row`, `column`). Only for maps of a single run.
  package func index(channel: Int, row: Int, column: Int) -> Int {
    let place = firstLane + channel
    return origin + place / channelBlock * blockStride + row * rowStride + column * channelBlock
      + place % channelBlock
  }
}
