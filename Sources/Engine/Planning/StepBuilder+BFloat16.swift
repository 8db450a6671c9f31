import CKernels

/// Input of a convolution in bfloat16 before rounding.
struct BFloat16Input {
  /// `origin` is the first number that output row 0 needs.
  let layout: yx_layout
  let planes: Int
  let geometry: FoldedWeights.Geometry
  /// Number of adjacent values of a pixel.
  let pixelFloats: Int
  /// Start of each tap: plane, row relative to an output pixel's first row, offset in the row (even, because two numbers
  /// share a word).
  let taps: [(plane: Int, row: Int, float: Int)]

  func rowFloats(width: Int) -> Int { ((width - 1) * geometry.stride + geometry.kernel) * pixelFloats }
  func rowCount(outputRows: Int) -> Int { (outputRows - 1) * geometry.stride + geometry.kernel }
}

/// Plans dense convolutions in bfloat16. Maps stay float32 in memory; each unit of work rounds the rows that it needs
/// into scratch memory, once for all output channels.
extension StepBuilder {
  /// Sums of fewer products, the first convolution and the predictions stay in float32: they are the most sensitive and gain
  /// the least. AP of YOLOX-Nano on 79 images of COCO: 0.312 in float32, 0.306 with every dense layer in bfloat16, 0.315
  /// with this rule. The rule was chosen on the same images, which are too few to separate the three reliably.
  static let minBFloat16Products = 64

  /// - Parameters:
  ///   - kernel: the same convolution in float32, without weights.
  ///   - packed: packs its weights.
  mutating func appendBFloat16(
    _ kernel: yx_convolution, reading input: BFloat16Input, _ packed: () -> [Float], _ layer: FusedLayer,
    offset: Int,
    residual: Value?, output: BlockedLayout, rows: Int? = nil, operationsPerPixel: Int
  ) {
    let rows = rows ?? output.height
    let width = Int(kernel.width)
    let rowWords = (input.rowFloats(width: width) + 1) / 2
    // Each unit reads all weights again, so units are large, as long as their input fits into a part of the second-level
    // cache.
    let operations = output.blocks * rows * width * operationsPerPixel
    var units = min(max(operations / 8_000_000, 4), 64, rows)
    let words = { (units: Int) in
      input.planes * input.rowCount(outputRows: (rows + units - 1) / units) * rowWords
    }
    while units < rows, words(units) > 96 * 1024 { units += 1 }
    let maxRows = input.rowCount(outputRows: (rows + units - 1) / units)
    scratchSize = max(scratchSize, words(units))

    var pairs = kernel
    pairs.depth /= 2
    pairs.input_pixel_stride = Int64(input.geometry.stride * input.pixelFloats / 2)
    pairs.input_row_stride = Int64(input.geometry.stride * rowWords)
    pairs.input_origin = 0
    pairs.offsets = constants.add(
      input.taps.map { Int64(($0.plane * maxRows + $0.row) * rowWords + $0.float / 2) })
    pairs.weights = UnsafeRawPointer(
      constants.shared(layer.constants("bf16")) { packed().pairsOfBFloat16 }
    ).assumingMemoryBound(to: Float.self)
    append(
      .bf16Convolution(
        yx_bf16_convolution(
          convolution: pairs, blocks: Int32(output.blocks), kernel: Int32(input.geometry.kernel),
          stride: Int32(input.geometry.stride), input: input.layout, planes: Int32(input.planes),
          row_floats: Int32(input.rowFloats(width: width)), bf16_row_stride: Int64(rowWords),
          max_rows: Int64(maxRows))),
      layer, input: offset, residual: residual, output: output, rows: rows, width: width, units: units,
      blocksPerUnit: output.blocks, operationsPerPixel: operationsPerPixel)
  }
}

extension [Float] {
  /// `[...][places][16]` to `[...][places / 2][16]` words of two bfloat16: of place 2i in the lower half, of 2i + 1 in
  /// the upper.
  fileprivate var pairsOfBFloat16: [UInt32] {
    var words = [UInt32](repeating: 0, count: count / 2)
    for word in words.indices {
      let (pair, lane) = word.quotientAndRemainder(dividingBy: channelBlock)
      let first = pair * 2 * channelBlock + lane
      words[word] = self[first].bfloat16Bits | self[first + channelBlock].bfloat16Bits << 16
    }
    return words
  }
}

extension Float {
  /// Rounded to nearest, ties to even.
  fileprivate var bfloat16Bits: UInt32 {
    isNaN ? 0x7fc0 : (bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)) >> 16
  }
}
