/// Runs a network in float32 over sample images and measures the range of each layer for int8: first minimum and maximum,
/// then a histogram, from which it selects the ranges with the least quantization error.
package struct Calibrator: ~Copyable {
  private var executor: Executor
  private var layers: [(path: String, numbers: HistogramObserver)]
  private var image: HistogramObserver
  /// The name of the image's range.
  private let imagePath: String

  /// - Throws: as ``Plan/init(_:parameters:height:width:options:)``.
  package init(
    _ graph: Graph, parameters: Parameters, height: Int, width: Int, pool: WorkerPool
  ) throws(PlanError) {
    let results = try graph.fusedLayers(parameters).filter { layer in
      guard case .convolution = layer.work else { return false }
      return !graph.outputs.contains { $0.value == layer.result }
    }
    // As outputs of the network the layers' results stay in memory until the end.
    let exposed = Graph(
      nodes: graph.nodes, outputs: results.map { (name: $0.path, value: $0.result) }, masks: [])
    executor = Executor(
      try Plan(exposed, parameters: parameters, height: height, width: width), capacity: 1, pool: pool)
    layers = results.map { ($0.path, HistogramObserver(channels: graph[$0.result].channels)) }
    imagePath = graph.nodes[0].path
    image = HistogramObserver(channels: graph.nodes[0].channels)
  }

  /// The first pass over the images.
  package mutating func observeMinMax(_ pixels: Tensor) {
    forEachLayer(pixels) { numbers, values, map in
      map.forEach(values) { channel, value in numbers.observeMinMax(value, channel: channel) }
    }
    let area = pixels.shape[1] * pixels.shape[2]
    for (index, value) in pixels.values.enumerated() { image.observeMinMax(value, channel: index / area) }
  }

  /// The second pass.
  package mutating func observeHistogram(_ pixels: Tensor) {
    forEachLayer(pixels) { numbers, values, map in
      map.forEach(values) { channel, value in numbers.observeHistogram(value, channel: channel) }
    }
  }

  /// Layers that gave values beyond any sensible range; no ranges can be learnt from them.
  package var overflowingLayers: [String] { layers.filter(\.numbers.isOverflowing).map(\.path) }

  /// The image keeps its full range; ranges of layers are clipped where that reduces the quantization error.
  package var ranges: ActivationRanges {
    var ranges = [imagePath: image.minMax]
    for layer in layers { ranges[layer.path] = layer.numbers.bestRange.equalized }
    return ranges
  }

  private mutating func forEachLayer(
    _ pixels: Tensor, _ body: (inout HistogramObserver, Span<Float>, BlockedLayout) -> Void
  ) {
    executor.run([pixels])
    for index in layers.indices {
      executor.withOutput(layers[index].path, image: 0) { values, map in
        body(&layers[index].numbers, values, map)
      }
    }
  }
}

extension BlockedLayout {
  /// Visits every number of a map of a single run of channels.
  fileprivate func forEach(_ values: Span<Float>, _ body: (_ channel: Int, _ value: Float) -> Void) {
    for block in 0..<blocks {
      for row in 0..<height {
        let start = origin + block * blockStride + row * rowStride
        for column in 0..<width {
          for lane in 0..<min(channelBlock, channels - block * channelBlock) {
            body(block * channelBlock + lane, values[start + column * channelBlock + lane])
          }
        }
      }
    }
  }
}
