/// What a calibration has seen of the numbers that a layer gives, channel by channel: the range that bytes are to cover,
/// and the mean.
package struct ActivationRange: Sendable, Equatable {
  package var lowest: [Float]
  package var highest: [Float]
  package var mean: [Float]

  package init(lowest: [Float], highest: [Float], mean: [Float]) {
    precondition(
      lowest.count == highest.count && mean.count == lowest.count, "a range has all three for each channel")
    self.lowest = lowest
    self.highest = highest
    self.mean = mean
  }
}

/// By the path of the convolution whose result (after normalisation, activation and addition) it is; `input` is the
/// image's.
package typealias ActivationRanges = [String: ActivationRange]

/// How the bytes of a map stand for numbers: `number = step * (byte - zero)`, channel by channel.
struct Quantization: Equatable {
  var steps: [Float]
  /// Whole numbers in 0...255.
  var zeros: [Float]
  /// What the numbers are on average.
  var means: [Float]

  init(joining parts: [Quantization]) {
    steps = parts.flatMap(\.steps)
    zeros = parts.flatMap(\.zeros)
    means = parts.flatMap(\.means)
  }

  /// 256 evenly spaced numbers that cover the range and have zero among them, which is what borders are filled with.
  init(covering range: ActivationRange) {
    steps = []
    zeros = []
    means = range.mean
    for (lowest, highest) in zip(range.lowest, range.highest) {
      let (low, high) = (min(lowest, 0), max(highest, 0))
      // A file may hold anything: what is no range makes a layer useless, but nothing worse.
      let step = (high - low).isFinite && high > low ? (high - low) / 255 : 1
      let zero = (-low / step).rounded()
      steps.append(step)
      zeros.append(zero.isFinite ? min(max(zero, 0), 255) : 0)
    }
  }
}

/// How every map of a network is stored in bytes.
struct NetworkQuantization {
  /// Of every value in bytes. A concatenation has its parts' side by side; pooling and doubling change nothing.
  private let quantizations: [Value: Quantization]

  var values: Set<Value> { Set(quantizations.keys) }

  subscript(_ value: Value) -> Quantization? { quantizations[value] }

  /// - Throws: ``PlanError/ranges(_:)`` naming every layer without a range, ``PlanError/unsupported(path:reason:)``.
  init(_ graph: Graph, layers: [FusedLayer], ranges: ActivationRanges) throws(PlanError) {
    let outputs = Set(graph.outputs.map(\.value))
    let layerPaths = Dictionary(uniqueKeysWithValues: layers.map { ($0.result, $0.path) })
    var quantizations: [Value: Quantization] = [:]
    var missing: [String] = []

    for (index, node) in graph.nodes.enumerated() {
      let value = Value(index: index)
      let inputs = node.inputs.compactMap { quantizations[$0] }
      switch node.operation {
      case .concat:
        quantizations[value] = Quantization(joining: inputs)
      case .maxPool, .upsample2x:
        quantizations[value] = inputs.first
      case .input:
        quantizations[value] = ranges[node.path].map(Quantization.init(covering:))
        if quantizations[value] == nil { missing.append(node.path) }
      case .convolution, .batchNormalization, .activation, .add, .focus:
        guard let path = layerPaths[value], !outputs.contains(value) else { continue }
        quantizations[value] = ranges[path].map(Quantization.init(covering:))
        if quantizations[value] == nil { missing.append(path) }
      }
      if let found = quantizations[value], found.steps.count != node.channels { missing.append(node.path) }
    }
    guard missing.isEmpty else { throw .ranges(missing) }
    self.quantizations = quantizations
  }
}
