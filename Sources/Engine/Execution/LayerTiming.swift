import CKernels

/// Time, operations and memory traffic of one layer.
package struct LayerTiming: Sendable {
  package let path: String
  /// `1x1`, `3x3`, `depthwise`, ...
  package let kernel: String
  /// Multiplications and additions, padding of channel blocks included.
  package let operations: Double
  /// Bytes of the weights and maps that the layer reads and writes, each counted once.
  package let bytes: Double
  package let microseconds: Double
}

extension Executor {
  /// Runs the network `runs` times and times each layer; keeps the fastest run of each, because other load only adds time.
  package mutating func profile(_ inputs: [Tensor], runs: Int) -> [LayerTiming] {
    var fastest = [Duration](repeating: .seconds(1_000_000), count: plan.steps.count)
    for _ in 0..<runs {
      runTimed(inputs) { step, duration in fastest[step] = min(fastest[step], duration) }
    }
    return zip(plan.steps, fastest).map { step, duration in
      LayerTiming(
        path: step.path, kernel: step.kernelName, operations: Double(step.operations * inputs.count),
        bytes: Double(step.bytes * inputs.count),
        microseconds: duration.seconds * 1e6)
    }
  }
}

extension Plan {
  /// Multiplications and additions for one image, padding of channel blocks included.
  package var operations: Double { steps.reduce(0) { $0 + Double($1.operations) } }
}

extension Step {
  var kernelName: String {
    switch kernel {
    case .findSpans: "find spans"
    case .stage: "stage"
    case .convolution(let convolution): "dense x\(convolution.taps)"
    case .bf16Convolution(let bf16): "bf16 x\(bf16.convolution.taps)"
    case .winograd: "winograd 4x4"
    case .focus: "focus 4x4"
    case .depthwise(let depthwise): "depthwise \(depthwise.kernel)"
    case .maxPool(let pool): "max \(pool.kernel)"
    case .upsample2x: "upsample"
    case .activate: "activate"
    case .quantized(let kernel): kernel.name
    }
  }
}
