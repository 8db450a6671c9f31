import Engine
import PlatformC

/// What every operation means, in as few lines as it takes. Slow; the kernels are tested against it.
package enum ReferenceOperators {
  package static func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, stride: Int = 1, groups: Int = 1
  ) -> Tensor {
    let (kernel, inputs, outputs) = (weight.shape[2], weight.shape[1], weight.shape[0])
    let padding = (kernel - 1) / 2
    let height = (x.shape[2] + 2 * padding - kernel) / stride + 1
    let width = (x.shape[3] + 2 * padding - kernel) / stride + 1
    return Tensor(shape: [x.shape[0], outputs, height, width]) { n, channel, row, column in
      var sum = Double(bias?.values[channel] ?? 0)
      let firstInput = channel / (outputs / groups) * inputs
      for input in 0..<inputs {
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            let (y, x0) = (row * stride + ky - padding, column * stride + kx - padding)
            guard y >= 0, y < x.shape[2], x0 >= 0, x0 < x.shape[3] else { continue }
            let w = weight.values[((channel * inputs + input) * kernel + ky) * kernel + kx]
            sum += Double(w) * Double(x[n, firstInput + input, y, x0])
          }
        }
      }
      return Float(sum)
    }
  }

  package static func batchNormalization(
    _ x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor
  ) -> Tensor {
    Tensor(shape: x.shape) { n, channel, row, column in
      let scale = weight.values[channel] / (variance.values[channel] + batchNormalizationEpsilon).squareRoot()
      return (x[n, channel, row, column] - mean.values[channel]) * scale + bias.values[channel]
    }
  }

  package static func activation(_ activation: Activation, _ x: Tensor) -> Tensor {
    Tensor(shape: x.shape, values: x.values.map { apply(activation, to: $0) })
  }

  package static func apply(_ activation: Activation, to x: Float) -> Float {
    switch activation {
    case .silu: x / (1 + exp(-x))
    case .relu: max(x, 0)
    case .leakyReLU: x > 0 ? x : 0.1 * x
    case .relu6: min(max(x, 0), 6)
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    case .sigmoid: 1 / (1 + exp(-x))
    }
  }

  package static func add(_ a: Tensor, _ b: Tensor) -> Tensor {
    Tensor(shape: a.shape, values: zip(a.values, b.values).map(+))
  }

  package static func concat(_ parts: [Tensor]) -> Tensor {
    let channels = parts.reduce(0) { $0 + $1.shape[1] }
    return Tensor(shape: [parts[0].shape[0], channels, parts[0].shape[2], parts[0].shape[3]]) {
      n, channel, row, column in
      var channel = channel
      for part in parts {
        if channel < part.shape[1] { return part[n, channel, row, column] }
        channel -= part.shape[1]
      }
      return .nan
    }
  }

  package static func maxPool(_ x: Tensor, kernel: Int) -> Tensor {
    let reach = kernel / 2
    return Tensor(shape: x.shape) { n, channel, row, column in
      var most = -Float.infinity
      for y in max(0, row - reach)...min(x.shape[2] - 1, row + reach) {
        for x0 in max(0, column - reach)...min(x.shape[3] - 1, column + reach) {
          most = max(most, x[n, channel, y, x0])
        }
      }
      return most
    }
  }

  package static func upsample2x(_ x: Tensor) -> Tensor {
    Tensor(shape: [x.shape[0], x.shape[1], x.shape[2] * 2, x.shape[3] * 2]) { x[$0, $1, $2 / 2, $3 / 2] }
  }

  package static func focus(_ x: Tensor) -> Tensor {
    let channels = x.shape[1]
    return Tensor(shape: [x.shape[0], channels * 4, x.shape[2] / 2, x.shape[3] / 2]) {
      n, channel, row, column in
      let phase = FocusPhase.all[channel / channels]
      return x[n, channel % channels, row * 2 + phase.row, column * 2 + phase.column]
    }
  }
}

extension Graph {
  /// Runs the graph by ``ReferenceOperators``. For tests.
  ///
  /// - Parameter image: `[N, C, H, W]`.
  /// - Returns: the outputs in the order in which the graph declares them.
  package func referenceForward(_ image: Tensor, parameters: Parameters) -> [Tensor] {
    var values: [Tensor] = []
    for node in nodes {
      let inputs = node.inputs.map { values[$0.index] }
      func parameter(_ name: String) -> Tensor? { parameters["\(node.path).\(name)"] }
      let result: Tensor? =
        switch node.operation {
        case .input: image
        case .convolution(let convolution):
          parameter("weight").map {
            ReferenceOperators.convolution(
              inputs[0], weight: $0, bias: parameter("bias"), stride: convolution.stride,
              groups: convolution.groups)
          }
        case .batchNormalization:
          if let weight = parameter("weight"), let bias = parameter("bias"),
            let mean = parameter("running_mean"), let variance = parameter("running_var")
          {
            ReferenceOperators.batchNormalization(
              inputs[0], weight: weight, bias: bias, mean: mean, variance: variance)
          } else {
            inputs[0]
          }
        case .activation(let activation): ReferenceOperators.activation(activation, inputs[0])
        case .add: ReferenceOperators.add(inputs[0], inputs[1])
        case .concat: ReferenceOperators.concat(inputs)
        case .maxPool(let kernel): ReferenceOperators.maxPool(inputs[0], kernel: kernel)
        case .upsample2x: ReferenceOperators.upsample2x(inputs[0])
        case .focus: ReferenceOperators.focus(inputs[0])
        }
      guard let result else { preconditionFailure("no weight for \(node.path)") }
      values.append(result)
    }
    return outputs.map { values[$0.value.index] }
  }
}
