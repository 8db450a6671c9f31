import CKernels

/// Plans 3x3 convolutions with stride 1 by Winograd's F(4x4, 3x3); see winograd.inl.h.
extension StepBuilder {
  /// Whether a dense convolution is planned here. Plans for further input sizes choose as the network's first plan, whose
  /// weights they share.
  func usesWinograd(_ layer: FusedLayer, _ geometry: FoldedWeights.Geometry) -> Bool {
    constants.base.map { $0.contains(winogradWeights(layer)) } ?? prefersWinograd(layer, geometry)
  }

  private func winogradWeights(_ layer: FusedLayer) -> String { layer.constants("winograd") }

  /// Compares estimated vector operations for one tile of 4x4 pixels: one for each product of a pair of blocks and a channel,
  /// and a measured constant for the transformations. Maps that fill their tiles badly stay direct. The choice is not
  /// measured at load time, so that a file gives the same boxes after every start; docs/performance.md evaluates it.
  private func prefersWinograd(_ layer: FusedLayer, _ geometry: FoldedWeights.Geometry) -> Bool {
    guard geometry.kernel == 3, geometry.stride == 1, geometry.padding == 1 else { return false }
    let input = memoryPlan.layout(of: layer.input)
    let output = memoryPlan.layout(of: layer.result)
    let tiles = WinogradTiles(output)
    let pairs = input.blocks * output.blocks * channelBlock
    let products = output.height * output.width * 9 * pairs
    // Winograd's sums lose too much precision in bfloat16, so it stays in float32 and must beat half as many products, with
    // a margin, because direct bfloat16 convolutions have less overhead than this estimate counts.
    let direct = precision == .bfloat16 ? products * 2 / 5 : products
    let winograd = tiles.count * (Int(YX_WINOGRAD) * pairs + 250 * input.blocks + 220 * output.blocks)
    return winograd < direct
  }

  mutating func addWinograd(
    _ layer: FusedLayer, _ weights: FoldedWeights, _ activation: Activation?, _ residual: Value?
  ) {
    let input = memoryPlan.layout(of: layer.input)
    let output = memoryPlan.layout(of: layer.result)
    let tiles = WinogradTiles(output)
    let kernel = yx_winograd(
      input_blocks: Int32(input.blocks), depth: Int32(input.blocks * channelBlock),
      output_blocks: Int32(output.blocks), width: Int32(output.width), height: Int32(output.height),
      tiles_across: Int32(tiles.across), input: input.kernelLayout,
      output: output.kernelLayout,
      residual: residual.map { memoryPlan.layout(of: $0).kernelLayout } ?? yx_layout(),
      weights: constants.shared(winogradWeights(layer)) {
        weights.packedWinograd(outputs: output.blocks, channelOfLane: input.channelOfLane)
      },
      bias: packedBias(layer, weights, blocks: output.blocks),
      activation: activation.codeAfterConvolution)
    append(
      .winograd(kernel, tiles: tiles.count), layer, residual: residual, output: output,
      units: tiles.units(inputBlocks: input.blocks), blocksPerUnit: output.blocks,
      operationsPerPixel: 2 * 9 * input.blocks * channelBlock * channelBlock)
    let largestShare = (tiles.count + steps[steps.count - 1].units - 1) / steps[steps.count - 1].units
    scratchSize = max(scratchSize, largestShare * Int(YX_WINOGRAD) * (input.blocks + 3) * channelBlock)
  }
}

/// The tiles of 4x4 pixels that cover a map.
struct WinogradTiles {
  let across: Int
  let down: Int
  var count: Int { across * down }

  init(_ map: BlockedLayout) {
    across = (map.width + 3) / 4
    down = (map.height + 3) / 4
  }

  /// Number of shares of the tiles, even. Each is as large as half a megabyte of cache permits, because every share reads
  /// all weights.
  func units(inputBlocks: Int) -> Int {
    let perUnit = min(max(224 / inputBlocks, 14), 56)
    let needed = (count + perUnit - 1) / perUnit
    return count < 8 ? 1 : (needed + 1) / 2 * 2
  }
}

extension FoldedWeights {
  fileprivate func packedWinograd(outputs blocks: Int, channelOfLane: [Int?]) -> [Float] {
    packedWinograd(outputs: blocks, places: channelOfLane.count) { place in
      channelOfLane[place].map { .init(first: $0 * 9, rowStride: 3, columnStride: 1) }
    }
  }

  /// Indices of an output's weights that form a 3x3 kernel.
  struct WinogradKernel {
    let first: Int
    let rowStride: Int
    let columnStride: Int
  }

  /// `G g G^T` of every 3x3 kernel, `[output blocks][36][places][16 outputs]`, in double until the end.
  func packedWinograd(
    outputs blocks: Int, places: Int, kernelOfPlace: (Int) -> WinogradKernel?
  ) -> [Float] {
    let outputs = weight.shape[0]
    let perOutput = weight.count / outputs
    let area = Int(YX_WINOGRAD)
    var packed = [Float](repeating: 0, count: blocks * area * places * channelBlock)
    packed.withUnsafeMutableBufferPointer { target in
      weight.values.withUnsafeBufferPointer { source in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 18) { half in
          for output in 0..<outputs {
            let (block, lane) = output.quotientAndRemainder(dividingBy: channelBlock)
            for place in 0..<places {
              guard let kernel = kernelOfPlace(place) else { continue }
              for column in 0..<3 {
                let first = output * perOutput + kernel.first + column * kernel.columnStride
                transform(
                  Double(source[first]), Double(source[first + kernel.rowStride]),
                  Double(source[first + 2 * kernel.rowStride])
                ) { row, value in half[row * 3 + column] = value }
              }
              for row in 0..<6 {
                transform(half[row * 3], half[row * 3 + 1], half[row * 3 + 2]) { column, value in
                  let position = (block * area + row * 6 + column) * places + place
                  target[position * channelBlock + lane] = Float(value)
                }
              }
            }
          }
        }
      }
    }
    return packed
  }
}

/// `G g` for the points 0, 1, -1, 2, -2 and infinity.
@inline(__always)
private func transform(_ a: Double, _ b: Double, _ c: Double, _ store: (Int, Double) -> Void) {
  store(0, a / 4)
  store(1, -(a + b + c) / 6)
  store(2, -(a - b + c) / 6)
  store(3, (a + 2 * b + 4 * c) / 24)
  store(4, (a - 2 * b + 4 * c) / 24)
  store(5, c)
}
