/// Runs a network in float32 over sample images to learn which range of numbers each layer gives: first the extremes,
/// then how the numbers are spread between them, from which the ranges follow that bytes represent best.
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

  /// An image has few levels and keeps all of them; a layer's rare large numbers are cut off where that serves the rest.
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
