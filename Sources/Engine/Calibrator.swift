/// Runs a network in float32 over sample images to learn which range of numbers each layer gives: first the extremes,
/// then how the numbers are spread between them, from which the ranges follow that bytes represent best.
package struct Calibrator: ~Copyable {
  private var executor: Executor
  private var layers: [LayerStatistics]
  private var image: LayerStatistics

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
    let exposed = Graph(nodes: graph.nodes, outputs: results.map { (name: $0.path, value: $0.result) })
    executor = Executor(
      try Plan(exposed, parameters: parameters, height: height, width: width), capacity: 1, pool: pool)
    layers = results.map { LayerStatistics(path: $0.path, channels: graph[$0.result].channels) }
    imagePath = graph.nodes[0].path
    image = LayerStatistics(path: imagePath, channels: graph.nodes[0].channels)
  }

  /// The first pass over the images.
  package mutating func observeExtremes(_ pixels: Tensor) {
    forEachLayer(pixels) { layer, values, map in layer.observeExtremes(values, map) }
    let area = pixels.count / image.channels
    for (index, value) in pixels.values.enumerated() { image.observe(value, channel: index / area) }
  }

  /// The second pass.
  package mutating func observeSpread(_ pixels: Tensor) {
    forEachLayer(pixels) { layer, values, map in layer.observeSpread(values, map) }
  }

  package var ranges: ActivationRanges {
    var ranges = [imagePath: image.extremes]
    for layer in layers { ranges[layer.path] = layer.bestRange }
    return ranges
  }

  private mutating func forEachLayer(
    _ pixels: Tensor, _ body: (inout LayerStatistics, Span<Float>, BlockedLayout) -> Void
  ) {
    executor.run([pixels])
    for index in layers.indices {
      executor.withOutput(layers[index].path, image: 0) { values, map in body(&layers[index], values, map) }
    }
  }
}

/// What one layer's numbers were, channel by channel.
private struct LayerStatistics {
  let path: String
  let channels: Int
  private(set) var extremes: ActivationRange
  /// `[channels][bins]`: how many numbers fell into each part of the channel's range.
  private var counts: [UInt32] = []

  private static let bins = 512

  init(path: String, channels: Int) {
    self.path = path
    self.channels = channels
    extremes = ActivationRange(
      lowest: [Float](repeating: 0, count: channels), highest: [Float](repeating: 0, count: channels))
  }

  mutating func observe(_ value: Float, channel: Int) {
    extremes.lowest[channel] = min(extremes.lowest[channel], value)
    extremes.highest[channel] = max(extremes.highest[channel], value)
  }

  mutating func observeExtremes(_ values: Span<Float>, _ map: BlockedLayout) {
    map.forEach(values) { channel, value in observe(value, channel: channel) }
  }

  mutating func observeSpread(_ values: Span<Float>, _ map: BlockedLayout) {
    if counts.isEmpty { counts = [UInt32](repeating: 0, count: channels * LayerStatistics.bins) }
    map.forEach(values) { channel, value in
      let (low, high) = (extremes.lowest[channel], extremes.highest[channel])
      guard high > low else { return }
      let bin = Int((value - low) / (high - low) * Float(LayerStatistics.bins))
      counts[channel * LayerStatistics.bins + min(max(bin, 0), LayerStatistics.bins - 1)] += 1
    }
  }

  /// For each channel the part of its extremes with the least expected squared error of a byte.
  var bestRange: ActivationRange {
    guard !counts.isEmpty else { return extremes }
    var best = extremes
    for channel in 0..<channels {
      let (low, high) = (extremes.lowest[channel], extremes.highest[channel])
      guard high > low else { continue }
      var least = Double.infinity
      for percent in stride(from: 100, through: 40, by: -2) {
        let factor = Float(percent) / 100
        let error = expectedError(channel, low: low * factor, high: high * factor)
        if error < least {
          least = error
          best.lowest[channel] = low * factor
          best.highest[channel] = high * factor
        }
      }
    }
    return best
  }

  /// Inside the range a byte is off by a third of half a step's square on average; outside by the way to its end.
  private func expectedError(_ channel: Int, low: Float, high: Float) -> Double {
    let step = (high - low) / 255
    let inside = Double(step * step) / 12
    let width = (extremes.highest[channel] - extremes.lowest[channel]) / Float(LayerStatistics.bins)
    var error = 0.0
    for bin in 0..<LayerStatistics.bins {
      let count = Double(counts[channel * LayerStatistics.bins + bin])
      guard count > 0 else { continue }
      let value = extremes.lowest[channel] + (Float(bin) + 0.5) * width
      let beyond = Double(max(low - value, value - high, 0))
      error += count * (beyond > 0 ? beyond * beyond : inside)
    }
    return error
  }
}

extension BlockedLayout {
  /// Visits every number of a map of a single run of channels.
  fileprivate func forEach(_ values: Span<Float>, _ body: (_ channel: Int, _ value: Float) -> Void) {
    for block in 0..<blocks {
      for row in 0..<height {
        let start = origin + block * blockStep + row * rowStep
        for column in 0..<width {
          for lane in 0..<min(channelBlock, channels - block * channelBlock) {
            body(block * channelBlock + lane, values[start + column * channelBlock + lane])
          }
        }
      }
    }
  }
}
