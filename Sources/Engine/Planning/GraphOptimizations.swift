/// Replaces layers by cheaper ones with the same results, for networks in floats.
extension [FusedLayer] {
  func optimized(for graph: Graph) -> [FusedLayer] {
    var layers = map { $0.preparedForSiLU() }
    layers.shareBlocks(graph)
    layers.convolveBeforeUpsampling(graph)
    layers.chainPools()
    layers.maskBranches(graph)
    return layers
  }

  /// Merges output convolutions with few channels into the last block of another convolution of the same map: box and
  /// objectness of a detection head become one convolution.
  private mutating func shareBlocks(_ graph: Graph) {
    let read = Set(graph.nodes.flatMap(\.inputs))
    var position = startIndex
    while position < endIndex {
      guard let host = self[position].pointwise, !read.contains(self[position].result) else {
        position += 1
        continue
      }
      let guest = indices.dropFirst(position + 1).first { index in
        guard let other = self[index].pointwise, self[index].input == self[position].input else {
          return false
        }
        return !read.contains(self[index].result) && other.activation == host.activation
          && host.weights.bias.count + other.weights.bias.count <= channelBlock
      }
      guard let guest, let other = self[guest].pointwise else {
        position += 1
        continue
      }
      let (layer, joined) = (self[position], host.weights.followed(by: other.weights))
      self[position] = FusedLayer(
        work: .convolution(
          .pointwise(joined), weights: joined, activation: host.activation, residual: nil),
        input: layer.input, result: layer.result, path: layer.path,
        packedOutputs: layer.packedOutputs + [
          .init(value: self[guest].result, firstLane: host.weights.bias.count)
        ])
      remove(at: guest)
    }
  }

  /// A 1x1 convolution of an upsampled map equals the upsampled convolution of the map, for a quarter of the work. Where an
  /// upsampled map is concatenated with another one and read by 1x1 convolutions, the sums of each start from the upsampled
  /// result of a convolution of the small map.
  private mutating func convolveBeforeUpsampling(_ graph: Graph) {
    var added = graph.nodes.count
    for upsample in self {
      guard case .upsample2x = upsample.work, let whole = graph.soleConcat(of: upsample.result) else {
        continue
      }
      let parts = graph[whole].inputs
      let readers = indices.filter { self[$0].input == whole }
      guard parts.count == 2, parts[0] == upsample.result, parts[1] != upsample.result,
        graph.readers(of: whole) == readers.count,
        readers.allSatisfy({
          self[$0].pointwise.map { $0.weights.bias.count.isMultiple(of: channelBlock) } ?? false
        })
      else { continue }

      let small = graph[parts[0]].channels
      let result = Value(index: added)
      added += 1
      var early: FoldedWeights?
      for index in readers {
        guard case .convolution(_, let weights, let activation, let residual) = self[index].work else {
          continue
        }
        var (first, rest) = weights.split(afterInput: small)
        rest.bias = [Float](repeating: 0, count: rest.bias.count)
        let block = (early?.bias.count ?? 0) / channelBlock
        first.bias = weights.bias
        early = early.map { $0.followed(by: first) } ?? first
        self[index] = FusedLayer(
          work: .convolution(.pointwise(rest), weights: rest, activation: activation, residual: residual),
          input: parts[1], result: self[index].result, path: self[index].path,
          upsampledInit: .init(value: result, firstBlock: block))
      }
      guard let early, let position = firstIndex(where: { $0.result == upsample.result }) else { continue }
      self[position] = FusedLayer(
        work: .convolution(.pointwise(early), weights: early, activation: nil, residual: nil),
        input: upsample.input, result: result, path: upsample.path, order: upsample.result.index)
    }
  }

  /// The maximum over a large window is the maximum over a smaller window of maxima.
  private mutating func chainPools() {
    let pools = indices.compactMap { index -> (index: Int, kernel: Int, input: Value)? in
      guard case .maxPool(let kernel) = self[index].work else { return nil }
      return (index, kernel, self[index].input)
    }
    for pool in pools {
      let smaller = pools.filter {
        $0.index < pool.index && $0.kernel < pool.kernel && $0.input == pool.input
      }
      guard let last = smaller.max(by: { $0.kernel < $1.kernel }) else { continue }
      self[pool.index] = FusedLayer(
        work: .maxPool(kernel: pool.kernel - last.kernel + 1), input: self[last.index].result,
        result: self[pool.index].result, path: self[pool.index].path)
    }
  }
}

extension FusedLayer {
  /// Weights and activation of a dense 1x1 convolution to which nothing is added.
  fileprivate var pointwise: (weights: FoldedWeights, activation: Activation?)? {
    guard case .convolution(let convolution, let weights, let activation, nil) = work,
      convolution.groups == 1,
      weights.geometry.kernel == 1, weights.geometry.stride == 1, upsampledInit == nil
    else { return nil }
    return (weights, activation)
  }

  /// SiLU is cheaper for numbers multiplied by log2 e (``Activation/codeAfterConvolution``). Multiplying the weights costs
  /// nothing at run time.
  fileprivate func preparedForSiLU() -> FusedLayer {
    guard case .convolution(let convolution, var weights, .silu?, let residual) = work else { return self }
    let log2e: Float = 1.442_695_04
    for index in weights.weight.values.indices { weights.weight.values[index] *= log2e }
    for index in weights.bias.indices { weights.bias[index] *= log2e }
    return FusedLayer(
      work: .convolution(convolution, weights: weights, activation: .silu, residual: residual), input: input,
      result: result, path: path)
  }
}

extension FoldedWeights {
  /// A convolution with the outputs of both.
  fileprivate func followed(by other: FoldedWeights) -> FoldedWeights {
    var shape = weight.shape
    shape[0] += other.weight.shape[0]
    return FoldedWeights(
      weight: Tensor(shape: shape, values: weight.values + other.weight.values), bias: bias + other.bias,
      geometry: geometry)
  }

  /// Splits a 1x1 convolution into the weights of the first `channels` inputs and those of the others.
  fileprivate func split(afterInput channels: Int) -> (FoldedWeights, FoldedWeights) {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    func part(_ range: Range<Int>) -> FoldedWeights {
      FoldedWeights(
        weight: Tensor(
          shape: [outputs, range.count, 1, 1],
          values: (0..<outputs).flatMap { output in
            weight.values[output * inputs + range.lowerBound..<output * inputs + range.upperBound]
          }), bias: bias, geometry: geometry)
    }
    return (part(0..<channels), part(channels..<inputs))
  }
}

extension Convolution {
  fileprivate static func pointwise(_ weights: FoldedWeights) -> Convolution {
    Convolution(
      inputChannels: weights.weight.shape[1], outputChannels: weights.weight.shape[0], kernel: 1, stride: 1,
      groups: 1, hasBias: true)
  }
}

extension Graph {
  /// Number of nodes that read `value`; the caller counts as one.
  fileprivate func readers(of value: Value) -> Int {
    nodes.reduce(0) { $0 + $1.inputs.count { $0 == value } } + outputs.count { $0.value == value }
  }

  /// The concatenation that is the only reader of `value`.
  fileprivate func soleConcat(of value: Value) -> Value? {
    guard readers(of: value) == 1,
      let index = nodes.firstIndex(where: { $0.operation == .concat && $0.inputs.contains(value) })
    else { return nil }
    return Value(index: index)
  }
}
